"""The body of an answer that lies in files, sent from the page cache to the socket without passing through us."""

import asyncio
import os
import socket
from typing import Protocol

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from filmless.archive.errors import Unavailable
from filmless.archive.model import Chunk, Span

_MOST = 1 << 20  # bytes given to the kernel by one call: so long other connections wait


class HttpConnection(Protocol):
    """What is needed of the HTTP protocol."""

    transport: asyncio.Transport
    flow: FlowControl


class DirectAnswer:
    """Writes to the socket of an HTTP connection past its transport, from the first ``send`` to ``close``.

    The transport goes on reading, so it is still the one who learns that the client is gone.
    """

    def __init__(
        self, http: HttpConnection, cycle: RequestResponseCycle, write_buffer: int, gone: asyncio.Future[None]
    ) -> None:
        """``write_buffer`` bytes may wait in the transport afterwards again; ``gone`` is done when the client is."""
        self._http, self._cycle, self._write_buffer, self._gone = http, cycle, write_buffer, gone
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._waiter: asyncio.Future[None] | None = None
        gone.add_done_callback(self._wake)

    async def send(self, chunk: Chunk) -> None:
        """Send all of it; return early when the client is gone."""
        if self._socket is None and self._http.transport.is_closing():
            await asyncio.wait([self._gone])
            return
        connection = self._socket or await self._take_over()
        while chunk and not self._gone.done():
            left = self._cycle.expected_content_length
            if len(chunk) > left:
                raise RuntimeError("an answer is longer than its head says")
            try:
                count = _write(connection, chunk, is_last=len(chunk) == left)
            except BlockingIOError:
                await self._room(connection)
                continue
            except ConnectionError:
                self._http.transport.abort()  # which tells that it is gone
                await asyncio.wait([self._gone])
                return
            self._cycle.expected_content_length -= count
            chunk = chunk[count:]

    def close(self) -> None:
        """Leave the socket to the transport."""
        self._gone.remove_done_callback(self._wake)
        if self._socket is not None:
            self._socket.close()
            if not self._http.transport.is_closing():
                self._http.transport.set_write_buffer_limits(high=self._write_buffer)

    async def _take_over(self) -> socket.socket:
        transport, flow = self._http.transport, self._http.flow
        transport.set_write_buffer_limits(high=0)  # what waits there goes first
        if flow.write_paused:
            await flow.drain()
        # Loops let nobody else wait for a descriptor of a transport of theirs.
        self._socket = connection = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
        connection.settimeout(0)
        return connection

    async def _room(self, connection: socket.socket) -> None:
        """Wait until the kernel takes more, or the client is gone."""
        self._waiter = self._loop.create_future()
        self._loop.add_writer(connection, self._wake)
        try:
            await self._waiter
        finally:
            self._loop.remove_writer(connection)
            self._waiter = None

    def _wake(self, _: asyncio.Future[None] | None = None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _write(connection: socket.socket, chunk: Chunk, *, is_last: bool) -> int:
    if not isinstance(chunk, Span):
        return connection.send(chunk, 0 if is_last else socket.MSG_MORE)
    count = os.sendfile(connection.fileno(), chunk.file.number, chunk.start, min(len(chunk), _MOST))
    if not count:
        raise Unavailable("a pack ended within a member")
    return count
