"""The study list as its user has arranged it: columns, row height, views and colours, kept by the server."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pages.fake_api import FakeServer
from serving import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def listed(page: Page, fake: FakeServer) -> Locator:
    """The grid of studies, shown to somebody signed in."""
    fake.state.signed_in = True
    page.goto(f"{fake.url}/worklist")
    grid = page.get_by_role("grid", name="Studies")
    expect(grid.get_by_role("row").nth(1)).to_be_visible()
    return grid


def heads(page: Page) -> list[str]:
    """The names of the columns, in their order."""
    return [text.strip().lower() for text in page.get_by_role("columnheader").all_inner_texts()]


def test_columns_are_chosen_and_put_in_order_by_keys(
    page: Page, listed: Locator, fake: FakeServer, accessible: Callable[[], None]
) -> None:
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Columns")
    dialog.get_by_role("checkbox", name="Body part").focus()
    page.keyboard.press("Space")
    dialog.get_by_role("checkbox", name="Accession").uncheck()
    dialog.get_by_role("button", name="Move Study date up").focus()
    page.keyboard.press("Enter")
    accessible()
    dialog.get_by_role("button", name="Done").click()
    wanted = [
        "patient",
        "modality",
        "description",
        "study date",
        "body part",
        "series",
        "images",
        "received",
        "warnings",
    ]
    assert heads(page) == wanted
    expect(listed.get_by_role("row").nth(1)).to_contain_text("CHEST")
    accessible()
    page.wait_for_function("() => document.querySelectorAll('.study-arranged').length === 1")
    wait_until(lambda: len(fake.state.settings.get("columns", [])) == len(wanted))
    page.reload()
    expect(page.get_by_role("columnheader", name="Body part")).to_be_visible()
    assert heads(page) == wanted
    page.keyboard.press("c")
    page.get_by_role("dialog").get_by_role("button", name="As at first").click()
    wait_until(lambda: "columns" not in fake.state.settings)


def test_the_edge_of_a_column_is_moved_by_keys_and_by_the_mouse(page: Page, listed: Locator, fake: FakeServer) -> None:
    edge = page.get_by_role("separator", name="Width of Description")
    head = page.get_by_role("columnheader", name="Description")
    before = head.evaluate("(one) => one.offsetWidth")
    edge.focus()
    page.keyboard.press("ArrowLeft")
    expect(edge).to_have_attribute("aria-valuenow", str(before - 16))
    assert head.evaluate("(one) => one.offsetWidth") == before - 16
    box = edge.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 4, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 64, box["y"] + 8, steps=5)
    page.mouse.up()
    wait_until(
        lambda: {"id": "description", "width": before - 16 + 60} in fake.state.settings.get("columns", []),
    )


def test_rows_are_as_high_and_colours_as_the_user_has_them(page: Page, listed: Locator, fake: FakeServer) -> None:
    page.keyboard.press("c")
    page.get_by_role("button", name="Dense").click()
    page.get_by_role("button", name="Done").click()
    row = listed.get_by_role("row").nth(1)
    assert row.evaluate("(one) => one.offsetHeight") == 28
    page.get_by_role("button", name="Account of").click()
    page.get_by_role("menuitem", name="Light colours").click()
    wait_until(lambda: fake.state.settings == {"row_height": 28, "theme": "light"})
    page.evaluate("localStorage.clear()")  # as on another computer
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "light")


def test_a_view_is_kept_opened_and_removed(
    page: Page, listed: Locator, fake: FakeServer, accessible: Callable[[], None]
) -> None:
    page.get_by_role("button", name="Any site").click()
    page.get_by_role("checkbox", name="St. Anna, Berlin").check()
    accessible()
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    page.get_by_role("textbox", name="Name").fill("At St. Anna")
    accessible()
    page.keyboard.press("Enter")
    views = page.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link", name="At St. Anna")).to_have_attribute("aria-current", "page")
    views.get_by_role("link", name="All").click()
    expect(page.get_by_role("button", name="Any site")).to_be_visible()
    views.get_by_role("link", name="At St. Anna").click()
    expect(page.get_by_role("button", name="Clear the sites")).to_be_visible()
    accessible()
    assert fake.state.settings["views"][0]["query"] == "site=St.+Anna%2C+Berlin"
    page.get_by_role("button", name="Keep this list as a view").click()
    page.get_by_role("button", name="Remove At St. Anna").click()
    page.keyboard.press("Escape")
    expect(views.get_by_role("link")).to_have_count(1)
    wait_until(lambda: fake.state.settings["views"] == [])


def test_a_window_adds_to_what_another_has_left(page: Page, listed: Locator, fake: FakeServer) -> None:
    fake.state.settings, fake.state.version = {"row_height": 40}, 7  # by another window, after this one has read
    page.keyboard.press("v")
    page.get_by_role("textbox", name="Name").fill("Everything")
    page.keyboard.press("Enter")
    wait_until(lambda: fake.state.version == 8)
    assert fake.state.settings == {"row_height": 40, "views": [{"name": "Everything", "query": ""}]}
