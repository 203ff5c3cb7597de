"""ICC profiles: from the colours of an object to those that a client wants (PS3.18 8.3.5.1.5, PS3.3 C.11.15)."""

import io
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from pydicom.dataset import Dataset

from filmless.pixels.attributes import items, values
from filmless.pixels.view import Profile

Levels = NDArray[np.uint8]
MAX_PROFILE_BYTES = 4 << 20


def conversion(dataset: Dataset, wanted: Profile) -> Callable[[Levels], Levels]:
    """From the object's colour space to the wanted one; without a profile it is taken for sRGB."""
    source = _own(dataset)
    target = b"" if wanted is Profile.YES else _named(wanted)
    if not target or (source or _named(Profile.SRGB)) == target:
        return _unchanged
    transform = _transform(source or _named(Profile.SRGB), target)
    return _unchanged if transform is None else lambda levels: _converted(levels, transform)


def embedded(dataset: Dataset | None, wanted: Profile) -> bytes:
    """The profile that goes with the picture; empty where none shall."""
    if wanted is Profile.NO:
        return b""
    own = _own(dataset) if wanted is Profile.YES and dataset is not None else b""
    return own or _named(wanted)


def _unchanged(levels: Levels) -> Levels:
    return levels


def _converted(levels: Levels, transform: ImageCms.ImageCmsTransform) -> Levels:
    return np.asarray(transform.apply(Image.fromarray(levels)))


def _own(dataset: Dataset) -> bytes:
    """ICC Profile of the image, or of its first optical path; empty where it has none that can be used."""
    for holder in (dataset, *items(dataset, "OpticalPathSequence")[:1]):
        for value in values(holder, "ICCProfile")[:1]:
            if isinstance(value, bytes) and len(value) <= MAX_PROFILE_BYTES and _is_rgb(value):
                return value
    return b""


@lru_cache(4)
def _is_rgb(profile: bytes) -> bool:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space.strip() == "RGB"
    except (OSError, ImageCms.PyCMSError, AttributeError):
        return False


@lru_cache(4)
def _transform(source: bytes, target: bytes) -> ImageCms.ImageCmsTransform | None:
    before, after = (ImageCms.ImageCmsProfile(io.BytesIO(each)) for each in (source, target))
    try:
        return ImageCms.buildTransform(before, after, "RGB", "RGB", ImageCms.Intent.PERCEPTUAL)
    except ImageCms.PyCMSError:
        return None


@lru_cache(8)
def _named(wanted: Profile) -> bytes:
    return _matrix_profile(*_COLORANTS.get(wanted, _COLORANTS[Profile.SRGB]))


_Colorants = tuple[tuple[float, float, float], ...]
_SRGB_CURVE = None  # a table, where the others have a gamma
_COLORANTS: dict[Profile, tuple[str, _Colorants, float | None]] = {
    Profile.SRGB: (
        "sRGB IEC61966-2.1 compatible",
        ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)),
        _SRGB_CURVE,
    ),
    Profile.ADOBE_RGB: (
        "Adobe RGB (1998) compatible",
        ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
        563 / 256,
    ),
    Profile.ROMM_RGB: (
        "ROMM RGB (ISO 22028-2)",
        ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491)),
        1.8,
    ),
    Profile.DISPLAY_P3: (
        "Display P3",
        ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)),
        _SRGB_CURVE,
    ),
}
"""Name, XYZ of red, green and blue adapted to D50, and gamma."""

_D50 = (0.9642, 1.0, 0.8249)


def _matrix_profile(name: str, colorants: _Colorants, gamma: float | None) -> bytes:
    """A display profile of three colorants and a gamma, or the curve of sRGB (ICC.1:2001-04, 6.3.3)."""
    curve = _curve(_srgb_table() if gamma is None else [round(gamma * 256)])
    text = name.encode("ascii") + b"\0"
    described = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    tags = [(b"desc", described), (b"cprt", b"text" + bytes(4) + b"CC0\0"), (b"wtpt", _xyz(_D50))]
    tags += zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, colorants), strict=True)
    tags += ((each, curve) for each in (b"rTRC", b"gTRC", b"bTRC"))
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for signature, content in tags:
        table += signature + struct.pack(">II", at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(body), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _xyz(_D50)[8:]
    return head.ljust(128, b"\0") + table + body


def _curve(entries: Sequence[int]) -> bytes:
    """A table of 16 bits from black to white; one entry is a gamma of 8 bits and as many behind the point."""
    return b"curv" + bytes(4) + struct.pack(f">I{len(entries)}H", len(entries), *entries) + bytes(len(entries) % 2 * 2)


def _srgb_table() -> list[int]:
    """IEC 61966-2-1: light of encoded levels."""
    levels = np.linspace(0, 1, 1024)
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return [round(each) for each in (light * 65535).tolist()]


def _xyz(numbers: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(each * 65536) for each in numbers))
