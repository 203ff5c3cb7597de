"""A small pool of single-task codec children: a hostile object costs one request, its own.

Each child has one pipe to it and one from it, nothing else inherited. One thread of the pool owns one child: it has
it forked for the first request, gives it one request at a time, kills it at the time limit, and ends it when it has
been idle. This process imports no pixel library and decodes nothing.
"""

import contextlib
import os
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from filmless.pixels.codec_nursery import Nursery
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import ANSWER, MAX_ANSWER_BYTES, Buffer, Request, read_failure


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take (SECURITY: hostile codecs)."""

    memory: int = 1 << 30  # bytes of address space of a child
    seconds: float = 30  # of one request in its child
    idle_seconds: float = 60  # after which an unused child ends
    waiting: int = 256  # requests in the queue


BEFORE_PATIENT = 4  # requests that somebody looks at a screen for, before one of those that can wait


class CodecPool:
    """``submit`` requests; each comes back as bytes or as CannotRender."""

    def __init__(self, size: int = 2, limits: Limits | None = None) -> None:
        self._size = size
        self._limits = limits or Limits()
        self._nursery = Nursery(self._limits.memory, int(self._limits.seconds) + 5)
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Request, Future[bytes]]] = deque()
        self._patient: deque[tuple[Request, Future[bytes]]] = deque()
        self._in_a_row = 0  # requests begun while patient ones waited
        self._threads: set[threading.Thread] = set()
        self._children: dict[threading.Thread, _Child] = {}
        self._idle = 0
        self._closed = False

    def warm(self) -> None:
        """Prepare for the first request without waiting, so that it need not wait either."""
        self._nursery.start()

    def submit(self, request: Request, *, patient: bool = False) -> Future[bytes]:
        """Queue a request; a cancelled one is skipped, one beyond the queue's bound fails at once as busy.

        A patient one lets others go before it, though not all of them.
        """
        future: Future[bytes] = Future()
        with self._changed:
            count = len(self._waiting) + len(self._patient)
            if self._closed or count >= self._limits.waiting:
                future.set_exception(CannotRender(Reason.BUSY, "too many requests wait"))
                return future
            (self._patient if patient else self._waiting).append((request, future))
            if self._idle <= count and len(self._threads) < self._size:
                thread = threading.Thread(target=self._work, name="codec", daemon=True)
                self._threads.add(thread)
                thread.start()
            self._changed.notify()
        return future

    def children(self) -> list[int]:
        """Process ids of the living children."""
        with self._changed:
            return [child.pid for child in self._children.values()]

    def close(self) -> None:
        """Fail what waits, kill the children and wait for the threads."""
        with self._changed:
            self._closed = True
            waiting, threads = [*self._waiting, *self._patient], list(self._threads)
            self._waiting.clear()
            self._patient.clear()
            for child in self._children.values():
                child.kill()
            self._changed.notify_all()
        for _, future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_exception(CannotRender(Reason.BUSY, "the pool closes"))
        for thread in threads:
            thread.join()
        self._nursery.close()

    def _work(self) -> None:
        thread = threading.current_thread()
        while (job := self._next(thread)) is not None:
            request, future = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                answer = self._ask(thread, request)
            except Exception as error:  # noqa: BLE001 - also what reading the archive raised: it belongs to who asked
                future.set_exception(error)
            else:
                future.set_result(answer)
            del job, request, future
        self._end_child(thread)

    def _next(self, thread: threading.Thread) -> tuple[Request, "Future[bytes]"] | None:
        """Wait for a job; None ends the thread, which by then is no longer counted."""
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._waiting or self._patient or self._closed, self._limits.idle_seconds)
            self._idle -= 1
            if self._waiting or self._patient:
                return self._first()
            self._threads.discard(thread)
            return None

    def _first(self) -> tuple[Request, "Future[bytes]"]:
        if self._patient and (not self._waiting or self._in_a_row >= BEFORE_PATIENT):
            self._in_a_row = 0
            return self._patient.popleft()
        self._in_a_row = self._in_a_row + 1 if self._patient else 0
        return self._waiting.popleft()

    def _ask(self, thread: threading.Thread, request: Request) -> bytes:
        message = request()
        with self._changed:
            if self._closed:
                raise CannotRender(Reason.BUSY, "the pool closes")
            child = self._children.get(thread)
        if child is None:
            child = self._born(thread)
        try:
            return child.ask(message, time.monotonic() + self._limits.seconds)
        except _LostError as gone:
            exit_code = self._end_child(thread)
            raise CannotRender(gone.reason, _last_word(exit_code) if gone.reason is Reason.CRASHED else "") from gone
        except _CutError as cut:  # what the child has of the question cannot be taken back
            self._end_child(thread)
            raise cut.why from None

    def _born(self, thread: threading.Thread) -> "_Child":
        try:
            child = _Child(self._nursery)
        except OSError as error:
            raise CannotRender(Reason.BUSY, "no codec process can be started") from error
        with self._changed:
            if not self._closed:
                self._children[thread] = child
                return child
        child.end()
        raise CannotRender(Reason.BUSY, "the pool closes")

    def _end_child(self, thread: threading.Thread) -> int:
        with self._changed:
            child = self._children.pop(thread, None)  # from here on nobody else kills what may be gone
        return 0 if child is None else child.end()


class _LostError(Exception):
    """The child cannot be used any more."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class _CutError(Exception):
    """The question could not be made to its end."""

    def __init__(self, why: Exception) -> None:
        super().__init__(why)
        self.why = why


