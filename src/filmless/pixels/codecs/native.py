"""Uncompressed pixels (PS3.5 8.1) as arrays."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import PixelModule


@dataclass(frozen=True, slots=True)
class ByteOrder:
    """How the bytes of the Pixel Data element lie."""

    little_endian: bool = True
    words: bool = False  # VR OW: bytes of 8-bit samples come in swapped pairs when big endian (PS3.5 8.1.1)


def decode(frame: bytes, module: PixelModule, order: ByteOrder, first_bit: int = 0) -> NDArray[np.generic]:
    """Stored values as (row, column) or (row, column, sample); ``first_bit`` is where a 1-bit frame begins."""
    needed = (first_bit + module.native_bits + 7) // 8
    if len(frame) < needed:
        raise CannotRender(Reason.DAMAGED, f"{len(frame)} bytes of pixels where {needed} are needed")
    if module.bits_allocated == 1:
        return _bits(frame, module, order, first_bit)
    if module.bits_allocated == 8 and order.words and not order.little_endian:
        frame = _swapped_pairs(frame[: needed + needed % 2])
    kind = "f" if module.floating else "u"
    sample = np.dtype(f"{'<' if order.little_endian else '>'}{kind}{module.bits_allocated // 8}")
    full = module.rows * module.columns * module.samples
    is_full = len(frame) >= full * sample.itemsize  # some senders call shared what is not
    values = np.frombuffer(frame, sample, count=full if is_full else needed // sample.itemsize)
    if values.dtype.byteorder == ">":
        values = values.astype(sample.newbyteorder("="))
    return _shaped(values, module) if is_full else _full_chrominance(values, module)


def inflate(frame: bytes, module: PixelModule) -> bytes:
    """One frame of Deflated Image Frame Compression (PS3.5 A.4.13), never more than the attributes promise."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, (module.native_bits + 7) // 8)
    except zlib.error as error:
        raise CannotRender(Reason.DAMAGED, "deflated frame") from error


def _bits(frame: bytes, module: PixelModule, order: ByteOrder, first_bit: int) -> NDArray[np.generic]:
    if order.words and not order.little_endian:
        frame = _swapped_pairs(frame)
    count = first_bit + module.native_bits
    unpacked = np.unpackbits(np.frombuffer(frame, np.uint8), count=count, bitorder="little")[first_bit:]
    return _shaped(unpacked, module)


def _swapped_pairs(frame: bytes) -> bytes:
    even = frame if len(frame) % 2 == 0 else frame + b"\0"
    return np.frombuffer(even, np.uint16).byteswap().tobytes()


def _shaped(values: NDArray[np.generic], module: PixelModule) -> NDArray[np.generic]:
    rows, columns, samples = module.rows, module.columns, module.samples
    if samples == 1:
        return values.reshape(rows, columns)
    if module.planar:
        return values.reshape(samples, rows, columns).transpose(1, 2, 0)
    return values.reshape(rows, columns, samples)


def _full_chrominance(values: NDArray[np.generic], module: PixelModule) -> NDArray[np.generic]:
    """Y Y Cb Cr of two neighbours become Y Cb Cr of each (PS3.3 C.7.6.3.1.2)."""
    if module.columns % 2:
        raise CannotRender(Reason.DAMAGED, "odd number of columns with shared chrominance")
    pairs = values.reshape(module.rows, module.columns // 2, 4)
    full = np.empty((module.rows, module.columns, 3), values.dtype)
    full[:, :, 0] = pairs[:, :, :2].reshape(module.rows, module.columns)
    full[:, 0::2, 1:] = full[:, 1::2, 1:] = pairs[:, :, 2:]
    return full
