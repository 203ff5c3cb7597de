"""One object in a browser, over a real archive: its attributes as a tree, its look, and what is broken or unknown."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from objects import ct_image, new_uid, write_file
from pages.watch import PHONE, Watch
from serving import Server

pytestmark = pytest.mark.slow

UNKNOWN_CLASS = "1.2.826.0.1.3680043.10.999.77.1"


@dataclass(frozen=True)
class Objects:
    """A study of an image with sequences and private attributes, a second one, a report, and what nobody knows."""

    study: str
    first: str
    second: str
    report: str
    unknown: str


def without_pixels(image: Dataset) -> Dataset:
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(image, keyword)
    return image


@pytest.fixture(scope="module")
def objects(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Objects:
    folder = tmp_path_factory.mktemp("objects")
    study = {"StudyInstanceUID": new_uid(), "PatientName": "Tree^Tessa", "PatientID": new_uid()}
    series = {**study, "SeriesInstanceUID": new_uid()}
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3.4.5"
    first = ct_image(InstanceNumber=1, ReferencedImageSequence=Sequence([inner]), **series)
    first.private_block(0x0029, "ACME 1.1", create=True).add_new(0x01, "LO", "hidden treasure")
    second = ct_image(InstanceNumber=2, **series)
    report = without_pixels(
        ct_image(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR", SeriesNumber=8, **study)
    )
    finding = Dataset()
    finding.RelationshipType, finding.ValueType, finding.TextValue = "CONTAINS", "TEXT", "Nothing new is seen."
    report.ValueType, report.ContentSequence = "CONTAINER", Sequence([finding])
    unknown = without_pixels(ct_image(SOPClassUID=UNKNOWN_CLASS, Modality="OT", SeriesNumber=9, **study))
    for each in (first, second, report, unknown):
        write_file(folder, each)
    imported = server.run("import", folder)
    assert imported.returncode == 0, imported.stderr
    return Objects(first.StudyInstanceUID, *(str(each.SOPInstanceUID) for each in (first, second, report, unknown)))


@pytest.mark.parametrize("is_phone", [False, True])
def test_every_attribute_is_seen_searched_and_copied(
    signed_in: Page,
    server: Server,
    objects: Objects,
    accessible: Callable[[], None],
    is_phone: bool,
) -> None:
    page = signed_in
    if is_phone:
        page.set_viewport_size(PHONE)
    page.goto(f"{server.url}/studies/{objects.study}/objects/{objects.first}")
    tree = page.get_by_role("tree", name="Attributes")
    expect(tree.get_by_role("treeitem").filter(has_text="SOPClassUID")).to_contain_text("1.2.840.10008.5.1.4.1.1.2")
    expect(tree.get_by_role("treeitem").filter(has_text="ReferencedImageSequence")).to_contain_text("1 item")
    picture = page.get_by_role("region", name="Picture or text").get_by_role("img", name="Picture of CT Image")
    assert picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth > 0; }")
    accessible()
    page.get_by_role("searchbox", name="Search attributes").fill("1.2.3.4.5")
    found = tree.get_by_role("treeitem")
    expect(found).to_have_count(3)
    expect(found.last).to_contain_text("ReferencedSOPInstanceUID")
    found.last.click()
    chosen = page.get_by_role("region", name="Chosen attribute")
    expect(chosen).to_contain_text("(0008,1140)[0].(0008,1155)")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chosen.get_by_role("button", name="Copy the path of the tag").click()
    assert page.evaluate("navigator.clipboard.readText()") == "(0008,1140)[0].(0008,1155)"
    accessible()
    page.get_by_role("searchbox", name="Search attributes").fill("treasure")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("Private, ACME 1.1")


def test_keys_walk_the_tree_and_the_series(signed_in: Page, server: Server, objects: Objects) -> None:
    page = signed_in
    page.goto(f"{server.url}/studies/{objects.study}")
    page.get_by_role("region", name="Series").get_by_role("link", name="Attributes of series").first.click()
    tree = page.get_by_role("tree", name="Attributes")
    sequence = tree.get_by_role("treeitem").filter(has_text="ReferencedImageSequence")
    expect(sequence).to_have_attribute("aria-expanded", "false")
    sequence.click()
    expect(sequence).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("region", name="Chosen attribute")).to_contain_text("(0008,1140)[0].(0008,1155)")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(sequence).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("n")
    expect(page.get_by_text("2 of 2 in its series")).to_be_visible()
    assert page.url.endswith(objects.second)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download DICOM").click()
    assert download.value.path().read_bytes()[128:132] == b"DICM"
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Series")).to_be_visible()


def test_pixels_say_how_large_they_are_and_can_be_taken_along(
    signed_in: Page, server: Server, objects: Objects
) -> None:
    page = signed_in
    page.goto(f"{server.url}/studies/{objects.study}/objects/{objects.second}")
    page.get_by_role("searchbox", name="Search attributes").fill("7FE00010")
    pixels = page.get_by_role("treeitem")
    expect(pixels).to_have_count(1)
    expect(pixels).to_contain_text("binary, 128 byte")
    pixels.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the value").click()
    assert download.value.path().read_bytes() == bytes(range(128))


def test_a_report_is_read_as_text_in_a_frame_that_may_do_nothing(
    signed_in: Page, server: Server, objects: Objects, accessible: Callable[[], None]
) -> None:
    page = signed_in
    page.goto(f"{server.url}/studies/{objects.study}/objects/{objects.report}")
    expect(page.frame_locator("iframe").get_by_text("Nothing new is seen.")).to_be_visible()
    assert page.locator("iframe").get_attribute("sandbox") == ""
    accessible()


def test_what_is_of_no_known_class_has_a_card_and_its_attributes(
    signed_in: Page, server: Server, objects: Objects, accessible: Callable[[], None]
) -> None:
    page = signed_in
    page.goto(f"{server.url}/studies/{objects.study}/objects/{objects.unknown}")
    expect(page.get_by_text(f"Not of the standard: {UNKNOWN_CLASS}")).to_be_visible()
    expect(page.get_by_role("region", name="Picture or text").get_by_role("img")).to_be_visible()
    expect(page.get_by_role("treeitem").filter(has_text="SOPClassUID")).to_contain_text(UNKNOWN_CLASS)
    accessible()


def test_an_object_that_is_not_there_is_said(signed_in: Page, server: Server, objects: Objects, watch: Watch) -> None:
    watch.expected_statuses |= {404}
    signed_in.goto(f"{server.url}/studies/{objects.study}/objects/1.2.3")
    expect(signed_in.get_by_role("heading", name="Not found")).to_be_visible()
