"""Decoders that are not ours: pydicom, DCMTK, and the command lines of OpenJPEG and libjxl."""

import itertools
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels import pixel_array
from rle.rle import decode_segment

from filmless.standards.dicom.transfer_syntaxes import (
    DEFLATED_IMAGE_FRAME,
    HTJ2K_LOSSLESS,
    HTJ2K_LOSSLESS_RPCL,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)
from pixels.truth.corpus_frames import tool

Array = NDArray[Any]

JPEG_EXTENDED, JPEG_PROGRESSIVE, JPEG_LOSSLESS = (f"1.2.840.10008.1.2.4.{each}" for each in (51, 53, 57))
JPEG_LS_NEAR_LOSSLESS, JPEG_2000, HTJ2K = (f"1.2.840.10008.1.2.4.{each}" for each in (81, 91, 203))
JPEG_XL = frozenset(f"1.2.840.10008.1.2.4.{each}" for each in (110, 111, 112))

BY_DCMTK = {
    JPEG_BASELINE: "dcmdjpeg",
    JPEG_EXTENDED: "dcmdjpeg",
    JPEG_PROGRESSIVE: "dcmdjpeg",
    JPEG_LOSSLESS: "dcmdjpeg",
    JPEG_LOSSLESS_SV1: "dcmdjpeg",
    JPEG_LS_LOSSLESS: "dcmdjpls",
    JPEG_LS_NEAR_LOSSLESS: "dcmdjpls",
}
CODE_STREAM = b"\xff\x4f\xff\x51"  # SOC, SIZ


def second_frames(path: Path, syntax: str, work: Path) -> list[Array]:
    """(row, column, ...) container values of each frame; raises whatever the other decoder raises."""
    if syntax in BY_DCMTK:
        try:
            return native_frames(natively(path, syntax, work / "native.dcm"))
        except ValueError:  # a file that DCMTK does not read: pydicom decodes it with Pillow
            return native_frames(path)
    decoder = BY_STREAM.get(syntax)
    if decoder is None:
        return native_frames(path)
    dataset = dcmread(path, force=True)
    return [decoder(stream, dataset, work) for stream in streams_of(dataset)]


