"""Bulk data: the value behind each BulkDataURI that metadata gives (PS3.18 10.4.1.1.5)."""

import re
import secrets
from array import array
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from filmless.archive.archive import Archive
from filmless.archive.errors import NotFound
from filmless.archive.metadata.instance import header_of
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.servers.dicomweb.multipart import PartWriter
from filmless.servers.dicomweb.negotiation import Form, Offer, both_forms, negotiate
from filmless.servers.dicomweb.retrieve.metadata import pieces
from filmless.servers.dicomweb.retrieve.wado import found
from filmless.servers.dicomweb.service import Service, ranges
from filmless.servers.http_messages import Answer, Request
from filmless.standards.data_set.dicom_json import bulk_value
from filmless.standards.data_set.elements import UNDEFINED
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.scanner import scan
from filmless.standards.dicom.pixel_media_types import OCTETS
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax

CHUNK = 1 << 20  # bytes of one read

_PATH = re.compile(r"[0-9A-Fa-f]{8}(?:/[0-9]{1,6}/[0-9A-Fa-f]{8}){0,64}")
_PIXELS = ("7FE00008", "7FE00009", "7FE00010")
_WORDS = {"OW": "H", "OF": "I", "OL": "I", "OD": "Q", "OV": "Q"}  # VR to the unit that byte order turns (PS3.5 7.3)


@dataclass(frozen=True, slots=True)
class Value:
    """Where a value lies: ranges of the stored member, or bytes that had to be made."""

    parts: Sequence[Sequence[tuple[int, int]]] = ()  # for each part of the answer, (start, stop) in the member
    made: bytes | None = None
    unit: str = ""  # array type code when bytes must be turned into little endian order


class Bulkdata:
    """Answers bulk data requests."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def retrieve(self, request: Request) -> Answer:
        """The value as octets: alone, or as parts; of encapsulated pixel data each frame is a part."""
        (kept,) = await found(self._service, request)
        value = await self._service.call(
            _locate, self._service.archive, kept, request.parameters["path"], request.scope
        )
        count = 1 if value.made is not None else len(value.parts)
        octets = Offer(OCTETS, frozenset((kept.transfer_syntax_uid,)), Form.MULTIPART)
        offers = both_forms([octets]) if count == 1 else [octets]
        form = negotiate(ranges(request), offers).form
        headers = ((b"content-disposition", b"attachment"),)
        lengths = [sum(stop - start for start, stop in part) for part in value.parts]
        if value.made is not None:
            lengths = [len(value.made)]
        if form is Form.SINGLE:
            return Answer(200, self._part(kept, value, 0), OCTETS, headers, lengths[0])
        writer = PartWriter(secrets.token_hex(16))
        part_type = f"{OCTETS}; transfer-syntax={kept.transfer_syntax_uid}"
        length = writer.length((part_type, each) for each in lengths)
        body = self._parts(kept, value, writer, part_type)
        return Answer(200, body, writer.media_type(OCTETS), headers, length)

    async def _parts(
        self, kept: KeptInstance, value: Value, writer: PartWriter, part_type: str
    ) -> AsyncGenerator[bytes]:
        for number in range(1 if value.made is not None else len(value.parts)):
            yield writer.head(part_type, is_first=number == 0)
            async for chunk in self._part(kept, value, number):
                yield chunk
        yield writer.end

    async def _part(self, kept: KeptInstance, value: Value, number: int) -> AsyncGenerator[bytes]:
        if value.made is not None:
            yield value.made
            return
        for start, stop in value.parts[number]:
            for first, last in pieces(stop - start, CHUNK):
                chunk = await self._service.call(self._service.archive.read, kept, start + first, start + last)
                yield _turned(chunk, value.unit)


def _locate(archive: Archive, kept: KeptInstance, path: str, scope: Scope) -> Value:
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
    return Value(made=where)


def _pixels(archive: Archive, kept: KeptInstance, header: bytes, scope: Scope) -> Value:
    found_pixels = scan(header, kept.transfer_syntax_uid, frozenset(), final=False)
    if isinstance(found_pixels, Fault):
        raise NotFound("pixels")
    base = kept.head_length
    if found_pixels.pixel_length == UNDEFINED:
        table = archive.frames(kept, scope)
        return Value([[(base + at, base + at + size) for at, size in frame] for frame in table.fragments])
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
