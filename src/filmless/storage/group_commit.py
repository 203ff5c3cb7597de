"""Group commit: one thread takes all that waits, makes it durable with one sync and one transaction, and answers."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from filmless.archive.errors import NoSpace

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")
Result = TypeVar("Result")

MAX_WAITING = 256 << 20  # bytes of items that wait or are being committed
MAX_GROUP = 1000  # items of one group
LINGER = 0.004  # seconds after the last item in which as many are waited for as came together before


class GroupCommitter(Generic[Item, Prepared, Result]):
    """Calls ``commit`` with groups, always from the same thread; as many results as items, in their order.

    ``prepare`` is called for each item as it comes, while others of its group may still arrive. Senders that wait
    for their answers come back together: a group waits for as many as there were in the one before, since a sync
    and a transaction cost as much for one as for many.
    ``tend`` is called from that thread too, between groups, after each ``tend_soon``.
    """

    def __init__(
        self,
        prepare: Callable[[Item], Prepared],
        commit: Callable[[Sequence[Prepared]], Sequence[Result]],
        tend: Callable[[], None] = lambda: None,
        *,
        max_waiting: int = MAX_WAITING,
        max_group: int = MAX_GROUP,
        linger: float = LINGER,
    ) -> None:
        self._prepare, self._commit, self._tend = prepare, commit, tend
        self._max_waiting, self._max_group, self._linger = max_waiting, max_group, linger
        self._expected = 1  # items that are likely to come together
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
        while self._is_anything_due():
            if self._tending_due:
                self._tending_due = False
                self._tend()
            self._serve()

    def _is_anything_due(self) -> bool:
        """Wait until something is to be done; False when the committer ends."""
        with self._changed:
            while not (self._waiting or self._closing or self._tending_due):
                self._changed.wait()
            return bool(self._waiting) or not self._closing

    def _serve(self) -> None:
        """Gather a group, commit it, answer."""
        group: list[tuple[Prepared, Future[Result]]] = []
        size = 0
        while (taken := self._next(len(group))) is not None:
            item, item_size, future = taken
            size += item_size
            if future.set_running_or_notify_cancel():
                try:
                    group.append((self._prepare(item), future))
                except Exception as error:  # noqa: BLE001  whoever waits must be answered, and the next served
                    future.set_exception(error)
        if group:
            self._answer(group)
        with self._changed:
            self._waiting_bytes -= size
            self._expected = len(group) + len(self._waiting)

    def _answer(self, group: Sequence[tuple[Prepared, Future[Result]]]) -> None:
        try:
            results = self._commit([prepared for prepared, _ in group])
        except Exception as error:  # noqa: BLE001  whoever waits must be answered, and the next group served
            for _, future in group:
                future.set_exception(error)
        else:
            for (_, future), result in zip(group, results, strict=True):
                future.set_result(result)

    def _next(self, gathered: int) -> tuple[Item, int, "Future[Result]"] | None:
        """The next item of a group that has so many; None when it is to be committed as it is."""
        with self._changed:
            if not self._waiting and 0 < gathered < self._expected:
                until = time.monotonic() + self._linger
                while not (self._waiting or self._closing) and (left := until - time.monotonic()) > 0:
                    self._changed.wait(left)
            return self._waiting.popleft() if self._waiting and gathered < self._max_group else None
