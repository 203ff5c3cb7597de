"""Codec children: each answers one question after another over its pipes; and the process that they are forked from."""

import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable

from filmless.pixels.codec_nursery import NEW_CHILD, NUMBER
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import Brought, Facts, Form, Member, Question, Task, read_question, write_answer
from filmless.pixels.view import Picture, View

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38  # linux/prctl.h
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h


def confine(memory: int) -> None:
    """Give up what decoding does not need; where the system withholds a measure, the others stand.

    ``memory`` in bytes of address space of each process.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold a patient's pixels
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.unshare(CLONE_NEWNET) != 0:
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def answer(question: Question) -> bytes | CannotRender:
    """A picture, a frame's pixels or a text, or why there are none."""
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
    if task is Task.RASTER:
        from filmless.pixels.codecs.raster import raster  # noqa: PLC0415

        return raster
    if task is Task.COMPRESSED:
        from filmless.pixels.compressed_frame import compressed_frame  # noqa: PLC0415

        return compressed_frame
    from filmless.pixels.picture import picture  # noqa: PLC0415

    return picture


def warm() -> None:
    """Load what the first request would wait for: a picture in each of the common forms."""
    card = Member(Form.CARD, "", "")
    for media_type in (Picture.JPEG, Picture.PNG):
        answer(Question(Facts(Task.PICTURE, (card,), View(media_type)), (Brought(card, b"", ()),)))


def serve(parent: int, pipes: tuple[int, int], seconds: int) -> None:
    """Answer until the pool closes the pipe; ``seconds`` for each question even if nobody is left to kill us."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        return
    with os.fdopen(pipes[0], "rb") as questions, os.fdopen(pipes[1], "wb") as answers:
        while (question := read_question(questions)) is not None:
            signal.alarm(seconds)
            with contextlib.suppress(BrokenPipeError):
                write_answer(answers, answer(question))
            signal.alarm(0)
            del question


def main() -> None:
    """Fork children until the pool closes the socket that is our standard input."""
    memory, seconds = (int(argument) for argument in sys.argv[1:])
    confine(memory)
    warm()
    gc.collect()
    gc.freeze()  # what exists now stays shared between the children
    line = socket.socket(fileno=0)
    while True:
        asked, pipes, _, _ = socket.recv_fds(line, NUMBER.size, 2)
        if not asked:
            return
        (number,) = NUMBER.unpack(asked)
        line.sendall(NUMBER.pack(_born(line, pipes, seconds) if number == NEW_CHILD else _ended(number)))


def _born(line: socket.socket, pipes: list[int], seconds: int) -> int:
    """Fork a child: its process id, to which no other comes before ``_ended`` was asked for it."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            line.close()
            serve(parent, (pipes[0], pipes[1]), seconds)
            code = 0
        finally:
            os._exit(code)
    for end in pipes:
        os.close(end)
    return pid


def _ended(pid: int) -> int:
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main()
