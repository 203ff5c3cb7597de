"""Every frame of every public file beside the repository is what another decoder makes of it, value for value."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset

from filmless.pixels.codecs import jpeg, jpeg_2000, jpeg_xl
from filmless.pixels.pixel_module import PixelModule, pixel_module
from filmless.pixels.stored_frame import Frame
from filmless.standards.dicom.pixel_media_types import is_video
from pixels.truth.corpus_frames import Decoded, decoded_files, found_in, stored_values, worst
from pixels.truth.second_decoders import djxl, ffmpeg_jpeg_2000, ffmpeg_jpeg_ls, opj_decompress, second_frames

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # pydicom warns of what these files do wrong
]

Array = NDArray[Any]


def said_to_be_ycbcr(decoded: Decoded, work: Path) -> Path:
    """The streams are YCbCr by their JFIF marker though the object says RGB: told so, DCMTK decodes what we do."""
    dataset = dcmread(decoded.path, force=True)
    dataset.PhotometricInterpretation = "YBR_FULL_422"
    dataset.save_as(work / "told.dcm")
    return work / "told.dcm"


TOLD: dict[str, Callable[[Decoded, Path], Path]] = dict.fromkeys(
    ("example-mg.dcm", "example.dcm", "example2.dcm"), said_to_be_ycbcr
)
"""Where DCMTK is given a copy that says what the stream is; from the file itself it makes something else."""

SMALLER = {"multiframe.dcm": "tiles at the edges, whose streams have fewer rows or columns than the object says"}
"""Where DCMTK puts what the stream holds, row after row, at the start of the larger frame; we show the stream."""


def codes(frame: Frame, values: Array) -> Array:
    """Container values of a reference as stored values: the object says which bits, the code stream of which sign."""
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    module, is_coded = frame.module, frame.decoded.compressed
    if is_coded and frame.decoded.values.dtype.kind == "i":
        return values.astype(np.int64)  # PS3.5 8.2.4: the sign of JPEG 2000 is in the code stream
    bits = min(module.bits_stored, values.dtype.itemsize * 8)
    shift = 0 if is_coded else module.high_bit + 1 - bits
    found = (values.astype(np.int64) >> shift) & (2**bits - 1)
    return np.where(found >= 2 ** (bits - 1), found - 2**bits, found) if module.signed else found


def differences(decoded: Decoded, source: Path, work: Path) -> float:
    theirs = second_frames(source, decoded.syntax, work)
    assert len(theirs) == len(decoded.frames)
    found = []
    for frame, other in zip(decoded.frames, theirs, strict=True):
        ours = stored_values(frame)
        if found_in(decoded.name, SMALLER):
            found.append(worst(ours.reshape(-1), codes(frame, other.reshape(-1)[: ours.size])))
        else:
            found.append(worst(ours, codes(frame, other)))
    return max(found)


def test_every_frame_is_what_another_decoder_makes_of_it(corpus: Path, tmp_path: Path) -> None:
    """Without a difference even where a codec loses something: what a stream decodes to is laid down to the bit for
    JPEG-LS and, by all who build on the code of the Independent JPEG Group, for JPEG; JPEG 2000 is OpenJPEG twice.
    """
    different, frames, stale = {}, 0, set(TOLD) | set(SMALLER)
    for decoded in decoded_files(corpus):
        if is_video(decoded.syntax):
            continue  # the poster is a picture, not a value of the object: test_video
        told = found_in(decoded.name, TOLD)
        source = TOLD[told](decoded, tmp_path) if told else decoded.path
        if difference := differences(decoded, source, tmp_path):
            different[decoded.name] = difference
        if told and differences(decoded, decoded.path, tmp_path):
            stale.discard(told)
        if any(frame.decoded.values.shape[:2] != (frame.module.rows, frame.module.columns) for frame in decoded.frames):
            stale.discard(str(found_in(decoded.name, SMALLER)))
        frames += len(decoded.frames)
    assert different == {}
    assert stale == set(), "these are exceptions no more"
    assert frames > 900


RANDOM = np.random.default_rng(5)


def smooth(rows: int, columns: int, largest: int, kind: type, samples: int = 1) -> Array:
    """Something like tissue: waves and noise, in the whole range."""
    y, x = np.mgrid[:rows, :columns]
    waves = np.sin(x / 17) * np.cos(y / 11) * 0.4 + RANDOM.normal(0, 0.02, (samples, rows, columns))
    values = np.clip((waves + 0.5) * largest, 0, largest).astype(kind)
    return values[0] if samples == 1 else np.ascontiguousarray(np.moveaxis(values, 0, -1))


GREY_8, GREY_12, GREY_16 = (
    smooth(61, 90, largest, kind) for largest, kind in ((255, np.uint8), (4095, np.uint16), (65535, np.uint16))
)
COLOUR = smooth(61, 90, 255, np.uint8, 3)


def module_of(values: Array) -> PixelModule:
    bits, samples = values.dtype.itemsize * 8, 3 if values.ndim == 3 else 1
    numbers = {"Rows": 61, "Columns": 90, "SamplesPerPixel": samples, "BitsAllocated": bits}
    return pixel_module(numbers, "RGB" if samples == 3 else "MONOCHROME2", floating=False)


def jpeg_2000_of(values: Array, **ways: Any) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(values, codecformat="j2k", **ways))


def htj2k_of(values: Array, **ways: Any) -> bytes:
    return bytes(imagecodecs.htj2k_encode(values, planar=False, rgb=values.ndim == 3, **ways))


def jpeg_xl_of(values: Array, **ways: Any) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(values, **ways))


STREAMS: dict[str, tuple[Callable[[], bytes], Array, Callable[..., Array], Callable[..., Any], int]] = {
    "HTJ2K, 8 bits": (lambda: htj2k_of(GREY_8, reversible=True), GREY_8, opj_decompress, jpeg_2000.decode, 0),
    "HTJ2K, 16 bits": (lambda: htj2k_of(GREY_16, reversible=True), GREY_16, opj_decompress, jpeg_2000.decode, 0),
    "HTJ2K, colour": (lambda: htj2k_of(COLOUR, reversible=True), COLOUR, opj_decompress, jpeg_2000.decode, 0),
    "HTJ2K, lossy": (lambda: htj2k_of(GREY_8, level=0.01), GREY_8, opj_decompress, jpeg_2000.decode, 1),
    "HTJ2K, lossy, 12 bits": (lambda: htj2k_of(GREY_12, level=0.01), GREY_12, opj_decompress, jpeg_2000.decode, 1),
    "HTJ2K, lossy, colour": (lambda: htj2k_of(COLOUR, level=0.01), COLOUR, opj_decompress, jpeg_2000.decode, 1),
    "JPEG 2000": (lambda: jpeg_2000_of(GREY_16, reversible=True), GREY_16, ffmpeg_jpeg_2000, jpeg_2000.decode, 0),
    "JPEG 2000, lossy": (lambda: jpeg_2000_of(GREY_8, level=40), GREY_8, ffmpeg_jpeg_2000, jpeg_2000.decode, 1),
    "JPEG XL": (lambda: jpeg_xl_of(GREY_8, lossless=True), GREY_8, djxl, jpeg_xl.decode, 0),
    "JPEG XL, 12 bits": (lambda: jpeg_xl_of(GREY_12, lossless=True), GREY_12, djxl, jpeg_xl.decode, 0),
    "JPEG XL, 16 bits": (lambda: jpeg_xl_of(GREY_16, lossless=True), GREY_16, djxl, jpeg_xl.decode, 0),
    "JPEG XL, colour": (lambda: jpeg_xl_of(COLOUR, lossless=True), COLOUR, djxl, jpeg_xl.decode, 0),
    "JPEG XL, lossy": (lambda: jpeg_xl_of(COLOUR, level=80), COLOUR, djxl, jpeg_xl.decode, 1),
}
"""Stream, what was coded, the other decoder, ours, and by how much the two may differ.

Nothing where nothing is lost. One of the words that are decoded where the last step is the rounding of a real number:
the inverse 9/7 wavelet (15444-1 F.4.8.2, without a rule how to compute it), and the colours of JPEG XL (18181-1 L).
"""


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_what_another_decoder_makes_of_it(name: str, tmp_path: Path) -> None:
    encode, coded, theirs, ours, bound = STREAMS[name]
    stream = encode()
    decoded = ours(stream, module_of(coded))[0]
    reference = theirs(stream, Dataset(), tmp_path)
    assert worst(decoded, reference) <= bound
    assert bound or worst(decoded, coded) == 0


@pytest.mark.parametrize("near", [1, 2, 3])
def test_near_lossless_jpeg_ls_keeps_to_its_bound(near: int) -> None:
    stream = bytes(imagecodecs.jpegls_encode(GREY_12, level=near))
    decoded = jpeg.decode(stream, module_of(GREY_12))[0]
    assert 0 < worst(decoded, GREY_12) <= near  # 14495-1 4.2.1: NEAR
    assert worst(decoded, ffmpeg_jpeg_ls(stream, Dataset(), Path())) == 0
