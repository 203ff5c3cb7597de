"""C-MOVE: Query/Retrieve (PS3.4 C.4.2, PS3.7 9.1.4). Objects go to a registered AE over associations of their own."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from filmless.access.peers import Peer
from filmless.archive.model import KeptInstance
from filmless.clients.dimse import MAX_CONTEXTS, connect
from filmless.clients.faults import DimseError, explain
from filmless.pixels.targets import LOSSLESS
from filmless.servers.association.operation import Operation
from filmless.servers.dimse.outgoing import Preparation, offered_by
from filmless.servers.dimse.retrieve import Retrieval, understand
from filmless.servers.dimse.suboperations import Suboperations
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from filmless.standards.dimse.commands import Element
from filmless.standards.dimse.status import Status

ANSWER_SECONDS = 60.0  # that the destination may take for each step
TELL_SECONDS = 1.0  # between pending responses while a large object is on its way

_ALWAYS = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)  # offered beside the syntax an object is stored in

Contexts = list[tuple[str, tuple[str, ...]]]


async def c_move(operation: Operation) -> None:
    """Send the instances to the destination, then the end."""
    title = operation.command.texts.get(Element.MOVE_DESTINATION, "")
    peer = await operation.in_executor(operation.collaborators.peers.find, title)
    refusal = _refusal(title, peer)
    if peer is None or refusal:
        await operation.discard()
        operation.answer(Status.DESTINATION_UNKNOWN, refusal[:64])
        return
    retrieval = await understand(operation, peer.title)
    if retrieval is None:
        return
    teller = asyncio.create_task(_tell(retrieval))
    try:
        for group in _groups(retrieval.instances, [uid for uid in peer.transfer_syntaxes if uid in LOSSLESS]):
            await _Move(retrieval, peer, group).run()
    finally:
        teller.cancel()
    retrieval.end()


def _refusal(title: str, peer: Peer | None) -> str:
    """Why nothing can be sent there; empty when it can."""
    if peer is None:
        return f"{title or 'an AE without a title'} is not registered here: filmless ae add"
    return "" if peer.port else f"{title} is registered without a port"


async def _tell(retrieval: Retrieval) -> None:
    while True:
        await asyncio.sleep(TELL_SECONDS)
        retrieval.tell()


@dataclass(frozen=True, slots=True)
class _Group:
    """Instances that the contexts of one association can hold."""

    contexts: Contexts
    queue: deque[KeptInstance]


def _groups(instances: Sequence[KeptInstance], preferred: Sequence[str]) -> Iterator[_Group]:
    """As few groups as there must be; instances of one SOP class stay together.

    ``preferred`` are transfer syntaxes that are offered too.
    """
    by_class: dict[str, list[KeptInstance]] = {}
    for kept in instances:
        by_class.setdefault(kept.sop_class_uid, []).append(kept)
    group = _Group([], deque())
    for sop_class_uid, members in by_class.items():
        syntaxes = dict.fromkeys([*(kept.transfer_syntax_uid for kept in members), *preferred, *_ALWAYS])
        if len(group.contexts) + len(syntaxes) > MAX_CONTEXTS:
            yield group
            group = _Group([], deque())
        group.contexts.extend((sop_class_uid, (uid,)) for uid in syntaxes)
        group.queue.extend(members)
    if group.queue:
        yield group


class _Move:
    """The sub-operations of one group."""

    def __init__(self, retrieval: Retrieval, peer: Peer, group: _Group) -> None:
        self._retrieval = retrieval
        self._peer = peer
        self._group = group
        self._reason = ""  # why the latest association was not to be had, or broke

    async def run(self) -> None:
        """Send all, as long as something is taken; what no association takes has failed."""
        took = True
        while took and self._group.queue and not self._retrieval.is_cancelled:
            before = self._taken()
            try:
                async with asyncio.TaskGroup() as associations:
                    for _ in range(min(self._peer.parallel, len(self._group.queue))):
                        associations.create_task(self._send())
            except ExceptionGroup as faults:
                raise faults.exceptions[0] from None  # the door knows it, and its log says where it was raised
            took = self._taken() > before
        if not self._retrieval.is_cancelled:
            for kept in self._group.queue:
                self._retrieval.tally.fail(kept.instance_uid, self._reason)

    async def _send(self) -> None:
        """Send over one association what it takes from the queue."""
        try:
            await self._associate()
        except DimseError as fault:
            self._reason = f"{self._peer.title}: {explain(fault)}"

    def _taken(self) -> int:
        return self._retrieval.tally.completed + self._retrieval.tally.warning

    async def _associate(self) -> None:
        operation, peer = self._retrieval.operation, self._peer
        called, originator = operation.requestor.called_ae, operation.requestor.source.calling_ae
        tls = operation.collaborators.tls() if peer.tls else None
        place = (peer.host, peer.port, peer.title)
        opened = connect(*place, called, self._group.contexts, timeout=ANSWER_SECONDS, tls=tls)
        async with opened as client:
            given, offered = operation.collaborators, offered_by(client.contexts)
            allowed, preferred = self._retrieval.allowed, peer.transfer_syntaxes
            preparation = Preparation(given.archive, given.codecs, allowed, offered, preferred)
            move = (originator, operation.command.message_id)
            await Suboperations(self._retrieval, self._group.queue, preparation, move).run(client)
