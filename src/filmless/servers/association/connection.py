"""One transport connection of a peer: drives the association, its timers and its negotiation."""

import asyncio
import itertools
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar, cast

import structlog

from filmless.access.accounts import User
from filmless.access.roles import Role
from filmless.access.scope import Kind, Principal
from filmless.archive.model import Door, DuplicatePolicy, Source
from filmless.servers.association.dialogue import Dialogue
from filmless.servers.association.flow import Cause, Flow
from filmless.servers.association.line import Buffer
from filmless.servers.association.negotiation import Agreement, agree, judge, rights_of
from filmless.servers.association.operation import Requestor
from filmless.servers.association.policy import Collaborators, Policy
from filmless.servers.association.refusals import REFUSALS, Why
from filmless.servers.association.registry import Caller, Registry
from filmless.servers.association.secured import NO_TLS, read_tls
from filmless.servers.association.service import Services
from filmless.servers.association.summary import (
    AssociationSummary,
    FailedOperation,
    advise,
    advise_rejected,
    group_contexts,
    printable,
)
from filmless.standards.upper_layer.association import Association
from filmless.standards.upper_layer.indications import (
    Aborted,
    AssociateRequested,
    Data,
    Indication,
    ReleaseRequested,
)
from filmless.standards.upper_layer.pdu import AssociateRequest
from filmless.standards.upper_layer.state_table import State

T = TypeVar("T")

log = structlog.get_logger()

