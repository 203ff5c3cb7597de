"""The record of associations: what was proposed and refused, why, and what to change, newest first."""

from dataclasses import replace
from datetime import UTC, datetime

from filmless.app.record import AssociationRecord
from filmless.database.ae_titles import AeTitles
from filmless.database.associations import Associations
from filmless.database.connect import Database
from filmless.database.events import EventLog
from filmless.servers.association.secured import HandshakeFault
from filmless.servers.association.summary import AssociationSummary, ContextGroup, FailedOperation

CT, IMPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2"
SUMMARY = AssociationSummary(
    calling_ae="CT1",
    called_ae="FILMLESS",
    address="10.0.0.1",
    implementation_class_uid="1.2.3",
    implementation_version="TEST",
    began_at=datetime(2026, 3, 1, tzinfo=UTC),
    seconds=1.0,
    counts={"C-STORE success": 2},
    end="released",
    contexts=(ContextGroup("accepted", IMPLICIT, (IMPLICIT,), (CT,)),),
)


def test_each_association_is_listed_with_what_became_of_it(database: Database) -> None:
    events = EventLog(database)
    record = AssociationRecord(events, AeTitles(database))
    record.record_association(SUMMARY)
    record.record_association(
        replace(
            SUMMARY,
            calling_ae="CT2",
            end="rejected 1/1/7: called AE title",
            contexts=(ContextGroup("unanswered", "", (IMPLICIT,), (CT,)),),
            failures=(FailedOperation("C-MOVE", 0xA801, "unknown", 3),),
            advice=("Set the called AE title.",),
        )
    )
    events.flush()
    second, first = Associations(database).page(10)
    assert (first.calling_ae, first.address, first.is_failed) == ("CT1", "10.0.0.1", False)
    assert first.details["contexts"] == [
        {"result": "accepted", "transfer_syntax": IMPLICIT, "offered": [IMPLICIT], "abstract_syntaxes": [CT]}
    ]
    assert "advice" not in first.details
    assert second.is_failed
    assert second.details["advice"] == ["Set the called AE title."]
    assert second.details["failures"] == [{"service": "C-MOVE", "status": 0xA801, "comment": "unknown", "count": 3}]


def test_the_list_is_narrowed_and_paged(database: Database) -> None:
    events = EventLog(database)
    record = AssociationRecord(events, AeTitles(database))
    for number in range(6):
        record.record_association(replace(SUMMARY, calling_ae=f"CT{number % 2}", end=["released", "idle"][number % 2]))
    events.flush()
    associations = Associations(database)
    assert [one.calling_ae for one in associations.page(10, None, "CT1")] == ["CT1"] * 3
    assert all(one.is_failed for one in associations.page(10, failed=True))
    first = associations.page(4)
    rest = associations.page(4, first[-1].number)
    assert [one.number for one in (*first, *rest)] == sorted((one.number for one in (*first, *rest)), reverse=True)
    assert len({one.number for one in (*first, *rest)}) == 6


def test_refused_handshakes_of_one_address_are_counted_together(database: Database) -> None:
    events = EventLog(database)
    record = AssociationRecord(events, AeTitles(database))
    for _ in range(3):
        record.record_refused_tls("10.0.0.9", HandshakeFault("no certificate", "Give it one."))
    events.flush()
    (one,) = Associations(database).page(10, failed=True)
    assert (one.calling_ae, one.address, one.details["end"]) == ("", "10.0.0.9", "TLS: no certificate")
