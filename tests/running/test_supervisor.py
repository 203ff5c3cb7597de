"""The supervisor: starts again what dies, and leaves nothing behind when it ends, however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("supervised.py")


class Supervised:
    """The program and the lines it writes."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen([sys.executable, PROGRAM, data], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def line(self) -> list[str]:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().split()

    def started(self, count: int) -> dict[str, tuple[int, str]]:
        """Process number to its id and whether it is the first of that number."""
        lines = [self.line() for _ in range(count)]
        return {number: (int(process_id), which) for number, process_id, which in lines}


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    program = Supervised(tmp_path)
    yield program
    program.process.kill()
    program.process.communicate()


def test_a_signal_ends_all_with_success(supervised: Supervised) -> None:
    supervised.started(2)
    supervised.process.send_signal(signal.SIGTERM)
    assert supervised.line() == ["stopped"]
    assert supervised.process.wait(10) == 0


def test_a_process_that_dies_is_started_again(supervised: Supervised) -> None:
    process_id, _ = supervised.started(2)["0"]
    os.kill(process_id, signal.SIGKILL)
    again = supervised.started(1)
    assert again["0"][1] == "again"
    assert again["0"][0] != process_id


def test_processes_end_when_the_supervisor_is_killed(supervised: Supervised) -> None:
    children = [psutil.Process(process_id) for process_id, _ in supervised.started(2).values()]
    supervised.process.kill()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
