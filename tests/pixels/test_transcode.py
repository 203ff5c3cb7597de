"""Stored objects in another transfer syntax: the same values, the same attributes, said in the other encoding."""

import io
from collections.abc import Iterator

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from filmless.pixels.codec_pool import CodecPool
from filmless.pixels.errors import CannotRender
from filmless.pixels.request import StoredImage
from filmless.pixels.transcode import transcoded
from filmless.standards.data_set.frames import locate_frames
from filmless.standards.data_set.part10 import write_head
from filmless.standards.data_set.scanner import scan
from filmless.standards.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
    transfer_syntax,
)
from objects import ct_image, data_set_bytes

NATIVE = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
)
FRAMES = np.random.default_rng(3).integers(0, 4096, (3, 24, 31)).astype(np.uint16)


@pytest.fixture(scope="module")
def pool() -> Iterator[CodecPool]:
    pool = CodecPool(1)
    yield pool
    pool.close()


def image_of(data_set: bytes, syntax: str) -> StoredImage:
    found = scan(data_set, syntax, frozenset())
    table = locate_frames(data_set, found) if transfer_syntax(syntax).encapsulated else None
    return StoredImage(lambda a, b: data_set[a:b], len(data_set), 0, "1.2.3", syntax, found.pixel_offset, table)


def read(data_set: bytes, syntax: str) -> Dataset:
    return dcmread(io.BytesIO(write_head("1.2.3", "1.2.3.4", syntax) + data_set))


def in_other(pool: CodecPool, data_set: bytes, syntax: str, target: str) -> Dataset:
    return read(b"".join(transcoded(image_of(data_set, syntax), target, pool.submit)), target)


def grey(**values: object) -> Dataset:
    given = {"BitsStored": 12, "HighBit": 11, "Rows": 24, "Columns": 31, "NumberOfFrames": 3, **values}
    image = ct_image(PixelData=FRAMES.tobytes(), **given)
    image.ReferencedImageSequence = [Dataset(), Dataset()]
    image.ReferencedImageSequence[0].ReferencedSOPInstanceUID = "1.2.3.4.5"
    image.add_new(0x00091001, "FD", [1.5, -2.25])
    image.add_new(0x00090010, "LO", "PRIVATE")
    image.add_new(0xFFFAFFFA, "SQ", [])
    return image


def compressed(encoded: list[bytes], syntax: str, image: Dataset) -> bytes:
    image.file_meta = Dataset()
    image.file_meta.TransferSyntaxUID = UID(syntax)
    image.PixelData = encapsulate(encoded)
    image["PixelData"].VR = "OB"
    image["PixelData"].is_undefined_length = True
    return data_set_bytes(image, syntax)


def _rle(frame: np.ndarray) -> bytes:
    """PS3.5 annex G: a plane of high bytes, a plane of low ones, each of even length."""
    planes = [imagecodecs.packbits_encode((frame >> shift).astype(np.uint8).tobytes()) for shift in (8, 0)]
    planes = [plane + b"\0" * (len(plane) % 2) for plane in planes]
    header = np.zeros(16, "<u4")
    header[:3] = 2, 64, 64 + len(planes[0])
    return header.tobytes() + b"".join(planes)


ENCODERS = {
    JPEG_LS_LOSSLESS: imagecodecs.jpegls_encode,
    JPEG_2000_LOSSLESS: lambda frame: imagecodecs.jpeg2k_encode(frame, codecformat="j2k", reversible=True),
    HTJ2K_LOSSLESS: imagecodecs.htj2k_encode,
    JPEG_LOSSLESS_SV1: lambda frame: imagecodecs.jpeg_encode(frame, lossless=True, predictor=1, bitspersample=16),
    RLE_LOSSLESS: _rle,
}


