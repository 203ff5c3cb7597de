"""The bin: what was deleted and why, the way back, and who sees it at all."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pages.fake_api import FakeServer, deletion
from pages.watch import PHONE, Watch

pytestmark = pytest.mark.slow

RIGHTS = ["delete", "find", "retrieve", "store"]


@pytest.fixture
def deleted(fake: FakeServer) -> FakeServer:
    """Somebody who may delete, and a bin with a study, a series without a reason, and what was restored."""
    fake.state.signed_in, fake.state.rights = True, RIGHTS
    fake.state.deletions = [
        deletion(1),
        deletion(2, series_uid="1.2.826.0.1.3680043.10.1.3.1", reason="", instances=1),
        deletion(4, restored_by="m.weber", restored_at="2026-03-01T12:00:00Z"),
    ]
    return fake


@pytest.mark.parametrize("is_phone", [False, True])
def test_the_bin_tells_what_was_deleted_by_whom_and_why(
    page: Page, deleted: FakeServer, accessible: Callable[[], None], is_phone: bool
) -> None:
    if is_phone:
        page.set_viewport_size(PHONE)
    page.goto(f"{deleted.url}/worklist")
    page.get_by_role("navigation").get_by_role("link", name="Bin").click()
    entries = page.get_by_role("list", name="Bin").get_by_role("listitem")
    expect(entries).to_have_count(3)
    expect(entries.first).to_contain_text("Müller, Jonas")
    expect(entries.first).to_contain_text("A whole study")
    expect(entries.first).to_contain_text("Sent to the wrong patient")
    expect(entries.first).to_contain_text("Deleted by j.fischer")
    expect(entries.nth(1)).to_contain_text("A series 1 object")
    expect(entries.nth(1)).to_contain_text("No reason given")
    expect(entries.nth(2)).to_contain_text("Yamada, Tarou (山田 太郎)")
    expect(entries.nth(2)).to_contain_text("Restored by m.weber")
    expect(entries.nth(2).get_by_role("button")).to_have_count(0)
    expect(page).to_have_title("Bin · Filmless")
    accessible()


def test_what_is_restored_is_said_and_leads_to_the_study(page: Page, deleted: FakeServer) -> None:
    page.goto(f"{deleted.url}/bin")
    page.get_by_role("button", name="Restore Müller, Jonas").click()
    first = page.get_by_role("list", name="Bin").get_by_role("listitem").first
    expect(first).to_contain_text("Restored by Dr. E. Reyes")
    first.get_by_role("link", name="Open the study").click()
    expect(page.get_by_role("region", name="Patient")).to_contain_text("Müller, Jonas")


def test_what_somebody_else_has_restored_meanwhile_is_said(page: Page, deleted: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {404}
    page.goto(f"{deleted.url}/bin")
    deleted.state.failing["/api/bin/"] = (404, {"title": "Not found."})
    page.get_by_role("button", name="Restore Müller, Jonas").click()
    expect(page.get_by_role("alert")).to_contain_text("not in the bin any more")


def test_an_empty_bin_says_what_it_is_for(page: Page, fake: FakeServer, accessible: Callable[[], None]) -> None:
    fake.state.signed_in, fake.state.rights = True, RIGHTS
    page.goto(f"{fake.url}/bin")
    expect(page.get_by_role("heading", name="The bin is empty")).to_be_visible()
    accessible()


def test_who_may_not_delete_is_not_led_to_the_bin(page: Page, fake: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {403}
    fake.state.signed_in = True
    fake.state.failing["/api/bin"] = (403, {"title": "Forbidden."})
    page.goto(f"{fake.url}/bin")
    expect(page.get_by_role("heading", name="Not for your role")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="Bin")).to_have_count(0)


def test_a_bin_that_cannot_be_read_can_be_asked_for_again(page: Page, deleted: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {500}
    deleted.state.failing["/api/bin"] = (500, {"title": "Something went wrong.", "id": "e1"})
    page.goto(f"{deleted.url}/bin")
    expect(page.get_by_role("heading", name="This did not work")).to_be_visible()
    deleted.state.failing.clear()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("list", name="Bin").get_by_role("listitem")).to_have_count(3)
