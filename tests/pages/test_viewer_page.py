"""Reading with the viewer: letters at the edges, whose images they are, keys, the address, other objects, memory."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from objects import ct_image, new_uid, series, write_file
from pages.viewing import LOADED, Viewer, sign_in
from pages.watch import PHONE, Watch
from serving import Server

pytestmark = pytest.mark.slow

SIZE = 32
PIXELS = (np.add.outer(np.arange(SIZE) * 20, np.arange(SIZE) * 7)).astype(np.uint16).tobytes()


@pytest.fixture
def viewer(page: Page, server: Server, watch: Watch) -> Viewer:
    """Signed in, on a real server."""
    return sign_in(page, server, watch)


def in_space(image: Dataset, orientation: list[float], position: list[float], frame_of_reference: str) -> Dataset:
    image.ImageOrientationPatient, image.ImagePositionPatient = orientation, position
    image.PixelSpacing, image.FrameOfReferenceUID = [1, 1], frame_of_reference
    image.Rows = image.Columns = SIZE
    image.PixelData = PIXELS
    return image


# within one page's life: the address changes, nothing is loaded anew
GO = "path => { history.pushState({idx: 1}, '', path); dispatchEvent(new PopStateEvent('popstate')); }"

AXIAL, CORONAL, SAGITTAL = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1]
LETTERS = {
    "axial": (AXIAL, "A L P R"),
    "coronal": (CORONAL, "H L F R"),
    "sagittal": (SAGITTAL, "H P F A"),
    "oblique": ([1, 0, 0, 0, 0.866025, -0.5], "AH L PF R"),
    "double oblique": ([0.8, 0.6, 0, 0.36, -0.48, -0.8], "HPR LP FAL RA"),
    "from below": ([-1, 0, 0, 0, 1, 0], "A R P L"),
}


@pytest.mark.parametrize("plane", LETTERS)
def test_the_letters_are_those_of_the_header(viewer: Viewer, tmp_path: Path, plane: str) -> None:
    orientation, expected = LETTERS[plane]
    image = in_space(ct_image(), orientation, [0, 0, 0], new_uid())
    viewer.bring(write_file(tmp_path, image))
    viewer.open(image.StudyInstanceUID)
    assert viewer.letters() == expected
    viewer.assert_as_rendered(image)


def test_the_letters_turn_with_the_picture(viewer: Viewer, tmp_path: Path) -> None:
    image = in_space(ct_image(), AXIAL, [0, 0, 0], new_uid())
    viewer.bring(write_file(tmp_path, image))
    viewer.open(image.StudyInstanceUID)
    upright = viewer.canvas()
    side = min(upright.shape[:2])
    square = np.s_[
        (upright.shape[0] - side) // 2 : (upright.shape[0] + side) // 2,
        (upright.shape[1] - side) // 2 : (upright.shape[1] + side) // 2,
    ]
    steps = [
        ("h", "A R P L", lambda picture: picture[:, ::-1]),
        ("v", "P R A L", lambda picture: picture[::-1, ::-1]),
        ("r", "L P R A", lambda picture: np.rot90(picture[::-1, ::-1], -1)),
        ("h", "L A R P", lambda picture: np.rot90(picture[::-1, ::-1], -1)[:, ::-1]),
        ("R", "A R P L", lambda picture: np.rot90(np.rot90(picture[::-1, ::-1], -1)[:, ::-1])),
        ("Space", "A L P R", lambda picture: picture),
    ]
    for key, expected, turned in steps:
        viewer.page.keyboard.press(key)
        expect(viewer.pane(0).locator('[data-side="top"]')).to_have_text(expected.split()[0])
        expect(viewer.pane(0).locator('[data-side="right"]')).to_have_text(expected.split()[1])
        assert viewer.letters() == expected
        assert np.abs(viewer.canvas()[square].astype(int) - turned(upright[square])).mean() < 3


def test_an_image_that_says_nothing_of_its_orientation_has_no_letters(viewer: Viewer, tmp_path: Path) -> None:
    image = ct_image()
    viewer.bring(write_file(tmp_path, image))
    viewer.open(image.StudyInstanceUID)
    assert viewer.letters().strip() == ""
    said = ct_image(PatientOrientation=["A", "F"])
    viewer.bring(write_file(tmp_path, said))
    viewer.open(said.StudyInstanceUID)
    assert viewer.letters() == "H A F P"


def test_nothing_is_shown_without_whose_it_is(viewer: Viewer, tmp_path: Path, accessible: Callable[[], None]) -> None:
    image = ct_image(PatientName="Shown^Sara", Laterality="L")
    viewer.bring(write_file(tmp_path, image))
    viewer.open(image.StudyInstanceUID)
    for words in ("Shown, Sara", "F", "2 Jan 1970", "ID P1", "Study 2 Jan 2026", "Laterality L"):
        expect(viewer.pane(0)).to_contain_text(words)
    expect(viewer.page.get_by_text("Not for primary diagnosis")).to_be_visible()
    accessible()


def test_two_patients_on_the_screen_are_a_loud_warning(viewer: Viewer, tmp_path: Path) -> None:
    first = ct_image(PatientName="One^Olga", PatientID="TWO-1")
    second = ct_image(StudyInstanceUID=first.StudyInstanceUID, PatientName="Other^Olaf", PatientID="TWO-2")
    viewer.bring(write_file(tmp_path, first), write_file(tmp_path, second))
    viewer.open(first.StudyInstanceUID)
    alert = viewer.page.get_by_role("alert").filter(has_text="different patients")
    expect(alert).to_contain_text("One, Olga")
    expect(alert).to_contain_text("Other, Olaf")
    viewer.page.keyboard.press("g")
    expect(alert).to_be_hidden()
    viewer.page.keyboard.press("g")
    expect(alert).to_be_visible()
    for at, image in enumerate((first, second)):  # drawn again on surfaces that were away
        viewer.wait_for_pixels(at)
        viewer.assert_as_rendered(image, at)


def test_keys_alone_find_open_scroll_and_leave(viewer: Viewer, tmp_path: Path) -> None:
    images = series(12, PatientName="Keys^Karla", AccessionNumber="KEYS-1")
    viewer.bring(*(write_file(tmp_path, image) for image in images))
    page = viewer.page
    page.goto(f"{viewer.server.url}/worklist")
    page.keyboard.press("Control+k")
    page.keyboard.type("karla")
    row = page.get_by_role("row").filter(has_text="Keys, Karla")
    expect(row).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(row).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    viewer.wait_for_pixels(0)
    expect(viewer.slice()).to_have_text("1 / 12")
    for key, place in (("ArrowDown", 2), ("Shift+ArrowDown", 12), ("ArrowUp", 11), ("Home", 1), ("End", 12)):
        page.keyboard.press(key)
        expect(viewer.slice()).to_have_text(f"{place} / 12")
    page.keyboard.press("2")
    expect(viewer.pane(0).get_by_test_id("window")).to_have_text("W 1500  L -600")
    page.keyboard.press("0")
    expect(viewer.pane(0).get_by_test_id("window")).not_to_contain_text("1500")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Rotate right")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(row).to_have_attribute("aria-selected", "true")


def test_the_mouse_scrolls_windows_and_zooms(viewer: Viewer, tmp_path: Path) -> None:
    images = series(5, PatientName="Mouse^Mia", WindowCenter="100", WindowWidth="200")
    viewer.bring(*(write_file(tmp_path, image) for image in images))
    viewer.open(images[0].StudyInstanceUID)
    page, window = viewer.page, viewer.pane(0).get_by_test_id("window")
    expect(window).to_have_text("W 200  L 100")
    page.mouse.move(700, 450)
    page.mouse.wheel(0, 100)
    expect(viewer.slice()).to_have_text("2 / 5")
    page.mouse.down()
    page.mouse.move(800, 400)
    page.mouse.up()
    expect(window).to_have_text("W 238  L 75")
    page.mouse.down(button="right")
    page.mouse.move(800, 300)
    page.mouse.up(button="right")
    expect(viewer.pane(0)).to_contain_text("165 %")
    page.keyboard.press("=")
    expect(viewer.pane(0)).to_contain_text("fit")


def test_the_address_is_the_state_and_back_works(viewer: Viewer, tmp_path: Path) -> None:
    study, frame_of_reference = new_uid(), new_uid()
    axials = [
        in_space(image, AXIAL, [0, 0, 5.0 * number], frame_of_reference)
        for number, image in enumerate(series(6, StudyInstanceUID=study))
    ]
    others = [
        in_space(image, AXIAL, [0, 0, 10.0 * number], frame_of_reference)
        for number, image in enumerate(series(3, StudyInstanceUID=study, SeriesNumber=2, SeriesDescription="Thick"))
    ]
    sagittal = in_space(
        ct_image(StudyInstanceUID=study, SeriesNumber=3, SeriesDescription="Side"),
        SAGITTAL,
        [10, 0, 20],
        frame_of_reference,
    )
    viewer.bring(*(write_file(tmp_path, image) for image in (*axials, *others, sagittal)))
    viewer.open(study)
    for at in range(3):
        viewer.wait_for_pixels(at)
    page = viewer.page
    page.keyboard.press("End")
    expect(viewer.slice(0)).to_have_text("6 / 6")
    expect(viewer.slice(1)).to_have_text("3 / 3")  # linked by position, 25 mm to 20 mm
    expect(viewer.pane(2).get_by_test_id("reference-line")).to_be_attached()
    expect(page).to_have_url(re.compile("layout=2x2.*%3A6"))
    page.reload()
    viewer.wait_for_pixels(0)
    expect(viewer.slice(0)).to_have_text("6 / 6")
    page.get_by_role("button", name="Layout").click()
    page.get_by_role("menuitem", name="1 × 1").click()
    expect(page).to_have_url(re.compile("layout=1x1"))
    expect(page.get_by_role("region", name="Viewport 2")).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("region", name="Viewport 4")).to_have_count(1)


def test_reports_and_unknown_objects_open_too(viewer: Viewer, tmp_path: Path, accessible: Callable[[], None]) -> None:
    report = dcmread(get_testdata_file("test-SR.dcm"))
    report.StudyInstanceUID, report.SeriesInstanceUID, report.SOPInstanceUID = new_uid(), new_uid(), new_uid()
    report.file_meta.MediaStorageSOPInstanceUID = report.SOPInstanceUID
    report.save_as(tmp_path / "report.dcm")
    plan = dcmread(get_testdata_file("rtplan.dcm"))
    plan.StudyInstanceUID, plan.SeriesInstanceUID, plan.SOPInstanceUID = report.StudyInstanceUID, new_uid(), new_uid()
    plan.file_meta.MediaStorageSOPInstanceUID = plan.SOPInstanceUID
    plan.save_as(tmp_path / "plan.dcm")
    viewer.bring(tmp_path / "report.dcm", tmp_path / "plan.dcm")
    page = viewer.page
    page.goto(f"{viewer.server.url}/read/{report.StudyInstanceUID}")
    expect(page.locator("iframe").content_frame.locator("h1")).to_be_visible(timeout=LOADED)
    expect(page.get_by_role("note")).to_contain_text("RT Plan")
    accessible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Object").last.click()
    saved = dcmread(download.value.path())
    assert saved.StudyInstanceUID == report.StudyInstanceUID


def test_an_image_that_cannot_be_decoded_is_said(viewer: Viewer, tmp_path: Path, watch: Watch) -> None:
    watch.expected_statuses = {401, 404}
    image = ct_image(PixelData=bytes(100))
    viewer.bring(write_file(tmp_path, image))
    viewer.page.goto(f"{viewer.server.url}/read/{image.StudyInstanceUID}")
    expect(viewer.pane(0).get_by_role("alert")).to_contain_text("could not be shown", timeout=LOADED)


def test_it_fits_a_phone(viewer: Viewer, tmp_path: Path, accessible: Callable[[], None]) -> None:
    image = in_space(ct_image(), AXIAL, [0, 0, 0], new_uid())
    viewer.bring(write_file(tmp_path, image))
    viewer.page.set_viewport_size(PHONE)
    viewer.open(image.StudyInstanceUID)
    assert viewer.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    expect(viewer.page.get_by_text("Not for primary diagnosis")).to_be_visible()
    accessible()


def test_memory_is_free_again_after_ten_studies(viewer: Viewer, tmp_path: Path) -> None:
    studies = [series(4) for _ in range(10)]
    viewer.bring(*(write_file(tmp_path, image) for images in studies for image in images))
    page = viewer.page
    session = page.context.new_cdp_session(page)
    sizes = []
    page.goto(f"{viewer.server.url}/worklist")
    for images in studies:
        page.evaluate(GO, f"/read/{images[0].StudyInstanceUID}")
        viewer.wait_for_pixels(0)
        page.evaluate(GO, "/worklist")
        expect(page.get_by_role("heading", name="Studies", exact=True)).to_be_visible()
        session.send("HeapProfiler.collectGarbage")
        sizes.append(session.send("Runtime.getHeapUsage")["usedSize"])
    assert sizes[-1] < 1.5 * sizes[2], sizes
