"""A process that is killed at each step of a store: what was answered is there, what was not is whole or absent."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from archive_process import Process
from filmless.archive.check import Totals, check
from filmless.archive.model import Stored
from filmless.database.connect import Database
from filmless.database.index.check import IndexCheck
from objects import series

STEPS = {
    "before the bytes are written": ("packs", "append", "before"),
    "after the bytes are synced": ("packs", "append", "after"),
    "before the rows are recorded": ("index", "record", "before"),
    "after the rows are recorded": ("index", "record", "after"),
    "before the pack is sealed": ("packs", "seal", "before"),
    "after the pack is sealed": ("packs", "seal", "after"),
}


def kill_at(owner: object, method: str, moment: str, count: int) -> None:
    """Kill this process at the given call of a method."""
    real: Callable[..., object] = getattr(owner, method)
    calls = []

    def call(*arguments: object) -> object:
        calls.append(method)
        if moment == "before" and len(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, method, call)


def store_until_killed(dsn: str, root: Path, images: list[Dataset], step: str, answers: int) -> None:
    """The child: stores one after the other and writes a byte to the pipe for each answer."""
    owner, method, moment = STEPS[step]
    process = Process(Database(dsn), root)
    kill_at(getattr(process, owner), method, moment, 1 if method == "seal" else 4)
    for image in images:
        if isinstance(process.store(image), Stored):
            os.write(answers, b".")
    process.close()


@pytest.mark.parametrize("step", STEPS)
def test_what_was_answered_is_there_after_a_kill(database_dsn: str, tmp_path: Path, step: str) -> None:
    images = series(6)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            store_until_killed(database_dsn, tmp_path / "packs", images, step, write)
        finally:
            os._exit(1)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answered = len(pipe.read())
    _, status = os.waitpid(child, 0)

    database = Database(database_dsn)
    process = Process(database, tmp_path / "packs")
    process.recover()
    kept = process.rows("select count(*), (select coalesce(sum(instance_count), 0) from series) from instance")
    found = list(check(process.packs, IndexCheck(database), Totals()))
    process.close()
    database.close()

    assert os.WTERMSIG(status) == signal.SIGKILL
    ((rows, count),) = kept
    assert answered <= rows <= answered + 1
    assert count == rows
    assert found == []
