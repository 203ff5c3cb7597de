"""How the end of an association becomes an event."""

import time
from dataclasses import asdict

import structlog

from filmless.archive.errors import Unavailable
from filmless.archive.events import Event, EventKind, Outcome
from filmless.database.ae_titles import AeTitles
from filmless.database.events import EventLog
from filmless.servers.association.secured import HandshakeFault
from filmless.servers.association.summary import AssociationSummary

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
            outcome=Outcome.FAILURE if summary.is_failed else Outcome.SUCCESS,
            count=sum(summary.counts.values()) or 1,
            details=_details(summary),
        )
        self._events.gather_apart(event)
        self._note(summary.calling_ae)

    def record_refused_tls(self, address: str, fault: HandshakeFault) -> None:
        """Count it with those of the same address and reason within a quarter of an hour: anybody may knock."""
        details = {"end": f"TLS: {fault.reason}", "advice": [fault.advice]}
        event = Event(EventKind.ASSOCIATION, "ae:", address, Outcome.FAILURE, details=details)
        self._events.gather(event)

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


def _details(summary: AssociationSummary) -> dict[str, object]:
    """The facts of an association, without those that are empty: there are many such rows."""
    facts: dict[str, object] = {
        "called_ae": summary.called_ae,
        "implementation": summary.implementation_version,
        "implementation_class_uid": summary.implementation_class_uid,
        "seconds": round(summary.seconds, 3),
        "contexts": [asdict(group) for group in summary.contexts],
        "counts": summary.counts,
        "failures": [asdict(failure) for failure in summary.failures],
        "end": summary.end,
        "tls": summary.tls,
        "certificate": summary.certificate,
        "user": summary.user,
        "advice": list(summary.advice),
    }
    return {name: fact for name, fact in facts.items() if fact not in ("", [], {})}
