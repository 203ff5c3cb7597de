"""One transport connection of a peer: drives the association, its timers and its negotiation."""

import asyncio
import socket
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, cast

import structlog

from filmless.access.roles import Role
from filmless.access.scope import Kind, Principal
from filmless.archive.model import Door, DuplicatePolicy, Source
from filmless.servers.association.dialogue import Dialogue
from filmless.servers.association.flow import Cause, Flow
from filmless.servers.association.line import Buffer
from filmless.servers.association.negotiation import Agreement, agree, check_titles
from filmless.servers.association.operation import Requestor
from filmless.servers.association.policy import AssociationSummary, Collaborators, Policy
from filmless.servers.association.registry import Caller, Registry
from filmless.servers.association.service import Services
from filmless.standards.upper_layer.association import Association
from filmless.standards.upper_layer.indications import (
    Aborted,
    AssociateRequested,
    Data,
    Indication,
    ReleaseRequested,
)
from filmless.standards.upper_layer.items import Result
from filmless.standards.upper_layer.pdu import (
    REJECT_CONGESTION,
    REJECT_LOCAL_LIMIT,
    AssociateReject,
    AssociateRequest,
)
from filmless.standards.upper_layer.state_table import State

log = structlog.get_logger()

MAX_DISCARDED = 1 << 20  # bytes read from a peer that was told to go, before the connection is cut
_QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)  # Linux alone


class House(Protocol):
    """What a connection needs of its listener."""

    policy: Policy
    collaborators: Collaborators
    services: Services
    registry: Registry
    buffer: memoryview  # one for all: what is read is taken before the next read

    def enter(self, connection: "Connection") -> None:
        """The connection stands."""

    def admit(self, connection: "Connection") -> bool:
        """Give an association its slot."""

    def leave(self, connection: "Connection") -> None:
        """The connection is gone."""


