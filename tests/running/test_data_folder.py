"""The lock of a data folder: who may serve, who waits, who reaches the database through whom."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from filmless.app import data_folder
from filmless.app.data_folder import FolderError, Holder, Lock, lock_for_serving, reached_database
from filmless.database.cluster.cluster import Cluster
from serving import run_command

pytestmark = pytest.mark.slow


def test_a_folder_is_served_once(tmp_path: Path) -> None:
    lock = lock_for_serving(tmp_path)
    with pytest.raises(FolderError, match=f"process {os.getpid()}"):
        lock_for_serving(tmp_path)
    lock.release()
    lock_for_serving(tmp_path).release()


def test_a_server_waits_for_a_command_that_works_on_the_folder(tmp_path: Path) -> None:
    command = Lock(tmp_path)
    assert command.take()
    command.say(Holder.COMMAND)
    served: list[Lock] = []
    server = threading.Thread(target=lambda: served.append(lock_for_serving(tmp_path)))
    server.start()
    assert served == []
    command.release()
    server.join(10)
    served.pop().release()


def test_a_server_waits_for_the_processes_of_a_killed_one(tmp_path: Path) -> None:
    """A fork of the killed server still holds the lock; it ends when it notices."""
    program = (
        "import os, sys, time; from pathlib import Path; from filmless.app.data_folder import lock_for_serving\n"
        "lock = lock_for_serving(Path(sys.argv[1])); read, write = os.pipe()\n"
        "if os.fork() == 0: os.close(write); os.read(read, 1); time.sleep(0.3); os._exit(0)\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        server.kill()
        server.wait()
        assert not Lock(tmp_path).take()
        lock_for_serving(tmp_path).release()


def test_a_command_starts_the_database_and_stops_it(tmp_path: Path) -> None:
    with reached_database(tmp_path, "", may_begin=True) as reached:
        assert not reached.is_served
        with psycopg.connect(reached.dsn) as connection:
            assert connection.execute("select count(*) from study").fetchone() == (0,)
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()
    assert Lock(tmp_path).take()


@pytest.mark.parametrize("command", ["check", "ae list", "coercion list", "view remove X", "commitments", "echo X"])
def test_a_mistyped_folder_is_no_archive_and_stays_as_it_is(tmp_path: Path, command: str) -> None:
    mistyped = tmp_path / "mistyped"
    outcome = run_command(*command.split(), "--data", mistyped)
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert outcome.stderr == f"There is no archive in {mistyped}; filmless serve makes one.\n"
    assert not mistyped.exists()


@pytest.mark.parametrize("command", ["serve", "user add a --role radiologist --password-stdin", "import ."])
def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    outcome = run_command(*command.split(), "--data", tmp_path / "file" / "data", text="correct horse battery\n")
    assert outcome.returncode == 2
    assert outcome.stderr == f"The data folder {tmp_path}/file/data cannot be used: not a directory.\n"


def test_a_command_uses_the_database_of_a_running_server(tmp_path: Path) -> None:
    lock = lock_for_serving(tmp_path)
    cluster = Cluster(tmp_path)
    dsn = cluster.start()
    lock.say(Holder.SERVING)
    try:
        with reached_database(tmp_path, "") as reached:
            assert (reached.dsn, reached.is_served) == (dsn, True)
        assert cluster.process_id is not None
    finally:
        cluster.stop()
        lock.release()


def test_a_command_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_folder, "WAIT_SECONDS", 0.1)
    lock = lock_for_serving(tmp_path)
    with pytest.raises(FolderError, match="does not answer"), reached_database(tmp_path, ""):
        pass
    lock.release()
