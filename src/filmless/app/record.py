"""How the end of an association becomes an event."""

from filmless.archive.events import Event, EventKind
from filmless.database.events import EventLog
from filmless.servers.dimse.policy import AssociationSummary


class AssociationRecord:
    """One event per association, written within a second: many that end at once share a connection."""

    def __init__(self, events: EventLog) -> None:
        self._events = events

    def record_association(self, summary: AssociationSummary) -> None:
        """Have the event written."""
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
