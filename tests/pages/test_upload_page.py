"""Uploading: by dialog and by drop, with progress, cancel, and a list of what was not taken and why."""

import base64
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from objects import ct_image, part10_bytes
from pages.fake_api import FakeServer
from pages.watch import Watch

pytestmark = pytest.mark.slow

DROP = """({files}) => {
  const transfer = new DataTransfer();
  for (const [name, content] of files) {
    transfer.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
  }
  const send = (type) => {
    document.body.dispatchEvent(new DragEvent(type, {dataTransfer: transfer, bubbles: true, cancelable: true}));
  };
  send("dragenter");
  window.finishDrop = () => send("drop");
}"""


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Path, list[str]]:
    """A folder with 30 images, a text and a media index; and the UIDs of the images."""
    images = [ct_image() for _ in range(30)]
    for number, image in enumerate(images):
        (tmp_path / f"IM{number:04}").write_bytes(part10_bytes(image))
    (tmp_path / "readme.txt").write_text("Pictures of the patient. " * 20)
    return tmp_path, [str(image.SOPInstanceUID) for image in images]


def choose(page: Page, folder: Path) -> Locator:
    """Upload a folder by the keys and the dialog; the tray."""
    expect(page.get_by_role("grid")).to_be_visible()
    page.keyboard.press("u")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(folder)
    return page.get_by_role("region", name="Upload")


def test_a_folder_is_stored_and_what_was_refused_is_named(
    page: Page, fake: FakeServer, folder: tuple[Path, list[str]], accessible: Callable[[], None]
) -> None:
    path, uids = folder
    fake.state.signed_in = True
    fake.state.refuse = {uids[7]: 0xC000, uids[12]: 0xA700}
    page.goto(f"{fake.url}/worklist")
    tray = choose(page, path)
    expect(tray.get_by_role("heading")).to_have_text("28 stored, 2 refused, 1 not DICOM")
    refused = tray.get_by_role("listitem")
    expect(refused).to_have_count(2)
    expect(refused.first).to_contain_text("IM0007")
    expect(refused.first).to_contain_text("Damaged, or not understood. (C000)")
    expect(refused.last).to_contain_text("out of space or too busy. (A700)")
    accessible()
    tray.get_by_role("button", name="Not DICOM").click()
    expect(tray.get_by_role("listitem")).to_contain_text("readme.txt")
    assert sorted(fake.state.stored) == sorted(set(uids) - set(fake.state.refuse))
    tray.get_by_role("button", name="Close the uploads").click()
    expect(tray).to_have_count(0)


def test_progress_is_shown_and_cancel_stops(
    page: Page, fake: FakeServer, folder: tuple[Path, list[str]], accessible: Callable[[], None]
) -> None:
    fake.state.signed_in = True
    fake.state.hold = threading.Event()
    page.goto(f"{fake.url}/worklist")
    tray = choose(page, folder[0])
    expect(tray.get_by_role("heading")).to_have_text("Uploading 0 of 30 files")
    expect(tray.get_by_role("progressbar", name="Progress of the upload")).to_be_visible()
    expect(tray.get_by_role("progressbar", name="IM0000")).to_be_visible()
    accessible()
    tray.get_by_role("button", name="Cancel").click()
    expect(tray.get_by_role("heading")).to_have_text("1 not DICOM, 30 cancelled")
    fake.state.hold.set()


def test_a_server_that_refuses_everything_is_quoted_for_each_file(
    page: Page, fake: FakeServer, watch: Watch, folder: tuple[Path, list[str]]
) -> None:
    watch.expected_statuses = {403}
    fake.state.signed_in = True
    fake.state.failing["/dicomweb/studies"] = (403, {})
    page.goto(f"{fake.url}/worklist")
    tray = choose(page, folder[0])
    expect(tray.get_by_role("heading")).to_have_text("30 refused, 1 not DICOM")
    expect(tray.get_by_role("listitem").first).to_contain_text("Your role may not store images.")


def test_files_can_be_dropped_anywhere_on_the_study_page_too(page: Page, fake: FakeServer) -> None:
    image = ct_image()
    fake.state.signed_in = True
    page.goto(f"{fake.url}/studies/1.2.826.0.1.3680043.10.1.2")
    expect(page.get_by_role("region", name="Patient")).to_be_visible()
    files = [
        ["a.dcm", base64.b64encode(part10_bytes(image)).decode()],
        ["b.txt", base64.b64encode(b"text" * 50).decode()],
    ]
    page.evaluate(DROP, {"files": files})
    expect(page.get_by_text("Drop to upload")).to_be_visible()
    page.evaluate("window.finishDrop()")
    expect(page.get_by_text("Drop to upload")).to_have_count(0)
    expect(page.get_by_role("region", name="Upload").get_by_role("heading")).to_have_text("1 stored, 1 not DICOM")
    assert fake.state.stored == [str(image.SOPInstanceUID)]
