"""How the end of an association becomes an event."""

import structlog

from filmless.archive.errors import Unavailable
from filmless.archive.events import Event, EventKind
from filmless.database.connect import Database
from filmless.database.events import EventLog
from filmless.servers.dimse.policy import AssociationSummary

log = structlog.get_logger()


class AssociationRecord:
    """Writes one event per association."""

    def __init__(self, database: Database, events: EventLog) -> None:
        self._database = database
        self._events = events

    def record_association(self, summary: AssociationSummary) -> None:
        """Write the event; a database that does not answer is logged, since the association has ended anyway."""
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
        try:
            with self._database.connection() as connection:
                self._events.record(connection, event)
        except Unavailable as error:
            log.error("association_not_recorded", calling_ae=summary.calling_ae, reason=error.reason)
