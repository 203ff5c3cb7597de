"""Events are kept with what made them true, gathered reads become one row a window, and none is lost."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from filmless.archive.events import Event, EventKind, Outcome
from filmless.database import events
from filmless.database.connect import Database
from filmless.database.events import EventLog
from index_rows import Rows

NOON = datetime(2026, 3, 1, 12, 1, tzinfo=UTC)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(database: Database, clock: Clock) -> EventLog:
    Rows(database).study("1.1", PatientID="P1", IssuerOfPatientID="H")
    return EventLog(database, clock)


def rows(database: Database, what: str = "kind, actor, count") -> list[tuple[Any, ...]]:
    with database.connection() as connection:
        return connection.execute(f"select {what} from event order by occurred_at, id".encode()).fetchall()


def opened(actor: str = "user:ann", **more: Any) -> Event:
    return Event(EventKind.RETRIEVE, actor, "::1", study_uid="1.1", **more)


def test_an_event_is_written_in_the_transaction_that_makes_it_true(database: Database, log: EventLog) -> None:
    with database.connection() as connection:
        log.record(connection, opened())
        connection.rollback()
    assert rows(database) == []
    with database.connection() as connection:
        log.record(connection, opened(details={"door": "C-STORE"}))
    assert rows(database, "kind, outcome, count, details, occurred_at") == [
        ("retrieved", "success", 1, {"door": "C-STORE"}, NOON)
    ]


def test_an_event_is_filed_under_its_study_and_patient(database: Database, log: EventLog) -> None:
    with database.connection() as connection:
        (patient,) = connection.execute("select public_id from patient").fetchone() or (None,)
    for event in (opened(), Event(EventKind.QUERY, patient=patient), Event(EventKind.DENIED, study_uid="1.9")):
        log.gather(event)
    assert log.flush()
    filed = rows(database, "kind, study_id is not null, patient_id is not null, details")
    assert sorted(filed) == [
        ("denied", False, False, {"study_uid": "1.9"}),
        ("queried", False, True, {}),
        ("retrieved", True, True, {}),
    ]


def test_reads_of_one_actor_and_study_are_one_row_in_a_quarter_of_an_hour(
    database: Database, log: EventLog, clock: Clock
) -> None:
    for minutes in (0, 5, 13):
        clock.now = NOON + timedelta(minutes=minutes)
        log.gather(opened(count=10))
        log.gather(opened("user:bob"))
        assert log.flush()
    clock.now = NOON + timedelta(minutes=14)
    log.gather(opened())
    assert log.flush()
    assert sorted(rows(database)) == [
        ("retrieved", "user:ann", 1),
        ("retrieved", "user:ann", 30),
        ("retrieved", "user:bob", 3),
    ]


def test_what_differs_in_more_than_the_count_is_told_apart(database: Database, log: EventLog) -> None:
    for right in ("delete", "delete", "export"):
        log.gather(Event(EventKind.DENIED, "user:ann", outcome=Outcome.DENIED, details={"right": right}))
    assert log.flush()
    assert sorted(rows(database, "details ->> 'right', count")) == [("delete", 2), ("export", 1)]


def test_a_flush_without_news_asks_nothing_of_the_database(database: Database, log: EventLog) -> None:
    log.gather(opened())
    assert log.flush()
    database.close()
    assert log.flush()


def test_events_of_many_threads_are_all_counted(database: Database, log: EventLog) -> None:
    def work() -> None:
        for number in range(200):
            log.gather(opened())
            if number % 50 == 0:
                log.flush()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.flush()
    assert rows(database) == [("retrieved", "user:ann", 1200)]


def test_events_that_cannot_be_written_are_kept_and_written_once_it_works(database: Database, log: EventLog) -> None:
    log.gather(opened())
    assert log.flush()
    log.gather(opened())
    log.gather(opened("user:bob"))
    with database.connection() as connection:
        connection.execute("alter table event rename to event_away")
    assert not log.flush()
    assert not log.flush()
    log.gather(opened("user:bob"))
    with database.connection() as connection:
        connection.execute("alter table event_away rename to event")
    assert log.flush()
    assert sorted(rows(database)) == [("retrieved", "user:ann", 2), ("retrieved", "user:bob", 2)]


def test_a_row_that_is_gone_is_written_anew(database: Database, log: EventLog) -> None:
    log.gather(opened())
    assert log.flush()
    with database.connection() as connection:
        connection.execute("delete from event")
    log.gather(opened(count=4))
    assert log.flush()
    assert rows(database) == [("retrieved", "user:ann", 4)]


def test_beyond_the_bound_events_are_told_by_actor_alone_and_counted(
    database: Database, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEPT_APART", 3)
    for number in range(10):
        log.gather(Event(EventKind.QUERY, "user:ann", study_uid=f"1.{number}"))
    assert log.flush()
    assert sorted(rows(database)) == [("events-merged", "user:ann", 7), *[("queried", "user:ann", 1)] * 3]


def test_months_have_partitions(database: Database, log: EventLog) -> None:
    for _ in range(2):
        log.make_partitions(date(2026, 11, 30))
    with database.connection() as connection:
        found = connection.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'event'::regclass order by 1"
        ).fetchall()
        log.record(connection, opened())
    assert [name for (name,) in found] == ["event_2026_11", "event_2026_12", "event_2027_01", "event_beyond"]


def test_a_month_whose_events_came_before_its_partition_is_still_kept(database: Database, log: EventLog) -> None:
    log.gather(opened())
    assert log.flush()
    log.make_partitions(NOON.date())
    assert rows(database) == [("retrieved", "user:ann", 1)]
    with database.connection() as connection:
        assert connection.execute("select count(*) from event_2026_03").fetchone() == (1,)
    log.gather(opened())
    assert log.flush()
    assert rows(database) == [("retrieved", "user:ann", 2)]