def streams_of(dataset: Dataset) -> Iterator[bytes]:
    """Each compressed frame."""
    return generate_frames(dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames") or 1))


def natively(path: Path, syntax: str, target: Path, *options: str) -> Path:
    """A copy with native pixels, made by DCMTK, which turns YCbCr to RGB unless told not to."""
    target.unlink(missing_ok=True)
    done = subprocess.run([tool(BY_DCMTK[syntax]), *options, path, target], capture_output=True, text=True, check=False)
    if not target.exists():
        raise ValueError(done.stderr)
    return target


def native_frames(path: Path) -> list[Array]:
    """Of pixels that pydicom decodes itself."""
    dataset = dcmread(path, force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = IMPLICIT_VR_LITTLE_ENDIAN
    if not str(dataset.get("NumberOfFrames") or 1).isdigit():
        dataset.NumberOfFrames = 1
    found = pixel_array(dataset, raw=True, allow_excess_frames=False)
    found = found.astype(found.dtype.newbyteorder("="))
    return list(found) if int(dataset.get("NumberOfFrames") or 1) > 1 else [found]


def opj_decompress(stream: bytes, _: Dataset, work: Path) -> Array:
    """JPEG 2000 and HTJ2K by the program of OpenJPEG: planes of little endian words."""
    code = stream[stream.index(CODE_STREAM) :]
    source, target = work / "frame.j2k", work / "frame.rawl"
    source.write_bytes(code)
    target.unlink(missing_ok=True)
    done = subprocess.run(
        [tool("opj_decompress"), "-i", source, "-o", target], capture_output=True, text=True, check=False
    )
    if not target.exists():
        raise ValueError(done.stdout + done.stderr)
    right, bottom, left, top = (int.from_bytes(code[at : at + 4], "big") for at in (8, 12, 16, 20))
    samples, precision = int.from_bytes(code[40:42], "big"), (code[42] & 0x7F) + 1
    word = 1 if precision <= 8 else 2 if precision <= 16 else 4
    words = np.frombuffer(target.read_bytes(), f"<{'i' if code[42] >> 7 else 'u'}{word}")
    if words.dtype.kind == "i":  # it writes the bits of the precision alone: the sign is spread over the word again
        words = words << (word * 8 - precision) >> (word * 8 - precision)
    planes = words.reshape(samples, bottom - top, right - left)
    return planes[0] if samples == 1 else np.moveaxis(planes, 0, -1)


def djxl(stream: bytes, _: Dataset, work: Path) -> Array:
    """JPEG XL by the program of libjxl."""
    source, target = work / "frame.jxl", work / "frame.ppm"
    source.write_bytes(stream)
    target.unlink(missing_ok=True)
    done = subprocess.run([tool("djxl"), source, target], capture_output=True, text=True, check=False)
    if not target.exists():
        raise ValueError(done.stderr)
    return np.asarray(Image.open(target))


def by_libavcodec(codec: str) -> Callable[[bytes], Array]:
    """Grey JPEG-LS or JPEG 2000 by the decoders that FFmpeg has written itself."""

    def decode(stream: bytes) -> Array:
        context = av.CodecContext.create(codec, "r")
        frames = [*context.decode(av.Packet(stream)), *context.decode(None)]
        return np.asarray(frames[0].to_ndarray())

    return decode


def ffmpeg_jpeg_ls(stream: bytes, _: Dataset, work: Path) -> Array:
    """Values as they are coded."""
    del work
    return by_libavcodec("jpegls")(stream)


def ffmpeg_jpeg_2000(stream: bytes, _: Dataset, work: Path) -> Array:
    """FFmpeg spreads the values over the words of its pixel format, and lifts signed ones above zero."""
    del work
    code = stream[stream.index(CODE_STREAM) :]
    precision, signed = (code[42] & 0x7F) + 1, code[42] >> 7
    values = by_libavcodec("jpeg2000")(code)
    values = (values >> (values.dtype.itemsize * 8 - precision)).astype(np.int64)
    return values - (1 << (precision - 1)) if signed else values


def run_lengths(stream: bytes, dataset: Dataset, work: Path) -> Array:
    """RLE by pylibjpeg-rle; pydicom itself does not take frames of single bits."""
    del work
    count, *offsets = struct.unpack_from("<16I", stream)
    edges = [*offsets[:count], len(stream)]
    width, samples = (int(dataset.BitsAllocated) + 7) // 8, int(dataset.SamplesPerPixel)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    planes = [np.frombuffer(decode_segment(stream[start:stop]), np.uint8) for start, stop in itertools.pairwise(edges)]
    if int(dataset.BitsAllocated) == 1:
        return np.unpackbits(planes[0], count=rows * columns, bitorder="little").reshape(rows, columns)
    stacked = np.stack([plane[: rows * columns] for plane in planes]).reshape(samples, width, rows, columns)
    weights = 256 ** np.arange(width - 1, -1, -1, dtype=np.uint64)
    values = np.moveaxis((stacked * weights[None, :, None, None]).sum(axis=1, dtype=np.uint64), 0, -1)
    return values[:, :, 0] if samples == 1 else values


def inflated(stream: bytes, dataset: Dataset, work: Path) -> Array:
    """Deflated Image Frame Compression of single bits (PS3.5 A.4.11, 8.2.16)."""
    del work
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    octets = np.frombuffer(zlib.decompressobj(-zlib.MAX_WBITS).decompress(stream), np.uint8)
    return np.unpackbits(octets, count=rows * columns, bitorder="little").reshape(rows, columns)


BY_STREAM: dict[str, Callable[[bytes, Dataset, Path], Array]] = {
    **dict.fromkeys((JPEG_2000_LOSSLESS, JPEG_2000, HTJ2K_LOSSLESS, HTJ2K_LOSSLESS_RPCL, HTJ2K), opj_decompress),
    **dict.fromkeys(JPEG_XL, djxl),
    RLE_LOSSLESS: run_lengths,
    DEFLATED_IMAGE_FRAME: inflated,
}
