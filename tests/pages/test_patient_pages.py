"""Patients in a browser, over a real archive: found, looked at over the years, compared, and who looked."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from objects import ct_image, new_uid, write_file
from pages.fake_api import FakeServer
from pages.watch import PHONE, Watch
from serving import ADMINISTRATOR, Server

pytestmark = pytest.mark.slow

STUDIES = [  # date, modality, description, body part, allergies
    ("20120314", "CR", "Chest PA", "CHEST", None),
    ("20190520", "US", "Abdomen", "ABDOMEN", None),
    ("20251103", "CT", "Chest before", "CHEST", "Latex"),
    ("20260301", "CT", "Chest after", "CHEST", "latex"),
    ("", "CT", "Chest of an unknown day", "CHEST", None),
]


@pytest.fixture(scope="module")
def eva(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A patient with studies of many years, a report, and another who has the same name; her Patient ID."""
    folder, patient_id = tmp_path_factory.mktemp("patient"), f"PT-{new_uid()}"
    who = {"PatientName": "Zvonková^Eva", "PatientBirthDate": "19610402", "PatientSex": "F"}
    for day, modality, text, part, allergies in STUDIES:
        values = {"StudyDate": day, "Modality": modality, "StudyDescription": text, "BodyPartExamined": part}
        more = {"Allergies": allergies} if allergies else {}
        image = ct_image(PatientID=patient_id, IssuerOfPatientID="ST-ANNA", **who, **values, **more)
        write_file(folder, image)
        if text == "Chest after":
            report = ct_image(
                PatientID=patient_id, IssuerOfPatientID="ST-ANNA", Modality="SR", SeriesDescription="Findings", **who,
                StudyDate=day, StudyInstanceUID=image.StudyInstanceUID, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11",
            )  # fmt: skip
            write_file(folder, report)
    write_file(folder, ct_image(PatientID=f"{patient_id}-K", IssuerOfPatientID="KLINIK", **who))
    imported = server.run("import", folder)
    assert imported.returncode == 0, imported.stderr
    return patient_id


def open_patient(page: Page, server: Server, patient_id: str) -> None:
    """Find her by name and ID, and open her by the keyboard."""
    page.goto(f"{server.url}/patients")
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(f"zvonkova {patient_id}")
    expect(page.get_by_role("row")).to_have_count(3)  # the head, and two that have this ID or one that begins so
    page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text="ST-ANNA")
    row.dblclick()
    expect(page.get_by_role("heading", name="Zvonková, Eva")).to_be_visible()


def studies(page: Page) -> list[str]:
    """What the studies shown are called, in their order."""
    return (
        page.get_by_role("region", name="Studies", exact=True).locator(".history-what a.patient-link").all_inner_texts()
    )


@pytest.mark.parametrize("is_phone", [False, True])
def test_a_patient_is_found_and_looked_at_over_the_years(
    signed_in: Page, server: Server, eva: str, accessible: Callable[[], None], is_phone: bool
) -> None:
    page = signed_in
    open_patient(page, server, eva)
    if is_phone:
        page.set_viewport_size(PHONE)
    banner = page.get_by_role("region", name="Patient")
    expect(banner).to_contain_text("Born 2 Apr 1961")
    expect(banner).to_contain_text(f"ID {eva} · ST-ANNA")
    warnings = page.get_by_role("region", name="Warnings").get_by_role("listitem")
    expect(warnings).to_have_count(1)
    expect(warnings).to_contain_text("Allergylatexstudy of 1 Mar 2026")
    assert studies(page) == ["Chest after", "Chest before", "Abdomen", "Chest PA", "Chest of an unknown day"]
    page.get_by_text("1 other patient may be the same person").click()
    expect(page.get_by_role("list", name="May be the same person")).to_contain_text("Same name and birth date")
    accessible()
    page.get_by_role("link", name="Findings").click()
    expect(page.get_by_role("tree", name="Attributes")).to_be_visible()
    assert "/objects/" in page.url


def test_a_range_of_the_timeline_is_moved_by_keys_dragged_and_kept_in_the_address(
    signed_in: Page, server: Server, eva: str
) -> None:
    page = signed_in
    open_patient(page, server, eva)
    first = page.get_by_role("slider", name="First month shown")
    expect(first).to_have_attribute("aria-valuetext", "Jan 2012")
    first.focus()
    page.keyboard.press("PageUp")
    expect(first).to_have_attribute("aria-valuetext", "Jan 2013")
    expect(page.get_by_text("3 of 5 studies")).to_be_visible()
    assert studies(page) == ["Chest after", "Chest before", "Abdomen"]
    assert "from=2013-01" in page.url
    page.reload()
    expect(page.get_by_text("3 of 5 studies")).to_be_visible()
    page.get_by_role("button", name="All studies").click()
    expect(page.get_by_text("5 studies", exact=True)).to_be_visible()
    box = page.locator(".timeline-strip").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] - 8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] - 8, steps=3)
    page.mouse.up()
    expect(page.get_by_text("1 of 5 studies")).to_be_visible()
    assert studies(page) == ["Abdomen"]
    page.get_by_role("button", name="All studies").click()
    page.get_by_role("combobox", name="Modality").select_option("US")
    expect(page.get_by_text("1 of 5 studies")).to_be_visible()


