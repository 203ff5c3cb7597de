"""How the end of an association becomes an event."""

import time

import structlog

from filmless.archive.errors import Unavailable
from filmless.archive.events import Event, EventKind
from filmless.database.ae_titles import AeTitles
from filmless.database.events import EventLog
from filmless.servers.association.policy import AssociationSummary

log = structlog.get_logger()

SEEN_SECONDS = 60.0  # a peer's last sight is written no more often than this
MAX_TITLES = 10_000  # remembered at once: callers choose them


class AssociationRecord:
    """One event per association, written within a second: many that end at once share a connection."""

    def __init__(self, events: EventLog, registry: AeTitles) -> None:
        self._events = events
        self._registry = registry
        self._seen: dict[str, float] = {}  # when each title was last noted

    def record_association(self, summary: AssociationSummary) -> None:
        """Have the event written, and note in the registry that the peer was here."""
        event = Event(
            EventKind.ASSOCIATION,
            actor=f"ae:{summary.calling_ae}",
            address=summary.address,
            count=sum(summary.counts.values()) or 1,
            details={
                "called_ae": summary.called_ae,
                "implementation": summary.implementation_version,
                "seconds": round(summary.seconds, 3),
                "proposed": summary.proposed,
                "accepted": summary.accepted,
                "refused": list(summary.refused),
                "counts": summary.counts,
                "end": summary.end,
            },
        )
        self._events.gather_apart(event)
        self._note(summary.calling_ae)

    def _note(self, title: str) -> None:
        now = time.monotonic()
        if now - self._seen.get(title, -SEEN_SECONDS) < SEEN_SECONDS:
            return
        if len(self._seen) >= MAX_TITLES:
            self._seen.clear()
        self._seen[title] = now
        try:
            self._registry.seen(title)
        except Unavailable as error:
            log.warning("peer_not_noted", calling_ae=title, reason=error.reason)
