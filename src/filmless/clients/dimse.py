"""DICOM network client (SCU): verification, storage and query over one association."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn, Protocol

from filmless.clients.faults import FindFailed, Lost, NotAccepted, NotReached, Rejected, Reply
from filmless.clients.files import Sendable
from filmless.standards.data_set.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from filmless.standards.dicom.sop_classes import VERIFICATION
from filmless.standards.dimse.commands import (
    NO_DATA_SET,
    Command,
    CommandField,
    Element,
    store_request,
    write_command,
    write_response,
)
from filmless.standards.dimse.messages import CommandReceived, DataSetPiece, Malformed, MessageReader
from filmless.standards.dimse.status import StatusKind, status_kind
from filmless.standards.upper_layer.association import AgreedContext, Association, Limits
from filmless.standards.upper_layer.indications import (
    Aborted,
    AssociateAccepted,
    AssociateRejected,
    Data,
    Indication,
    Released,
    ReleaseRequested,
)
from filmless.standards.upper_layer.items import ProposedContext, Role, UserInformation
from filmless.standards.upper_layer.pdu import AssociateRequest
from filmless.standards.upper_layer.state_table import State

MAX_CONTEXTS = 128  # of one association: IDs are the odd numbers of a byte (PS3.8 9.3.2.2)
MAX_IDENTIFIER = 1 << 20  # bytes of one answer to a query
CHUNK = 1 << 20  # bytes of a file that are in memory at once
READ = 1 << 17  # bytes asked of the network at once

Buffer = bytes | memoryview

_MEDIUM = 0  # priority (PS3.7 9.3.1.1)


@asynccontextmanager
async def connect(  # noqa: PLR0913  a peer is four of them
    host: str,
    port: int,
    called_ae: str,
    calling_ae: str,
    contexts: Sequence[tuple[str, Sequence[str]]],
    *,
    timeout: float = 30.0,  # noqa: ASYNC109  of each step, not of the whole
    tls: ssl.SSLContext | None = None,
    roles: Sequence[Role] = (),
) -> AsyncIterator["Client"]:
    """An association with a peer: released at the end, aborted when an exception leaves the block.

    ``contexts`` are abstract syntaxes with the transfer syntaxes offered for each, at most 128;
    ``timeout`` is how long (s) the peer may leave us without an answer; ``tls`` is for one that is reached by TLS;
    ``roles`` are proposed where we would be an SCP (PS3.7 D.3.3.4). Raises ``DimseError``.
    """
    if len(contexts) > MAX_CONTEXTS:
        raise ValueError(f"more than {MAX_CONTEXTS} presentation contexts")
    proposed = tuple(
        ProposedContext(2 * index + 1, abstract, tuple(transfers))
        for index, (abstract, transfers) in enumerate(contexts)
    )
    user = UserInformation(
        Limits().max_length, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, roles=tuple(roles)
    )
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    except (OSError, TimeoutError) as fault:
        raise NotReached(_why_not_reached(host, port, fault)) from fault
    client = Client(reader, writer, AssociateRequest(called_ae, calling_ae, proposed, user), timeout)
    try:
        await client.establish()
        yield client
        await client.release()
    finally:
        await client.close()


def _why_not_reached(host: str, port: int, fault: OSError) -> str:
    match fault:
        case ConnectionRefusedError():
            return f"nothing listens on {host}:{port}"
        case TimeoutError():
            return f"no answer from {host}:{port} in time"
        case socket.gaierror():
            return f"the name {host} is not known"
        case _:
            return f"{host}:{port}: {fault.strerror or fault}"


class Keeper(Protocol):
    """Takes the objects that a peer stores with us on our association, one after the other."""

    def begin(self, command: Command, context: AgreedContext) -> None:
        """An object comes."""

    def write(self, fragment: Buffer) -> None:
        """A piece of its data set."""

    def end(self) -> int:
        """It is whole: the status to answer."""


class Client:
    """An association that we asked for; made by ``connect``. One request at a time."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: AssociateRequest, timeout: float
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = reader
        self._writer = writer
        self._timeout = timeout
        self._association = Association.requestor(request, Limits(), self._loop.time())
        self._messages = MessageReader()
        self._command: Command | None = None  # whose data set is arriving
        self._data_set = bytearray()
        self.keeper: Keeper | None = None  # of what the peer stores with us; None: it may not
        self._arrived: list[tuple[Command, bytes]] = []
        self._is_released = False
        self._is_left = False  # the peer has released
        self._message_id = 0

    @property
    def contexts(self) -> list[AgreedContext]:
        """What the peer has accepted."""
        return list(self._association.contexts.values())

    def context(self, abstract_syntax: str, transfer_syntax: str | None = None) -> AgreedContext:
        """The accepted context for an abstract syntax, in that transfer syntax if one is given."""
        for context in self.contexts:
            if context.abstract_syntax == abstract_syntax and transfer_syntax in {None, context.transfer_syntax}:
                return context
        raise NotAccepted(abstract_syntax, transfer_syntax or "")

    async def echo(self) -> Reply:
        """C-ECHO (PS3.7 9.1.5)."""
        context = self.context(VERIFICATION)
        elements: dict[int, int | str] = {
            Element.AFFECTED_SOP_CLASS_UID: VERIFICATION,
            Element.COMMAND_FIELD: CommandField.C_ECHO,
            Element.DATA_SET_TYPE: NO_DATA_SET,
        }
        self.request(context.context_id, elements)
        return _reply(await self.response())

    async def store(self, file: Sendable) -> Reply:
        """C-STORE a file in the transfer syntax it has, without loading it whole (PS3.7 9.1.1)."""
        context = self.context(file.sop_class_uid, file.transfer_syntax_uid)
        elements = store_request(file.sop_class_uid, file.instance_uid, _MEDIUM)
        opened = await asyncio.to_thread(file.path.open, "rb")
        with opened:
            opened.seek(file.head_length)
            chunk = await asyncio.to_thread(opened.read, CHUNK)
            following = await asyncio.to_thread(opened.read, CHUNK)
            self.request(context.context_id, elements, chunk, is_last=not following)
            while following:
                chunk, following = following, await asyncio.to_thread(opened.read, CHUNK)
                await self.go_on(context.context_id, chunk, is_last=not following)
        return _reply(await self.response())

    async def find(self, sop_class_uid: str, identifier: bytes) -> AsyncIterator[bytes]:
        """C-FIND (PS3.7 9.1.2): the identifier of each match, in the transfer syntax of the context.

        Raises ``FindFailed`` when the peer ends with a failure.
        """
        context = self.context(sop_class_uid)
        elements: dict[int, int | str] = {
            Element.AFFECTED_SOP_CLASS_UID: sop_class_uid,
            Element.COMMAND_FIELD: CommandField.C_FIND,
            Element.DATA_SET_TYPE: 1,
            Element.PRIORITY: _MEDIUM,
        }
        self.request(context.context_id, elements, identifier)
        while True:
            command, data_set = await self._next_message()
            reply = _reply(command)
            if status_kind(reply.status) is not StatusKind.PENDING:
                if not reply.is_success:
                    raise FindFailed(reply)
                return
            yield data_set

    def request(
        self, context_id: int, elements: dict[int, int | str], data_set: Buffer | None = None, *, is_last: bool = True
    ) -> None:
        """Send a command with its data set or the first part of it, which must not change until it is written."""
        self._check_not_left()
        self._message_id = self._message_id % 0xFFFF + 1
        command = write_command({**elements, Element.MESSAGE_ID: self._message_id})
        self._association.send_data(context_id, command, self._loop.time(), is_command=True)
        if data_set is not None:
            self._association.send_data(context_id, data_set, self._loop.time(), is_last=is_last)
        self._write()

    async def go_on(self, context_id: int, part: Buffer, *, is_last: bool) -> None:
        """Send the next part of the data set, once the peer has read enough of what was sent before."""
        await self._flush()
        self._check_not_left()
        self._association.send_data(context_id, part, self._loop.time(), is_last=is_last)
        self._write()

    def break_off(self, reason: str) -> NoReturn:
        """Leave a message unfinished, which ends the association."""
        raise Lost(reason)

    async def response(self) -> Command:
        """The peer's response to the latest request."""
        await self._flush()
        return (await self._next_message())[0]

    async def establish(self) -> None:
        """Negotiate; ``connect`` does it."""
        await self._flush()
        while not self._association.contexts and not self._association.is_over:
            if any(isinstance(indication, AssociateAccepted) for indication in await self._receive()):
                return

    async def release(self) -> None:
        """Release in good order; ``connect`` does it."""
        if self._is_left:
            return
        self._association.release(self._loop.time())
        await self._flush()
        while not self._is_released:
            await self._receive()

    async def close(self) -> None:
        """End whatever is left; ``connect`` does it."""
        self._association.abort(self._loop.time())
        try:
            async with asyncio.timeout(self._timeout):
                await self._flush()
                self._writer.close()
                await self._writer.wait_closed()
        except (OSError, TimeoutError, Lost, NotReached):
            self._writer.transport.abort()

    async def _next_message(self) -> tuple[Command, bytes]:
        while not self._arrived:
            await self._receive()
        return self._arrived.pop(0)

    def _write(self) -> None:
        """Have everything written that waits, without a copy; ``Lost`` when the connection is gone."""
        pieces, self._association.output = self._association.output, []
        if pieces and self._writer.is_closing():  # uvloop raises RuntimeError for a write to it
            raise Lost("the peer closed the connection")
        self._writer.writelines(pieces)

    async def _flush(self) -> None:
        try:
            self._write()
            async with asyncio.timeout(self._timeout):
                await self._writer.drain()
        except TimeoutError as fault:
            raise NotReached("the peer does not read") from fault
        except OSError as fault:
            raise Lost(str(fault)) from fault

    async def _receive(self) -> list[Indication]:
        """Take what the peer sends next; raises when the association has ended."""
        self._check_not_left()
        try:
            async with asyncio.timeout(self._timeout):
                data = await self._reader.read(READ)
        except TimeoutError as fault:
            raise NotReached("no answer in time") from fault
        except OSError as fault:
            raise Lost(str(fault)) from fault
        indications = self._association.receive_data(data, self._loop.time())
        for indication in indications:
            self._take(indication)
        await self._flush()
        return indications

    def _take(self, indication: Indication) -> None:
        match indication:
            case Data():
                self._take_message(indication)
            case AssociateRejected():
                raise Rejected(indication.reject)
            case Aborted():
                raise Lost(indication.explanation)
            case ReleaseRequested():
                self._association.release(self._loop.time())
                self._is_left = self._association.state is State.STA13  # else we have asked too (PS3.8 9.2.3, AR-8)
            case Released():
                self._is_released = True
            case _:
                pass

    def _check_not_left(self) -> None:
        if self._is_left:
            raise Lost("the peer released the association")

    def _take_message(self, data: Data) -> None:
        match self._messages.take(data):
            case CommandReceived(context_id, command) if command.has_data_set:
                self._command, self._data_set = command, bytearray()
                if command.field == CommandField.C_STORE:
                    self._keeper().begin(command, self._association.contexts[context_id])
            case CommandReceived(_, command):
                self._arrived.append((command, b""))
            case DataSetPiece(fragment, is_last) if self._command is not None:
                self._take_piece(data.context_id, self._command, fragment, is_last=is_last)
            case Malformed(reason):
                raise Lost(reason)
            case _:
                pass  # a command that is not whole yet

    def _take_piece(self, context_id: int, command: Command, fragment: bytes | memoryview, *, is_last: bool) -> None:
        if command.field == CommandField.C_STORE:
            self._keeper().write(fragment)
            if is_last:
                answer = write_response(command, self._keeper().end())
                self._association.send_data(context_id, answer, self._loop.time(), is_command=True)
            return
        self._data_set += fragment
        if len(self._data_set) > MAX_IDENTIFIER:
            raise Lost("an identifier beyond its limit")
        if is_last:
            self._arrived.append((command, bytes(self._data_set)))

    def _keeper(self) -> "Keeper":
        if self.keeper is None:
            raise Lost("the peer stores with us unasked")
        return self.keeper


def _reply(command: Command) -> Reply:
    if command.status is None:
        raise Lost("a response without a status")
    return Reply(command.status, command.texts.get(Element.ERROR_COMMENT, ""))