def test_two_studies_are_chosen_by_keys_and_looked_at_in_turn(signed_in: Page, server: Server, eva: str) -> None:
    page = signed_in
    open_patient(page, server, eva)
    expect(page.get_by_role("button", name="Compare 2")).to_be_disabled()
    for key in ("ArrowDown", "x", "ArrowDown", "x", "c"):
        page.keyboard.press(key)
    summary = page.get_by_role("region", name="Study", exact=True)
    expect(summary).to_contain_text("Chest after")
    page.keyboard.press("n")
    expect(summary).to_contain_text("Chest before")
    page.keyboard.press("n")  # there are only these two
    page.keyboard.press("p")
    expect(summary).to_contain_text("Chest after")
    page.keyboard.press("h")
    expect(page.get_by_role("region", name="Timeline")).to_be_visible()


def test_who_looked_is_told_to_those_who_audit(
    signed_in: Page, server: Server, eva: str, accessible: Callable[[], None]
) -> None:
    page = signed_in
    open_patient(page, server, eva)
    page.reload()  # what was opened is written within a second; each look at the list asks anew
    page.get_by_role("button", name="Who looked").click()
    dialog = page.get_by_role("dialog", name="Who looked")
    expect(dialog).to_be_visible()
    for _ in range(50):
        if dialog.get_by_role("row").filter(has_text="Opened the page").count():
            break
        page.reload()
        page.get_by_role("button", name="Who looked").click()
        expect(dialog.get_by_role("row").or_(dialog.get_by_text("Nobody has looked yet.")).first).to_be_visible()
    row = dialog.get_by_role("row").filter(has_text="Opened the page").first
    expect(row).to_contain_text(ADMINISTRATOR)
    expect(row).to_contain_text("127.0.0.1")
    accessible()


def test_a_name_that_nobody_has_finds_those_that_sound_like_it(
    signed_in: Page, server: Server, eva: str, accessible: Callable[[], None]
) -> None:
    page = signed_in
    page.goto(f"{server.url}/patients?text=svonkova")
    expect(page.get_by_text('No name is spelt "svonkova".')).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=eva).first).to_be_visible()
    accessible()
    page.goto(f"{server.url}/patients?text=nobody-at-all-7")
    expect(page.get_by_role("heading", name="No patient matches")).to_be_visible()
    accessible()


def test_lists_of_studies_lead_to_the_patient(signed_in: Page, server: Server, eva: str) -> None:
    page = signed_in
    page.goto(f"{server.url}/worklist?text={eva}")
    page.get_by_role("gridcell").get_by_role("link", name=eva, exact=True).first.click()
    expect(page.get_by_role("region", name="Timeline")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("row").filter(has_text="Chest after").click()
    page.get_by_role("complementary", name="Preview").get_by_role("link", name="Zvonková, Eva").click()
    expect(page.get_by_role("region", name="Timeline")).to_be_visible()


def test_what_may_not_be_seen_is_said(page: Page, fake: FakeServer, watch: Watch) -> None:
    watch.expected_statuses = {403, 404}
    fake.state.signed_in = True
    fake.state.failing["/api/patients"] = (403, {"title": "Forbidden."})
    page.goto(f"{fake.url}/patients")
    expect(page.get_by_role("heading", name="Not for your role")).to_be_visible()
    fake.state.failing["/api/patients"] = (404, {"title": "Not found."})
    page.goto(f"{fake.url}/patients/00000000-0000-4000-8000-000000000001")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    expect(page.get_by_role("button", name="Who looked")).to_have_count(0)


def test_search_takes_a_birth_date(signed_in: Page, server: Server, eva: str) -> None:
    page = signed_in
    page.goto(f"{server.url}/patients?text={eva} 1961-04-02")
    expect(page.get_by_role("row").filter(has_text="ST-ANNA")).to_have_count(1)
    page.goto(f"{server.url}/patients?text={eva} 1961-04-03")
    expect(page.get_by_role("heading", name="No patient matches")).to_be_visible()
