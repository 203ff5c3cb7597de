"""Group commit: one thread takes all that waits, makes it durable with one sync and one transaction, and answers."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from filmless.archive.errors import NoSpace

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_WAITING = 256 << 20  # bytes of items that wait or are being committed
MAX_GROUP = 1000  # items of one group


class GroupCommitter(Generic[Item, Result]):
    """Calls ``commit`` with groups, always from the same thread; as many results as items, in their order.

    ``tend`` is called from that thread too, between groups, after each ``tend_soon``.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Sequence[Result]],
        tend: Callable[[], None] = lambda: None,
        *,
        max_waiting: int = MAX_WAITING,
        max_group: int = MAX_GROUP,
    ) -> None:
        self._commit, self._tend, self._max_waiting, self._max_group = commit, tend, max_waiting, max_group
        self._tending_due = False
        self._waiting: deque[tuple[Item, int, Future[Result]]] = deque()
        self._waiting_bytes = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    def submit(self, item: Item, size: int) -> "Future[Result]":
        """Put an item of ``size`` bytes in the queue; ``NoSpace`` when the disk is slower than what comes in."""
        future: Future[Result] = Future()
        with self._changed:
            if self._closing:
                raise NoSpace("the store is being closed")
            if self._waiting_bytes and self._waiting_bytes + size > self._max_waiting:
                raise NoSpace("too much waits for the disk")
            self._waiting_bytes += size
            self._waiting.append((item, size, future))
            self._changed.notify()
        return future

    def tend_soon(self) -> None:
        """Have ``tend`` called before the next group."""
        with self._changed:
            self._tending_due = True
            self._changed.notify()

    def close(self) -> None:
        """Commit what waits, then end; later submissions are refused."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (taken := self._next_group()) is not None:
            if self._tending_due:
                self._tending_due = False
                self._tend()
            if taken:
                self._answer(taken)

    def _answer(self, taken: Sequence[tuple[Item, int, Future[Result]]]) -> None:
        group = [entry for entry in taken if entry[2].set_running_or_notify_cancel()]
        try:
            results = self._commit([item for item, _, _ in group])
        except Exception as error:  # noqa: BLE001  whoever waits must be answered, and the next group served
            for _, _, future in group:
                future.set_exception(error)
        else:
            for (_, _, future), result in zip(group, results, strict=True):
                future.set_result(result)
        with self._changed:
            self._waiting_bytes -= sum(size for _, size, _ in taken)

    def _next_group(self) -> list[tuple[Item, int, Future[Result]]] | None:
        """All that waits, which is nothing when only tending is due; None when the committer ends."""
        with self._changed:
            while not (self._waiting or self._closing or self._tending_due):
                self._changed.wait()
            if self._closing and not self._waiting:
                return None
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._max_group))]
