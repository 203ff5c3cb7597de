"""Storage commitment: whether what a peer wants to delete is kept here, found out and not believed (PS3.4 J)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from filmless.archive.check import has_its_hashes
from filmless.archive.model import Placement
from filmless.archive.ports import Member
from filmless.standards.data_set.references import Reference

# Between looks for instances that have not come yet: half of the time that has passed.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=20)


class FailureReason(IntEnum):
    """Why an instance is not committed (PS3.3 C.14.1.1)."""

    PROCESSING_FAILURE = 0x0110
    NO_SUCH_INSTANCE = 0x0112
    CLASS_CONFLICT = 0x0119
    DUPLICATE_TRANSACTION = 0x0131


class Proof(StrEnum):
    """How an instance is looked at before it is committed."""

    HASH = "hash"  # its member is there, whole, and labelled with the hash that was recorded
    READ = "read"  # all of it is read again and hashed


class State(StrEnum):
    """How far a commitment is."""

    WAITING = "waiting"  # for instances, or for its turn
    REPORTING = "reporting"  # decided; the peer has not taken the report yet
    REPORTED = "reported"
    GIVEN_UP = "given-up"  # the peer did not take the report within a day


@dataclass(frozen=True, slots=True)
class Request:
    """What a peer asked for (PS3.4 J.3.2)."""

    ae: str  # calling AE title
    called_ae: str
    address: str
    transaction_uid: str
    references: tuple[Reference, ...]
    requested_at: datetime


class Ticket(NamedTuple):
    """The right to go on with a commitment, until another run takes it."""

    key: int
    serial: int


@dataclass(frozen=True, slots=True)
class Commitment:
    """A request that was recorded, as its job finds it."""

    key: int
    serial: int  # of the run that may go on with it: an earlier one has lost it
    request: Request
    wait: timedelta  # for instances that have not come yet, from the request on
    is_duplicate: bool  # another list came under this Transaction UID before
    failures: tuple[int, ...] | None  # of each reference its Failure Reason, 0 where there is none; None: undecided
    attempts: int  # reports that did not reach the peer


@dataclass(frozen=True, slots=True)
class Found:
    """What the index has under a UID."""

    sop_class_uid: str
    placement: Placement
    is_rejected: bool


@dataclass(frozen=True, slots=True)
class CommitmentEntry:
    """A commitment as people see it; moments are UTC."""

    public_id: UUID
    ae: str
    called_ae: str
    transaction_uid: str
    requested_at: datetime
    instances: int
    committed: int | None  # None: not decided yet
    attempts: int  # reports that did not reach the peer
    next_at: datetime | None
    reported_at: datetime | None
    last_error: str
    state: State


class Files(Protocol):
    """Packs as a commitment looks at them; ``Unavailable`` when the store does not answer."""

    def member_at(self, pack: str, offset: int) -> Member | None: ...
    def read(self, pack: str, start: int, stop: int) -> bytes: ...


class Records(Protocol):
    """Commitments as they are decided."""

    def found(self, instance_uids: Sequence[str]) -> Mapping[str, Found]: ...
    def decided(self, commitment: Commitment, failures: Sequence[int]) -> None: ...
    def postpone(self, commitment: Commitment, at: datetime | None) -> None: ...


def settle(commitment: Commitment, records: Records, files: Files, proof: Proof, now: datetime) -> Commitment | None:
    """Find out what is safe here, unless that is known; None while instances are waited for.

    May raise ``Unavailable``.
    """
    if commitment.failures is not None:
        return commitment
    references = commitment.request.references
    found = records.found([reference.instance_uid for reference in references])
    look = next_look(commitment, now)
    if look is not None and not commitment.is_duplicate and any(one.instance_uid not in found for one in references):
        records.postpone(commitment, look)
        return None
    failures = decide(commitment, found, files, proof)
    records.decided(commitment, failures)
    return replace(commitment, failures=failures)


def next_look(commitment: Commitment, now: datetime) -> datetime | None:
    """When to look again for instances that have not come; None when they were waited for long enough."""
    asked = commitment.request.requested_at
    due = asked + commitment.wait
    if now >= due:
        return None
    pause = min(max((now - asked) / 2, FIRST_PAUSE), LONGEST_PAUSE)
    return min(now + pause, due)


def decide(commitment: Commitment, found: Mapping[str, Found], files: Files, proof: Proof) -> tuple[int, ...]:
    """The Failure Reason of each reference, 0 where the instance is safe here; may raise ``Unavailable``."""
    references = commitment.request.references
    if commitment.is_duplicate:
        return (int(FailureReason.DUPLICATE_TRANSACTION),) * len(references)
    return tuple(_failure(reference, found.get(reference.instance_uid), files, proof) for reference in references)


def _failure(reference: Reference, found: Found | None, files: Files, proof: Proof) -> int:
    if found is None or found.is_rejected:
        return FailureReason.NO_SUCH_INSTANCE
    if found.sop_class_uid != reference.sop_class_uid:
        return FailureReason.CLASS_CONFLICT
    place = found.placement
    member = files.member_at(place.pack, place.offset)
    if member is None or member.length != place.length:
        return FailureReason.NO_SUCH_INSTANCE
    if (member.label.head_sha256, member.label.data_set_sha256) != (place.head_sha256, place.data_set_sha256):
        return FailureReason.PROCESSING_FAILURE
    if proof is Proof.READ and not has_its_hashes(files, place):
        return FailureReason.PROCESSING_FAILURE
    return 0
