"""Code streams that lie, explode or stop: a typed failure each, and the child serves on."""

import struct
from collections.abc import Iterator

import imagecodecs
import numpy as np
import psutil
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from filmless.pixels.codec_pool import CodecPool
from filmless.pixels.errors import CannotRender
from filmless.pixels.request import picture_request
from filmless.pixels.view import AS_IS
from objects import ct_image
from pixels.asking import located_image, whole_image

PATIENCE = 60  # seconds
EXTENT = struct.Struct(">HHIIIIIIIIH")


def jpeg_2000(rows: int, columns: int, tile: int) -> bytes:
    """A main header of one 8-bit component and nothing after it."""
    size = EXTENT.pack(41, 0, columns, rows, 0, 0, tile, tile, 0, 0, 1)
    return b"\xff\x4f\xff\x51" + size + b"\x07\x01\x01" + b"\xff\xd9"


STREAMS = {
    "JPEG of 4 gigapixels": (JPEGBaseline8Bit, bytes.fromhex("ffd8ffc0001108ffffffff03012200021101031101ffd9")),
    "JPEG without an image": (JPEGBaseline8Bit, b"\xff\xd8\xff\xd9"),
    "JPEG of markers that never end": (JPEGBaseline8Bit, b"\xff\xd8" + b"\xff" * 5000),
    "JPEG that stops": (JPEGBaseline8Bit, imagecodecs.jpeg8_encode(np.zeros((64, 64), np.uint8))[:200]),
    "JPEG-LS of 4 gigapixels": (JPEGLSLossless, bytes.fromhex("ffd8fff7000b10ffffffff01011100ffd9")),
    "JPEG 2000 of 4 billion lines": (JPEG2000Lossless, jpeg_2000(0xFFFFFFF0, 0xFFFFFFF0, 0xFFFFFFF0)),
    "JPEG 2000 of tiles of a pixel": (JPEG2000Lossless, jpeg_2000(9000, 9000, 1)),
    "JPEG 2000 of tiles of no size": (JPEG2000Lossless, jpeg_2000(32, 32, 0)),
    "HTJ2K of 4 billion lines": (HTJ2KLossless, jpeg_2000(0xFFFFFFF0, 0xFFFFFFF0, 0xFFFFFFF0)),
    "RLE of offsets outside": (RLELossless, struct.pack("<16I", 2, *([0xFFFFFFF0] * 15)) + b"\0" * 64),
    "RLE of 15 segments": (RLELossless, struct.pack("<16I", 15, *([64] * 15)) + b"\0" * 64),
    "RLE without a header": (RLELossless, b"\0" * 10),
    "RLE that stops": (RLELossless, struct.pack("<16I", 2, 64, 66, *([0] * 13)) + b"\x81\0\x81\0"),
    "nothing at all": (JPEG2000Lossless, b"\0\0"),
}


@pytest.fixture(scope="module")
def pool() -> Iterator[CodecPool]:
    pool = CodecPool(1)
    yield pool
    pool.close()


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_lies_is_a_typed_failure_and_the_next_request_is_served(pool: CodecPool, name: str) -> None:
    syntax, stream = STREAMS[name]
    image = ct_image(Rows=32, Columns=32, PixelData=encapsulate([stream]))
    resident = psutil.Process().memory_info().rss
    failure = pool.submit(picture_request(whole_image(image, syntax), AS_IS)).exception(PATIENCE)
    assert isinstance(failure, CannotRender)
    assert psutil.Process().memory_info().rss - resident < 32 << 20
    assert pool.submit(picture_request(located_image(ct_image()), AS_IS)).result(PATIENCE)
