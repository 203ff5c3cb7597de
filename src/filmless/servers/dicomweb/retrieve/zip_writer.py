"""A ZIP file (APPNOTE 6.3) written as a stream: members are stored as they are, of lengths that are known before."""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

_LIMIT = 0xFFFFFFFF  # from here on lengths and offsets need ZIP64
_ENTRIES_LIMIT = 0xFFFF
_FLAGS = 0x0808  # lengths and CRC follow the data; names are UTF-8
_DATE = 0x21  # 1980-01-01: when a file was received is in the archive's records
_LOCAL, _CENTRAL, _ZIP64_EXTRA = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<2H3Q")
_DESCRIPTOR, _DESCRIPTOR64 = struct.Struct("<4s3L"), struct.Struct("<4sL2Q")
_END, _END64, _LOCATOR = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the ZIP; ``name`` is ASCII, ``length`` in bytes."""

    name: str
    length: int

    @property
    def is_large(self) -> bool:
        """Whether its length needs ZIP64."""
        return self.length >= _LIMIT


class ZipWriter:
    """Gives the bytes around the members' data, in this order: head, (data), tail, for each; then the end."""

    def __init__(self) -> None:
        self._offset = 0
        self._start = 0
        self._crc = 0
        self._central: list[bytes] = []

    def head(self, member: Member) -> bytes:
        """What stands before a member's data."""
        head = local_head(member)
        self._start, self._crc = self._offset, 0
        self._offset += len(head)
        return head

    def passed(self, data: bytes) -> bytes:
        """Take the check sum of data that goes out."""
        self._crc = zlib.crc32(data, self._crc)
        return data

    def tail(self, member: Member) -> bytes:
        """What stands behind a member's data."""
        tail = descriptor(member, self._crc)
        self._offset += member.length + len(tail)
        self._central.append(central_entry(member, self._crc, self._start))
        return tail

    def end(self) -> bytes:
        """The central directory and what closes the file."""
        directory = b"".join(self._central)
        return directory + closing(len(self._central), len(directory), self._offset)


def zip_length(members: Iterable[Member]) -> int:
    """Bytes of the whole file."""
    writer = ZipWriter()
    total = 0
    for member in members:
        total += len(writer.head(member)) + member.length + len(writer.tail(member))
    return total + len(writer.end())


def local_head(member: Member) -> bytes:
    """What stands before a member's data."""
    name = member.name.encode()
    extra = struct.pack("<2H2Q", 1, 16, 0, 0) if member.is_large else b""
    version = 45 if member.is_large else 20
    lengths = _LIMIT if member.is_large else 0
    fields = (b"PK\3\4", version, _FLAGS, 0, 0, _DATE, 0, lengths, lengths, len(name), len(extra))
    return _LOCAL.pack(*fields) + name + extra


def descriptor(member: Member, crc: int) -> bytes:
    """What stands behind a member's data; as long whatever its check sum."""
    layout = _DESCRIPTOR64 if member.is_large else _DESCRIPTOR
    return layout.pack(b"PK\7\10", crc, member.length, member.length)


def central_entry(member: Member, crc: int, start: int) -> bytes:
    """A member in the central directory; ``start`` is the offset of its head."""
    name = member.name.encode()
    far = member.is_large or start >= _LIMIT
    extra = _ZIP64_EXTRA.pack(1, 24, member.length, member.length, start) if far else b""
    version = 45 if far else 20
    length, offset = (_LIMIT, _LIMIT) if far else (member.length, start)
    fields = (b"PK\1\2", version, version, _FLAGS, 0, 0, _DATE, crc, length, length)
    return _CENTRAL.pack(*fields, len(name), len(extra), 0, 0, 0, 0, offset) + name + extra


def closing(count: int, size: int, offset: int) -> bytes:
    """What stands behind a central directory of so many members and bytes at this offset."""
    found = b""
    if count >= _ENTRIES_LIMIT or offset + size >= _LIMIT:
        found = _END64.pack(b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
        found += _LOCATOR.pack(b"PK\6\7", 0, offset + size, 1)
    counts = min(count, _ENTRIES_LIMIT)
    return found + _END.pack(b"PK\5\6", 0, 0, counts, counts, min(size, _LIMIT), min(offset, _LIMIT), 0)