class Connection(asyncio.BufferedProtocol):
    """From the accepted socket to its end."""

    flow: Flow

    def __init__(self, house: House, sock: socket.socket, address: str) -> None:
        self._loop = asyncio.get_running_loop()
        self.address = address
        self.began = self.last_active = self._loop.time()
        self.is_finishing = False
        self.dialogue: Dialogue | None = None  # from acceptance on
        self._house = house
        self._socket = sock
        self._association = Association.acceptor(house.policy.limits, self.began)
        self._negotiation: asyncio.Task[None] | None = None
        self._agreement: Agreement | None = None
        self._discarded = 0  # bytes
        self._began_at = datetime.now(UTC)
        self._end = ""  # how it ended; the first reason stays

    @property
    def is_idle(self) -> bool:
        """Whether it is established and no request is in progress."""
        return self.dialogue is not None and not self.dialogue.is_busy and not self._end

    @property
    def is_admitted(self) -> bool:
        """Whether it takes the slot of an association: asked for one, and is not at its end."""
        return self._negotiation is not None and not self._end

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send small answers at once, and notice peers that are gone."""
        self._transport = cast(asyncio.Transport, transport)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.flow = Flow(self._transport)
        self._house.enter(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  all connections share one buffer
        """Where to read to."""
        return self._house.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        if _QUICK_ACK is not None:  # the kernel forgets it; without it senders with Nagle's algorithm stall 40 ms
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        self.last_active = now = self._loop.time()
        if self._association.state is State.STA13:
            self._discard(nbytes)
        for indication in self._association.receive_data(self._house.buffer[:nbytes], now):
            if type(indication) is Data and self.dialogue is not None:
                self.dialogue.take(indication)
            else:
                self._take(indication)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, whoever ended it."""
        for indication in self._association.receive_data(b"", self._loop.time()):
            self._take(indication)
        self.flow.go_on_writing()
        self._lose("the connection was lost" if exc is None else str(exc))
        self._farewell = self._loop.create_task(self._leave())

    def pause_writing(self) -> None:
        """The peer does not read."""
        self.flow.stop_writing()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self.flow.go_on_writing()

    # What the listener calls

    def check(self, now: float) -> None:
        """End what has taken too long; called about once a second."""
        self._association.restart_reading(self.flow.resumed_at)
        limits, deadline = self._house.policy.limits, self._association.deadline
        active = max(self.last_active, self.flow.resumed_at)
        if self._association.is_over or (self.flow.unread_since or now) + limits.pdu < now:
            if active + limits.closing < now:
                self._lose("the peer did not read our answers")
                self._transport.abort()
        elif deadline is not None and deadline <= now and not self.flow.is_stopped:
            for indication in self._association.expire(now):
                self._take(indication)
            self._flush()
        elif self.dialogue is not None and not self.flow.is_stopped:
            if self.dialogue.awaits_data_set and active + limits.pdu < now:
                self.abort("a message did not end in time")
            elif self.is_idle and active + self._house.policy.idle < now:
                self.abort("idle")

    def finish(self) -> None:
        """Begin no further request; end when the current one is answered."""
        self.is_finishing = True
        if self.is_idle:
            self.abort("the archive is stopping")
        elif self.dialogue is None and self._negotiation is None:
            self.cut()

    def cut(self) -> None:
        """Close the connection without a word."""
        self._transport.abort()

    def abort(self, end: str) -> None:
        """End the association at once, and let the peer know."""
        self._association.abort(self._loop.time())
        self._lose(end)
        self._flush()

    # What messages call

    def send(self, context_id: int, command: bytes | None, data_set: Buffer | None, *, is_last: bool = True) -> None:
        """Send a message in one write, or a part of one; the data set goes without a copy."""
        now = self._loop.time()
        if command is not None:
            self._association.send_data(context_id, command, now, is_command=True)
        if data_set is not None:
            self._association.send_data(context_id, data_set, now, is_last=is_last)
            pieces, self._association.output = self._association.output, []
            self._transport.writelines(pieces)
        self.last_active = now
        self._flush()

    def confirm_release(self) -> None:
        """Everything is answered: confirm the release that the peer asked for."""
        self._association.release(self._loop.time())
        self._lose("released")
        self._flush()

    # Inside

    def _take(self, indication: Indication) -> None:
        match indication:
            case AssociateRequested():
                self._negotiation = self._loop.create_task(self._negotiate(indication.request))
            case ReleaseRequested() if self.dialogue is not None:
                self.dialogue.release()
            case Aborted():
                self._lose(indication.explanation)
            case _:
                pass  # an acceptor gets no confirmations

    async def _leave(self) -> None:
        """What was received whole is still stored; then the association is recorded."""
        try:
            if self.dialogue is not None:
                await self.dialogue.rest()
            if self._association.request is not None:
                await self._record(self._association.request)
        finally:
            self._house.leave(self)

    async def _negotiate(self, request: AssociateRequest) -> None:
        """Accept or reject; the slot is taken before anything is waited for, so that none is taken twice."""
        if not self._house.admit(self):
            self._reject(REJECT_LOCAL_LIMIT)
            return
        try:
            caller = await self._house.registry.caller(request.calling_ae, self.address)
        except Exception as fault:  # noqa: BLE001  whatever ails the registry: the peer gets an answer
            log.error("registry_failed", error=type(fault).__name__)
            caller = None
        if self._association.state is not State.STA3:
            return  # it went away meanwhile
        rejection = self._judge(request, caller)
        if rejection is not None or caller is None:
            self._reject(rejection or REJECT_CONGESTION)
        else:
            self._accept(request, caller)

    def _judge(self, request: AssociateRequest, caller: Caller | None) -> AssociateReject | None:
        if caller is None or self.is_finishing:
            return REJECT_CONGESTION
        return check_titles(request, self._house.policy, caller.peer, is_known_host=caller.is_known_host)

    def _accept(self, request: AssociateRequest, caller: Caller) -> None:
        self._agreement = agree(request, self._house.policy, caller.peer)
        self._association.accept(self._agreement.results, self._agreement.user, self._loop.time())
        requestor = _requestor(request, caller, self.address, self._agreement)
        takers = {role.sop_class_uid for role in self._agreement.user.roles if role.scp}
        takes = [one for one in self._association.contexts.values() if one.abstract_syntax in takers]
        requestor = replace(requestor, takes=tuple(takes))
        contexts, house = self._association.contexts, self._house
        self.dialogue = Dialogue(requestor, contexts, house.services, house.collaborators, self)
        self._flush()

    def _reject(self, rejection: AssociateReject) -> None:
        if self._association.state is State.STA3:
            self._association.reject(rejection, self._loop.time())
            self._lose(f"rejected {rejection.result}/{rejection.source}/{rejection.reason}")
            self._flush()

    def _flush(self) -> None:
        if data := self._association.data_to_send():
            self._transport.write(data)
        if self._association.is_over:
            self._transport.close()

    def _discard(self, nbytes: int) -> None:
        self._discarded += nbytes
        if self._discarded > MAX_DISCARDED:
            self._transport.abort()

    def _lose(self, end: str) -> None:
        """The association is over for us: nothing is begun or answered any more."""
        self._end = self._end or end
        self.flow.go(Cause.DATA_SET, Cause.TURN)
        if self.dialogue is not None:
            self.dialogue.lose()

    async def _record(self, request: AssociateRequest) -> None:
        results = self._agreement.results if self._agreement is not None else ()
        refused = {result.context_id for result in results if result.result is not Result.ACCEPTANCE}
        summary = AssociationSummary(
            calling_ae=_printable(request.calling_ae),
            called_ae=_printable(request.called_ae),
            address=self.address,
            implementation_class_uid=_printable(request.user.implementation_class_uid),
            implementation_version=_printable(request.user.implementation_version),
            began_at=self._began_at,
            seconds=self._loop.time() - self.began,
            proposed=len(request.contexts),
            accepted=len(results) - len(refused),
            refused=tuple(
                dict.fromkeys(_printable(one.abstract_syntax) for one in request.contexts if one.context_id in refused)
            ),
            counts=dict(self.dialogue.counts) if self.dialogue is not None else {},
            end=self._end,
        )
        log.info("association_ended", calling_ae=summary.calling_ae, address=summary.address, end=summary.end,
                 seconds=round(summary.seconds, 3), counts=summary.counts)  # fmt: skip
        collaborators = self._house.collaborators
        await self._loop.run_in_executor(collaborators.executor, collaborators.record.record_association, summary)


def _requestor(request: AssociateRequest, caller: Caller, address: str, agreement: Agreement) -> Requestor:
    peer = caller.peer
    return Requestor(
        principal=Principal(Kind.AE, request.calling_ae, Role.SERVICE, address),
        source=Source(
            door=Door.C_STORE,
            calling_ae=request.calling_ae,
            called_ae=request.called_ae,
            duplicates=peer.duplicates if peer is not None else DuplicatePolicy.KEEP_BOTH,
            issuer=peer.issuer if peer is not None else "",
        ),
        called_ae=request.called_ae,
        peer=peer,
        extended=dict(agreement.user.extended),
    )


def _printable(text: str) -> str:
    """A peer's text fit for records: at most 64 printable characters."""
    return "".join(character for character in text[:64] if character.isprintable())
