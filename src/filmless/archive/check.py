"""The consistency check: every row has its bytes, every member its row, every count is right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

import orjson

from filmless.archive.errors import Unavailable
from filmless.archive.model import Placement
from filmless.archive.ports import Mark, Member

HASHED = 1 << 20  # bytes of one step
LOOKED_UP = 500  # members of one question to the index


class Fault(StrEnum):
    """What can be wrong."""

    NO_BYTES = "no-bytes"  # a row points where its pack has no member
    OTHER_BYTES = "other-bytes"  # the member is not the one that the row tells of
    DAMAGED = "damaged"  # the bytes do not have their hash
    NO_ROW = "no-row"  # a whole member that no row speaks of and nothing declares void
    OTHER_OVERLAY = "other-overlay"  # the row tells of another coercion than the pack, or one of them of none
    WRONG_COUNT = "wrong-count"  # a series tells another number of instances than it has


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding of a check; ``where`` names a pack and an offset, or a series."""

    fault: Fault
    subject: str  # SOP Instance UID, or Series Instance UID of a wrong count
    where: str


@dataclass(slots=True)
class Totals:
    """What was looked at."""

    packs: int = 0
    rows: int = 0
    members: int = 0
    copies: int = 0  # members of which another is served: the slower of two senders of the same instance
    waiting: int = 0  # bytes behind the marks, for replay or still being stored
    bytes_hashed: int = 0
    problems: int = 0


class Readable(Protocol):
    """Packs whose bytes can be read."""

    def read(self, pack: str, start: int, stop: int) -> bytes: ...


class Files(Readable, Protocol):
    """Packs as a check reads them."""

    def lengths(self) -> Mapping[str, int]: ...
    def members(self, pack: str, stop: int) -> Iterator[Member]: ...


class Rows(Protocol):
    """The index as a check reads it."""

    def marks(self) -> Mapping[str, Mark]: ...
    def placed_in(self, pack: str) -> Sequence[tuple[str, Placement]]: ...
    def overlays_in(self, pack: str) -> Mapping[int, object]: ...
    def kept(self, instance_uids: Sequence[str]) -> frozenset[tuple[str, bytes]]: ...
    def wrong_counts(self) -> Sequence[str]: ...


def check(files: Files, rows: Rows, totals: Totals, *, hashes: bool = True) -> Iterator[Problem]:
    """Compare packs and rows; ``totals`` is filled as it goes on. Without ``hashes`` no file is read whole.

    May run beside a server: what lies behind a pack's mark is left to its writer.
    """
    for problem in _problems(files, rows, totals, hashes=hashes):
        totals.problems += 1
        yield problem


def _problems(files: Files, rows: Rows, totals: Totals, *, hashes: bool) -> Iterator[Problem]:
    marks = rows.marks()  # asked first: packs only grow
    lengths = files.lengths()
    for pack in sorted(marks.keys() | lengths.keys()):
        mark, length = marks.get(pack), lengths.get(pack, 0)
        end = min(mark.indexed_to, length) if mark else 0
        totals.packs += 1
        totals.waiting += 0 if mark and mark.sealed else length - end
        yield from _pack(pack, end, (files, rows), totals, hashes=hashes)
    for series_uid in rows.wrong_counts():
        yield Problem(Fault.WRONG_COUNT, series_uid, "")


def _pack(pack: str, end: int, sides: tuple[Files, Rows], totals: Totals, *, hashes: bool) -> Iterator[Problem]:
    files, rows = sides
    members = {member.offset: member for member in files.members(pack, end)} if end else {}
    placed = [(uid, place) for uid, place in rows.placed_in(pack) if place.offset <= end]
    totals.rows += len(placed)
    totals.members += len(members)
    overlays = rows.overlays_in(pack) if end else {}
    for uid, place in placed:
        member = members.pop(place.offset, None)
        fault = _fault(files, place, member, totals, hashes=hashes)
        if fault is None and member is not None and place.offset in overlays:
            fault = _overlay_fault(files, pack, member, overlays[place.offset])
        if fault is not None:
            yield Problem(fault, uid, f"{pack}:{place.offset}")
    rest = list(members.values())
    for first in range(0, len(rest), LOOKED_UP):
        group = rest[first : first + LOOKED_UP]
        kept = rows.kept([member.instance_uid for member in group])
        for member in group:
            if (member.instance_uid, member.label.data_set_sha256) in kept:
                totals.copies += 1
            else:
                yield Problem(Fault.NO_ROW, member.instance_uid, f"{pack}:{member.offset}")


def _fault(files: Files, place: Placement, member: Member | None, totals: Totals, *, hashes: bool) -> Fault | None:
    if member is None:
        return Fault.NO_BYTES
    label = member.label
    if (member.length, label.head_sha256, label.data_set_sha256) != (
        place.length,
        place.head_sha256,
        place.data_set_sha256,
    ):
        return Fault.OTHER_BYTES
    if hashes and not has_its_hashes(files, place):
        return Fault.DAMAGED
    totals.bytes_hashed += place.length if hashes else 0
    return None


def _overlay_fault(files: Files, pack: str, member: Member, recorded: object) -> Fault | None:
    """Compare the record of an overlay in the pack with that of the row; None where there is none."""
    note = member.overlay
    if note is None:
        return None if recorded is None else Fault.OTHER_OVERLAY
    record = files.read(pack, note.offset, note.offset + note.length)
    if sha256(record).digest() != note.sha256:
        return Fault.DAMAGED
    return None if orjson.loads(record) == recorded else Fault.OTHER_OVERLAY


def has_its_hashes(files: Readable, place: Placement) -> bool:
    """Whether the bytes of a placement, read again, are those that were stored."""
    start, stop = place.offset + place.head_length, place.offset + place.length
    data_set = sha256()
    try:
        head = sha256(files.read(place.pack, place.offset, start))
        for at in range(start, stop, HASHED):
            data_set.update(files.read(place.pack, at, min(stop, at + HASHED)))
    except Unavailable:
        return False
    return (head.digest(), data_set.digest()) == (place.head_sha256, place.data_set_sha256)
