"""RLE Lossless (PS3.5 G)."""

import itertools
import struct

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import PixelModule

HEADER = struct.Struct("<16I")  # number of segments, then their 15 offsets (PS3.5 G.5)
MAX_SEGMENTS = 15


def decode(frame: bytes, module: PixelModule) -> NDArray[np.generic]:
    """Stored values; byte planes, most significant first, sample after sample (PS3.5 G.2)."""
    width = (module.bits_allocated + 7) // 8
    planes = module.samples * width
    if len(frame) < HEADER.size:
        raise CannotRender(Reason.DAMAGED, "RLE header")
    count, *offsets = HEADER.unpack_from(frame)
    if count != planes or count > MAX_SEGMENTS:
        raise CannotRender(Reason.DAMAGED, f"{count} RLE segments where {planes} are needed")
    edges = [*offsets[:count], len(frame)]
    if any(start < HEADER.size or start > stop for start, stop in itertools.pairwise(edges)):
        raise CannotRender(Reason.DAMAGED, "RLE offsets")
    packed = module.bits_allocated == 1
    size = (module.rows * module.columns + 7) // 8 if packed else module.rows * module.columns
    values = np.empty((size, module.samples, width), np.uint8)
    for plane, (start, stop) in enumerate(itertools.pairwise(edges)):
        unpacked = imagecodecs.packbits_decode(frame[start:stop])
        if len(unpacked) < size:
            raise CannotRender(Reason.DAMAGED, "RLE segment ends early")
        values[:, plane // width, width - 1 - plane % width] = np.frombuffer(unpacked, np.uint8, size)
    if packed:
        bits = np.unpackbits(values.reshape(-1), count=module.rows * module.columns, bitorder="little")
        return bits.reshape(module.rows, module.columns)
    samples = values.reshape(-1).view(f"<u{width}").reshape(module.rows, module.columns, module.samples)
    return samples[:, :, 0] if module.samples == 1 else samples
