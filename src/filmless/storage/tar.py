"""Members of a pack as tar writes them: a pax extended header, a ustar header, the file (POSIX.1-2017, pax)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

from filmless.archive.ports import Label, Member, Note

BLOCK = 512  # bytes
END = bytes(2 * BLOCK)  # two zero blocks end an archive
OVERLAY_FOLDER = "overlay/"  # a member here names the offset of a file that is edited when it is given out
DECISION_FOLDER = "decision/"  # a member here tells of no file of its pack: what was decided about instances
VOID_FOLDER = "void/"  # a member here names the offset of a file that is not part of the archive

_RECORD_FOLDERS = (DECISION_FOLDER, OVERLAY_FOLDER, VOID_FOLDER)
_PAX, _FILE = b"x", b"0"
_MAX_RECORDS = 32 * BLOCK  # bytes of pax records that we read; ours have one block, more only with an issuer
_OCTAL_LIMIT = 8**11  # bytes; a larger file has its size in the pax record alone
_LONGEST_PATH = 3 * 64 + len("//.conflict-0123456789abcdef.dcm")
_FIXED_RECORDS = 276  # bytes that the records take beside path and issuer, at most
_KEYWORD = re.compile(rb"(\d{1,6}) ([a-z]+)=")
_TAIL = b"0000000\0" * 2 + bytes(167)  # device numbers, prefix


@dataclass(frozen=True, slots=True)
class Found:
    """A member whose header is whole; offsets are bytes from the start of the pack."""

    label: Label
    offset: int  # of the file
    length: int

    @property
    def end(self) -> int:
        """Where the next header begins."""
        return self.offset + self.length + -self.length % BLOCK


def padding(length: int) -> bytes:
    """What follows a file of this length up to the next block."""
    return bytes(-length % BLOCK)


def header_length(issuer: str) -> int:
    """Bytes before the file: they do not depend on path or size, so that a header can be completed later."""
    if not issuer:
        return 3 * BLOCK
    records = _FIXED_RECORDS + _LONGEST_PATH + len(quote(issuer)) + len(" issuer=")
    return 2 * BLOCK + records + -records % BLOCK


def header(label: Label, length: int) -> bytes:
    """Everything before a file of ``length`` bytes."""
    path, moment = label.path.encode("ascii"), int(label.received_at.timestamp())
    front = _record("path", label.path) + _record("size", f"{length:020d}")
    comment, room = _comment(label), header_length(label.issuer) - 2 * BLOCK
    records = front + _record("comment", comment)
    if len(records) <= room - BLOCK:  # only with an issuer: spaces fill it up to the last block
        records = front + _record("comment", comment.ljust(len(comment) + room - len(records) - 8))
    ustar_size = length if length < _OCTAL_LIMIT else 0
    return b"".join(
        (
            _ustar(b"./PaxHeaders/" + path[-64:], len(records), moment, _PAX),
            records.ljust(room, b"\0"),
            _ustar(path[:99], ustar_size, moment, _FILE),
        )
    )


def void_label(offset: int, digest: bytes, received_at: datetime) -> Label:
    """The label of a record that the file at ``offset`` of the same pack is not part of the archive."""
    return Label(f"{VOID_FOLDER}{offset:020d}.txt", digest, digest, received_at)


def overlay_label(offset: int, digest: bytes, received_at: datetime) -> Label:
    """The label of the record of the overlay of the file at ``offset`` of the same pack."""
    return Label(f"{OVERLAY_FOLDER}{offset:020d}.json", digest, digest, received_at)


def decision_label(name: str, digest: bytes, at: datetime) -> Label:
    """The label of the record of a decision about instances, wherever these lie."""
    return Label(f"{DECISION_FOLDER}{name}.json", digest, digest, at)


def overlaid_offset(label: Label) -> int | None:
    """The offset of the file whose overlay this member records; None: it records none."""
    if not label.path.startswith(OVERLAY_FOLDER):
        return None
    return int(label.path[len(OVERLAY_FOLDER) :].partition(".")[0])


def voided_offset(label: Label) -> int | None:
    """The offset of the file that this member declares void; None: it is an ordinary member."""
    if not label.path.startswith(VOID_FOLDER):
        return None
    return int(label.path[len(VOID_FOLDER) :].partition(".")[0])


def walk(read: Callable[[int, int], bytes], start: int, length: int) -> Iterator[Found]:
    """Members from ``start`` whose header and file lie within ``length``; ends at end blocks or a torn member."""
    while start + 3 * BLOCK <= length:
        found = _parse(read, start)
        if found is None or found.end > length:
            return
        yield found
        start = found.end


def members(read: Callable[[int, int], bytes], start: int, length: int) -> Iterator[Member]:
    """Whole members from ``start`` with the records of their overlays; void ones and all records are left out."""
    found = list(walk(read, start, length))
    voided = {voided_offset(each.label) for each in found}
    overlays = {
        overlaid_offset(each.label): Note(each.offset, each.length, each.label.data_set_sha256) for each in found
    }
    for each in found:
        if each.offset not in voided and not each.label.path.startswith(_RECORD_FOLDERS):
            yield Member(each.label, each.offset, each.length, overlays.get(each.offset))


def decisions(read: Callable[[int, int], bytes], start: int, length: int) -> Iterator[Note]:
    """Where the records of decisions lie."""
    for each in walk(read, start, length):
        if each.label.path.startswith(DECISION_FOLDER):
            yield Note(each.offset, each.length, each.label.data_set_sha256)


def member_at(read: Callable[[int, int], bytes], offset: int, length: int) -> Member | None:
    """The member whose file begins at ``offset`` and lies whole within ``length``; None where there is none."""
    for blocks in range(3, 3 + _MAX_RECORDS // BLOCK):
        if blocks * BLOCK > offset:
            return None
        found = _parse(read, offset - blocks * BLOCK)
        if found is not None and found.offset == offset:
            return Member(found.label, offset, found.length) if offset + found.length <= length else None
    return None


def _record(keyword: str, value: str) -> bytes:
    """One pax record; its decimal length counts itself."""
    rest = f" {keyword}={value}\n".encode()
    length = len(rest) + 2
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return b"%d%b" % (length, rest)


def _comment(label: Label) -> str:
    words = [
        f"sha256={label.data_set_sha256.hex()}",
        f"head-sha256={label.head_sha256.hex()}",
        f"received={label.received_at.isoformat(timespec='microseconds')}",
    ]
    if label.replaces:
        words.append("replaces=1")
    if label.issuer:
        words.append(f"issuer={quote(label.issuer)}")
    return " ".join(words)


def _ustar(name: bytes, size: int, moment: int, kind: bytes) -> bytes:
    """One ustar header block: mode 0644, owner 0, no names."""
    front = b"%b0000644\x000000000\x000000000\x00%011o\x00%011o\x00" % (name.ljust(100, b"\0"), size, moment)
    back = b"%b%bustar\x0000%b%b" % (kind, bytes(100), bytes(64), _TAIL)
    checksum = sum(front) + sum(back) + 8 * 0x20
    return b"%b%06o\x00 %b" % (front, checksum, back)


def _parse(read: Callable[[int, int], bytes], start: int) -> Found | None:
    """The member whose header begins at ``start``; None where there is none that is whole and ours."""
    block = read(start, start + BLOCK)
    size = _checked_size(block, _PAX)
    if size is None or not 0 < size <= _MAX_RECORDS:
        return None
    room = size + -size % BLOCK
    records = _records(read(start + BLOCK, start + BLOCK + size))
    offset = start + 2 * BLOCK + room
    if _checked_size(read(offset - BLOCK, offset), _FILE) is None or not {"path", "size", "comment"} <= records.keys():
        return None
    try:
        return Found(_label(records["path"], records["comment"]), offset, int(records["size"]))
    except (ValueError, KeyError):
        return None


def _checked_size(block: bytes, kind: bytes) -> int | None:
    """The size field of a header block of this kind whose checksum holds."""
    if len(block) != BLOCK or block[156:157] != kind:
        return None
    try:
        checksum, size = int(block[148:154], 8), int(block[124:135], 8)
    except ValueError:
        return None
    return size if sum(block) - sum(block[148:156]) + 8 * 0x20 == checksum else None


def _records(raw: bytes) -> dict[str, str]:
    """Keyword to value of pax records; stops at the first that is not one."""
    records, at = {}, 0
    while match := _KEYWORD.match(raw, at):
        end = at + int(match[1])
        if end <= match.end() or end > len(raw):
            break
        records[match[2].decode()] = raw[match.end() : end - 1].decode("utf-8", "replace")
        at = end
    return records


def _label(path: str, comment: str) -> Label:
    words = dict(word.partition("=")[::2] for word in comment.split())
    return Label(
        path=path,
        head_sha256=bytes.fromhex(words["head-sha256"]),
        data_set_sha256=bytes.fromhex(words["sha256"]),
        received_at=datetime.fromisoformat(words["received"]),
        issuer=unquote(words.get("issuer", "")),
        replaces="replaces" in words,
    )