@pytest.mark.parametrize("syntax", ENCODERS)
@pytest.mark.parametrize("target", NATIVE)
def test_lossless_frames_come_back_as_they_were(pool: CodecPool, syntax: str, target: str) -> None:
    data_set = compressed([ENCODERS[syntax](frame) for frame in FRAMES], syntax, grey())
    native = in_other(pool, data_set, syntax, target)
    assert np.array_equal(native.pixel_array, FRAMES)
    assert native.ReferencedImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.4.5"
    assert (native.PhotometricInterpretation, "LossyImageCompression" in native) == ("MONOCHROME2", False)
    assert 0xFFFAFFFA in native


@pytest.mark.parametrize("source", NATIVE[:3])
@pytest.mark.parametrize("target", NATIVE)
def test_native_objects_change_their_encoding_alone(pool: CodecPool, source: str, target: str) -> None:
    image = grey()
    if source == EXPLICIT_VR_BIG_ENDIAN:
        image.PixelData = FRAMES.byteswap().tobytes()
    if IMPLICIT_VR_LITTLE_ENDIAN in {source, target}:
        del image[0x00091001]  # without VRs a private attribute has none
    other = in_other(pool, data_set_bytes(image, source), source, target)
    assert np.array_equal(other.pixel_array, FRAMES)
    assert {element.tag: element.value for element in other if element.tag != 0x7FE00010} == {
        element.tag: element.value for element in image if element.tag != 0x7FE00010
    }


def test_an_object_without_pixels_changes_its_encoding(pool: CodecPool) -> None:
    image = ct_image()
    del image.PixelData
    other = in_other(pool, data_set_bytes(image), EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
    assert other.PatientName == image.PatientName
    assert len(other) == len(image)


def test_decoded_colour_is_said_to_be_rgb_and_that_it_was_lossy(pool: CodecPool) -> None:
    colours = np.full((16, 16, 3), (200, 30, 90), np.uint8)
    image = ct_image(
        Rows=16, Columns=16, SamplesPerPixel=3, BitsAllocated=8, BitsStored=8, HighBit=7, PlanarConfiguration=1,
        PhotometricInterpretation="YBR_FULL_422",
    )  # fmt: skip
    data_set = compressed([imagecodecs.jpeg8_encode(colours, level=95)], JPEG_BASELINE, image)
    native = in_other(pool, data_set, JPEG_BASELINE, EXPLICIT_VR_LITTLE_ENDIAN)
    assert (native.PhotometricInterpretation, native.PlanarConfiguration, native.LossyImageCompression) == (
        "RGB",
        0,
        "01",
    )
    assert np.abs(native.pixel_array.astype(int) - colours).max() < 8


def test_frames_of_one_bit_follow_each_other_without_a_gap(pool: CodecPool) -> None:
    bits = np.random.default_rng(5).integers(0, 2, (4, 3, 7)).astype(np.uint8)
    image = ct_image(Rows=3, Columns=7, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=4)
    frames = [np.packbits(frame.reshape(-1), bitorder="little").tobytes() for frame in bits]
    header = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56)
    rle = [header + imagecodecs.packbits_encode(frame) for frame in frames]
    data_set = compressed([one + b"\0" * (len(one) % 2) for one in rle], RLE_LOSSLESS, image)
    native = in_other(pool, data_set, RLE_LOSSLESS, EXPLICIT_VR_LITTLE_ENDIAN)
    assert np.array_equal(native.pixel_array, bits)


@pytest.mark.parametrize("frame", [b"\xff\xd8\xff\xe0 no picture", b"nothing known"])
def test_what_does_not_decode_is_said(pool: CodecPool, frame: bytes) -> None:
    data_set = compressed([frame + b"\0" * (len(frame) % 2)] * 3, JPEG_BASELINE, grey())
    with pytest.raises(CannotRender):
        b"".join(transcoded(image_of(data_set, JPEG_BASELINE), EXPLICIT_VR_LITTLE_ENDIAN, pool.submit))


def test_pixels_that_end_early_are_not_made_up(pool: CodecPool) -> None:
    data_set = data_set_bytes(ct_image())[:-20]
    with pytest.raises(CannotRender):
        b"".join(transcoded(image_of(data_set, EXPLICIT_VR_LITTLE_ENDIAN), IMPLICIT_VR_LITTLE_ENDIAN, pool.submit))
