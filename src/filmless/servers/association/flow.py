"""Back-pressure of one connection: why reading is stopped, and whether the peer reads what we write."""

import asyncio
from enum import Enum


class Cause(Enum):
    """Why a connection is not read."""

    DATA_SET = "a data set waits for the disk"
    TURN = "a request waits for the answer to the one before"
    WRITING = "the peer does not read our answers"


class Flow:
    """Stops and starts reading; any cause stops it, the last one to go starts it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.unread_since: float | None = None  # loop time; the peer has not read our answers since
        self._transport = transport
        self._causes: set[Cause] = set()
        self._writable: asyncio.Future[None] | None = None
        self.resumed_at = 0.0  # loop time

    @property
    def is_stopped(self) -> bool:
        """Whether reading is stopped."""
        return bool(self._causes)

    def stop(self, cause: Cause) -> None:
        """Stop reading."""
        if not self._causes and not self._transport.is_closing():
            self._transport.pause_reading()
        self._causes.add(cause)

    def go(self, *causes: Cause) -> None:
        """These causes are gone."""
        if not self._causes:
            return
        self._causes.difference_update(causes)
        if not self._causes and not self._transport.is_closing():
            self.resumed_at = asyncio.get_running_loop().time()
            self._transport.resume_reading()

    def stop_writing(self) -> None:
        """The peer is slow to read: take nothing more from it that would ask for answers."""
        self.unread_since = asyncio.get_running_loop().time()
        self.stop(Cause.WRITING)

    def go_on_writing(self) -> None:
        """The peer has read, or is gone."""
        self.unread_since = None
        self.go(Cause.WRITING)
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    async def writable(self) -> None:
        """Wait until the peer has read enough."""
        if self.unread_since is not None:
            self._writable = asyncio.get_running_loop().create_future()
            await self._writable
