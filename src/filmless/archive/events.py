"""What happened, as facts: events, and how repeated reads become one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import orjson


class EventKind(StrEnum):
    """What an event says; the value is what is kept and shown."""

    ASSOCIATION = "association-ended"
    STUDY_ARRIVED = "study-arrived"
    SERIES_ARRIVED = "series-arrived"
    SETTLED = "study-settled"  # nothing more came for a while: what is made of it was made
    SAME_ELEMENTS = "same-elements"  # a known instance came in another encoding
    CONFLICT = "conflict"  # another content came under a known UID
    REPLACED = "replaced"  # and is the one that is served now
    REFUSED = "store-refused"
    IMPORT = "imported"
    QUERY = "queried"
    OPENED = "opened"  # the page of a patient, or the list of who looked
    RETRIEVE = "retrieved"  # metadata, instances or frames of a study
    EXPORT = "exported"
    DENIED = "denied"
    DAMAGED = "damage-found"
    REJECTED = "rejected"  # a note took instances out of use
    DELETED = "deleted"  # put into the bin
    RESTORED = "restored"  # out of the bin
    COMMITMENT_ASKED = "commitment-asked"
    COMMITMENT_REPORTED = "commitment-reported"
    AVAILABILITY = "availability-told"  # to a destination, that a study has arrived
    LOGIN = "login"
    LOGOUT = "logout"
    USER_CHANGED = "user-changed"
    SETTINGS_CHANGED = "settings-changed"  # of a user, for the pages
    TOKEN_CHANGED = "token-changed"  # noqa: S105 - names an event
    AE_CHANGED = "ae-changed"
    COERCION_CHANGED = "coercion-changed"
    STARTED = "started"
    STOPPED = "stopped"
    EVENTS_MERGED = "events-merged"  # too many to be kept apart while the database did not answer


class Outcome(StrEnum):
    """How an attempt ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Event:
    """One fact; study and patient by the names that doors know."""

    kind: EventKind
    actor: str = ""
    address: str = ""
    outcome: Outcome = Outcome.SUCCESS
    study_uid: str | None = None
    patient: UUID | None = None  # public id, of an event without a study
    count: int = 1  # of instances, matches or attempts
    details: Mapping[str, object] = field(default_factory=dict)  # without names, birth dates and free text


EventKey = tuple[EventKind, str, str, Outcome, str | None, UUID | None, bytes]


def key_of(event: Event) -> EventKey:
    """Give what must agree for two events to be told as one: all but the count."""
    # What orjson gives takes 4 KiB of memory, however short it is; most events have none, and wait for minutes.
    details = orjson.dumps(event.details, option=orjson.OPT_SORT_KEYS) if event.details else b""
    return event.kind, event.actor, event.address, event.outcome, event.study_uid, event.patient, details


@dataclass(slots=True)
class Gathered:
    """Events of one key within a window: what is not written yet, and the row of what is."""

    event: Event
    began_at: datetime
    unwritten: int
    row: tuple[int, datetime] | None = None  # (id, occurred_at) once it is in the table


def window_of(moment: datetime, minutes: int = 15) -> datetime:
    """Give the begin of the window that a moment falls into."""
    moment = moment.astimezone(UTC)
    return moment.replace(minute=moment.minute - moment.minute % minutes, second=0, microsecond=0)
