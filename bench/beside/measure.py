"""CPU seconds and memory of a tree of processes, read from /proc."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

TICKS = os.sysconf("SC_CLK_TCK")


def _status(pid: str) -> list[str]:
    text = Path("/proc", pid, "stat").read_text()
    return text[text.rindex(")") + 2 :].split()


def tree(root: int) -> set[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in filter(str.isdigit, (path.name for path in Path("/proc").iterdir())):
        try:
            children.setdefault(int(_status(entry)[1]), []).append(int(entry))
        except OSError:
            continue
    found, waiting = set(), [root]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system seconds, ended children included."""
    total = 0
    for pid in pids:
        try:
            total += sum(map(int, _status(str(pid))[11:15]))
        except OSError:
            continue
    return total / TICKS


def memory(pids: Iterable[int]) -> int:
    """Proportional set size in bytes: pages that processes share count once."""
    total = 0
    for pid in pids:
        try:
            text = Path("/proc", str(pid), "smaps_rollup").read_text()
            total += int(text.split("\nPss:")[1].split()[0]) * 1024
        except (OSError, IndexError):
            continue
    return total


class Meter:
    """What a server's processes used while the block ran: ``cpu`` seconds and ``growth`` of memory in bytes."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.cpu = 0.0
        self.growth = 0
        self._done = threading.Event()

    def __enter__(self) -> "Meter":
        pids = tree(self.pid)
        self._cpu, self._idle = cpu_seconds(pids), memory(pids)
        self._watch = threading.Thread(target=self._sample, daemon=True)
        self._watch.start()
        return self

    def _sample(self) -> None:
        while not self._done.wait(0.1):
            self.growth = max(self.growth, memory(tree(self.pid)) - self._idle)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._watch.join()
        self.cpu = cpu_seconds(tree(self.pid)) - self._cpu
