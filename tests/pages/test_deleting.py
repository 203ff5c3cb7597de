"""Deleting a study or a series: asked first, with a reason; said afterwards; taken back at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages.fake_api import FakeServer
from pages.watch import PHONE, Watch

pytestmark = pytest.mark.slow

WITH_FINDINGS = "1.2.826.0.1.3680043.10.1.2"  # of Müller, Jonas


@pytest.fixture
def curated(fake: FakeServer) -> FakeServer:
    """Somebody who may delete is signed in."""
    fake.state.signed_in, fake.state.rights = True, ["delete", "find", "retrieve", "store"]
    return fake


def dialog(page: Page) -> Locator:
    """The question before anything is deleted."""
    return page.get_by_role("dialog")


def toast(page: Page) -> Locator:
    """What is said afterwards."""
    return page.get_by_role("region", name="Deleted")


@pytest.mark.parametrize("is_phone", [False, True])
def test_a_study_is_deleted_after_a_reason_and_comes_back_by_undo(
    page: Page, curated: FakeServer, accessible: Callable[[], None], is_phone: bool
) -> None:
    if is_phone:
        page.set_viewport_size(PHONE)
    page.goto(f"{curated.url}/worklist")
    page.get_by_role("link", name="Müller, Jonas").first.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog(page)).to_contain_text("Müller, Jonas")
    expect(dialog(page)).to_contain_text("Born 23 Nov 2009")
    expect(dialog(page)).to_contain_text("834 images")
    expect(dialog(page)).to_contain_text("restored from the bin at any time")
    expect(dialog(page).get_by_role("textbox", name="Reason")).to_be_focused()
    expect(dialog(page).get_by_role("button", name="Delete", exact=True)).to_be_disabled()
    assert page.evaluate("document.documentElement.scrollWidth") == page.evaluate("innerWidth")
    accessible()
    dialog(page).get_by_role("button", name="Wrong patient").click()
    dialog(page).get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("grid")).to_be_visible()
    expect(toast(page)).to_contain_text("Study deleted: Coronary angiography")
    expect(page.get_by_role("row").filter(has_text="107919")).to_have_count(0)
    assert [each["reason"] for each in curated.state.deletions] == ["Wrong patient"]
    accessible()
    toast(page).get_by_role("button", name="Undo").click()
    expect(toast(page)).to_contain_text("Restored")
    expect(page.get_by_role("row").filter(has_text="107919")).to_have_count(1)
    toast(page).get_by_role("link", name="Open the study").click()
    expect(page.get_by_role("region", name="Patient")).to_contain_text("Müller, Jonas")


def test_one_series_is_deleted_and_the_rest_stays_in_sight(
    page: Page, curated: FakeServer, accessible: Callable[[], None]
) -> None:
    page.goto(f"{curated.url}/studies/{WITH_FINDINGS}")
    series = page.get_by_role("region", name="Series").get_by_role("listitem")
    expect(series.last).to_contain_text("Dose report")
    number = series.count()
    series.last.get_by_role("button", name="Delete series Dose report").click()
    expect(dialog(page)).to_contain_text("1 object")
    dialog(page).get_by_role("textbox", name="Reason").fill("of another patient")
    page.keyboard.press("Enter")
    expect(series).to_have_count(number - 1)
    expect(toast(page)).to_contain_text("Series deleted: Dose report")
    expect(page.get_by_role("main")).to_be_focused()
    accessible()
    page.keyboard.press("Control+z")
    expect(series).to_have_count(number)


def test_keys_alone_delete_from_the_list_and_take_back(page: Page, curated: FakeServer) -> None:
    page.goto(f"{curated.url}/worklist")
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator('[aria-selected="true"]')).to_contain_text("Novák, Eva")
    page.keyboard.press("Delete")
    expect(dialog(page)).to_contain_text("Novák, Eva")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    assert curated.state.deletions == []
    page.keyboard.press("Delete")
    expect(dialog(page).get_by_role("textbox", name="Reason")).to_be_focused()
    page.keyboard.type("test")
    page.keyboard.press("Enter")
    expect(page.locator('[aria-selected="true"]')).to_contain_text("Müller, Jonas")
    page.keyboard.press("Control+k")
    page.keyboard.type("a")
    page.keyboard.press("Control+z")  # belongs to the text field
    expect(toast(page)).to_contain_text("Study deleted")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    expect(toast(page)).to_contain_text("Restored")


def test_who_may_not_delete_sees_no_way_to(page: Page, fake: FakeServer) -> None:
    fake.state.signed_in = True
    page.goto(f"{fake.url}/studies/{WITH_FINDINGS}")
    expect(page.get_by_role("link", name="Download", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    page.keyboard.press("Delete")
    page.keyboard.press("?")
    expect(dialog(page)).to_contain_text("Download the study")
    expect(dialog(page)).not_to_contain_text("Delete")


@pytest.mark.parametrize(
    ("status", "words"),
    [(404, "Somebody else may have deleted it"), (403, "your role"), (500, "Try again in a moment")],
)
def test_what_could_not_be_deleted_is_said_where_it_was_asked(
    page: Page, curated: FakeServer, watch: Watch, accessible: Callable[[], None], status: int, words: str
) -> None:
    watch.expected_statuses = {status}
    curated.state.failing["/dicomweb/studies/"] = (status, {"title": "No."})
    page.goto(f"{curated.url}/studies/{WITH_FINDINGS}")
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog(page).get_by_role("textbox", name="Reason").fill("test")
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_role("alert")).to_contain_text(words)
    expect(dialog(page).get_by_role("textbox", name="Reason")).to_have_value("test")
    accessible()
