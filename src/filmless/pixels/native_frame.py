"""One compressed frame as native pixels (PS3.5 8.1.1, A.4); runs in the codec child."""

import numpy as np

from filmless.pixels.decode import Decoded
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import PixelModule
from filmless.pixels.request import MAX_ANSWER_BYTES, PHOTOMETRIC_BYTES, Question
from filmless.pixels.stored_frame import frames_of


def native_frame(question: Question) -> bytes:
    """The photometric interpretation, padded, and the frame's bytes: little endian, colour by pixel."""
    frame = next(frames_of(question.members[0]))
    decoded, module = frame.decoded, frame.module
    if decoded.values.shape != shape_of(module):
        raise CannotRender(Reason.DAMAGED, "the stream has another size than the attributes")
    pixels = _bytes(decoded, module)
    if len(pixels) + PHOTOMETRIC_BYTES > MAX_ANSWER_BYTES:
        raise CannotRender(Reason.TOO_LARGE, f"{len(pixels)} bytes in a frame")
    photometric = photometric_now(decoded, module)
    return photometric.encode("ascii", "replace")[:PHOTOMETRIC_BYTES].ljust(PHOTOMETRIC_BYTES) + pixels


def photometric_now(decoded: Decoded, module: PixelModule) -> str:
    """What the samples are: of each pixel its own chrominance where two shared it."""
    return "YBR_FULL" if module.subsampled and decoded.photometric == module.photometric else decoded.photometric


def shape_of(module: PixelModule) -> tuple[int, ...]:
    """The axes of a frame: (row, column) or (row, column, sample)."""
    plane = (module.rows, module.columns)
    return plane if module.samples == 1 else (*plane, module.samples)


def _bytes(decoded: Decoded, module: PixelModule) -> bytes:
    values = decoded.values
    if module.bits_allocated == 1:
        return np.packbits(values.astype(np.uint8).reshape(-1), bitorder="little").tobytes()
    width = module.bits_allocated // 8
    if values.dtype.kind not in "iu" or values.dtype.itemsize > width:
        raise CannotRender(
            Reason.DAMAGED, f"samples of type {values.dtype} where {module.bits_allocated} bits are allocated"
        )
    return np.ascontiguousarray(values.astype(f"<{values.dtype.kind}{width}")).tobytes()
