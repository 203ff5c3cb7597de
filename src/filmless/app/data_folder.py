"""The data folder: its lock, and the database that every command reaches through it, served or not."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psycopg

from filmless.database.cluster.cluster import Cluster, running_dsn
from filmless.database.migrate import migrate
from filmless.settings import SettingsError

WAIT_SECONDS = 60.0  # for another command, or a server that is starting or stopping
ENDING_SECONDS = 20.0  # for the processes of a server that was killed
POLL_SECONDS = 0.02
LOCK_NAME = "lock"  # whatever makes an archive takes it first: a folder without it never was one


class FolderError(Exception):
    """The data folder cannot be used now; the text is a sentence for people."""


class Holder(StrEnum):
    """What the holder of the lock is doing, as it wrote into the lock file."""

    STARTING = "starting"  # `serve`, not yet with a database
    SERVING = "serving"
    STOPPING = "stopping"
    COMMAND = "command"


class Lock:
    """``flock`` on ``DATA/lock``: who has it runs the database of this folder.

    Child processes made by fork keep it too, so that a new server waits for those of a killed one.
    """

    def __init__(self, data: Path) -> None:
        try:
            data.mkdir(mode=0o711, parents=True, exist_ok=True)  # the database's user passes, and reads nothing
            self._file = os.open(data / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            reason = (error.strerror or "it cannot be made").lower()
            raise SettingsError(f"The data folder {data} cannot be used: {reason}.") from None

    def take(self) -> bool:
        """Take the lock if it is free."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def say(self, holder: Holder) -> None:
        """Write what we do, for those who find the lock taken."""
        text = f"{holder} {os.getpid()}\n".encode().ljust(32)
        os.pwrite(self._file, text, 0)

    def holder(self) -> tuple[Holder, int] | None:
        """What the holder does and its process id."""
        words = os.pread(self._file, 32, 0).decode().split()
        try:
            return Holder(words[0]), int(words[1])
        except (IndexError, ValueError):
            return None

    def release(self) -> None:
        """Let go; the lock cannot be used again."""
        os.close(self._file)


def lock_for_serving(data: Path) -> Lock:
    """The lock for all the life of a server; a running server is refused, a command is waited for."""
    lock = Lock(data)
    started = time.monotonic()
    while not lock.take():
        found = lock.holder()
        waited = time.monotonic() - started
        if found is not None and found[0] is not Holder.COMMAND and (_is_alive(found[1]) or waited > ENDING_SECONDS):
            lock.release()
            raise FolderError(f"Another Filmless (process {found[1]}) serves the data folder {data}.")
        if waited > WAIT_SECONDS:
            lock.release()
            raise FolderError(f"Another Filmless command works on the data folder {data} and does not end.")
        time.sleep(POLL_SECONDS)
    lock.say(Holder.STARTING)
    return lock


@dataclass(frozen=True, slots=True)
class Reached:
    """The folder's database, migrated."""

    dsn: str
    is_served: bool  # a server runs on it; otherwise it was started for this command


@contextlib.contextmanager
def reached_database(data: Path, database_url: str, *, may_begin: bool = False) -> Iterator[Reached]:
    """Reach the database through the server that runs on the folder, or start it for the time of a command.

    A folder that never was an archive becomes one if it ``may_begin``; else ``SettingsError`` says that it is none.
    """
    if not may_begin and not (data / LOCK_NAME).exists():
        raise SettingsError(f"There is no archive in {data}; filmless serve makes one.")
    lock = Lock(data)
    try:
        served = _take_or_reach(lock, data, database_url)
        if served is not None:
            yield Reached(served, is_served=True)
            return
        lock.say(Holder.COMMAND)
        cluster = None if database_url else Cluster(data)
        try:
            dsn = cluster.start() if cluster else database_url
            migrate(dsn)
            yield Reached(dsn, is_served=False)
        finally:
            if cluster:
                cluster.stop()
    finally:
        lock.release()


def _take_or_reach(lock: Lock, data: Path, database_url: str) -> str | None:
    """None with the lock taken, or the DSN of the server that holds it."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if lock.take():
            return None
        found = lock.holder()
        if found is not None and found[0] is Holder.SERVING:
            dsn = database_url or running_dsn(data)
            if dsn is not None and _answers(dsn):
                return dsn
        time.sleep(POLL_SECONDS)
    raise FolderError(f"Another Filmless holds the data folder {data} and does not answer.")


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
