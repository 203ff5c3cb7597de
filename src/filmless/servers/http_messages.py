"""One HTTP request and its answer as our doors see them, over ASGI."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson

from filmless.access.scope import Principal
from filmless.archive.model import Chunk
from filmless.archive.scope import Scope

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON = "application/json"
MAX_BODY = 16 << 20  # bytes of a JSON body
MAX_DEPTH = 64  # brackets open at once in a JSON body
MAX_FIELDS = 1000  # of a query string


DIRECT_BODY = "filmless.direct_body"  # the ASGI extension by which a large body is read past the messages
DIRECT_ANSWER = "filmless.direct_answer"  # the one by which parts of files are sent without being read


class BodyReader(Protocol):
    """Gives the body of a request in pieces of the size that is wanted."""

    async def fill(self, view: memoryview, /) -> int:
        """Fill ``view`` with the next bytes; fewer than it holds only where the body ends; ``Disconnected``."""

    def close(self) -> None:
        """Nobody wants the rest."""


class AnswerWriter(Protocol):
    """Sends the body of an answer, of which what has been sent as messages is the beginning."""

    async def send(self, chunk: Chunk, /) -> None:
        """Send bytes, or the part of a file; return early when the client is gone."""

    def close(self) -> None:
        """All was sent, or nobody wants the rest."""


class Disconnected(Exception):
    """The client went away in mid-request; there is nobody to answer."""


@dataclass(eq=False)
class BrokenOff(Exception):
    """Of an answer that has begun, an instance cannot be sent to its end."""

    study_uid: str
    instance_uid: str
    reason: str  # without patient data


@dataclass(eq=False)
class Problem(Exception):
    """What is answered instead of what was asked for (RFC 9457)."""

    status: int
    detail: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    id: str = ""  # where every answer of a kind must be the same; else each has its own


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body; a streamed body has a ``length`` where it is known in advance."""

    status: int = 200
    body: bytes | AsyncGenerator[Chunk] = b""  # spans of files only where the request has a direct answer
    media_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    length: int | None = None  # bytes


def json_answer(value: object, status: int = 200, *, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
    """An answer of JSON."""
    return Answer(status, orjson.dumps(value), JSON, headers)


def problem_answer(problem: Problem) -> Answer:
    """A problem as it is sent: with an id that the log has too, and nothing of what is inside the house."""
    body = {"type": "about:blank", "title": HTTPStatus(problem.status).phrase, "status": problem.status}
    if problem.detail:
        body["detail"] = problem.detail
    return Answer(
        problem.status,
        orjson.dumps({**body, "id": problem.id or uuid.uuid4().hex}),
        "application/problem+json",
        problem.headers,
    )


@dataclass(slots=True)
class Request:
    """One request; ``principal`` and ``access`` are set by the gate before a handler sees it."""

    method: str
    path: str  # as decoded, for people only: routes see the decoded segments
    address: str  # of the peer
    secure: bool  # came by HTTPS
    origin: str  # scheme and address that were connected to
    headers: dict[bytes, bytes]  # names in lower case; of repeated ones the values joined by ", "
    query_string: bytes
    receive: Receive
    direct_body: Callable[[], BodyReader | None] | None = None
    direct_answer: Callable[[asyncio.Future[None]], AnswerWriter] | None = (
        None  # given what is done when the client is gone
    )
    parameters: dict[str, str] = field(default_factory=dict)  # of the path
    principal: Principal | None = None
    session: str = ""  # the secret of the cookie, when that is how the principal is known
    access: Scope | None = None

    def header(self, name: bytes) -> str:
        """A header's value, "" when it was not sent."""
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def scope(self) -> Scope:
        """What may be reached; only behind the gate."""
        if self.access is None:
            raise RuntimeError("no scope: this route is public")
        return self.access

    def query(self) -> list[tuple[str, str]]:
        """Names and values of the query string in order; ``Problem`` 400 when it cannot be read."""
        try:
            fields = parse_qsl(
                self.query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
            )
        except UnicodeDecodeError:
            raise Problem(400, "A query parameter is not UTF-8.") from None
        except ValueError:
            raise Problem(400, "Too many query parameters.") from None
        if any("\0" in text for pair in fields for text in pair):
            raise Problem(400, "A query parameter contains a NUL character.")
        return fields

    @property
    def body_length(self) -> int | None:
        """Bytes of the body, None when the head does not say."""
        text = self.header(b"content-length")
        return int(text[:20]) if text.isascii() and text.isdecimal() else None

    @property
    def is_json(self) -> bool:
        """Whether the body says that it is JSON."""
        return self.header(b"content-type").partition(";")[0].strip().lower() == JSON

    def body(self) -> BodyReader:
        """The body, to be read into memory of one's own."""
        return (self.direct_body and self.direct_body()) or _MessageBody(self.chunks())

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives."""
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body"):
                return

    async def json(self) -> Any:
        """The body as JSON of at most 16 MiB and depth 64; ``Problem`` when it is not."""
        if not self.is_json:
            raise Problem(415, "The body must be application/json.")
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
            if len(body) > MAX_BODY:
                raise Problem(413, "The body is larger than 16 MiB.")
        if _depth(body) > MAX_DEPTH:
            raise Problem(400, "The body is nested deeper than 64 levels.")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Problem(400, "The body is not JSON.") from None

    async def json_fields(self, *names: str) -> list[str]:
        """The named text members of a JSON object; ``Problem`` 400 when one is missing or not text."""
        value = await self.json()
        found = [value.get(name) for name in names] if isinstance(value, dict) else []
        texts = [text for text in found if isinstance(text, str)]
        if len(texts) != len(names):
            raise Problem(400, f"The body must be an object with the text members {', '.join(names)}.")
        return texts


@dataclass(slots=True)
class _MessageBody:
    """Reads from ASGI messages: small bodies, and those whose length is not known."""

    chunks: AsyncIterator[bytes]
    held: memoryview = field(default_factory=lambda: memoryview(b""))

    async def fill(self, view: memoryview) -> int:
        filled = 0
        while filled < len(view):
            if not self.held:
                self.held = memoryview(await anext(self.chunks, b""))
                if not self.held:
                    break
            count = min(len(self.held), len(view) - filled)
            view[filled : filled + count] = self.held[:count]
            self.held = self.held[count:]
            filled += count
        return filled

    def close(self) -> None:
        """What is left is uvicorn's to drop."""


def _depth(body: bytearray) -> int:
    """Brackets open at once, those inside strings included: an upper bound, found without recursion."""
    deepest = depth = 0
    for byte in body.translate(None, _NOT_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > MAX_DEPTH:
            break
    return deepest


_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def read_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Header fields by name (RFC 9110 5.2); uvicorn gives names in lower case."""
    headers: dict[bytes, bytes] = {}
    for name, value in pairs:
        held = headers.get(name)
        headers[name] = value if held is None else held + (b"; " if name == b"cookie" else b", ") + value
    return headers
