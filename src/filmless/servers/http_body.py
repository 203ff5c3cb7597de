"""The body of a large request, read from the socket straight into the memory where it is wanted."""

import asyncio
from typing import Protocol

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from filmless.servers.http_messages import Disconnected

_SCRATCH = 64 << 10  # bytes read at once of what nobody wants


class HttpConnection(Protocol):
    """What is needed of the HTTP protocol whose place is taken meanwhile."""

    transport: asyncio.Transport
    flow: FlowControl
    cycle: RequestResponseCycle

    def count_body(self, count: int) -> None:
        """Bytes of the body have come."""

    def end_direct_body(self) -> None:
        """The body has come whole."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""


class DirectBody(asyncio.BufferedProtocol):
    """Stands in for the HTTP protocol from the first ``fill`` to the end of a body whose length is known.

    Through the HTTP parser and ASGI each byte of a body is copied four times more, and each 64 KiB wake a task.
    """

    def __init__(self, http: HttpConnection, length: int) -> None:
        """Begin with what ``http`` has read already; ``length`` bytes are still in the socket."""
        self._http = http
        self._cycle = http.cycle  # the request's own: a later one may follow on the connection
        self._held = memoryview(bytes(http.cycle.body))
        http.cycle.body = bytearray()
        self._length = length  # bytes that have not been read yet
        self._view: memoryview | None = None
        self._filled = 0
        self._waiter: asyncio.Future[None] | None = None
        self._is_standing_in = False

    async def fill(self, view: memoryview) -> int:
        """Fill ``view`` with the next bytes; fewer than it holds only where the body ends; ``Disconnected``."""
        filled = min(len(self._held), len(view))
        view[:filled] = self._held[:filled]
        self._held = self._held[filled:]
        wanted = min(len(view), filled + self._length)
        if filled < wanted:
            await self._read(view[filled:wanted])
        return wanted

    def close(self) -> None:
        """Nobody wants the rest: what still comes is dropped, and the connection ends with the answer."""
        if self._length:
            self._cycle.keep_alive = False
            self._stand_in()
            self._http.flow.resume_reading()

    async def _read(self, view: memoryview) -> None:
        if self._cycle.disconnected:
            raise Disconnected
        if self._cycle.waiting_for_100_continue:
            self._cycle.waiting_for_100_continue = False
            self._http.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._view, self._filled = view, 0
        self._waiter = asyncio.get_running_loop().create_future()
        self._stand_in()
        self._http.flow.resume_reading()
        try:
            await self._waiter
        finally:
            self._view = self._waiter = None
            self._http.flow.pause_reading()
        if not self._length:
            self._http.end_direct_body()

    def _stand_in(self) -> None:
        if not self._is_standing_in:
            self._is_standing_in = True
            self._http.flow.pause_reading()  # no loop likes another kind of protocol in the middle of a read
            self._http.transport.set_protocol(self)

    # What the transport calls

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  what is wanted is known
        """Where to read to."""
        if self._view is None:
            return memoryview(bytearray(_SCRATCH))
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came; whoever waits is woken when all that it wants is there."""
        self._http.count_body(nbytes)
        self._length -= nbytes
        if self._view is None:
            return
        self._filled += nbytes
        if self._filled == len(self._view):
            self._http.flow.pause_reading()
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._http.connection_lost(exc)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Disconnected())

    def pause_writing(self) -> None:
        """The client does not read."""
        self._http.flow.pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._http.flow.resume_writing()
