"""The study list: search, filters, order, keys, paging, preview, and what it shows when there is nothing to list."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages.fake_api import FakeServer
from pages.watch import PHONE, Watch

pytestmark = pytest.mark.slow


@pytest.fixture
def listed(page: Page, fake: FakeServer) -> Locator:
    """The grid of studies, shown to somebody signed in."""
    fake.state.signed_in = True
    page.goto(f"{fake.url}/worklist")
    grid = page.get_by_role("grid", name="Studies")
    expect(grid.get_by_role("row").nth(1)).to_be_visible()
    return grid


def selected(page: Page) -> Locator:
    """The selected row."""
    return page.locator('[role="row"][aria-selected="true"]')


def test_the_list_is_accessible_and_says_how_much_there_is(
    page: Page, listed: Locator, accessible: Callable[[], None]
) -> None:
    expect(page.get_by_role("status").get_by_text("100 of more than 10,000 studies")).to_be_visible()
    expect(page.get_by_text("Not for primary diagnosis")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("complementary", name="Preview").get_by_role("img").first).to_be_visible()
    accessible()


def test_typing_finds_at_once_and_the_address_keeps_it(page: Page, listed: Locator) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("kowalska")
    expect(listed.get_by_role("row").nth(1)).to_contain_text("Kowalska, Zofia")
    expect(page).to_have_url(page.url.split("?")[0] + "?text=kowalska")
    page.reload()
    expect(page.get_by_role("searchbox", name="Search studies")).to_have_value("kowalska")
    expect(listed.get_by_role("row").nth(1)).to_contain_text("Kowalska, Zofia")


def test_keys_alone_select_preview_and_open(page: Page, listed: Locator) -> None:
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(selected(page)).to_contain_text("Müller, Jonas")
    preview = page.get_by_role("complementary", name="Preview")
    expect(preview.get_by_role("heading", name="Müller, Jonas")).to_be_visible()
    expect(preview.get_by_role("img").first).to_be_visible()
    page.keyboard.press("Space")
    expect(preview).to_have_count(0)
    page.keyboard.press("Space")
    expect(preview).to_be_visible()
    page.keyboard.press("o")
    expect(page.get_by_role("region", name="Patient")).to_contain_text("Müller, Jonas")
    page.keyboard.press("Escape")
    expect(selected(page)).to_contain_text("Müller, Jonas")


def test_a_held_key_runs_through_pages_and_rows_stay_few(page: Page, listed: Locator, fake: FakeServer) -> None:
    for _ in range(12):
        page.keyboard.press("PageDown")
        expect(selected(page)).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("200 of more than 10,000 studies").or_(page.get_by_text("300 of more"))).to_be_visible()
    assert page.get_by_role("row").count() < 80


def test_filters_make_history_and_can_be_cleared(page: Page, listed: Locator, accessible: Callable[[], None]) -> None:
    page.get_by_role("button", name="Any modality").click()
    page.get_by_role("checkbox", name="MG").check()
    accessible()
    page.keyboard.press("Escape")
    expect(listed.get_by_role("row").nth(1)).to_contain_text("Screening")
    expect(page).to_have_url(page.url.split("?")[0] + "?modality=MG")
    page.get_by_role("button", name="Any date").click()
    page.get_by_role("button", name="Last 7 days").click()
    accessible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(page.url.split("?")[0] + "?modality=MG&period=7d")
    page.go_back()
    expect(page.get_by_role("button", name="Any date")).to_be_visible()
    page.get_by_role("button", name="Clear the modalities").click()
    expect(page.get_by_role("button", name="Any modality")).to_be_visible()


def test_a_column_head_sorts_and_turns_round(page: Page, listed: Locator) -> None:
    head = page.get_by_role("columnheader", name="Patient")
    expect(page.get_by_role("columnheader", name="Study date")).to_have_attribute("aria-sort", "descending")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(page).to_have_url(page.url.split("?")[0] + "?sort=name")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")


def test_on_a_phone_a_tap_opens(page: Page, fake: FakeServer, accessible: Callable[[], None]) -> None:
    page.set_viewport_size(PHONE)
    fake.state.signed_in = True
    fake.state.warnings = ["HTTP is served without TLS."]
    page.goto(f"{fake.url}/worklist")
    row = page.get_by_role("row").filter(has_text="Rossi, Marco").first
    expect(row).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    accessible()
    row.click()
    expect(page.get_by_role("region", name="Patient")).to_contain_text("Rossi, Marco")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    accessible()


def test_the_light_colours_are_accessible_too(page: Page, listed: Locator, accessible: Callable[[], None]) -> None:
    page.get_by_role("button", name="Account of").click()
    accessible()
    page.get_by_role("menuitem", name="Light colours").click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "light")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("region", name="Findings")).to_be_visible()
    accessible()


def test_the_keys_are_listed(page: Page, listed: Locator, accessible: Callable[[], None]) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Open the images")
    accessible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_empty_archive_says_how_to_fill_it(page: Page, fake: FakeServer, accessible: Callable[[], None]) -> None:
    fake.state.signed_in = True
    fake.state.studies = 0
    fake.state.dicom = {"host": "0.0.0.0", "port": 104, "is_local": False}
    page.goto(f"{fake.url}/worklist")
    expect(page.get_by_role("heading", name="No studies yet")).to_be_visible()
    expect(page.get_by_role("definition").nth(1)).to_have_text("127.0.0.1")  # as the browser reaches it
    expect(page.get_by_text("filmless send FILMLESS@127.0.0.1:104 FOLDER")).to_be_visible()
    expect(page.get_by_text("filmless ae add")).to_be_visible()
    accessible()
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    accessible()
    fake.state.studies = 1  # it has come meanwhile
    expect(page.get_by_role("row").filter(has_text="Novák, Eva")).to_be_visible()


def test_who_may_not_store_is_not_asked_to(page: Page, fake: FakeServer) -> None:
    fake.state.signed_in, fake.state.rights, fake.state.studies = True, ["find", "retrieve"], 0
    page.goto(f"{fake.url}/worklist")
    expect(page.get_by_text("What is shared with you appears here.")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Upload")).to_have_count(0)


def test_a_search_without_match_offers_to_clear_it(page: Page, listed: Locator) -> None:
    page.get_by_role("searchbox").fill("nobody of this name")
    page.get_by_role("main").get_by_role("button", name="Clear filters").click()
    expect(listed.get_by_role("row").nth(1)).to_be_visible()


def test_a_failure_shows_its_id_and_can_be_tried_again(
    page: Page, fake: FakeServer, watch: Watch, accessible: Callable[[], None]
) -> None:
    watch.expected_statuses = {500}
    fake.state.signed_in = True
    fake.state.failing["/api/studies"] = (500, {"title": "Something went wrong here.", "id": "7f3a"})
    page.goto(f"{fake.url}/worklist")
    expect(page.get_by_role("alert")).to_contain_text("Error id 7f3a", timeout=15_000)
    accessible()
    fake.state.failing.clear()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("grid")).to_be_visible()


def test_a_role_that_may_not_look_is_told_so(page: Page, fake: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {403}
    fake.state.signed_in = True
    fake.state.failing["/api/studies"] = (403, {"title": "Not allowed."})
    page.goto(f"{fake.url}/worklist")
    expect(page.get_by_role("alert")).to_contain_text("Not for your role")
