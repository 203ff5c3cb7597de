"""What people decide about instances, as it is written beside them: a rebuild from the packs knows it again."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import ClassVar, Protocol
from uuid import UUID

import orjson


@dataclass(frozen=True, slots=True)
class Deletion:
    """Instances went into the bin."""

    kind: ClassVar[str] = "deleted"

    public_id: UUID
    at: datetime
    actor: str
    study_uid: str
    series_uid: str | None  # None: the whole study
    instance_uid: str | None
    reason: str
    instances: tuple[str, ...]  # SOP Instance UIDs of what it took


@dataclass(frozen=True, slots=True)
class Restoration:
    """What a deletion took was given back."""

    kind: ClassVar[str] = "restored"

    public_id: UUID  # of the deletion
    at: datetime
    actor: str


Decision = Deletion | Restoration


class Journal(Protocol):
    """Where decisions are kept beside the instances; blocks until they are on stable storage, or ``Unavailable``."""

    def note(self, decision: Decision, /) -> None: ...


class Decisions(Protocol):
    """The rows of decisions, for replay; may raise ``Unavailable``."""

    def replay(self, decision: Decision, /) -> None:
        """Make it true where the rows do not know of it; done twice it changes nothing."""


def record(decision: Decision) -> bytes:
    """A decision as JSON; its moment is RFC 3339."""
    return orjson.dumps({"decision": decision.kind, **asdict(decision)})


def read_record(text: bytes) -> Decision | None:
    """The decision of a record; None for what is none that this version knows."""
    try:
        fields = orjson.loads(text)
        kind = {"deleted": Deletion, "restored": Restoration}[fields.pop("decision")]
        fields |= {"public_id": UUID(fields["public_id"]), "at": datetime.fromisoformat(fields["at"]).astimezone(UTC)}
        if kind is Deletion:
            fields["instances"] = tuple(fields["instances"])
        decision: Decision = kind(**fields)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
        return None
    return decision


def in_order(decisions: list[Decision]) -> list[Decision]:
    """As they were taken: of the same moment, giving back comes last."""
    return sorted(decisions, key=lambda each: (each.at, isinstance(each, Restoration)))
