"""PNG as bulk data: native pixels with the values of the picture, or a reason why not."""

import io
import struct
import zlib
from collections.abc import Iterator

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian

from bulk_data import COLOUR, DEEP, GREY, pixels_at, post, reason, stored
from filmless.pixels.codec_pool import CodecPool
from web_house import WebHouse

pytestmark = pytest.mark.slow

ODD = GREY[:11, :15]
OPAQUE = np.full((12, 16, 1), 255, np.uint8)


@pytest.fixture(scope="module")
def pool() -> Iterator[CodecPool]:
    pool = CodecPool(1)
    yield pool
    pool.close()


@pytest.fixture
def house(pool: CodecPool) -> WebHouse:
    return WebHouse(codecs=pool)


def by_pillow(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def header(columns: int, rows: int, depth: int, kind: int) -> bytes:
    """A PNG that claims this and has no pixels."""
    content = b"IHDR" + struct.pack(">IIBBBBB", columns, rows, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + content + struct.pack(">I", zlib.crc32(content)) + bytes(12)


DEEP_COLOUR = COLOUR.astype(np.uint16) * 257
PALETTE = Image.fromarray(COLOUR).quantize(7)
BITS = Image.fromarray(GREY > 90)
PICTURES = {
    "grey": (imagecodecs.png_encode(GREY), GREY, "MONOCHROME2"),
    "odd": (imagecodecs.png_encode(ODD), ODD, "MONOCHROME2"),
    "grey of 16 bits": (imagecodecs.png_encode(DEEP), DEEP, "MONOCHROME2"),
    "colour": (imagecodecs.png_encode(COLOUR), COLOUR, "RGB"),
    "colour of 16 bits": (
        imagecodecs.png_encode(COLOUR.astype(np.uint16) * 257),
        COLOUR.astype(np.uint16) * 257,
        "RGB",
    ),
    "palette": (by_pillow(PALETTE), np.asarray(PALETTE.convert("RGB")), "RGB"),
    "one bit": (by_pillow(BITS), np.where(GREY > 90, 255, 0).astype(np.uint8), "MONOCHROME2"),
    "opaque": (imagecodecs.png_encode(np.concatenate([COLOUR, OPAQUE], axis=-1)), COLOUR, "RGB"),
    "opaque grey": (imagecodecs.png_encode(np.stack([GREY, OPAQUE[..., 0]], axis=-1)), GREY, "MONOCHROME2"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_values_of_the_picture_become_native_pixels(house: WebHouse, name: str) -> None:
    data, values, photometric = PICTURES[name]
    image = stored(house, post(house, [pixels_at("p")], ("image/png", "p", data)))
    assert image.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert np.array_equal(image.pixel_array, values)
    assert (image.PhotometricInterpretation, image.PixelRepresentation) == (photometric, 0)
    assert (image.Rows, image.Columns) == values.shape[:2]
    assert (image.BitsAllocated, image.BitsStored, image.HighBit) == tuple(
        8 * values.dtype.itemsize - less for less in (0, 0, 1)
    )
    assert "LossyImageCompression" not in image


def test_several_are_the_frames_in_their_order(house: WebHouse) -> None:
    parts = [("image/png", "p", imagecodecs.png_encode(each)) for each in (GREY, GREY[::-1], GREY // 2)]
    image = stored(house, post(house, [pixels_at("p")], *parts))
    assert image.NumberOfFrames == 3
    assert np.array_equal(image.pixel_array, np.stack([GREY, GREY[::-1], GREY // 2]))


SEEN_THROUGH = np.concatenate([COLOUR, np.where(COLOUR[..., :1] > 9, 255, 7).astype(np.uint8)], axis=-1)
WHOLE = imagecodecs.png_encode(DEEP)


@pytest.mark.parametrize(
    ("parts", "values", "text"),
    [
        ([imagecodecs.png_encode(SEEN_THROUGH)], {}, "transparent"),
        ([WHOLE[:-30]], {}, "cut off"),
        ([b"GIF89a" + bytes(50)], {}, "no PNG"),
        ([header(65535, 65535, 16, 6)], {}, "too many pixels"),
        ([header(70000, 1, 8, 0)], {}, "size or colour"),
        ([header(100, 100, 8, 0)], {}, "damaged"),
        ([WHOLE, imagecodecs.png_encode(GREY)], {}, "one size and coding"),
        ([WHOLE], {"Rows": 13}, "Rows is not"),
        ([imagecodecs.png_encode(COLOUR)], {"PhotometricInterpretation": "YBR_FULL"}, "Photometric"),
    ],
)
def test_what_does_not_become_an_instance_is_refused_with_the_reason(
    house: WebHouse, parts: list[bytes], values: dict[str, object], text: str
) -> None:
    reply = post(house, [pixels_at("p", **values)], *(("image/png", "p", part) for part in parts))
    code, told = reason(reply)
    assert code in {0xA900, 0xC000}
    assert text in told
    assert len(told) <= 64
    assert not house.archive.files


def test_a_png_that_is_no_pixel_data_stays_what_it_is(house: WebHouse) -> None:
    icon = {**pixels_at("p"), "00091001": {"vr": "OB", "BulkDataURI": "icon"}}
    png = imagecodecs.png_encode(ODD)
    image = stored(house, post(house, [icon], ("image/png", "p", png), ("image/png", "icon", png)))
    assert image[0x00091001].value.rstrip(b"\0") == png.rstrip(b"\0")
