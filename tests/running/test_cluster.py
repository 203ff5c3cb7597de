"""The private PostgreSQL server: made once, started again after every kind of end."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from filmless.archive.errors import Unavailable
from filmless.database.cluster import durability
from filmless.database.cluster.cluster import Cluster, running_dsn
from filmless.database.cluster.programs import ClusterError
from filmless.database.connect import Database
from filmless.database.migrate import Migration, MigrationError, migrate, shipped

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_cluster_is_durable_and_open_to_nobody_else(folder: Path) -> None:
    folder.mkdir()
    cluster = Cluster(folder)
    dsn = cluster.start()
    assert durability.check(dsn) == []
    with psycopg.connect(dsn) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert connection.execute("select current_setting(%s)", (name,)).fetchone() == ("on",), name
        assert connection.execute("select current_setting('listen_addresses')").fetchone() == ("",)
        assert connection.execute("select datcollate from pg_database where datname = 'filmless'").fetchone() == ("C",)
    cluster.stop()


def test_a_cluster_keeps_its_rows_over_a_stop_and_tells_others_where_it_runs(folder: Path) -> None:
    folder.mkdir()
    cluster = Cluster(folder)
    with psycopg.connect(cluster.start()) as connection:
        connection.execute("create table kept (n integer)")
    cluster.stop()
    assert running_dsn(folder) is None
    again = Cluster(folder)
    again.start()
    try:
        dsn = running_dsn(folder)
        assert dsn is not None
        with psycopg.connect(dsn) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (0,)
    finally:
        again.stop()


def test_a_cluster_starts_again_after_its_supervisor_was_killed(folder: Path) -> None:
    folder.mkdir()
    program = (
        "import sys, time; from pathlib import Path; from filmless.database.cluster.cluster import Cluster;"
        "Cluster(Path(sys.argv[1])).start(); print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"ready\n"
        supervisor.kill()
    cluster = Cluster(folder)
    cluster.start()
    cluster.stop()


def test_a_stale_pid_file_with_the_number_of_another_program_is_no_hindrance(folder: Path) -> None:
    folder.mkdir()
    cluster = Cluster(folder)
    cluster.start()
    cluster.stop()
    (cluster.folder / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.folder}\n0\n5432\n\n\n0 0\nready\n")
    cluster.start()
    cluster.stop()


def test_a_cluster_of_another_version_is_refused_with_a_sentence(folder: Path) -> None:
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ClusterError, match="was made by PostgreSQL 9"):
        Cluster(folder).start()


def test_a_pool_finds_a_restarted_server_again(folder: Path) -> None:
    folder.mkdir()
    cluster = Cluster(folder)
    database = Database(cluster.start())
    try:
        with database.connection() as connection:
            connection.execute("select 1")
        cluster.stop()
        cluster.start()
        # The socket's folder is another one after a clean stop; a crash keeps it.
        assert cluster.process_id is not None
        database.close()
        database = Database(running_dsn(folder) or "")
        os.kill(cluster.process_id, signal.SIGKILL)
        cluster.stop()
        cluster.start()
        with closing(Database(running_dsn(folder) or "")) as again, again.connection() as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    finally:
        database.close()
        cluster.stop()


def test_a_statement_that_takes_too_long_is_cut_off(cluster_dsn: str) -> None:
    database = Database(cluster_dsn, statement_seconds=1)
    with pytest.raises(Unavailable, match="too long"), database.connection() as connection:
        connection.execute("select pg_sleep(5)")
    database.close()


def test_migrations_are_applied_once(database_dsn: str) -> None:
    assert migrate(database_dsn) == 0
    step = Migration(9000, "more", "create table more (n integer)")
    assert migrate(database_dsn, [*shipped(), step]) == 1
    assert migrate(database_dsn, [*shipped(), step]) == 0


def test_a_migration_that_fails_leaves_nothing(database_dsn: str) -> None:
    bad = Migration(9000, "bad", "create table half (n integer); select 1/0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(database_dsn, [*shipped(), bad])
    with psycopg.connect(database_dsn) as connection:
        assert connection.execute("select to_regclass('half')").fetchone() == (None,)


def test_a_database_of_a_newer_program_is_refused(database_dsn: str) -> None:
    migrate(database_dsn, [*shipped(), Migration(9000, "later", "select 1")])
    with pytest.raises(MigrationError, match="newer Filmless"):
        migrate(database_dsn)


def test_a_changed_migration_is_refused(database_dsn: str) -> None:
    first, *rest = shipped()
    with pytest.raises(MigrationError, match="not the one"):
        migrate(database_dsn, [Migration(first.number, first.name, first.sql + " "), *rest])


def test_settings_that_break_durability_are_told(cluster_dsn: str) -> None:
    assert durability.check(cluster_dsn) == [
        "PostgreSQL runs with fsync = off: what was confirmed can be lost when the machine stops."
    ]
