"""A supervisor whose processes only say that they live; run by the tests as a program."""

import os
import select
import signal
import socket
import sys
from pathlib import Path

from filmless.app import logs
from filmless.app.data_folder import lock_for_serving
from filmless.app.serving.supervisor import Supervisor


def work(number: int, *, life: int, after_crash: bool) -> None:
    """Say who we are, then wait for SIGTERM or the end of the supervisor."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.set_wakeup_fd(write)
    os.write(1, f"{number} {os.getpid()} {'again' if after_crash else 'first'}\n".encode())
    select.select([life, read], [], [])


def main(data: Path) -> None:
    """Serve nothing on a free port with two processes."""
    logs.configure()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    Supervisor(lock_for_serving(data), None, [listening]).run([work, work])
    os.write(1, b"stopped\n")


main(Path(sys.argv[1]))
