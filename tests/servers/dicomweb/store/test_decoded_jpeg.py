"""JPEG as bulk data that no transfer syntax has as it is: progressive, or stored lying on its side."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageOps
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from bulk_data import COLOUR, GREY, pixels_at, post, reason, stored
from filmless.pixels.codec_pool import CodecPool
from web_house import WebHouse

pytestmark = pytest.mark.slow

ORIENTATION = 274


@pytest.fixture(scope="module")
def pool() -> Iterator[CodecPool]:
    pool = CodecPool(1)
    yield pool
    pool.close()


@pytest.fixture
def house(pool: CodecPool) -> WebHouse:
    return WebHouse(codecs=pool)


def photograph(
    values: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", *, orientation: int = 1, progressive: bool = False
) -> bytes:
    exif = Image.Exif()
    exif[271], exif[ORIENTATION] = "Maker", orientation
    file = io.BytesIO()
    Image.fromarray(values).save(file, "JPEG", quality=95, progressive=progressive, exif=exif)
    return file.getvalue()


def upright(jpeg: bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(jpeg)))
    assert image is not None
    return np.asarray(image)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("values", [GREY, COLOUR], ids=["grey", "colour"])
def test_a_progressive_jpeg_becomes_native_pixels_the_right_way_up(
    house: WebHouse, values: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", orientation: int
) -> None:
    sent = photograph(values, orientation=orientation, progressive=True)
    image = stored(house, post(house, [pixels_at("p")], ("image/jpeg", "p", sent)))
    assert image.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert np.abs(image.pixel_array.astype(int) - upright(sent)).max() <= 1  # two decoders
    assert (image.LossyImageCompression, image.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert float(image.LossyImageCompressionRatio) == pytest.approx(values.size / len(sent), abs=0.01)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_baseline_jpeg_that_lies_on_its_side_is_turned(house: WebHouse, orientation: int) -> None:
    sent = photograph(COLOUR[:9], orientation=orientation)
    image = stored(house, post(house, [pixels_at("p")], ("image/jpeg", "p", sent)))
    assert np.abs(image.pixel_array.astype(int) - upright(sent)).max() <= 1
    assert (image.Rows, image.Columns) == upright(sent).shape[:2]
    assert image.PhotometricInterpretation == "RGB"


def test_one_that_is_upright_stays_as_it_was_sent(house: WebHouse) -> None:
    sent = photograph(COLOUR)
    image = stored(house, post(house, [pixels_at("p")], ("image/jpeg", "p", sent)))
    assert image.file_meta.TransferSyntaxUID == JPEGBaseline8Bit
    assert sent in image.PixelData


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([photograph(COLOUR, progressive=True)[:-200]], "cut off"),
        ([photograph(COLOUR, progressive=True), photograph(COLOUR)], "one size and coding"),
    ],
    ids=["cut off", "mixed"],
)
def test_what_does_not_become_an_instance_is_refused_with_the_reason(
    house: WebHouse, parts: list[bytes], text: str
) -> None:
    code, told = reason(post(house, [pixels_at("p")], *(("image/jpeg", "p", part) for part in parts)))
    assert code == 0xA900
    assert text in told
    assert house.archive.files == {}
