"""How large the image of an instance is, and how many frames it has, as its header says."""

from typing import Literal

from filmless.archive.archive import Archive
from filmless.archive.metadata.instance import header_of
from filmless.archive.model import KeptInstance
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.scanner import Scan, scan

_FRAMES, _ROWS, _COLUMNS = 0x00280008, 0x00280010, 0x00280011
_US = 2  # bytes
_IS = 12  # bytes at most (PS3.5 6.2)


def extent(archive: Archive, kept: KeptInstance) -> tuple[int, int] | None:
    """Columns and rows; None where it has no image. May raise ``Damaged``, ``Unavailable``."""
    found = _scanned(archive, kept, _ROWS, _COLUMNS)
    if found is None:
        return None
    order: Literal["little", "big"] = "little" if found.little_endian else "big"
    columns, rows = (int.from_bytes(found.values.get(tag, b"")[:_US], order) for tag in (_COLUMNS, _ROWS))
    return (columns, rows) if columns and rows else None


def number_of_frames(archive: Archive, kept: KeptInstance) -> int | None:
    """None where the header does not say it, as those of images of one frame do not. May raise as ``extent``."""
    found = _scanned(archive, kept, _FRAMES)
    text = b"" if found is None else found.values.get(_FRAMES, b"").strip(b" \0")
    return int(text) if text.isdigit() and len(text) <= _IS else None


def _scanned(archive: Archive, kept: KeptInstance, *tags: int) -> Scan | None:
    header = header_of(archive.read, kept)
    found = scan(header, kept.transfer_syntax_uid, frozenset(tags), final=kept.pixel_offset is None)
    return None if isinstance(found, Fault) else found
