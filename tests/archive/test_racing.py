"""Senders at once: what is kept does not depend on who is faster."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import psycopg
import pytest

from archive_process import SCOPE, Process
from filmless.archive.check import Fault, Totals, check
from filmless.archive.model import Refusal, Stored, StoredAs
from filmless.archive.ports import Appended, NewMember
from filmless.database.connect import Database
from filmless.database.index.check import IndexCheck
from objects import ct_image, series


@pytest.fixture
def two(process: Process, database: Database, tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    """Two processes on one database and one folder of packs."""
    other = Process(database, tmp_path / "packs")
    yield process, other
    other.close()


def problems(process: Process) -> list[Fault]:
    return [problem.fault for problem in check(process.packs, IndexCheck(process.database), Totals())]


def test_sixteen_senders_of_the_same_instances_leave_each_once(two: tuple[Process, Process]) -> None:
    images = series(100)

    def send(number: int) -> Counter[StoredAs]:
        outcomes = [two[number % 2].submit(image) for image in images]
        return Counter(outcome.result(60).stored_as for outcome in outcomes)

    with ThreadPoolExecutor(16) as senders:
        counted = sum(senders.map(send, range(16)), Counter())

    (rows, count, members), *_ = two[0].rows(
        "select (select count(*) from instance), (select sum(instance_count) from series),"
        " (select sum(members) from pack)"
    )
    assert (rows, count, members) == (100, 100, 100)
    assert counted == {StoredAs.NEW: 100, StoredAs.SAME: 1500}
    assert problems(two[0]) == []


def test_the_loser_of_a_race_is_the_same_or_a_conflict(
    two: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ct_image()
    identity = {
        keyword: getattr(first, keyword) for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    }
    other = ct_image(**identity, StudyDescription="Other")
    both_looked = threading.Barrier(2)
    for process in two:
        _meet_once(process, both_looked, monkeypatch)

    outcomes = [process.submit(image) for process, image in zip(two, (first, other), strict=True)]

    assert sorted(outcome.result(30).stored_as for outcome in outcomes) == [StoredAs.CONFLICT, StoredAs.NEW]
    assert len(two[0].archive.instances(first.StudyInstanceUID, scope=SCOPE)) == 1
    assert len(two[0].archive.conflicts(SCOPE)) == 1
    assert problems(two[0]) == []


def test_ingest_into_one_study_by_two_processes_counts_right(two: tuple[Process, Process]) -> None:
    images = [image for _ in range(4) for image in series(25, StudyInstanceUID="1.2.3.4")]

    futures = [two[number % 2].submit(image) for number, image in enumerate(images)]
    wait(futures, 60)

    counts = two[0].rows("select instance_count from series")
    assert counts == [(25,)] * 4
    assert two[0].rows("select count(*), count(distinct patient_id) from study") == [(1, 1)]
    assert problems(two[0]) == []


def test_two_processes_make_one_patient(two: tuple[Process, Process]) -> None:
    images = [ct_image() for _ in range(20)]

    futures = [two[number % 2].submit(image) for number, image in enumerate(images)]
    wait(futures, 60)

    assert two[0].rows("select count(*) from patient") == [(1,)]


def test_a_restart_of_the_database_loses_nothing(process: Process) -> None:
    images = series(30)
    stop = threading.Event()

    def restart() -> None:
        while not stop.wait(0.02):
            with psycopg.connect(process.database.dsn, autocommit=True) as connection:
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'filmless-ingest'"
                )

    killer = threading.Thread(target=restart)
    killer.start()
    outcomes = [process.store(image) for image in images]
    stop.set()
    killer.join()

    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    assert process.rows("select count(*), (select sum(instance_count) from series) from instance") == [(30, 30)]
    assert problems(process) == []


def test_without_a_database_stores_are_refused_and_the_service_comes_back(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(database, tmp_path / "packs", reconnect_seconds=0.2)
    first, second = series(2)
    dsn = database.dsn
    database.dsn = f"{dsn} port=1"

    assert process.store(first).refusal is Refusal.STORAGE_FAILED

    database.dsn = dsn
    assert isinstance(process.store(first), Stored)
    assert isinstance(process.store(second), Stored)
    process.close()
    process.recover()
    assert problems(process) == []


def test_a_commit_whose_answer_was_lost_is_found_done(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = series(2)
    process.store(first)
    insert = process.index._insert
    lost: list[frozenset[str]] = []

    def lose_the_answer(*arguments: object) -> frozenset[str]:
        done = insert(*arguments)
        if not lost:
            lost.append(done)
            with psycopg.connect(process.database.dsn, autocommit=True) as connection:
                connection.execute("select pg_terminate_backend(%s)", (process.index._connection.info.backend_pid,))
            process.index._connection.execute("select 1")
        return done

    monkeypatch.setattr(process.index, "_insert", lose_the_answer)

    assert process.store(second).stored_as is StoredAs.NEW
    assert len(lost) == 1
    assert process.rows("select instance_count from series") == [(2,)]
    assert problems(process) == []


def _meet_once(process: Process, barrier: threading.Barrier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked before either writes."""
    append = process.packs.append

    def append_after_meeting(members: list[NewMember]) -> Appended:
        monkeypatch.setattr(process.packs, "append", append)
        barrier.wait(30)
        return append(members)

    monkeypatch.setattr(process.packs, "append", append_after_meeting)