def _made(message: Iterable[Buffer]) -> Iterator[Buffer]:
    """A message that is made while it is sent."""
    parts = iter(message)
    while True:
        try:
            part = next(parts)
        except StopIteration:
            return
        except Exception as why:
            raise _CutError(why) from why
        yield part


class _Child:
    """One codec process and its two pipe ends."""

    def __init__(self, nursery: Nursery) -> None:
        self._nursery = nursery
        self._newborn = nursery.child()

    @property
    def pid(self) -> int:
        """Its process id; no other process comes to it before ``end``."""
        return self._newborn.pid

    def ask(self, message: Iterable[Buffer], deadline: float) -> bytes:
        """Send one message and wait for its answer; raises CannotRender; _LostError or _CutError: the child is lost."""
        try:
            for part in _made(message):
                self._write(memoryview(part).cast("B"), deadline)
            failed, length = ANSWER.unpack(self._read(ANSWER.size, deadline))
            if length > MAX_ANSWER_BYTES:
                raise _LostError(Reason.CRASHED)
            payload = self._read(length, deadline)
        except OSError as error:
            raise _LostError(Reason.CRASHED) from error
        if failed:
            raise read_failure(payload)
        return payload

    def kill(self) -> None:
        """End the process now, whatever it does; the thread that owns it sees its pipe close."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def end(self) -> int:
        """Close the pipes, and see the process dead and reaped: its exit code."""
        return self._nursery.end(self._newborn)

    def _write(self, part: memoryview, deadline: float) -> None:
        while part:
            self._wait(self._newborn.question, select.POLLOUT, deadline)
            with contextlib.suppress(BlockingIOError):
                part = part[os.write(self._newborn.question, part) :]

    def _read(self, length: int, deadline: float) -> bytes:
        pieces = bytearray()
        while len(pieces) < length:
            self._wait(self._newborn.answer, select.POLLIN, deadline)
            piece = os.read(self._newborn.answer, length - len(pieces))
            if not piece:
                raise _LostError(Reason.CRASHED)
            pieces += piece
        return bytes(pieces)

    def _wait(self, end: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(end, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise _LostError(Reason.TIME)


def _last_word(exit_code: int) -> str:
    return signal.Signals(-exit_code).name if exit_code < 0 else f"exit {exit_code}"
