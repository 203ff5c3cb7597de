"""The HTTP/1.1 protocol with limits before anything is kept: size, count and time of heads, rate of bodies."""

import asyncio
import sys
from functools import partial
from typing import Any

import httptools
import orjson
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from filmless.servers.http_body import DirectBody
from filmless.servers.http_direct import DirectAnswer
from filmless.servers.http_messages import DIRECT_ANSWER, DIRECT_BODY

MAX_URL = 8 << 10  # bytes
MAX_HEADERS = 100
MAX_HEAD = 16 << 10  # bytes of all header fields
HEAD_SECONDS = 15.0  # from the first byte of a request, or the connection, to the end of its head
BODY_SECONDS = 15.0  # in each such span a body must bring ...
BODY_BYTES = 15 << 10  # ... this many bytes, unless we are the slow side
BODY_BUFFER = 512 << 10  # bytes of a body read ahead of the application
WRITE_BUFFER = 1 << 20  # bytes of an answer that wait for a client before we stop to read more of it
DIRECT_FROM = 64 << 10  # bytes still to come: from here on a body is worth a reader of its own

_URL, _HEADERS, _BAD = 414, 431, 400
_CAN_SEND_FILES = sys.platform == "linux"
_FRAMING = (b"host", b"content-length", b"transfer-encoding")


class BoundedHttp(HttpToolsProtocol):
    """What uvicorn's protocol leaves unbounded, bounded (`http=` of ``uvicorn.Config``)."""

    _timer: asyncio.TimerHandle | None = None
    _answered: RequestResponseCycle | None = None  # the request that is being answered; `cycle` is the latest to come
    _in_head = True
    _head_bytes = 0
    _body_bytes = 0  # in the present span
    _body_left = 0  # bytes of the body still to come, where the head says its length
    _fault = _BAD

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the time of the first head."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WRITE_BUFFER)
        self._watch(HEAD_SECONDS, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock, and tell the request that is being answered: uvicorn tells the latest that came."""
        self._watch(None)
        super().connection_lost(exc)
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Parse; a head that grows beyond its limit without ending is refused here."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_URL + MAX_HEAD and not self.transport.is_closing():
            self._fault = _HEADERS if self.headers else _URL
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """A new head begins; what came before in the same read is no part of it."""
        super().on_message_begin()
        self._in_head, self._head_bytes, self._fault, self._fields = True, 0, _BAD, 0
        self._watch(HEAD_SECONDS, self._head_late)

    def on_url(self, url: bytes) -> None:
        """Refuse a long URL."""
        super().on_url(url)
        self._refuse_if(len(self.url) > MAX_URL, _URL)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Refuse too many or too large header fields."""
        super().on_header(name, value)
        self._fields += len(name) + len(value)
        self._refuse_if(self._fields > MAX_HEAD or len(self.headers) > MAX_HEADERS, _HEADERS)

    def on_headers_complete(self) -> None:
        """Refuse ambiguous framing (RFC 9112 6.3, 3.2), then let the application begin."""
        names = [name for name, _ in self.headers]
        hosts, lengths, codings = (names.count(name) for name in _FRAMING)
        needs_host = self.parser.get_http_version() == "1.1"
        self._refuse_if(hosts > 1 or (needs_host and not hosts) or lengths > 1 or bool(lengths and codings), _BAD)
        self._in_head = False
        self._body_bytes = 0
        self._body_left = int(dict(self.headers)[b"content-length"]) if lengths else 0
        self._watch(BODY_SECONDS, self._body_slow)
        super().on_headers_complete()
        extensions: dict[Any, Any] = {}
        if lengths:
            extensions[DIRECT_BODY] = partial(self._direct_body, self.cycle)
        if self.scheme == "http" and _CAN_SEND_FILES:
            extensions[DIRECT_ANSWER] = partial(DirectAnswer, self, self.cycle, WRITE_BUFFER)
        self.scope["extensions"] = extensions

    def count_body(self, count: int) -> None:
        """Bytes of the body have come."""
        self._body_bytes += count
        self._body_left -= count

    def end_direct_body(self) -> None:
        """A body that passed by the parser has come whole: a new parser takes what follows it."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.transport.set_protocol(self)
        self.on_message_complete()
        self.flow.resume_reading()

    def on_body(self, body: bytes) -> None:
        """Keep what the application has not read yet, in bounds, and count it."""
        self.count_body(len(body))
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > BODY_BUFFER:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The body has come whole: no more hurry."""
        self._watch(None)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's words go to its log only
        """Answer what is no request, as a problem, and close."""
        status = self._fault
        body = orjson.dumps({"type": "about:blank", "title": "The request cannot be read.", "status": status})
        head = (
            b"content-type: application/problem+json\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\n"
            b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        begun = self.cycle is not None  # None until the first request, whatever uvicorn's annotation says
        if not begun or self.cycle.response_complete:
            self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def _direct_body(self, cycle: RequestResponseCycle) -> DirectBody | None:
        """A reader of what is left of a request's body, if that is much."""
        if cycle is not self.cycle or self._body_left < DIRECT_FROM:
            return None
        return DirectBody(self, self._body_left)

    def _refuse_if(self, wrong: bool, status: int) -> None:
        if wrong:
            self._fault = status
            raise httptools.HttpParserError("refused")

    def _watch(self, seconds: float | None, late: Any = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, late)

    def _head_late(self) -> None:
        if self._in_head and not self.transport.is_closing():
            self._fault = 408
            self.send_400_response("")

    def _body_slow(self) -> None:
        if self.transport.is_closing() or self.cycle.response_complete:
            return
        if self._body_bytes < BODY_BYTES and not self.flow.read_paused:
            self.transport.close()
            return
        self._body_bytes = 0
        self._watch(BODY_SECONDS, self._body_slow)
