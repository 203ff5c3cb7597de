"""Pages are told what changes while they are open: one listener in each process, an event stream for each page.

A page is told UIDs alone, of studies that its scope reaches; what they are now it asks for as it did before.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import orjson
import structlog

from filmless.access.credentials import digest
from filmless.access.roles import Right
from filmless.archive.errors import Unavailable
from filmless.archive.events import Event, EventKind
from filmless.archive.scope import Scope
from filmless.servers.gate import Gate, Record
from filmless.servers.http_messages import Answer, Problem, Request
from filmless.servers.routes import Route

EVENT_STREAM = "text/event-stream"
PACE = 0.5  # seconds in which changes are gathered before pages are told
HEARTBEAT = 15.0  # seconds; so often it is looked, too, whether who listens still may
RETRY = 2.0  # seconds until a lost database is asked again
MOST_CLIENTS = 500  # of a process
MOST_WAITING = 1000  # studies that wait for one page; beyond them it asks for its list anew
_MAX_SECONDS = 1 << 36  # of a moment; the year 4147

log = structlog.get_logger()


class Seen(Protocol):
    """A study that changed, as a scope reaches it."""

    @property
    def study_uid(self) -> str: ...
    @property
    def is_shown(self) -> bool: ...
    @property
    def is_new(self) -> bool: ...


class Source(Protocol):
    """Where changes are told of; all but ``follow`` blocks."""

    def follow(self) -> AsyncGenerator[str]:
        """Give "" when listening has begun, then each notice as it comes; ``Unavailable`` when it is lost."""

    def look(self, scope: Scope, study_uids: Sequence[str], /) -> tuple[datetime, Sequence[Seen]]:
        """Which of these studies are reached, as of the moment that is given with them."""

    def since(self, scope: Scope, moment: datetime | None, limit: int, /) -> tuple[datetime, Sequence[Seen] | None]:
        """What changed since, or a little longer; None when that is more than ``limit``."""


@dataclass(eq=False, slots=True)
class _Client:
    """A page that listens, and what it has not been told yet: bounded, and each study once."""

    scope: Scope
    session: str  # digest of its secret, as notices have it
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    moment: datetime | None = None
    waiting: dict[str, str] = field(default_factory=dict)  # UID to "new", "changed" or "gone"
    lost: bool = False  # something that it was not told
    ended: bool = False

    def tell(self, moment: datetime, found: Sequence[tuple[str, str]]) -> None:
        """Have it hear of these."""
        self.moment = moment
        for uid, what in found:
            self.waiting[uid] = "new" if what == "changed" and self.waiting.get(uid) == "new" else what
        if len(self.waiting) > MOST_WAITING:
            self.lose()
        if found:
            self.wake.set()

    def lose(self) -> None:
        """Have it ask anew."""
        self.waiting.clear()
        self.lost = True
        self.wake.set()

    def end(self) -> None:
        """Have its stream end."""
        self.ended = True
        self.wake.set()

    def take(self) -> bytes:
        """What waits, as one message."""
        self.wake.clear()
        told: dict[str, list[str]] = {"new": [], "changed": [], "gone": []}
        for uid, what in self.waiting.items():
            told[what].append(uid)
        event, data = ("lost", {}) if self.lost else ("studies", told)
        self.waiting, self.lost = {}, False
        mark = f"id: {int(self.moment.timestamp())}\n" if self.moment else ""
        return f"event: {event}\n{mark}data: {orjson.dumps(data).decode()}\n\n".encode()


class ChangePages:
    """Answers ``GET /api/changes``, and listens for what is told there; belongs to one event loop."""

    def __init__(self, source: Source, gate: Gate, record: Record, executor: Executor) -> None:
        self._source, self._gate, self._record, self._executor = source, gate, record, executor
        self._clients: set[_Client] = set()
        self._noted: dict[str, bool] = {}  # UID to whether the study is new
        self._delivery: asyncio.Task[None] | None = None
        self._is_closed = False

    def routes(self) -> Sequence[Route]:
        """The one row."""
        summary = "What changes among the studies you may see, as it happens (server-sent events)"
        return (Route("GET", "/api/changes", Right.FIND, self.stream, summary, ("since",), gives=(EVENT_STREAM,)),)

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with aclosing(self._source.follow()) as notices:
                    async for notice in notices:
                        self._hear(notice)
            except Unavailable as fault:
                log.warning("changes_not_heard", reason=str(fault))
            await asyncio.sleep(RETRY)

    def close(self) -> None:
        """End every stream at once; pages come back to the next process."""
        self._is_closed = True
        for client in self._clients:
            client.end()

    async def stream(self, request: Request) -> Answer:
        """Tell one page of changes; ``since``, or Last-Event-ID, is the last moment that it heard of."""
        since = _since(dict(request.query()).get("since") or request.header(b"last-event-id"))
        if self._is_closed or len(self._clients) >= MOST_CLIENTS:
            raise Problem(503, "Too many pages listen here. Try again later.", ((b"retry-after", b"30"),))
        details = {"followed": "changes"}
        scope = request.scope
        self._record.gather(Event(EventKind.QUERY, scope.actor, scope.address, details=details))
        return Answer(200, self._told(request, since), EVENT_STREAM, ((b"x-accel-buffering", b"no"),))

    async def _told(self, request: Request, since: datetime | None) -> AsyncGenerator[bytes]:
        client = _Client(request.scope, digest(request.session).hex() if request.session else "")
        client.ended = self._is_closed
        self._clients.add(client)  # before looking back, so that nothing falls between
        try:
            await self._look_back(client, since)
            yield f"retry: {int(RETRY * 1000)}\n\n".encode() + client.take()
            while not client.ended:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        await client.wake.wait()
                except TimeoutError:
                    if not await self._gate.still_knows(request):
                        return
                    yield b": nothing new\n\n"
                    continue
                if not client.ended:
                    yield client.take()
        finally:
            self._clients.discard(client)

    async def _look_back(self, client: _Client, since: datetime | None) -> None:
        loop = asyncio.get_running_loop()
        moment, found = await loop.run_in_executor(
            self._executor, self._source.since, client.scope, since, MOST_WAITING
        )
        client.tell(moment, [(seen.study_uid, _what(seen, is_new=seen.is_new)) for seen in found or ()])
        if found is None:
            client.lose()

    def _hear(self, notice: str) -> None:
        what, _, name = notice.partition(" ")
        if what == "session":
            for client in self._clients:
                if client.session == name:
                    client.end()
        elif not notice:  # listening began: what was told before, nobody heard
            for client in self._clients:
                client.lose()
        elif self._clients:
            self._noted[name] = self._noted.get(name, False) or what == "new"
            if self._delivery is None:
                self._delivery = asyncio.get_running_loop().create_task(self._deliver())

    async def _deliver(self) -> None:
        """Tell every page what was gathered in a moment; those of one reach are looked up once."""
        await asyncio.sleep(PACE)
        noted, self._noted, self._delivery = self._noted, {}, None
        alike: dict[object, list[_Client]] = {}
        for client in self._clients:
            scope = client.scope
            alike.setdefault((scope.everything, scope.study_uids, scope.patient_keys, scope.view), []).append(client)
        for clients in alike.values():
            await self._deliver_to(clients, noted)

    async def _deliver_to(self, clients: Sequence[_Client], noted: dict[str, bool]) -> None:
        loop = asyncio.get_running_loop()
        try:
            if len(noted) > MOST_WAITING:
                raise Unavailable("too much changed at once")
            moment, found = await loop.run_in_executor(self._executor, self._source.look, clients[0].scope, list(noted))
        except (Unavailable, RuntimeError):  # RuntimeError: the executor is shut down, so are we
            for client in clients:
                client.lose()
            return
        told = [(seen.study_uid, _what(seen, is_new=noted[seen.study_uid])) for seen in found]
        for client in clients:
            client.tell(moment, told)


def _what(seen: Seen, *, is_new: bool) -> str:
    return "gone" if not seen.is_shown else "new" if is_new else "changed"


def _since(text: str) -> datetime | None:
    """Read a mark as streams give it: seconds since 1970."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text[:12]) >= _MAX_SECONDS:
        raise Problem(400, "since is the id of an event that was sent here.")
    return datetime.fromtimestamp(int(text[:12]), UTC)
