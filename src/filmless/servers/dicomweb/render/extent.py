"""How large the image of an instance is, as its header says."""

from typing import Literal

from filmless.archive.archive import Archive
from filmless.archive.metadata.instance import header_of
from filmless.archive.model import KeptInstance
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.scanner import scan

_ROWS, _COLUMNS = 0x00280010, 0x00280011
_US = 2  # bytes


def extent(archive: Archive, kept: KeptInstance) -> tuple[int, int] | None:
    """Columns and rows; None where it has no image. May raise ``Damaged``, ``Unavailable``."""
    header = header_of(archive.read, kept)
    found = scan(header, kept.transfer_syntax_uid, frozenset((_ROWS, _COLUMNS)), final=kept.pixel_offset is None)
    if isinstance(found, Fault):
        return None
    order: Literal["little", "big"] = "little" if found.little_endian else "big"
    columns, rows = (int.from_bytes(found.values.get(tag, b"")[:_US], order) for tag in (_COLUMNS, _ROWS))
    return (columns, rows) if columns and rows else None
