"""What was made for one request and may serve the next: bounded by bytes, and made once for all who ask at once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from functools import partial


@dataclass(slots=True)
class _Making:
    """What is being made, and how many wait for it."""

    future: asyncio.Future[bytes]
    waiting: int = 0


class Made:
    """Remembers at most ``most`` bytes; belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Hashable, bytes] = OrderedDict()
        self._bytes = 0
        self._making: dict[Hashable, _Making] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """What has this key; who asks while it is made waits for it, and is told the same if that fails.

        The making of what nobody waits for any more is cancelled.
        """
        held = self._held.get(key)
        if held is not None:
            self._held.move_to_end(key)
            return held
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = _Making(asyncio.ensure_future(self._make(key, make)))
            making.future.add_done_callback(partial(self._made, key, making))
        making.waiting += 1
        try:
            return await asyncio.shield(making.future)
        finally:
            making.waiting -= 1
            if not making.waiting and not making.future.done():
                self._forget(key, making)  # who asks now must not wait for what is being cancelled
                making.future.cancel()

    def _forget(self, key: Hashable, making: "_Making") -> None:
        if self._making.get(key) is making:
            del self._making[key]

    def _made(self, key: Hashable, making: "_Making", done: "asyncio.Future[bytes]") -> None:
        self._forget(key, making)
        if not done.cancelled():
            done.exception()  # whoever still waits is told; that nobody does is no fault

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        made = await make()
        if len(made) <= self._most // 4:  # one alone must not drive all others out
            self._held[key] = made
            self._bytes += len(made)
            while self._bytes > self._most:
                _, oldest = self._held.popitem(last=False)
                self._bytes -= len(oldest)
        return made
