"""The page of one study: banner, findings, series, neighbours, and studies that are not there."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pages.fake_api import FakeServer
from pages.watch import Watch

pytestmark = pytest.mark.slow

WITH_FINDINGS = "1.2.826.0.1.3680043.10.1.2"


def test_a_study_shows_patient_findings_and_every_series(
    page: Page, fake: FakeServer, accessible: Callable[[], None]
) -> None:
    fake.state.signed_in = True
    page.goto(f"{fake.url}/studies/{WITH_FINDINGS}")
    banner = page.get_by_role("region", name="Patient")
    expect(banner).to_contain_text("Müller, Jonas")
    expect(banner).to_contain_text("M 16 y")
    expect(banner).to_contain_text("Born 23 Nov 2009")
    expect(page.get_by_role("region", name="Findings").get_by_role("listitem")).to_have_count(2)
    series = page.get_by_role("region", name="Series").get_by_role("listitem")
    expect(series.first.get_by_role("img", name="Picture of XA")).to_be_visible()
    expect(series.last).to_contain_text("Dose report")
    expect(page).to_have_title("Müller, Jonas · Filmless")
    accessible()


def test_the_study_can_be_taken_along(page: Page, fake: FakeServer) -> None:
    fake.state.signed_in = True
    page.goto(f"{fake.url}/studies/{WITH_FINDINGS}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    assert download.value.url.endswith(f"/dicomweb/studies/{WITH_FINDINGS}?accept=application/zip")


def test_keys_walk_the_list_without_going_back_to_it(page: Page, fake: FakeServer) -> None:
    fake.state.signed_in = True
    page.goto(f"{fake.url}/worklist")
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator('[aria-selected="true"]')).to_be_visible()
    page.keyboard.press("o")
    banner = page.get_by_role("region", name="Patient")
    expect(banner).to_contain_text("Novák, Eva")
    expect(page.get_by_role("button", name="Previous study")).to_be_disabled()
    page.keyboard.press("n")
    expect(banner).to_contain_text("Müller, Jonas")
    page.keyboard.press("p")
    expect(banner).to_contain_text("Novák, Eva")
    page.keyboard.press("Escape")
    expect(page.get_by_role("grid")).to_be_visible()


def test_a_study_that_is_not_there_is_said(page: Page, fake: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {404}
    fake.state.signed_in = True
    fake.state.failing["/api/studies/"] = (404, {"title": "Not found."})
    page.goto(f"{fake.url}/studies/1.2.3")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


def test_an_address_that_is_no_page_leads_home(page: Page, fake: FakeServer, accessible: Callable[[], None]) -> None:
    fake.state.signed_in = True
    page.goto(f"{fake.url}/nowhere")
    accessible()
    page.get_by_role("link", name="Go to the studies").click()
    expect(page.get_by_role("grid")).to_be_visible()
