"""One request of a peer while it is served: its command, its data set as it arrives, and its answers."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from filmless.access.peers import Peer
from filmless.access.scope import Principal
from filmless.archive.model import Margins, Source
from filmless.servers.association.calls import Calls
from filmless.servers.association.flow import Cause
from filmless.servers.association.line import AssociationEnded, Line
from filmless.servers.association.policy import MEMORY_LIMIT, ROOM, Collaborators
from filmless.servers.memory import BLOCK, first_block
from filmless.standards.dimse.commands import Command, write_response
from filmless.standards.upper_layer.association import AgreedContext

T = TypeVar("T")

FreeCalls = Callable[[], Calls | None]  # None where the association is over, or the peer asks something itself
Sequel = Callable[[FreeCalls], Coroutine[Any, Any, None]]

_NOTHING = memoryview(b"")
_NO_NUMBERS: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Requestor:
    """Who is on the other side, as agreed."""

    principal: Principal
    source: Source
    called_ae: str
    peer: Peer | None  # None: not registered
    extended: Mapping[str, bytes] = field(default_factory=dict)  # agreed application information, by SOP class
    takes: tuple[AgreedContext, ...] = ()  # contexts in which it is an SCP (PS3.7 D.3.3.4)
    rights: frozenset[str] = frozenset()  # operations it may call, by the registry and the title it called


class Operation:
    """A request in progress. The connection feeds it, a service takes from it and answers."""

    def __init__(
        self,
        context: AgreedContext,
        command: Command,
        requestor: Requestor,
        collaborators: Collaborators,
        line: Line,
        head: bytes = b"",
    ) -> None:
        self.context = context
        self.command = command
        self.requestor = requestor
        self.collaborators = collaborators
        self.calls = Calls(line)
        self.has_ended = not command.has_data_set  # nothing more of the data set will come
        self.head = head  # of the file that the data set is to be; it gathers with room around
        self.sequel: Sequel | None = None  # runs beside further requests when this one is answered
        self.margins: Margins | None = None  # of what was taken last, where there is a head
        self._is_cancelled = False
        self.status: int | None = None  # of the latest answer
        self.comment = ""  # beside it
        self._line = line
        self._region: bytearray | None = None  # where the data set gathers
        self._start = 0  # of the data set in it
        self._view = _NOTHING  # of all of it
        self._held = 0  # bytes that wait to be taken
        self._mark = MEMORY_LIMIT
        self._is_discarding = False
        self._is_lost = False
        self._waiter: asyncio.Future[None] | None = None
        self._stop = asyncio.Event()

    @property
    def holds_data(self) -> bool:
        """Whether something of the data set waits to be taken."""
        return self._held > 0

    # For the connection

    def feed(self, fragment: memoryview | bytes, *, is_last: bool) -> None:
        """Take a piece of the data set; reading pauses when more is held than the service asked for."""
        if not self._is_discarding:
            if self._region is None:
                self._region = self.collaborators.memory.take()
                self._start = self._begin_of_data_set(self._region)
                self._view = memoryview(self._region)[self._start :]
            end = self._held + len(fragment)
            if end > len(self._view):
                self._line.abort("more came than was read")
                return
            self._view[self._held : end] = fragment
            self._held = end
        if is_last:
            self.has_ended = True
            self._wake()
        elif self._held >= self._mark:
            self._line.flow.stop(Cause.DATA_SET)
            self._wake()

    def cancel(self) -> None:
        """The peer wants no further answers."""
        self._is_cancelled = True
        self._stop.set()

    def lose(self) -> None:
        """The association is over."""
        self._is_lost = True
        self._stop.set()
        self.calls.lose()
        self._wake()

    # For the service

    def is_cancelled(self) -> bool:
        """Whether the peer wants no further answers (C-CANCEL), or is gone."""
        return self._is_cancelled or self._is_lost

    async def stopped(self) -> None:
        """Wait until the peer wants no further answers, or is gone."""
        await self._stop.wait()

    async def take(self, up_to: int = MEMORY_LIMIT) -> memoryview:
        """The data set to its end, or the next ``up_to`` bytes of it and somewhat more.

        ``has_ended`` tells which. Raises ``AssociationEnded``.
        """
        self._mark = up_to
        while not self.has_ended and self._held < up_to:
            await self._wait()
        if self._is_lost:
            raise AssociationEnded
        taken = self._view[: self._held]
        if self.head and self._region is not None:
            base = first_block(self._region)
            start = self._start - base
            self.margins = Margins(memoryview(self._region)[base:], start, start + self._held)
        self._let_go()
        self._line.flow.go(Cause.DATA_SET)
        return taken

    async def discard(self) -> None:
        """Let the rest of the data set pass: an answer is read only after it (PS3.7 9.3)."""
        self._is_discarding = True
        self._let_go()
        self._line.flow.go(Cause.DATA_SET)
        while not self.has_ended and not self._is_lost:
            await self._wait()

    def answer(
        self,
        status: int,
        comment: str = "",
        data_set: bytes | None = None,
        numbers: Mapping[int, int] = _NO_NUMBERS,
    ) -> None:
        """Send a response; the last one must not be pending. Without effect when the association is over.

        ``numbers`` are further elements of the command, as counts of sub-operations.
        """
        if self._is_lost:
            return
        command = write_response(self.command, status, comment, numbers, has_data_set=data_set is not None)
        self._line.send(self.context.context_id, command, data_set)
        self.status, self.comment = status, comment

    async def answer_each(self, status: int, data_sets: Sequence[bytes]) -> None:
        """Send a pending response for each data set, all in one write; wait until the peer has read enough of them.

        Raises ``AssociationEnded``.
        """
        if data_sets and not self._is_lost:
            command = write_response(self.command, status, has_data_set=True)
            self._line.send_each(self.context.context_id, command, data_sets)
            self.status, self.comment = status, ""
        await self._line.flow.writable()
        if self._is_lost:
            raise AssociationEnded

    def abort(self, reason: str) -> None:
        """End the association."""
        self._line.abort(reason)

    async def in_executor(self, call: Callable[..., T], *arguments: object) -> T:
        """Run a call that blocks."""
        return await asyncio.get_running_loop().run_in_executor(self.collaborators.executor, call, *arguments)

    def _begin_of_data_set(self, region: bytearray) -> int:
        return first_block(region) + ROOM + len(self.head) % BLOCK if self.head else 0

    def _let_go(self) -> None:
        """Gather what follows elsewhere; this memory is used again when nobody looks at it any more."""
        if self._region is not None:
            self.collaborators.memory.give(self._region)
        self._region, self._view, self._held = None, _NOTHING, 0

    async def _wait(self) -> None:
        if self._is_lost:
            raise AssociationEnded
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
