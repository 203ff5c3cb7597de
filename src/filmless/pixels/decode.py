"""One frame's bytes to stored values: which decoder for which bytes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filmless.pixels.codecs import jpeg, jpeg_2000, jpeg_xl, native, rle
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import COLOUR_SAMPLES, PixelModule
from filmless.standards.dicom.transfer_syntaxes import (
    DEFLATED_IMAGE_FRAME,
    ENCAPSULATED_UNCOMPRESSED,
    RLE_LOSSLESS,
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Stored values as (row, column) or (row, column, sample), and what the samples mean now."""

    values: NDArray[np.generic]
    photometric: str
    compressed: bool  # values lie at the low end of their container, whatever High Bit says


Codec = Callable[[bytes, PixelModule], tuple[NDArray[np.generic], str]]

BY_FIRST_BYTES: tuple[tuple[bytes, Codec], ...] = (
    (b"\xff\xd8", jpeg.decode),
    (b"\xff\x4f\xff\x51", jpeg_2000.decode),
    (b"\0\0\0\x0cjP  ", jpeg_2000.decode),
    (b"\xff\x0a", jpeg_xl.decode),
    (b"\0\0\0\x0cJXL ", jpeg_xl.decode),
)
"""The stream says what it is; objects whose transfer syntax names a sister encoding are shown all the same."""


def decode_native(frame: bytes, module: PixelModule, order: native.ByteOrder, first_bit: int = 0) -> Decoded:
    """An uncompressed frame."""
    return Decoded(native.decode(frame, module, order, first_bit), module.photometric, compressed=False)


def decode_encapsulated(frame: bytes, module: PixelModule, transfer_syntax_uid: str) -> Decoded:
    """A compressed frame, whole; raises CannotRender for bytes that do not decode."""
    if transfer_syntax_uid == RLE_LOSSLESS:
        return Decoded(rle.decode(frame, module), module.photometric, compressed=False)
    if transfer_syntax_uid == ENCAPSULATED_UNCOMPRESSED:
        return decode_native(frame, module, native.ByteOrder())
    if transfer_syntax_uid == DEFLATED_IMAGE_FRAME:
        inflated = native.inflate(frame, module)
        return Decoded(native.decode(inflated, module, native.ByteOrder()), module.photometric, compressed=False)
    for first_bytes, codec in BY_FIRST_BYTES:
        if frame.startswith(first_bytes):
            return _decode(codec, frame, module)
    raise CannotRender(Reason.UNSUPPORTED, f"no decoder for transfer syntax {transfer_syntax_uid}")


def _decode(codec: Codec, frame: bytes, module: PixelModule) -> Decoded:
    try:
        values, photometric = codec(frame, module)
    except (RuntimeError, ValueError, TypeError) as error:
        raise CannotRender(Reason.DAMAGED, type(error).__name__) from error
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim not in (2, 3) or values.shape[2:] not in ((), (COLOUR_SAMPLES,)):
        raise CannotRender(Reason.UNSUPPORTED, f"decoded to {values.ndim} axes")
    return Decoded(values, photometric, compressed=True)
