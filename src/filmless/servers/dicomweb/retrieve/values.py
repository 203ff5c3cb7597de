"""Values of an instance that travel apart from it: where they lie, and their bytes (PS3.18 10.4.1.1.5)."""

import re
from array import array
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal

from filmless.archive.archive import Archive
from filmless.archive.errors import NotFound
from filmless.archive.metadata.instance import header_of
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.servers.dicomweb.service import Service
from filmless.standards.data_set.elements import UNDEFINED
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.scanner import scan
from filmless.standards.dicom.document_media_types import DOCUMENT_MEDIA_TYPES
from filmless.standards.dicom.pixel_media_types import is_video, media_type_of
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax
from filmless.standards.models.dicom_json import bulk_value

CHUNK = 1 << 20  # bytes of one read
DOCUMENT, PIXELS = "00420011", "7FE00010"  # Encapsulated Document, Pixel Data

_DOCUMENT_LENGTH = 0x00420015
_PATH = re.compile(r"[0-9A-Fa-f]{8}(?:/[0-9]{1,6}/[0-9A-Fa-f]{8}){0,64}")
_PIXELS = ("7FE00008", "7FE00009", PIXELS)
_WORDS = {"OW": "H", "OF": "I", "OL": "I", "OD": "Q", "OV": "Q"}  # VR to the unit that byte order turns (PS3.5 7.3)
_ALIGNED = 8  # bytes: the longest word


@dataclass(frozen=True, slots=True)
class Value:
    """Where a value lies: ranges of the stored member, or bytes that had to be made."""

    parts: Sequence[Sequence[tuple[int, int]]] = ()  # for each part of the answer, (start, stop) in the member
    made: bytes | None = None
    unit: str = ""  # array type code when bytes must be turned into little endian order
    is_encapsulated: bool = False

    @property
    def lengths(self) -> list[int]:
        """Bytes of each part."""
        if self.made is not None:
            return [len(self.made)]
        return [sum(stop - start for start, stop in part) for part in self.parts]


def own_media_type(kept: KeptInstance) -> tuple[str, str] | None:
    """The media type of what an instance is a wrapper of, a document or a video, and the path to it."""
    document = DOCUMENT_MEDIA_TYPES.get(kept.sop_class_uid)
    if document is not None:
        return document, DOCUMENT
    video = media_type_of(kept.transfer_syntax_uid) if is_video(kept.transfer_syntax_uid) else None
    return (video.name, PIXELS) if video is not None else None


async def stream(
    service: Service, kept: KeptInstance, value: Value, number: int, span: tuple[int, int] | None = None
) -> AsyncGenerator[bytes]:
    """A part of a value, or the bytes from one offset up to another of it."""
    first, last = span or (0, value.lengths[number])
    if value.made is not None:
        yield value.made[first:last]
        return
    skipped = first % _ALIGNED if value.unit else 0
    at = 0  # of the range that is looked at, in the part
    for start, stop in value.parts[number]:
        low, high = max(first - skipped - at, 0), min(last - at, stop - start)
        if value.unit:
            high = min(-(-high // _ALIGNED) * _ALIGNED, stop - start)
        for place in range(low, high, CHUNK):
            chunk = await service.call(service.archive.read, kept, start + place, start + min(place + CHUNK, high))
            turned = _turned(chunk, value.unit)
            yield turned[max(first - at - place, 0) : last - at - place]
        at += stop - start


def locate(archive: Archive, kept: KeptInstance, path: str, scope: Scope) -> Value:
    """Find the value that a path names; ``NotFound`` when there is none."""
    if not _PATH.fullmatch(path):
        raise NotFound(path)
    header = header_of(archive.read, kept)
    deflated = transfer_syntax(kept.transfer_syntax_uid).deflated
    if path.upper() in _PIXELS and kept.pixel_offset is not None and not deflated:
        return _pixels(archive, kept, header, scope)
    where = bulk_value(header, kept.transfer_syntax_uid, path)
    if where is None and kept.pixel_offset is not None and not deflated:
        header = archive.read(kept, kept.head_length)  # it lies behind the pixels
        where = bulk_value(header, kept.transfer_syntax_uid, path)
    if where is None:
        raise NotFound(path)
    if path == DOCUMENT:
        where = where[: _document_length(header, kept)]
    return Value(made=where)


def _document_length(header: bytes, kept: KeptInstance) -> int | None:
    """Bytes of an encapsulated document without the padding of its value; None where it is not said."""
    found = scan(header, kept.transfer_syntax_uid, frozenset((_DOCUMENT_LENGTH,)))
    raw = b"" if isinstance(found, Fault) else found.values.get(_DOCUMENT_LENGTH, b"")
    order: Literal["little", "big"] = "little" if isinstance(found, Fault) or found.little_endian else "big"
    return int.from_bytes(raw, order) if raw else None


def _pixels(archive: Archive, kept: KeptInstance, header: bytes, scope: Scope) -> Value:
    found_pixels = scan(header, kept.transfer_syntax_uid, frozenset(), final=False)
    if isinstance(found_pixels, Fault):
        raise NotFound("pixels")
    base = kept.head_length
    if found_pixels.pixel_length == UNDEFINED:
        table = archive.frames(kept, scope)
        return Value(
            [[(base + at, base + at + size) for at, size in frame] for frame in table.fragments], is_encapsulated=True
        )
    start = base + found_pixels.pixel_start
    stop = min(start + found_pixels.pixel_length, kept.length)
    return Value([[(start, stop)]], unit="" if found_pixels.little_endian else _WORDS.get(found_pixels.pixel_vr, ""))


def _turned(chunk: bytes, unit: str) -> bytes:
    """Octets of bulk data are little endian (PS3.18 8.7.3.3); what big endian stored is turned."""
    if not unit:
        return chunk
    whole = len(chunk) - len(chunk) % array(unit).itemsize
    words = array(unit, chunk[:whole])
    words.byteswap()
    return words.tobytes() + chunk[whole:]
