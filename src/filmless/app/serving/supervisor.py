"""The one light process that starts the database, binds the sockets and keeps the processes alive."""

import contextlib
import gc
import os
import select
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from filmless.app.data_folder import Holder, Lock
from filmless.database.cluster.cluster import Cluster
from filmless.database.cluster.programs import ClusterError

STOP_SECONDS = 20.0  # associations finish or are aborted within this
KILL_SECONDS = STOP_SECONDS + 2.0
CALM_SECONDS = 5.0  # a process that lived shorter than this is started again only after a pause
PAUSE_SECONDS = 1.0

log = structlog.get_logger()


class Work(Protocol):
    """What a process does; returns when it was told to stop by SIGTERM or by the end of ``life``."""

    def __call__(self, number: int, *, life: int, after_crash: bool) -> None: ...


@dataclass(slots=True)
class _Child:
    process_id: int
    started: float  # monotonic seconds


class Supervisor:
    """Forks the server processes and starts again what dies, the database included, until a signal ends all.

    It holds no thread and no connection, so that a fork copies nothing but memory.
    """

    def __init__(self, lock: Lock, cluster: Cluster | None, sockets: list[socket.socket]) -> None:
        self._lock = lock
        self._cluster = cluster
        self._sockets = sockets
        self._children: dict[int, _Child] = {}
        self._works: Sequence[Work] = ()
        self._due: dict[int, float] = {}  # process number to the moment when it is started again
        # Children watch the read end: the write end closes with this process, however it ends.
        self._life, self._life_kept = os.pipe()
        self._signals = _SignalPipe()

    @property
    def is_told_to_stop(self) -> bool:
        """Whether SIGTERM or SIGINT has come."""
        return self._signals.is_told_to_stop

    def run(self, works: Sequence[Work]) -> None:
        """Listen, start a process for each work and return when all have ended after a signal."""
        self._works = works
        for listening in self._sockets:
            listening.listen(512)
        gc.collect()
        gc.freeze()  # what exists now stays shared between the processes
        for number in range(len(works)):
            self._fork(number, after_crash=False)
        self._lock.say(Holder.SERVING)
        while not self.is_told_to_stop:
            self._signals.wait(PAUSE_SECONDS if self._due else None)
            if not self.is_told_to_stop:
                self._revive()
                if self._signals.take_hangup():
                    self._send(signal.SIGHUP)
        self._stop()

    def _fork(self, number: int, *, after_crash: bool) -> None:
        process_id = os.fork()
        if process_id:
            self._children[number] = _Child(process_id, time.monotonic())
            return
        code = 1
        try:
            self._signals.give_up()
            os.close(self._life_kept)
            self._works[number](number, life=self._life, after_crash=after_crash)
            code = 0
        except BaseException:  # the outermost frame of a process: logged, then its exit code tells
            log.exception("process_failed", number=number)
        finally:
            os._exit(code)

    def _revive(self) -> None:
        if self._cluster is not None and self._cluster.has_ended():
            self._restart_database(self._cluster)
        now = time.monotonic()
        for number, child in list(self._children.items()):
            status = _ended(child.process_id)
            if status is not None:
                log.error("process_ended", number=number, status=status)
                del self._children[number]
                self._due[number] = now if now - child.started > CALM_SECONDS else now + PAUSE_SECONDS
        for number, moment in list(self._due.items()):
            if moment <= now:
                del self._due[number]
                self._fork(number, after_crash=True)

    def _restart_database(self, cluster: Cluster) -> None:
        log.error("database_ended")
        try:
            cluster.start()
            log.info("database_started")
        except ClusterError as error:
            log.error("database_not_started", reason=str(error))
            self._signals.wait(PAUSE_SECONDS)

    def _stop(self) -> None:
        """Listeners first, then associations and requests, then the database."""
        log.info("stopping")
        self._lock.say(Holder.STOPPING)
        for listening in self._sockets:
            listening.close()
        self._send(signal.SIGTERM)
        end = time.monotonic() + KILL_SECONDS
        while self._children and time.monotonic() < end:
            self._forget_ended()
            self._signals.wait(0.1)
        self._send(signal.SIGKILL)
        for child in self._children.values():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child.process_id, 0)

    def _send(self, number: signal.Signals) -> None:
        for child in self._children.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.process_id, number)

    def _forget_ended(self) -> None:
        self._children = {n: child for n, child in self._children.items() if _ended(child.process_id) is None}


class _SignalPipe:
    """Signals as bytes in a pipe, so that one ``select`` waits for them and for time."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        self.is_told_to_stop = False
        self._was_hung_up = False
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        # Whoever started us at a terminal and closes it wants us to end; to a service it says: read your files again.
        signal.signal(signal.SIGHUP, self._stop if os.isatty(0) else self._hang_up)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _stop(self, *_: object) -> None:
        self.is_told_to_stop = True

    def _hang_up(self, *_: object) -> None:
        self._was_hung_up = True

    def take_hangup(self) -> bool:
        """Whether SIGHUP has come since the last question."""
        was_hung_up, self._was_hung_up = self._was_hung_up, False
        return was_hung_up

    def wait(self, seconds: float | None) -> None:
        """Wait for a signal, or for the time to pass."""
        if self.is_told_to_stop and seconds is None:
            return
        ready, _, _ = select.select([self._read], [], [], seconds)
        if ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._read, 4096)

    def give_up(self) -> None:
        """In a child: signals are its own again."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until it knows what to read again
        os.close(self._read)
        os.close(self._write)


def _ended(process_id: int) -> int | None:
    """Wait status of a child that has ended, None while it runs."""
    try:
        found, status = os.waitpid(process_id, os.WNOHANG)
    except ChildProcessError:
        return 0
    return status if found else None
