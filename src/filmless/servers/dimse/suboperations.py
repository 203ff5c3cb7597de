"""C-STORE sub-operations over one association: the next objects are read while one is sent (PS3.4 C.4.2.2, C.4.3.2)."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NoReturn, Protocol

from filmless.archive.errors import ArchiveError
from filmless.archive.model import KeptInstance
from filmless.clients.faults import DimseError
from filmless.servers.association.line import Buffer
from filmless.servers.dimse.outgoing import Parts, Preparation, Ready, Unready
from filmless.servers.dimse.retrieve import Retrieval
from filmless.standards.dimse.commands import Command, Element, store_request

MAX_BATCH = 64  # instances made ready by one call
AHEAD = 2 << 20  # bytes made ready by one call, while what the one before made is sent


class Channel(Protocol):
    """An association on which we store."""

    def request(self, context_id: int, elements: dict[int, int | str], data_set: Buffer, *, is_last: bool) -> None:
        """Send a command with its data set or the first part of it."""

    async def go_on(self, context_id: int, part: Buffer, *, is_last: bool) -> None:
        """Send the next part, once the peer has read enough."""

    def break_off(self, reason: str) -> NoReturn:
        """Leave a message unfinished, which ends the association."""

    async def response(self) -> Command:
        """The response to the latest request."""


class Suboperations:
    """Sends from a queue of instances, which several associations may share; what was not sent stays in it."""

    def __init__(
        self,
        retrieval: Retrieval,
        queue: deque[KeptInstance],
        preparation: Preparation,
        originator: tuple[str, int] | None = None,
    ) -> None:
        self._retrieval = retrieval
        self._queue = queue
        self._preparation = preparation
        self._originator = originator
        self._coming: asyncio.Future[list[Ready | Unready]] | None = None
        self._taken: list[KeptInstance] = []  # what is being made ready

    async def run(self, channel: Channel) -> None:
        """Send until the queue is empty or the peer wants no more.

        Raises ``AssociationEnded`` or ``DimseError`` when the channel breaks; the instance on its way has failed then.
        """
        ready: deque[Ready | Unready] = deque()
        self._read_ahead()
        try:
            while self._coming is not None and not self._retrieval.is_cancelled:
                ready.extend(await self._coming)
                self._read_ahead()
                while ready and not self._retrieval.is_cancelled:
                    await self._settle(channel, ready.popleft())
                    self._retrieval.tell()
        finally:
            if self._coming is not None:
                self._coming.cancel()
            self._queue.extendleft(reversed([*(one.kept for one in ready), *self._taken]))

    def _read_ahead(self) -> None:
        self._taken = batch = _batch(self._queue)
        self._coming = asyncio.ensure_future(self._prepare(batch)) if batch else None

    async def _prepare(self, batch: Sequence[KeptInstance]) -> list[Ready | Unready]:
        operation, preparation = self._retrieval.operation, self._preparation
        if not preparation.transcodes(batch):
            return await operation.in_executor(preparation.prepare, batch)
        async with operation.collaborators.transcoding:
            return await operation.in_executor(preparation.prepare, batch)

    async def _settle(self, channel: Channel, one: Ready | Unready) -> None:
        tally, instance_uid = self._retrieval.tally, one.kept.instance_uid
        if isinstance(one, Unready):
            tally.fail(instance_uid, one.reason)
            return
        try:
            response = await self._store(channel, one)
        except DimseError:
            tally.fail(instance_uid, "the association for the objects broke")
            raise
        comment = response.texts.get(Element.ERROR_COMMENT, "")
        tally.count(instance_uid, response.numbers.get(Element.STATUS, 0), comment)

    async def _store(self, channel: Channel, ready: Ready) -> Command:
        context = ready.context
        priority = self._retrieval.operation.command.numbers.get(Element.PRIORITY, 0)
        elements = store_request(context.abstract_syntax, ready.kept.instance_uid, priority, self._originator)
        channel.request(context.context_id, elements, ready.first, is_last=ready.rest is None)
        if ready.rest is not None:
            try:
                await self._go_on(channel, context.context_id, ready.rest)
            except ArchiveError:
                channel.break_off("the storage does not answer any more")
        return await channel.response()

    async def _go_on(self, channel: Channel, context_id: int, rest: Parts) -> None:
        """Send the other parts; the next one is read while one is written."""
        in_executor = self._retrieval.operation.in_executor
        is_last, reading = False, asyncio.ensure_future(in_executor(next, rest))
        while not is_last:
            part, is_last = await reading
            if not is_last:
                reading = asyncio.ensure_future(in_executor(next, rest))
            await channel.go_on(context_id, part, is_last=is_last)


def _batch(queue: deque[KeptInstance]) -> list[KeptInstance]:
    """Take the next instances: many small ones, or one that is large."""
    batch: list[KeptInstance] = []
    length = 0
    while queue and len(batch) < MAX_BATCH and (not batch or length + queue[0].length <= AHEAD):
        batch.append(queue.popleft())
        length += batch[-1].length
    return batch
