"""The Image Pixel module (PS3.3 C.7.6.3) as checked numbers: what one frame is made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from filmless.pixels.errors import CannotRender, Reason

MAX_DECODED_BYTES = 256 << 20
"""Bytes of one decoded frame; with its encoded form and the rendering it stays below the child's 1 GiB."""

COLOUR_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class PixelModule:
    """How the stored values of one frame are laid out."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    planar: bool  # colour by plane: all red, all green, all blue
    floating: bool  # Float or Double Float Pixel Data (7FE0,0008/0009)
    photometric: str

    @property
    def subsampled(self) -> bool:
        """Two pixels share their chrominance in the stored bytes (PS3.3 C.7.6.3.1.2)."""
        return self.photometric in ("YBR_FULL_422", "YBR_PARTIAL_422") and self.samples == COLOUR_SAMPLES

    @property
    def native_bits(self) -> int:
        """Bits of one uncompressed frame; Python's integers cannot overflow."""
        samples = 2 if self.subsampled else self.samples
        return self.rows * self.columns * samples * self.bits_allocated


def check_extent(rows: int, columns: int, samples: int, bits: int) -> None:
    """Refuse a picture before anything is allocated for it (bits per sample)."""
    if rows <= 0 or columns <= 0:
        raise CannotRender(Reason.DAMAGED, f"{rows} rows by {columns} columns")
    if rows * columns * samples * max(bits, 8) > MAX_DECODED_BYTES * 8:
        raise CannotRender(Reason.TOO_LARGE, f"{rows} x {columns} x {samples} samples of {bits} bits")


ALLOCATED = {False: frozenset({1, 8, 16, 32, 64}), True: frozenset({32, 64})}


def pixel_module(numbers: Mapping[str, int | None], photometric: str, floating: bool) -> PixelModule:
    """The module from attribute values; raises CannotRender where they cannot describe a picture.

    Bits Stored and High Bit that contradict Bits Allocated are replaced by the whole container: the
    values are then shown as they lie.
    """
    samples = numbers.get("SamplesPerPixel") or 1
    allocated = numbers.get("BitsAllocated") or 0
    if samples not in (1, COLOUR_SAMPLES):
        raise CannotRender(Reason.UNSUPPORTED, f"{samples} samples per pixel")
    if allocated not in ALLOCATED[floating]:
        raise CannotRender(Reason.UNSUPPORTED, f"{allocated} bits allocated")
    stored = numbers.get("BitsStored") or allocated
    high = numbers.get("HighBit")
    high = stored - 1 if high is None else high
    if not 0 < stored <= high + 1 <= allocated:
        stored, high = allocated, allocated - 1
    rows, columns = numbers.get("Rows") or 0, numbers.get("Columns") or 0
    check_extent(rows, columns, samples, allocated)
    return PixelModule(
        rows=rows,
        columns=columns,
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high,
        signed=numbers.get("PixelRepresentation") == 1,
        planar=numbers.get("PlanarConfiguration") == 1,
        floating=floating,
        photometric=photometric,
    )
