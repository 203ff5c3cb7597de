"""Names of any script and length, windows of any size: what tells patients apart is never cut off or turned round."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from pages.fake_api import FakeServer, detail, study
from pages.watch import PHONE

pytestmark = pytest.mark.slow

ZOOMED = ViewportSize(width=720, height=450)  # 1440x900 at 200 %
NARROW = ViewportSize(width=320, height=256)  # WCAG 2.2 1.4.10: 1280x1024 at 400 %
NAMES = [
    ("قباني^لنزار", None),
    ("Sharon^Deborah", "שרון^דבורה"),
    ("Yamada^Tarou", "山田^太郎"),
    ("Люкceмбypг", None),
    ("Wolfeschlegelsteinhausenbergerdorff^Hubert Blaine Adolph Charles David Earl Frederick Gerald", None),
    (None, None),
]
CUT = """(identifier) => {
  const cell = identifier.closest('[role="gridcell"]').getBoundingClientRect();
  const own = identifier.getBoundingClientRect();
  const name = identifier.previousElementSibling.getBoundingClientRect();
  return own.right > cell.right + 0.5 || own.left < name.right || identifier.scrollWidth > identifier.clientWidth + 1;
}"""


@pytest.fixture
def named(fake: FakeServer) -> FakeServer:
    """A list with names of many kinds."""
    fake.state.signed_in, fake.state.rights = True, ["delete", "find", "retrieve", "store"]
    rows = []
    for number, (name, ideographic) in enumerate(NAMES):
        row = study(number)
        person = row["patient"] | {"name": name, "name_ideographic": ideographic}
        rows.append(row | {"patient": person, "description": "بطن " + "abdomen and pelvis " * 6})
    listed = {"studies": rows, "cursor": None, "total": {"number": len(rows), "exact": True}}
    for row in rows:
        number = int(row["study_uid"].rsplit(".", 1)[-1]) - 1
        whole = detail(number) | {"patient": row["patient"], "description": row["description"]}
        fake.state.failing[f"/api/studies/{row['study_uid']}"] = (200, whole)
    fake.state.failing["/api/studies"] = (200, listed)
    return fake


@pytest.mark.parametrize("size", [ViewportSize(width=1440, height=900), ZOOMED, PHONE, NARROW], ids=str)
def test_identifiers_stand_whole_beside_names_of_any_script(
    page: Page, named: FakeServer, accessible: Callable[[], None], size: ViewportSize
) -> None:
    page.set_viewport_size(size)
    page.goto(f"{named.url}/worklist")
    expect(page.get_by_role("row").filter(has_text="山田 太郎")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="No name")).to_have_count(1)
    assert [page.locator(".study-id").nth(at).evaluate(CUT) for at in range(page.locator(".study-id").count())].count(
        True
    ) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    accessible()


@pytest.mark.parametrize("size", [ZOOMED, PHONE, NARROW], ids=str)
def test_a_study_and_its_deletion_fit_whatever_the_patient_is_called(
    page: Page, named: FakeServer, accessible: Callable[[], None], size: ViewportSize
) -> None:
    page.set_viewport_size(size)
    page.goto(f"{named.url}/studies/{study(4)['study_uid']}")
    expect(page.get_by_role("region", name="Patient")).to_contain_text("Wolfeschlegelsteinhausenbergerdorff")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    accessible()
    page.keyboard.press("Delete")
    page.get_by_role("textbox", name="Reason").fill("test")
    button = page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True)
    button.scroll_into_view_if_needed()
    expect(button).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    accessible()


def test_tab_goes_through_what_can_be_used_and_shows_where_it_is(page: Page, named: FakeServer) -> None:
    page.goto(f"{named.url}/studies/{study(2)['study_uid']}")
    expect(page.get_by_role("region", name="Patient")).to_be_visible()
    passed = []
    for _ in range(11):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.evaluate("(one) => getComputedStyle(one).outlineStyle") != "none"
        passed.append(focused.get_attribute("aria-label") or focused.inner_text())
    assert passed == [
        "Skip to the content", "Filmless, studies", "Studies", "Patients", "Upload", "Bin", "Keys",
        "Back to the studies", "Account of Dr. E. Reyes", "Open", "Download",
    ]  # fmt: skip
