"""Which of the objects under one SOP Instance UID is kept, and as what (DESIGN 4, Identity)."""

from collections.abc import Callable
from enum import Enum, auto

from filmless.archive.header import Header
from filmless.archive.model import DuplicatePolicy, StoredAs
from filmless.archive.ports import CONFLICT, Known

WRITTEN = frozenset({StoredAs.NEW, StoredAs.CONFLICT, StoredAs.REPLACED})
"""What becomes a member of a pack."""


class Likeness(Enum):
    """How a newcomer's data set is like the one that is kept, where their bytes differ."""

    OTHER = auto()
    SAME_ELEMENTS = auto()  # in another encoding
    COMPLETES = auto()  # it goes on where the kept one ends too early


def decide(
    data_set_sha256: bytes, policy: DuplicatePolicy, known: Known | None, likeness: Callable[[], Likeness]
) -> StoredAs | None:
    """What a newcomer is; None: the sender's policy is not to take it.

    ``likeness`` compares with the object that is served; it reads that object, so it is asked last.
    """
    if known is None:
        return StoredAs.NEW
    if data_set_sha256 == known.placement.data_set_sha256:
        return StoredAs.SAME
    if data_set_sha256 in known.conflicts and policy is DuplicatePolicy.KEEP_BOTH:
        return StoredAs.CONFLICT
    return _OF_LIKENESS.get(likeness(), _OF_POLICY[policy])


_OF_LIKENESS = {Likeness.SAME_ELEMENTS: StoredAs.SAME_ELEMENTS, Likeness.COMPLETES: StoredAs.REPLACED}
_OF_POLICY = {
    DuplicatePolicy.KEEP_BOTH: StoredAs.CONFLICT,
    DuplicatePolicy.REFUSE: None,
    DuplicatePolicy.REPLACE: StoredAs.REPLACED,
}


def is_written(stored_as: StoredAs, data_set_sha256: bytes, known: Known | None) -> bool:
    """Whether bytes are kept for this outcome; a conflict version that is kept already is not kept again."""
    if stored_as is StoredAs.CONFLICT and known is not None:
        return data_set_sha256 not in known.conflicts
    return stored_as in WRITTEN


def member_path(header: Header, stored_as: StoredAs, data_set_sha256: bytes) -> str:
    """The name of the member: the UIDs, checked before, and for a conflict version what tells it from the first."""
    version = f"{CONFLICT}{data_set_sha256.hex()[:16]}" if stored_as is StoredAs.CONFLICT else ""
    return f"{header.study_uid}/{header.series_uid}/{header.instance_uid}{version}.dcm"
