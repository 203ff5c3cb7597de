"""The codec child: one question after another from its standard input, answers to its standard output."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import Question, Task, read_question, write_answer

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38  # linux/prctl.h
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h


def confine(parent: int, memory: int, seconds: int) -> None:
    """Give up what decoding does not need; where the system withholds a measure, the others stand.

    ``memory`` in bytes of address space, ``seconds`` for one request even if nobody is left to kill us.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold a patient's pixels
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.unshare(CLONE_NEWNET) != 0:
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    if os.getppid() != parent:
        sys.exit("the pool has ended before its child began")
    signal.alarm(seconds)


def answer(question: Question) -> bytes | CannotRender:
    """A picture, native pixels or a text, or why there are none."""
    try:
        return _answering(question.facts.task)(question)
    except CannotRender as failure:
        return failure
    except MemoryError:
        return CannotRender(Reason.MEMORY)
    except Exception as error:  # noqa: BLE001 - whatever an object provokes is that object's failure
        return CannotRender(Reason.DAMAGED, type(error).__name__)


def _answering(task: Task) -> Callable[[Question], bytes]:
    """The libraries load inside the limits, and only those that the task needs."""
    if task is Task.TEXT:
        from filmless.pixels.documents.texts import document_text  # noqa: PLC0415

        return document_text
    if task is Task.NATIVE:
        from filmless.pixels.native_frame import native_frame  # noqa: PLC0415

        return native_frame
    from filmless.pixels.picture import picture  # noqa: PLC0415

    return picture


def main() -> None:
    """Serve until the pool closes the pipe."""
    parent, memory, seconds = (int(argument) for argument in sys.argv[1:])
    confine(parent, memory, seconds)
    questions: BinaryIO = os.fdopen(0, "rb")
    answers: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand between answers
    while (question := read_question(questions)) is not None:
        signal.alarm(seconds)
        with contextlib.suppress(BrokenPipeError):
            write_answer(answers, answer(question))
        signal.alarm(0)
        del question


if __name__ == "__main__":
    main()
