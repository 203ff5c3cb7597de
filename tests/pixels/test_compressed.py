"""Frames compressed on request: decoded again, by our decoder and by another, they are what they were."""

import io
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from dcmtk_tools import dcmtk, run
from filmless.pixels.codec_pool import CodecPool
from filmless.pixels.errors import CannotRender
from filmless.pixels.request import PHOTOMETRIC_BYTES, StoredImage, compressed_request
from filmless.pixels.targets import LOSSLESS
from filmless.pixels.transcode import transcoded
from filmless.standards.data_set.frames import locate_frames
from filmless.standards.data_set.part10 import write_head
from filmless.standards.data_set.scanner import scan
from filmless.standards.dicom.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS_RPCL,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)
from objects import ct_image, data_set_bytes

RANDOM = np.random.default_rng(11)
START_OF_TILE_PART, TILE_LENGTHS = b"\xff\x90", b"\xff\x55"  # SOT, TLM (15444-1 A.4.2, A.7.1)


@pytest.fixture(scope="module")
def pool() -> Iterator[CodecPool]:
    pool = CodecPool(1)
    yield pool
    pool.close()


def image_of(data_set: bytes, syntax: str) -> StoredImage:
    found = scan(data_set, syntax, frozenset())
    table = locate_frames(data_set, found)
    return StoredImage(lambda a, b: data_set[a:b], len(data_set), 0, "1.2.3", syntax, found.pixel_offset, table)


def in_other(pool: CodecPool, data_set: bytes, syntax: str, target: str) -> bytes:
    head = write_head("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", target)
    return head + b"".join(transcoded(image_of(data_set, syntax), target, pool.submit))


def image(pixels: NDArray[np.generic], **values: object) -> Dataset:
    """Frames first, then rows, columns and perhaps samples."""
    width = pixels.dtype.itemsize * 8
    given = {
        "NumberOfFrames": pixels.shape[0],
        "Rows": pixels.shape[1],
        "Columns": pixels.shape[2],
        "BitsAllocated": width,
        "BitsStored": width,
        "HighBit": values.get("BitsStored", width) - 1,  # type: ignore[operator]
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }
    if pixels.ndim == 4:
        given |= {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "RGB"}
    made = ct_image(PixelData=pixels.tobytes() + b"\0" * (pixels.nbytes % 2), **{**given, **values})
    made.add_new(0xFFFAFFFA, "SQ", [])
    return made


def numbers(low: int, high: int, kind: type, *shape: int) -> NDArray[np.generic]:
    return RANDOM.integers(low, high, shape, endpoint=True).astype(kind)


GREY = numbers(0, 4095, np.uint16, 3, 70, 131)
OBJECTS = {
    "12 bits": lambda: image(GREY, BitsStored=12),
    "16 bits": lambda: image(numbers(0, 65535, np.uint16, 1, 9, 5)),
    "signed": lambda: image(numbers(-2048, 2047, np.int16, 2, 66, 67), BitsStored=12),
    "8 bits": lambda: image(numbers(0, 255, np.uint8, 3, 5, 7)),
    "colour": lambda: image(numbers(0, 255, np.uint8, 2, 65, 30, 3)),
    "chrominance": lambda: image(numbers(0, 255, np.uint8, 1, 65, 30, 3), PhotometricInterpretation="YBR_FULL"),
    "bits above those stored": lambda: image(numbers(0, 65535, np.uint16, 1, 8, 8), BitsStored=10),
    "one pixel": lambda: image(numbers(0, 255, np.uint8, 1, 1, 1)),
}


@pytest.mark.parametrize("target", LOSSLESS)
@pytest.mark.parametrize("name", OBJECTS)
def test_what_is_compressed_and_decoded_again_is_what_it_was(pool: CodecPool, name: str, target: str) -> None:
    source = OBJECTS[name]()
    made = in_other(pool, data_set_bytes(source), EXPLICIT_VR_LITTLE_ENDIAN, target)
    compressed = dcmread(io.BytesIO(made))
    head = len(made) - len(data_set_of(made))
    again = dcmread(io.BytesIO(in_other(pool, made[head:], target, EXPLICIT_VR_LITTLE_ENDIAN)))
    for attribute in source:
        if attribute.keyword not in ("PixelData", "PhotometricInterpretation"):
            assert compressed[attribute.tag].value == attribute.value
            assert again[attribute.tag].value == attribute.value
    assert (again.PhotometricInterpretation, again.PixelData) == (source.PhotometricInterpretation, source.PixelData)


def data_set_of(file: bytes) -> bytes:
    length = int.from_bytes(file[140:144], "little")
    return file[144 + length :]


SECOND_DECODERS = {JPEG_LS_LOSSLESS: "dcmdjpls", JPEG_LOSSLESS_SV1: "dcmdjpeg", RLE_LOSSLESS: "dcmdrle"}


@pytest.mark.parametrize("target", SECOND_DECODERS)
@pytest.mark.parametrize("name", ["12 bits", "16 bits", "signed", "8 bits", "colour"])
def test_dcmtk_decodes_the_same(pool: CodecPool, tmp_path: Path, name: str, target: str) -> None:
    source = OBJECTS[name]()
    (tmp_path / "made.dcm").write_bytes(in_other(pool, data_set_bytes(source), EXPLICIT_VR_LITTLE_ENDIAN, target))
    options = ["+cn"] if target == JPEG_LOSSLESS_SV1 else []  # no colour space conversion
    run(dcmtk(SECOND_DECODERS[target]), *options, str(tmp_path / "made.dcm"), str(tmp_path / "again.dcm"))
    again = dcmread(tmp_path / "again.dcm")
    assert np.array_equal(again.pixel_array, pixels_of(source))