NAMED_KINDS = frozenset((1, 2))  # of user identity, whose primary field is a name
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
        self.message_ids: Iterator[int] = itertools.count()
        self.dialogue: Dialogue | None = None  # from acceptance on
        self._house = house
        self._socket = sock
        self._association = Association.acceptor(house.policy.limits, self.began)
        self._negotiation: asyncio.Task[None] | None = None
        self._agreement: Agreement | None = None
        self._caller: Caller | None = None
        self._user: User | None = None  # who was proved
        self._advice: tuple[str, ...] = ()  # what to change, where it was rejected
        self._tls = NO_TLS
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
        self._tls = read_tls(transport.get_extra_info("ssl_object"))
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
            if not self._transport.is_closing():
                self._transport.writelines(pieces)
        self.last_active = now
        self._flush()

    def send_each(self, context_id: int, command: bytes, data_sets: Sequence[bytes]) -> None:
        """Send a message with this command for each data set: small ones, put together into one write."""
        now = self.last_active = self._loop.time()
        for data_set in data_sets:
            self._association.send_data(context_id, command, now, is_command=True)
            self._association.send_data(context_id, data_set, now)
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
            self.dialogue = None  # it knows us: without the circle both are freed at once, not by a rare collection

    async def _negotiate(self, request: AssociateRequest) -> None:
        """Accept or reject; the slot is taken before anything is waited for, so that none is taken twice."""
        if not self._house.admit(self):
            self._reject(request, Why.LOCAL_LIMIT)
            return
        caller, user = None, None
        try:
            caller = await self._house.registry.caller(request.calling_ae, request.called_ae, self.address)
            why = judge(request, self._house.policy, caller, self._tls.certificate)
            if why is None and request.user.user_identity is not None:
                verify = self._house.collaborators.identities.verify
                found = await self._in_executor(verify, request.user.user_identity, self.address)
                user, why = (None, found) if isinstance(found, Why) else (found, None)
        except Exception as fault:  # noqa: BLE001  whatever ails the registry: the peer gets an answer
            log.error("registry_failed", error=type(fault).__name__)
            why = Why.CONGESTION
        if self._association.state is not State.STA3:
            return  # it went away meanwhile
        self._caller, self._user = caller, user
        if why is not None or caller is None or self.is_finishing:
            self._reject(request, why or Why.CONGESTION)
        else:
            self._accept(request, caller)

    def _accept(self, request: AssociateRequest, caller: Caller) -> None:
        user = self._user
        self._agreement = agree(request, self._house.policy, caller, is_verified=user is not None)
        self._association.accept(self._agreement.results, self._agreement.user, self._loop.time())
        requestor = _requestor(request, caller, self._agreement, user, self.address)
        takers = {role.sop_class_uid for role in self._agreement.user.roles if role.scp}
        takes = [one for one in self._association.contexts.values() if one.abstract_syntax in takers]
        requestor = replace(requestor, takes=tuple(takes))
        contexts, house = self._association.contexts, self._house
        self.dialogue = Dialogue(requestor, contexts, house.services, house.collaborators, self)
        self._flush()

    def _reject(self, request: AssociateRequest, why: Why) -> None:
        if self._association.state is State.STA3:
            answer = REFUSALS[why].answer
            self._association.reject(answer, self._loop.time())
            self._advice = advise_rejected(why, self._facts(request))
            self._lose(f"rejected {answer.result}/{answer.source}/{answer.reason}: {why}")
            self._flush()

    def _facts(self, request: AssociateRequest) -> dict[str, str]:
        peer = self._caller.peer if self._caller is not None else None
        return {
            "called": printable(request.called_ae),
            "calling": printable(request.calling_ae),
            "ours": self._house.policy.ae_title,
            "address": self.address,
            "host": peer.host if peer is not None else "",
            "certificate": f'that of "{self._tls.name}"' if self._tls.certificate is not None else "none",
        }

    def _flush(self) -> None:
        data = self._association.data_to_send()
        if data and not self._transport.is_closing():  # ``connection_lost`` follows; uvloop raises for a write now
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
        dialogue, peer = self.dialogue, self._caller.peer if self._caller is not None else None
        contexts = group_contexts(request, self._agreement.results if self._agreement is not None else ())
        failures = dialogue.failures if dialogue is not None else {}
        failed = tuple(FailedOperation(*failure, count) for failure, count in failures.items())
        summary = AssociationSummary(
            calling_ae=printable(request.calling_ae),
            called_ae=printable(request.called_ae),
            address=self.address,
            implementation_class_uid=printable(request.user.implementation_class_uid),
            implementation_version=printable(request.user.implementation_version),
            began_at=self._began_at,
            seconds=self._loop.time() - self.began,
            counts=dict(dialogue.counts) if dialogue is not None else {},
            end=self._end,
            tls=self._tls.version,
            certificate=self._tls.name,
            user=_claimed(request, self._user),
            contexts=contexts,
            failures=failed,
            advice=self._advice or advise(printable(request.calling_ae), peer, contexts, failed),
        )
        log.info("association_ended", calling_ae=summary.calling_ae, address=summary.address, end=summary.end,
                 seconds=round(summary.seconds, 3), counts=summary.counts)  # fmt: skip
        await self._in_executor(self._house.collaborators.record.record_association, summary)

    async def _in_executor(self, call: Callable[..., T], *arguments: object) -> T:
        return await self._loop.run_in_executor(self._house.collaborators.executor, call, *arguments)


def _requestor(
    request: AssociateRequest, caller: Caller, agreement: Agreement, user: User | None, address: str
) -> Requestor:
    peer, called = caller.peer, caller.called
    kind, name, role = (Kind.USER, user.name, user.role) if user else (Kind.AE, request.calling_ae, Role.SERVICE)
    return Requestor(
        principal=Principal(kind, name, role, address, view=called.view if called is not None else None),
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
        rights=rights_of(peer, called),
    )


def _claimed(request: AssociateRequest, user: User | None) -> str:
    """The user for the record: as proved, or as named where a name was all (PS3.7 D.3.3.7, type 1)."""
    if user is not None:
        return f"user:{user.name}"
    identity = request.user.user_identity
    if identity is None or identity.kind not in NAMED_KINDS:
        return ""
    return f"claimed:{printable(identity.primary.decode('utf-8', 'replace'))}"
