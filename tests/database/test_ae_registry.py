"""The AE registry: changes are recorded, and peers that were here are noted."""

from datetime import UTC, datetime

from filmless.access.peers import Peer
from filmless.app.record import AssociationRecord
from filmless.database.ae_titles import AeTitles
from filmless.database.connect import Database
from filmless.database.events import EventLog
from filmless.servers.association.summary import AssociationSummary


def summary(title: str) -> AssociationSummary:
    return AssociationSummary(
        calling_ae=title,
        called_ae="FILMLESS",
        address="10.0.0.1",
        implementation_class_uid="",
        implementation_version="",
        began_at=datetime(2026, 3, 1, tzinfo=UTC),
        seconds=1.0,
        counts={},
        end="released",
    )


def test_who_is_registered_and_removed_is_recorded(database: Database) -> None:
    registry = AeTitles(database)
    registry.add(Peer("CT1", "10.0.0.1", 104))
    assert registry.remove("CT1")
    assert not registry.remove("CT1")
    with database.connection() as connection:
        rows = connection.execute("select actor, details from event where kind = 'ae-changed' order by id").fetchall()
    assert [actor for actor, _ in rows] == ["local:command"] * 2
    assert [details.get("registered") or details["removed"] for _, details in rows] == ["CT1", "CT1"]


def test_a_registered_peer_that_associates_is_noted(database: Database) -> None:
    registry = AeTitles(database)
    registry.add(Peer("CT1", "10.0.0.1", 104))
    registry.add(Peer("CT2", "10.0.0.2", 104))
    record = AssociationRecord(EventLog(database), registry)
    for title in ("CT1", "CT1", "STRANGER"):
        record.record_association(summary(title))
    assert {peer.title: peer.last_seen_at is not None for peer in registry.all()} == {"CT1": True, "CT2": False}
