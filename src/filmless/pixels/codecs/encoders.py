"""Stored values as one compressed frame: an encoder for each transfer syntax that is made here."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless.standards.dicom.transfer_syntaxes import (
    HTJ2K_LOSSLESS,
    HTJ2K_LOSSLESS_RPCL,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)

BASE = 64  # pixels that the width or the height of the lowest resolution has at most (PS3.5 10.18)
MAX_LEVELS = 32  # decompositions (15444-1 A.6.1)
QUALITY = 90  # of JPEG baseline

Values = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Samples:
    """A frame's values, (row, column) or (row, column, sample), in words of their Bits Allocated."""

    values: Values
    precision: int  # bits that hold every value
    photometric: str


Encoder = Callable[[Samples], tuple[bytes, str]]
"""Gives the stream, and the photometric interpretation that its object must say."""


def high_throughput(samples: Samples) -> tuple[bytes, str]:
    """HTJ2K, resolution after resolution, with the length of each in the main header (PS3.5 10.18)."""
    is_colour = samples.photometric == "RGB"
    levels, side = 0, min(samples.values.shape[:2])
    while side > BASE and levels < MAX_LEVELS:
        levels, side = levels + 1, -(-side // 2)
    stream = imagecodecs.htj2k_encode(
        samples.values,
        reversible=True,
        rgb=is_colour,
        planar=False,
        resolutions=max(levels, 1),
        tlm=True,
        tilepart=imagecodecs.HTJ2K.TILEPART.RESOLUTIONS,
    )
    return bytes(stream), "YBR_RCT" if is_colour else samples.photometric


def jpeg_2000(samples: Samples) -> tuple[bytes, str]:
    """JPEG 2000 (PS3.5 8.2.4)."""
    is_colour = samples.photometric == "RGB"
    stream = imagecodecs.jpeg2k_encode(
        samples.values, codecformat="j2k", reversible=True, mct=is_colour, bitspersample=samples.precision
    )
    return bytes(stream), "YBR_RCT" if is_colour else samples.photometric


def jpeg_ls(samples: Samples) -> tuple[bytes, str]:
    """JPEG-LS (PS3.5 8.2.3), which knows no sign: the words as they are."""
    return bytes(imagecodecs.jpegls_encode(_unsigned(samples.values))), samples.photometric


def jpeg_lossless(samples: Samples) -> tuple[bytes, str]:
    """JPEG process 14 with prediction from the left (PS3.5 10.2); the words as they are."""
    as_is = "RGB" if samples.values.ndim == 3 else None  # no transform of components, whatever they mean
    stream = imagecodecs.jpeg8_encode(
        _unsigned(samples.values),
        lossless=True,
        predictor=1,
        bitspersample=samples.precision,
        colorspace=as_is,
        outcolorspace=as_is,
    )
    return bytes(stream), samples.photometric


def jpeg_baseline(samples: Samples) -> tuple[bytes, str]:
    """JPEG process 1 (PS3.5 10.3): 8 bits, and something is lost."""
    if samples.values.dtype != np.uint8 or samples.photometric not in ("MONOCHROME1", "MONOCHROME2", "RGB"):
        raise ValueError(f"{samples.values.dtype} {samples.photometric}")
    stream = imagecodecs.jpeg8_encode(samples.values, level=QUALITY)
    return bytes(stream), "YBR_FULL_422" if samples.photometric == "RGB" else samples.photometric


def rle(samples: Samples) -> tuple[bytes, str]:
    """Byte planes, the most significant first, sample after sample; each of even length (PS3.5 G)."""
    values = _unsigned(samples.values)
    octets = values.astype(values.dtype.newbyteorder(">")).reshape(*values.shape[:2], -1).view(np.uint8)
    segments = [_packed(octets[:, :, plane]) for plane in range(octets.shape[2])]
    at = [64]
    for segment in segments:
        at.append(at[-1] + len(segment))
    header = struct.pack("<16I", len(segments), *at[:-1], *([0] * (15 - len(segments))))
    return header + b"".join(segments), samples.photometric


def _packed(plane: NDArray[np.uint8]) -> bytes:
    """No run goes over the end of a row (PS3.5 G.3.1)."""
    packed = b"".join(imagecodecs.packbits_encode(row.tobytes()) for row in plane)
    return packed + b"\0" * (len(packed) % 2)


def _unsigned(values: Values) -> Values:
    return np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")


ENCODERS: dict[str, Encoder] = {
    HTJ2K_LOSSLESS: high_throughput,
    HTJ2K_LOSSLESS_RPCL: high_throughput,
    JPEG_LS_LOSSLESS: jpeg_ls,
    JPEG_2000_LOSSLESS: jpeg_2000,
    JPEG_LOSSLESS_SV1: jpeg_lossless,
    RLE_LOSSLESS: rle,
    JPEG_BASELINE: jpeg_baseline,
}
