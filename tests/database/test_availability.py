"""Notices of arrived studies: for those who are told, once per arrival, kept until taken or given up."""

from pathlib import Path

import pytest

from archive_process import Process
from filmless.access.peers import Peer
from filmless.archive.availability import Notice
from filmless.database.ae_titles import AeTitles
from filmless.database.availability import Availability
from filmless.database.connect import Database
from filmless.database.events import EventLog
from objects import series

pytestmark = pytest.mark.slow

ARRIVE = """
update study set last_received_at = now() - %s * interval '1 second', arrived_in = pg_current_xact_id()"""


def keys(database: Database) -> list[int]:
    with database.connection() as connection:
        rows = connection.execute("select id from availability_notice where is_due order by id").fetchall()
    return [row[0] for row in rows]


def events(database: Database) -> list[tuple[str, int, dict[str, object]]]:
    with database.connection() as connection:
        rows = connection.execute(
            "select outcome, count, details from event where kind = 'availability-told' order by id"
        ).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


def quiet(database: Database, seconds: int) -> None:
    """Have everything arrive, so long ago."""
    with database.connection() as connection:
        connection.execute(ARRIVE, (seconds,))


def the_notice(availability: Availability, key: int) -> Notice:
    found = availability.notice(key)
    assert found is not None
    return found


@pytest.fixture
def availability(database: Database, tmp_path: Path) -> Availability:
    """One study of two instances has arrived."""
    process = Process(database, tmp_path / "packs")
    for image in series(2):
        process.store(image)
    process.close()
    registry = AeTitles(database)
    registry.add(Peer("TOLD", "127.0.0.1", 104, notify_after=60))
    registry.add(Peer("NOT_TOLD", "127.0.0.1", 104))
    return Availability(database, EventLog(database))


def test_what_came_before_a_peer_was_to_be_told_is_not_told(availability: Availability, database: Database) -> None:
    availability.find_due()
    assert keys(database) == []


def test_a_study_is_told_once_when_it_is_quiet(availability: Availability, database: Database) -> None:
    quiet(database, 30)
    availability.find_due()
    assert keys(database) == []
    quiet(database, 61)
    availability.find_due()
    availability.find_due()
    (key,) = keys(database)
    notice = the_notice(availability, key)
    assert (notice.ae, notice.count) == ("TOLD", 2)
    availability.taken(notice)
    assert availability.notice(key) is None
    assert events(database) == [("success", 2, {"destination": "TOLD"})]


def test_a_study_that_is_recorded_late_is_told_all_the_same(availability: Availability, database: Database) -> None:
    late = database.dedicated()
    late.execute(ARRIVE + " where study_uid = (select min(study_uid) from study)", (600,))
    with database.connection() as connection:
        connection.execute(
            "insert into study (study_uid, patient_id, attributes, last_received_at)"
            " select '1.2.77', min(id), '{}', now() - interval '100 seconds' from patient"
        )
    availability.find_due()
    late.commit()
    late.close()
    availability.find_due()
    availability.find_due()
    told = [the_notice(availability, key).study_uid for key in keys(database)]
    assert len(told) == 2
    assert len(set(told)) == 2


def test_what_arrives_while_a_study_is_waited_for_makes_no_second_notice(
    availability: Availability, database: Database
) -> None:
    for seconds in (5, 3, 61):
        quiet(database, seconds)
        availability.find_due()
    assert len(keys(database)) == 1
    quiet(database, 61)
    availability.find_due()
    assert len(keys(database)) == 2


def test_a_notice_that_is_not_taken_is_recorded_when_it_fails_and_when_it_is_given_up(
    availability: Availability, database: Database
) -> None:
    quiet(database, 61)
    availability.find_due()
    (key,) = keys(database)
    availability.failed(the_notice(availability, key), "it sleeps", is_last=False)
    availability.failed(the_notice(availability, key), "it sleeps", is_last=False)
    availability.failed(the_notice(availability, key), "it sleeps", is_last=True)
    assert keys(database) == []
    error = {"destination": "TOLD", "error": "it sleeps"}
    assert events(database) == [("failure", 2, error), ("failure", 2, {**error, "given_up": True})]


def test_a_peer_that_is_forgotten_is_told_nothing_more(availability: Availability, database: Database) -> None:
    quiet(database, 61)
    availability.find_due()
    AeTitles(database).remove("TOLD")
    assert keys(database) == []
