"""The study list while studies come: what is new waits, what is shown is kept right, no row moves under the hand."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from pages.fake_api import FakeServer, study

pytestmark = pytest.mark.slow

NEWCOMER = 5000


@pytest.fixture
def listed(page: Page, fake: FakeServer) -> Iterator[Locator]:
    """The grid of studies, shown to somebody signed in, and told of changes."""
    fake.state.signed_in = True
    page.goto(f"{fake.url}/worklist")
    grid = page.get_by_role("grid", name="Studies")
    expect(grid.get_by_role("row").nth(1)).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    yield grid
    fake.state.changes.put(None)


def first(grid: Locator) -> Locator:
    """The first study."""
    return grid.get_by_role("row").nth(1)


def test_a_new_study_waits_until_it_is_asked_for(
    page: Page, listed: Locator, fake: FakeServer, accessible: Callable[[], None]
) -> None:
    top = first(listed).inner_text()
    fake.state.extra = [NEWCOMER]
    fake.state.changes.put({"new": [study(NEWCOMER)["study_uid"]]})
    news = page.get_by_role("button", name="1 new")
    expect(news).to_be_visible()
    assert first(listed).inner_text() == top
    accessible()
    page.keyboard.press(".")
    expect(first(listed)).to_contain_text(study(NEWCOMER)["accession"])
    expect(news).to_have_count(0)


def test_what_does_not_match_the_filters_is_not_news(page: Page, listed: Locator, fake: FakeServer) -> None:
    page.get_by_role("searchbox").fill("kowalska")
    expect(first(listed)).to_contain_text("Kowalska")
    fake.state.changes.put({"new": [study(5000)["study_uid"], study(5007)["study_uid"]]})  # Novák, Kowalska
    expect(page.get_by_role("button", name="1 new")).to_be_visible()


def test_the_images_of_a_study_are_counted_while_it_arrives(page: Page, listed: Locator, fake: FakeServer) -> None:
    uid = study(0)["study_uid"]
    for images, arriving in ((17, True), (4321, False)):
        fake.state.changed[uid] = {"instances": images, "arriving": arriving}
        fake.state.changes.put({"changed": [uid]})
        expect(first(listed)).to_contain_text(f"{images:,}")
        expect(first(listed).get_by_role("img", name="Arriving")).to_have_count(int(arriving))


def test_a_study_that_is_gone_leaves_the_list(page: Page, listed: Locator, fake: FakeServer) -> None:
    top = study(0)["accession"]
    expect(first(listed)).to_contain_text(top)
    fake.state.changes.put({"gone": [study(0)["study_uid"]]})
    expect(listed.get_by_text(top)).to_have_count(0)


def test_names_are_searched_for_as_they_sound(page: Page, listed: Locator) -> None:
    page.get_by_role("searchbox").fill("novack")
    page.get_by_role("main").get_by_role("button", name="Search for names that sound so").click()
    expect(first(listed)).to_contain_text("Novák, Eva")
    expect(page.get_by_role("button", name="Sounds like")).to_have_attribute("aria-pressed", "true")
