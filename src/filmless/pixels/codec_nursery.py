"""Where codec children come from: a process that has done their imports and forks them, in milliseconds.

It never sees an object's bytes, so nothing that an object provokes in a child reaches the next. Questions to it and
its answers are single numbers over one socket; the ends of a child's pipes go with the question for that child.
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from struct import Struct

NUMBER = Struct(">i")
NEW_CHILD = 0  # asks for a child: answered by its process id, which asks for its end: answered by its exit code
PIPE_BYTES = 1 << 20  # of buffer in the kernel: a CT slice goes over in one write
PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR", "SYSTEMROOT")
"""The environment that a child sees; database addresses and secrets stay out."""
START_SECONDS = 60.0  # for the imports, on a machine that is busy


@dataclass(frozen=True, slots=True)
class Newborn:
    """A child and the pool's ends of its pipes."""

    pid: int
    question: int
    answer: int


class Nursery:
    """``child`` after child, each asked for and ended by one thread; raises OSError when none can be had."""

    def __init__(self, memory: int, seconds: int) -> None:
        self._limits = (memory, seconds)
        self._asking = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Begin the imports; nobody waits for them here."""
        with self._asking:
            self._started()

    def child(self) -> Newborn:
        """A new child."""
        question, ours = os.pipe()
        theirs, answer = os.pipe()
        try:
            with self._asking:
                pid = self._asked(NEW_CHILD, [question, answer])
        except OSError:
            for end in (ours, theirs):
                os.close(end)
            raise
        finally:
            for end in (question, answer):
                os.close(end)
        for end in (ours, theirs):
            os.set_blocking(end, False)
            with contextlib.suppress(OSError, AttributeError):  # beyond the user's pipe quota, or not Linux
                fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return Newborn(pid, ours, theirs)

    def end(self, child: Newborn) -> int:
        """Kill a child unless it is dead, and give its exit code, negative for a signal."""
        for end in (child.question, child.answer):
            os.close(end)
        with self._asking, contextlib.suppress(OSError):  # children die with the nursery
            return self._asked(child.pid, [])
        return -signal.SIGKILL

    def close(self) -> None:
        """End it, and with it every child."""
        with self._asking:
            self._stopped()

    def _asked(self, number: int, ends: list[int]) -> int:
        line = self._started() if number == NEW_CHILD else self._socket
        if line is None:
            raise OSError("the nursery is gone")
        try:
            socket.send_fds(line, [NUMBER.pack(number)], ends)
            (answer,) = NUMBER.unpack(_whole(line))
        except OSError:
            self._stopped()
            raise
        return int(answer)

    def _started(self) -> socket.socket:
        if self._socket is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = _process(theirs, self._limits)
            ours.settimeout(START_SECONDS)
            self._socket = ours
        return self._socket

    def _stopped(self) -> None:
        if self._socket is not None and self._process is not None:
            self._socket.close()
            self._process.kill()
            self._process.wait()
        self._socket = self._process = None


def _whole(line: socket.socket) -> bytes:
    answer = line.recv(NUMBER.size, socket.MSG_WAITALL)
    if len(answer) < NUMBER.size:
        raise OSError("the nursery has ended")
    return answer


def _process(line: socket.socket, limits: tuple[int, int]) -> "subprocess.Popen[bytes]":
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "filmless.pixels.codec_child", *map(str, limits)],
        stdin=line.fileno(),
        stdout=subprocess.DEVNULL,  # what a library prints must not stand between answers
        stderr=subprocess.DEVNULL,
        env={**environment, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        close_fds=True,
        start_new_session=True,  # a Ctrl-C at the terminal is the supervisor's to handle
    )
