"""The whole way through the real server in a browser: sign in, upload, find, look, sign out."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pydicom import dcmread

from objects import ct_image, write_file
from pages.watch import Watch
from serving import ADMINISTRATOR, PASSWORD, Server

pytestmark = pytest.mark.slow


def test_what_is_uploaded_is_found_and_seen(
    page: Page, server: Server, watch: Watch, tmp_path: Path, accessible: Callable[[], None]
) -> None:
    watch.expected_statuses = {401}  # nobody is signed in yet, which is how the page learns it
    first = ct_image(PatientName="Uploaded^Ursula", PatientID="UP-1", AccessionNumber="UPLOAD-1")
    second = ct_image(
        PatientName="Uploaded^Ursula", PatientID="UP-1", AccessionNumber="UPLOAD-1",
        StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID, InstanceNumber=2,
    )  # fmt: skip
    files = [write_file(tmp_path, image) for image in (first, second)]
    (tmp_path / "notes.txt").write_text("not an image " * 30)

    page.goto(f"{server.url}/worklist")
    page.get_by_label("User name").fill(ADMINISTRATOR)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Studies", exact=True)).to_be_visible()

    page.keyboard.press("u")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([*files, tmp_path / "notes.txt"])
    tray = page.get_by_role("region", name="Upload")
    expect(tray.get_by_role("heading")).to_have_text("2 stored, 1 not DICOM")
    tray.get_by_role("button", name="Close the uploads").click()

    page.keyboard.press("Control+k")
    page.keyboard.type("ursula")
    row = page.get_by_role("row").filter(has_text="Uploaded, Ursula")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("UPLOAD-1")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("complementary", name="Preview").get_by_role("img", name="Picture of")).to_be_visible(
        timeout=20_000
    )
    accessible()

    page.keyboard.press("o")
    expect(page.get_by_role("region", name="Patient")).to_contain_text("Uploaded, Ursula")
    picture = page.get_by_role("region", name="Series").get_by_role("img", name="Picture of CT Axial")
    expect(picture).to_be_visible()
    assert picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth > 0; }")
    accessible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    assert instances_in(download.value.path()) == {first.SOPInstanceUID, second.SOPInstanceUID}

    page.get_by_role("button", name=f"Account of {ADMINISTRATOR}").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{server.url}/studies/{first.StudyInstanceUID}")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def instances_in(archive: Path) -> set[str]:
    """SOP Instance UIDs of a ZIP file, whose DICOMDIR names the files that are there."""
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        directory = dcmread(BytesIO(opened.read("DICOMDIR")))
        named = {
            "/".join(record.ReferencedFileID): str(record.ReferencedSOPInstanceUIDInFile)
            for record in directory.DirectoryRecordSequence
            if "ReferencedFileID" in record
        }
        assert set(named) == set(opened.namelist()) - {"DICOMDIR"}
        read = {name: str(dcmread(BytesIO(opened.read(name))).SOPInstanceUID) for name in named}
        assert read == named
        return set(read.values())
