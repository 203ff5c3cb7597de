"""Replay: at start every pack that nobody writes is compared with the index, and the rows it lacks are made."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from filmless.archive.coercion.overlay import Overlay, recorded
from filmless.archive.errors import Unavailable
from filmless.archive.header import WANTED, Header
from filmless.archive.model import Buffer, Door, DuplicatePolicy, Received, Refused, Source, Stored
from filmless.archive.ports import Batch, Index, Known, Mark, Marks, Member, PackReader, PackStore
from filmless.archive.receive.candidate import Candidate, accept, as_found, is_native
from filmless.archive.receive.decisions import Decision, Decisions, in_order, read_record
from filmless.archive.receive.store import Committer
from filmless.archive.scope import Scope
from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.data_set.frames import locate_frames
from filmless.standards.data_set.part10 import read_head
from filmless.standards.data_set.scanner import scan

READ_WHOLE = 16 << 20  # bytes: larger members are looked at where they lie
HASHED = 1 << 20  # bytes of one step
GROUP = 32  # members of one transaction
LOOKED_UP = 500  # members of one question to the index
END_BLOCKS = 1024  # bytes behind the last member of a sealed pack
_LONGEST_HEAD = 1 << 20  # bytes
_SCOPE = Scope(actor="local:replay", everything=True, may_expire=True)


@dataclass(slots=True)
class Recovered:
    """What a start found and made good."""

    packs: int = 0  # looked at
    instances: int = 0  # whose rows were made
    damaged: int = 0  # members without their hash, or that the index refuses: declared void
    missing: int = 0  # rows taken out of service because their bytes are gone


@dataclass(slots=True)
class _Claim:
    """A pack while it is replayed."""

    name: str
    reader: PackReader
    void: list[int]  # offsets of files that are no part of the archive


def recover(packs: PackStore, marks: Marks, index: Index, decisions: Decisions) -> Recovered:
    """Make rows of whole members that the index lacks, cut off what is torn, seal. Run twice it changes nothing.

    Packs with a writer are left alone. Conflict versions and replacements come after the objects they belong to,
    in the order of their arrival, wherever these lie; what was decided about instances comes after them all.
    """
    done = Recovered()
    known = _known_packs(packs, marks, done)
    committer = Committer(packs, index)
    later: list[tuple[_Claim, Member]] = []
    decided: list[Decision] = []
    with ExitStack() as held:
        claims = []
        for name, mark in known.items():
            reader = held.enter_context(packs.claim(name))
            if reader is None:
                continue
            claim = _Claim(name, reader, [])
            claims.append(claim)
            start = 0 if mark is None or mark.lacks_rows else mark.indexed_to
            later += _replay(claim, start, committer, index, done)
            decided += _decisions(reader, start)
        later.sort(key=lambda pair: pair[1].label.received_at)
        for claim, member in later:
            _settle([(claim, member)], committer, done)
        for decision in in_order(decided):
            decisions.replay(decision)
        for claim in claims:
            _seal(claim, index)
            mark = known[claim.name]
            if mark is not None and mark.lacks_rows:
                marks.recount(claim.name)
    done.packs = len(claims)
    return done


def _decisions(reader: PackReader, start: int) -> Iterator[Decision]:
    for note in reader.decisions(start):
        text = reader.read(note.offset, note.offset + note.length)
        decision = read_record(text) if sha256(text).digest() == note.sha256 else None
        if decision is not None:
            yield decision


def _known_packs(packs: PackStore, marks: Marks, done: Recovered) -> dict[str, Mark | None]:
    """Packs to look at and how far each is known; rows beyond the end of their pack are taken out of service."""
    indexed = marks.marks()  # asked first: a pack that is being written only grows
    lengths = packs.lengths()
    if not lengths and any(mark.indexed_to for mark in indexed.values()):
        raise Unavailable("none of the packs that the database knows is there: is their disk mounted?")
    short = [name for name, mark in indexed.items() if lengths.get(name, 0) < mark.indexed_to]
    for name in short:
        done.missing += marks.quarantine(name, lengths.get(name, 0))
    indexed = marks.marks() if short else indexed
    return {name: indexed.get(name) for name in sorted(lengths) if _is_due(indexed.get(name), lengths[name])}


def _is_due(mark: Mark | None, length: int) -> bool:
    return mark is None or not mark.sealed or mark.lacks_rows or length > mark.indexed_to + END_BLOCKS


def _replay(
    claim: _Claim, start: int, committer: Committer, index: Index, done: Recovered
) -> list[tuple[_Claim, Member]]:
    """Record what the index does not know of a pack; returned is what has to wait for the other packs."""
    later, now = [], []
    for member in _unknown(claim.reader.members(start), index):
        if member.label.replaces or member.is_conflict:
            later.append((claim, member))
            continue
        now.append((claim, member))
        if len(now) == GROUP:
            _settle(now, committer, done)
            now = []
    _settle(now, committer, done)
    return later


def _unknown(members: Iterator[Member], index: Index) -> Iterator[Member]:
    """Members that no row speaks of."""
    while looked_at := list(islice(members, LOOKED_UP)):
        known = index.known([member.instance_uid for member in looked_at])
        yield from (member for member in looked_at if not _is_kept(member, known.get(member.instance_uid)))


def _is_kept(member: Member, known: Known | None) -> bool:
    digest = member.label.data_set_sha256
    return known is not None and (digest == known.placement.data_set_sha256 or digest in known.conflicts)


def _settle(found: Sequence[tuple[_Claim, Member]], committer: Committer, done: Recovered) -> None:
    candidates = []
    for claim, member in found:
        candidate = _candidate(claim, member)
        if candidate is None:
            claim.void.append(member.offset)
            done.damaged += 1
        else:
            candidates.append((claim, candidate))
    committer.settle([candidate for _, candidate in candidates])
    for claim, candidate in candidates:
        if isinstance(candidate.outcome, Stored):
            done.instances += 1
        elif candidate.placement is not None:
            claim.void.append(candidate.placement.offset)
            done.damaged += 1


def _candidate(claim: _Claim, member: Member) -> Candidate | None:
    """A member as if it arrived now; None when it is not whole, or cannot be kept."""
    start, stop = member.offset, member.offset + member.length
    head = read_head(claim.reader.read(start, min(stop, start + _LONGEST_HEAD)))
    if isinstance(head, Fault) or not _has_its_hashes(claim.reader, member, head.head_length):
        return None
    whole: Buffer = claim.reader.read(start, stop) if member.length <= READ_WHOLE else claim.reader.view(start, stop)
    view = memoryview(whole)
    received = Received(
        head=bytes(view[: head.head_length]),
        data_set=view[head.head_length :],
        transfer_syntax_uid=head.transfer_syntax_uid,
        source=Source(
            Door.IMPORT,
            calling_ae=head.source_ae,
            duplicates=DuplicatePolicy.REPLACE if member.label.replaces else DuplicatePolicy.KEEP_BOTH,
            issuer=member.label.issuer,
        ),
        received_at=member.label.received_at,
    )
    header = accept(scan(received.data_set, received.transfer_syntax_uid, WANTED), received)
    if isinstance(header, Refused):
        return None
    overlay = _overlay(claim, member, received, header)
    header = as_found(header, received.data_set, received, _SCOPE, overlay)
    if isinstance(header, Refused):
        return None
    candidate = Candidate(
        received=received,
        scope=_SCOPE,
        header=header,
        length=member.length,
        head_sha256=member.label.head_sha256,
        data_set_sha256=member.label.data_set_sha256,
        frames=None if is_native(header.scan, received) else locate_frames(received.data_set, header.scan),
        overlay=overlay if isinstance(overlay, Overlay) else None,
        replayed=True,
    )
    candidate.place(claim.name, member.offset)
    return candidate


def _overlay(claim: _Claim, member: Member, received: Received, header: Header) -> Overlay | Fault | None:
    """What was decided when it came: not what the rules of today would make of it."""
    note = member.overlay
    if note is None:
        return None
    record = claim.reader.read(note.offset, note.offset + note.length)
    if sha256(record).digest() != note.sha256:
        return Fault(FaultKind.NOT_DICOM, "The record of an overlay is damaged")
    return recorded(record, received.data_set, header.scan, received.transfer_syntax_uid)


def _has_its_hashes(reader: PackReader, member: Member, head_length: int) -> bool:
    start, stop = member.offset + head_length, member.offset + member.length
    head, data_set = sha256(reader.read(member.offset, start)), sha256()
    for at in range(start, stop, HASHED):
        data_set.update(reader.read(at, min(stop, at + HASHED)))
    label = member.label
    return (head.digest(), data_set.digest()) == (label.head_sha256, label.data_set_sha256)


def _seal(claim: _Claim, index: Index) -> None:
    """Nothing more comes into this pack."""
    end = claim.reader.seal(claim.void, "found damaged by replay")
    if end:
        index.record(Batch((), {claim.name: end}, (claim.name,)))