def pixels_of(source: Dataset) -> NDArray[np.generic]:
    kind = np.dtype(f"{'i' if source.PixelRepresentation else 'u'}{source.BitsAllocated // 8}")
    values = np.frombuffer(source.PixelData, kind)
    samples = (source.SamplesPerPixel,) if source.SamplesPerPixel > 1 else ()
    shape = (source.NumberOfFrames, source.Rows, source.Columns, *samples)
    values = values[: int(np.prod(shape))].reshape(shape)
    return values[0] if source.NumberOfFrames == 1 else values


@pytest.mark.parametrize("name", OBJECTS)
def test_openjpeg_decodes_what_openjph_made(pool: CodecPool, name: str) -> None:
    source = OBJECTS[name]()
    made = dcmread(io.BytesIO(in_other(pool, data_set_bytes(source), EXPLICIT_VR_LITTLE_ENDIAN, HTJ2K_LOSSLESS_RPCL)))
    frames = [
        imagecodecs.jpeg2k_decode(each)
        for each in generate_frames(made.PixelData, number_of_frames=made.NumberOfFrames)
    ]
    shown = frames[0] if len(frames) == 1 else np.stack(frames)
    assert np.array_equal(shown.reshape(pixels_of(source).shape), pixels_of(source))


@pytest.mark.parametrize("syntax", [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN])
def test_other_native_encodings_are_compressed_too(pool: CodecPool, syntax: str) -> None:
    source = image(GREY, BitsStored=12)
    if syntax == EXPLICIT_VR_BIG_ENDIAN:
        source.PixelData = GREY.byteswap().tobytes()
    made = dcmread(io.BytesIO(in_other(pool, data_set_bytes(source, syntax), syntax, JPEG_2000_LOSSLESS)))
    frames = [imagecodecs.jpeg2k_decode(each) for each in generate_frames(made.PixelData, number_of_frames=3)]
    assert np.array_equal(np.stack(frames), GREY)


def frame_in(pool: CodecPool, source: Dataset, target: str) -> bytes:
    asked = compressed_request(image_of(data_set_bytes(source), EXPLICIT_VR_LITTLE_ENDIAN), 0, target)
    return pool.submit(asked).result()[PHOTOMETRIC_BYTES:]


def tile_parts(stream: bytes) -> list[int]:
    """Bytes of each tile-part, from the main header (15444-1 A.7.1, four bytes each)."""
    at = stream.index(TILE_LENGTHS)
    length = int.from_bytes(stream[at + 2 : at + 4], "big")
    size = 2 + (stream[at + 5] >> 4 & 3)
    entries = stream[at + 6 : at + 2 + length]
    assert stream[at + 5] >> 6 & 1
    return [int.from_bytes(entries[i + size - 2 - 2 : i + size + 2], "big") for i in range(0, len(entries), size + 2)]


def test_the_beginning_of_a_frame_is_the_frame_in_a_lower_resolution(pool: CodecPool) -> None:
    rows, columns = np.mgrid[0:400, 0:512]
    pixels = (1000 + 500 * np.sin(columns / 40) * np.cos(rows / 30)).astype(np.uint16)[np.newaxis]
    stream = frame_in(pool, image(pixels, BitsStored=12), HTJ2K_LOSSLESS_RPCL)
    lengths = tile_parts(stream)
    assert stream[stream.index(b"\xff\x52") + 5] == 2  # RPCL (15444-1 table A.16)
    first = stream.index(START_OF_TILE_PART)
    assert first + sum(lengths) + 2 == len(stream)
    levels = len(lengths) - 1
    assert min(400, 512) >> levels <= 64  # PS3.5 10.18
    whole = pixels[0].astype(int)
    for resolution in range(len(lengths)):
        skipped = levels - resolution
        begun = stream[: first + sum(lengths[: resolution + 1])]
        low = imagecodecs.htj2k_decode(begun, skipres=(skipped, skipped), resilient=True)
        assert np.array_equal(low, imagecodecs.htj2k_decode(stream, skipres=(skipped, skipped)))
        assert np.abs(low.astype(int) - whole[:: 1 << skipped, :: 1 << skipped]).max() < 60
        assert len(begun) < len(stream)


def test_only_baseline_loses_something_and_little(pool: CodecPool) -> None:
    rows, columns = np.mgrid[0:64, 0:64]
    pixels = (rows * 2 + columns).astype(np.uint8)[np.newaxis]
    shown = imagecodecs.jpeg8_decode(frame_in(pool, image(pixels), JPEG_BASELINE))
    assert 0 < np.abs(shown.astype(int) - pixels[0]).max() < 8


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (lambda: image(GREY, BitsStored=12), JPEG_BASELINE),
        (lambda: image(numbers(0, 255, np.uint8, 1, 4, 4), PhotometricInterpretation="PALETTE COLOR"), JPEG_BASELINE),
        (lambda: image(GREY, BitsStored=12, HighBit=15), HTJ2K_LOSSLESS_RPCL),
        (lambda: image(numbers(0, 255, np.uint32, 1, 4, 4)), HTJ2K_LOSSLESS_RPCL),
        (lambda: image(GREY, BitsStored=12), "1.2.840.10008.1.2.4.110"),
    ],
)
def test_what_cannot_be_compressed_is_said(pool: CodecPool, source: object, target: str) -> None:
    with pytest.raises(CannotRender, match="unsupported"):
        frame_in(pool, source(), target)  # type: ignore[operator]
