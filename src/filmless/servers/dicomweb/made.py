"""What was made for one request and may serve the next: bounded by bytes, and made once for all who ask at once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable


class Made:
    """Remembers at most ``most`` bytes; belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Hashable, bytes] = OrderedDict()
        self._bytes = 0
        self._making: dict[Hashable, asyncio.Future[bytes]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """What has this key; who asks while it is made waits for it, and is told the same if that fails."""
        held = self._held.get(key)
        if held is not None:
            self._held.move_to_end(key)
            return held
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.ensure_future(self._make(key, make))
            making.add_done_callback(lambda done: self._made(key, done))
        return await asyncio.shield(making)

    def _made(self, key: Hashable, done: "asyncio.Future[bytes]") -> None:
        del self._making[key]
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
