"""A small pool of single-task codec children: a hostile object costs one request, its own.

Each child is a fresh interpreter with one pipe to it and one from it, nothing else inherited. One thread of the
pool owns one child: it starts it for the first request, gives it one request at a time, kills it at the time
limit, and ends it when it has been idle. This process imports no pixel library and decodes nothing.
"""

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import ANSWER, MAX_ANSWER_BYTES, Buffer, Request, read_failure

PIPE_BYTES = 1 << 20  # of buffer in the kernel: a CT slice goes over in one write
PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR", "SYSTEMROOT")
"""The environment that a child sees; database addresses and secrets stay out."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take (SECURITY: hostile codecs)."""

    memory: int = 1 << 30  # bytes of address space of a child
    seconds: float = 30  # of one request in its child
    idle_seconds: float = 60  # after which an unused child ends
    waiting: int = 256  # requests in the queue


class CodecPool:
    """``submit`` requests; each comes back as bytes or as CannotRender."""

    def __init__(self, size: int = 2, limits: Limits | None = None) -> None:
        self._size = size
        self._limits = limits or Limits()
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Request, Future[bytes]]] = deque()
        self._threads: set[threading.Thread] = set()
        self._children: dict[threading.Thread, _Child] = {}
        self._idle = 0
        self._closed = False

    def submit(self, request: Request) -> Future[bytes]:
        """Queue a request; a cancelled one is skipped, one beyond the queue's bound fails at once as busy."""
        future: Future[bytes] = Future()
        with self._changed:
            if self._closed or len(self._waiting) >= self._limits.waiting:
                future.set_exception(CannotRender(Reason.BUSY, "too many requests wait"))
                return future
            self._waiting.append((request, future))
            if self._idle < len(self._waiting) and len(self._threads) < self._size:
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
            waiting, threads = list(self._waiting), list(self._threads)
            self._waiting.clear()
            for child in self._children.values():
                child.kill()
            self._changed.notify_all()
        for _, future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_exception(CannotRender(Reason.BUSY, "the pool closes"))
        for thread in threads:
            thread.join()

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
            self._changed.wait_for(lambda: self._waiting or self._closed, self._limits.idle_seconds)
            self._idle -= 1
            if self._waiting:
                return self._waiting.popleft()
            self._threads.discard(thread)
            return None

    def _ask(self, thread: threading.Thread, request: Request) -> bytes:
        message = request()
        with self._changed:
            if self._closed:
                raise CannotRender(Reason.BUSY, "the pool closes")
            child = self._children.get(thread)
            if child is None:
                child = self._children[thread] = _Child(self._limits)
        try:
            return child.ask(message, time.monotonic() + self._limits.seconds)
        except _LostError as gone:
            self._end_child(thread)
            raise CannotRender(gone.reason, gone.detail) from gone
        except _CutError as cut:  # what the child has of the question cannot be taken back
            self._end_child(thread)
            raise cut.why from None

    def _end_child(self, thread: threading.Thread) -> None:
        with self._changed:
            child = self._children.pop(thread, None)
        if child is not None:
            child.end()


class _LostError(Exception):
    """The child cannot be used any more."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


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

    def __init__(self, limits: Limits) -> None:
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        numbers = (os.getpid(), limits.memory, int(limits.seconds) + 5)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "filmless.pixels.codec_child", *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            bufsize=0,
            close_fds=True,
            start_new_session=True,  # a Ctrl-C at the terminal is the supervisor's to handle
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a child without pipes")
        self.pid = self._process.pid
        self._question = self._process.stdin.fileno()
        self._answer = self._process.stdout.fileno()
        for end in (self._question, self._answer):
            os.set_blocking(end, False)
        with contextlib.suppress(OSError, AttributeError):  # beyond the user's pipe quota, or not Linux
            fcntl.fcntl(self._question, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def ask(self, message: Iterable[Buffer], deadline: float) -> bytes:
        """Send one message and wait for its answer; raises CannotRender; _LostError or _CutError: the child is lost."""
        try:
            for part in _made(message):
                self._write(memoryview(part).cast("B"), deadline)
            failed, length = ANSWER.unpack(self._read(ANSWER.size, deadline))
            if length > MAX_ANSWER_BYTES:
                raise _LostError(Reason.CRASHED, "answer too long")
            payload = self._read(length, deadline)
        except OSError as error:
            raise _LostError(Reason.CRASHED, self._last_word()) from error
        if failed:
            raise read_failure(payload)
        return payload

    def kill(self) -> None:
        """End the process now, whatever it does."""
        self._process.kill()

    def end(self) -> None:
        """Close the pipes, and see the process dead and reaped."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def _write(self, part: memoryview, deadline: float) -> None:
        while part:
            self._wait(self._question, select.POLLOUT, deadline)
            with contextlib.suppress(BlockingIOError):
                part = part[os.write(self._question, part) :]

    def _read(self, length: int, deadline: float) -> bytes:
        pieces = bytearray()
        while len(pieces) < length:
            self._wait(self._answer, select.POLLIN, deadline)
            piece = os.read(self._answer, length - len(pieces))
            if not piece:
                raise _LostError(Reason.CRASHED, self._last_word())
            pieces += piece
        return bytes(pieces)

    def _wait(self, end: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(end, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise _LostError(Reason.TIME, "")

    def _last_word(self) -> str:
        """How the process ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(1)
            return signal.Signals(-code).name if code < 0 else f"exit {code}"
        return "pipe closed"
