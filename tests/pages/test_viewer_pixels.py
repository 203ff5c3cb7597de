"""The viewer shows of each kind of image what the server paints of it, and says what its pixels are."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    UltrasoundMultiFrameImageStorage,
)

from objects import ct_image, new_uid, write_file
from pages.viewing import Viewer, sign_in
from pages.watch import Watch
from serving import Server

pytestmark = pytest.mark.slow


@pytest.fixture
def viewer(page: Page, server: Server, watch: Watch) -> Viewer:
    """Signed in, on a real server."""
    return sign_in(page, server, watch)


def wedge(rows: int, columns: int, most: int) -> NDArray[np.uint16]:
    """A picture that is another one when it is mirrored, turned or inverted."""
    down, right = np.mgrid[0:rows, 0:columns]
    picture = (down / rows * 0.6 + right / columns * 0.4) * most
    picture[: rows // 4, : columns // 3] = most
    return picture.astype(np.uint16)


def with_pixels(pixels: NDArray[np.generic], **values: object) -> Dataset:
    return ct_image(Rows=pixels.shape[0], Columns=pixels.shape[1], PixelData=pixels.tobytes(), **values)


def plain_ct() -> Dataset:
    return with_pixels(
        wedge(96, 96, 2000), RescaleIntercept="-1024", RescaleSlope="1", WindowCenter="40", WindowWidth="400"
    )


def signed_and_padded() -> Dataset:
    pixels = wedge(80, 120, 1500).astype(np.int16) - 700
    pixels[:, :10] = 2000
    return with_pixels(
        pixels, PixelRepresentation=1, BitsStored=12, HighBit=11, RescaleIntercept="0", RescaleSlope="1.5",
        PixelPaddingValue=2000,
    )  # fmt: skip


def inverse_cr() -> Dataset:
    return with_pixels(
        wedge(100, 80, 4095), SOPClassUID=ComputedRadiographyImageStorage, Modality="CR", BitsStored=12, HighBit=11,
        PhotometricInterpretation="MONOCHROME1", WindowCenter="2048", WindowWidth="4096", PatientOrientation=["L", "F"],
    )  # fmt: skip


def not_square() -> Dataset:
    return with_pixels(wedge(60, 120, 1000), PixelSpacing=["2", "1"])


def with_tables() -> Dataset:
    image = with_pixels(wedge(64, 64, 255).astype(np.uint8), BitsAllocated=8, BitsStored=8, HighBit=7)
    table = Dataset()
    table.LUTDescriptor = [256, 0, 16]
    table.add_new("LUTData", "OW", (np.linspace(0, 1, 256) ** 2 * 65535).astype("<u2").tobytes())
    image.VOILUTSequence = [table]
    return image


MADE = {
    "CT": plain_ct,
    "signed, padded, in 12 of 16 bits": signed_and_padded,
    "CR in MONOCHROME1": inverse_cr,
    "pixels that are not square": not_square,
    "VOI LUT": with_tables,
}


@pytest.mark.parametrize("kind", MADE)
def test_a_made_image_looks_as_the_server_paints_it(viewer: Viewer, tmp_path: Path, kind: str) -> None:
    image = MADE[kind]()
    viewer.bring(write_file(tmp_path, image))
    viewer.open(image.StudyInstanceUID)
    viewer.assert_as_rendered(image)
    expect(viewer.pane(0).locator(".badge")).to_have_text("lossless")


REAL = {
    "MR": "MR_small.dcm",
    "MR in RLE": "MR_small_RLE.dcm",
    "JPEG 2000": "MR_small_jp2klossless.dcm",
    "JPEG-LS": "MR_small_jpeg_ls_lossless.dcm",
    "RGB secondary capture": "SC_rgb_dcmtk_+eb+cr.dcm",
    "JPEG in YBR": "SC_rgb_jpeg_dcmtk.dcm",
    "palette": "examples_palette.dcm",
}


@pytest.mark.parametrize("kind", REAL)
def test_a_real_image_looks_as_the_server_paints_it(viewer: Viewer, tmp_path: Path, kind: str) -> None:
    image = dcmread(get_testdata_file(REAL[kind]))
    image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID = new_uid(), new_uid(), new_uid()
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.save_as(tmp_path / "image.dcm")
    viewer.bring(tmp_path / "image.dcm")
    viewer.open(image.StudyInstanceUID)
    viewer.assert_as_rendered(image)


def test_high_throughput_jpeg_2000_is_decoded_here(viewer: Viewer, tmp_path: Path) -> None:
    pixels = wedge(128, 96, 3000)
    image = with_pixels(pixels, BitsStored=12, HighBit=11, WindowCenter="1500", WindowWidth="3000")
    image.PixelData = encapsulate([imagecodecs.htj2k_encode(pixels, reversible=True)])
    image["PixelData"].is_undefined_length = True
    viewer.bring(write_file(tmp_path, image, HTJ2KLossless))
    with viewer.page.expect_response(lambda answer: answer.url.endswith("/frames/1")) as frame:
        viewer.open(image.StudyInstanceUID)
    assert HTJ2KLossless in frame.value.headers["content-type"]
    viewer.assert_as_rendered(image)


def test_a_film_is_seen_frame_by_frame_and_plays(viewer: Viewer, tmp_path: Path) -> None:
    frames = np.stack([np.full((40, 60), 40 * number, np.uint8) for number in range(1, 6)])
    image = ct_image(
        SOPClassUID=UltrasoundMultiFrameImageStorage, Modality="US", Rows=40, Columns=60, NumberOfFrames=5,
        BitsAllocated=8, BitsStored=8, HighBit=7, FrameTime="20", PixelData=frames.tobytes(),
        WindowCenter="128", WindowWidth="256",
    )  # fmt: skip
    viewer.bring(write_file(tmp_path, image, ExplicitVRLittleEndian))
    viewer.open(image.StudyInstanceUID)
    expect(viewer.slice()).to_have_text("1 / 5")
    viewer.page.keyboard.press("End")
    expect(viewer.slice()).to_have_text("5 / 5")
    viewer.assert_as_rendered(image, frame=5)
    viewer.page.keyboard.press("c")
    expect(viewer.slice()).not_to_have_text("5 / 5")
    viewer.page.keyboard.press("c")
    expect(viewer.page.get_by_role("button", name="Play, stop")).to_have_attribute("aria-pressed", "false")


def test_what_was_lossy_when_it_was_stored_is_said(viewer: Viewer, tmp_path: Path) -> None:
    image = plain_ct()
    image.LossyImageCompression, image.LossyImageCompressionRatio = "01", "12"
    viewer.bring(write_file(tmp_path, image))
    viewer.open(image.StudyInstanceUID)
    expect(viewer.pane(0).locator(".badge")).to_have_text("lossy 12:1")
