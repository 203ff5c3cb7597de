"""The messages of one association, served one after the other (PS3.7 8; the operations window is 1)."""

import asyncio
import traceback
from collections import Counter, deque
from collections.abc import Mapping

import structlog

from filmless.access.scope import NotAllowed
from filmless.servers.association.calls import Calls
from filmless.servers.association.flow import Cause
from filmless.servers.association.line import AssociationEnded, Line
from filmless.servers.association.negotiation import operation_of
from filmless.servers.association.operation import Operation, Requestor, Sequel
from filmless.servers.association.policy import Collaborators
from filmless.servers.association.service import Service, Services
from filmless.servers.association.summary import MAX_FAILURES
from filmless.standards.dimse.commands import RESPONSE, Command, CommandField
from filmless.standards.dimse.messages import CommandReceived, DataSetPiece, Malformed, Message, MessageReader
from filmless.standards.dimse.status import Status, StatusKind, status_kind
from filmless.standards.upper_layer.association import AgreedContext
from filmless.standards.upper_layer.indications import Data, ReleaseRequested

log = structlog.get_logger()


class Dialogue:
    """Takes what the peer sends, runs one operation at a time, keeps what comes too early for its turn."""

    def __init__(
        self,
        requestor: Requestor,
        contexts: Mapping[int, AgreedContext],
        services: Services,
        collaborators: Collaborators,
        line: Line,
    ) -> None:
        self.requestor = requestor
        self.counts: Counter[str] = Counter()  # finished operations by service and kind of status
        self.failures: Counter[tuple[str, int, str]] = Counter()  # by service, status and Error Comment
        self._contexts = contexts
        self._services = services
        self._collaborators = collaborators
        self._line = line
        self._reader = MessageReader()
        self._operation: Operation | None = None
        self._task: asyncio.Task[None] | None = None
        self._calls: Calls | None = None  # ours that no request of the peer waits for
        self._sequels: set[asyncio.Task[None]] = set()
        self._waiting: deque[Message | ReleaseRequested] = deque()
        self._is_over = False

    @property
    def is_busy(self) -> bool:
        """Whether a request is being served."""
        return self._operation is not None

    @property
    def awaits_data_set(self) -> bool:
        """Whether the peer owes the rest of a data set."""
        return self._operation is not None and not self._operation.has_ended

    def take(self, data: Data) -> None:
        """A piece of a message has arrived."""
        if not self._is_over and (message := self._reader.take(data)) is not None:
            self._take_in_turn(message)

    def release(self) -> None:
        """The peer wants to release: it is confirmed when what it asked before is answered."""
        if self.awaits_data_set:
            self._line.abort("a release came inside a message")
        elif not self._is_over:
            self._take_in_turn(ReleaseRequested())

    def lose(self) -> None:
        """The association is over."""
        self._is_over = True
        self._waiting.clear()
        if self._operation is not None:
            self._operation.lose()
        if self._calls is not None:
            self._calls.lose()

    async def rest(self) -> None:
        """Wait until nothing is served any more."""
        while running := self._sequels | ({self._task} if self._task is not None else set()):
            await asyncio.wait(running)

    def _take_in_turn(self, message: Message | ReleaseRequested) -> None:
        if isinstance(message, CommandReceived) and message.command.field == CommandField.C_CANCEL:
            self._cancel(message)
        elif isinstance(message, CommandReceived) and message.command.field & RESPONSE:
            if not self._take_response(message.command):
                self._line.abort("a response came to no request")
        elif isinstance(message, Malformed):
            self._line.abort(message.reason)
        elif self._waiting or (self._operation is not None and not isinstance(message, DataSetPiece)):
            self._line.flow.stop(Cause.TURN)  # what was read already waits; it is less than one read
            self._waiting.append(_kept(message))
        else:
            self._take(message)

    def _take_response(self, response: Command) -> bool:
        """Give a response to whoever asked; False where nobody did."""
        of_operation = self._operation is not None and self._operation.calls.take(response)
        return of_operation or (self._calls is not None and self._calls.take(response))

    def _take(self, message: Message | ReleaseRequested) -> None:
        match message:
            case DataSetPiece():
                if self._operation is not None:
                    self._operation.feed(message.fragment, is_last=message.is_last)
            case CommandReceived():
                self._begin(message)
            case _:
                self._line.confirm_release()

    def _cancel(self, message: CommandReceived) -> None:
        operation = self._operation
        if operation is not None and operation.command.message_id == message.command.message_id:
            operation.cancel()

    def _begin(self, message: CommandReceived) -> None:
        command, context = message.command, self._contexts[message.context_id]
        service = self._services.get(command.field)
        head = service.head(context, command, self.requestor) if service is not None and service.head else b""
        self._operation = Operation(context, command, self.requestor, self._collaborators, self._line, head)
        self._task = asyncio.get_running_loop().create_task(self._serve(self._operation, service))

    async def _serve(self, operation: Operation, service: Service | None) -> None:
        try:
            status, comment = await self._run(operation, service)
            await operation.discard()  # of a data set that was refused unread
            if status is not None:
                operation.answer(status, comment)
        except AssociationEnded:
            pass
        finally:
            self._finish(operation, service)

    async def _run(self, operation: Operation, service: Service | None) -> tuple[Status | None, str]:
        """Serve, and tell what is still to be answered."""
        if service is None:
            return Status.UNRECOGNIZED_OPERATION, ""
        if operation_of(operation.context.abstract_syntax) != service.operation:
            return Status.SOP_CLASS_NOT_SUPPORTED, f"{service.name} has no place in this presentation context"
        if service.operation not in self.requestor.rights:  # the context was accepted for the other role
            return Status.NOT_AUTHORIZED, f"the AE registry does not allow you to {service.operation}"
        try:
            await service.serve(operation)
        except NotAllowed as refusal:
            return Status.NOT_AUTHORIZED, f'the role of this user does not hold the right "{refusal.right}"'
        except AssociationEnded:
            raise
        except Exception as fault:  # noqa: BLE001  the outermost loop of this door: one bad request ends no other
            log.error("operation_failed", service=service.name, error=type(fault).__name__, raised_at=_places(fault))
            return Status.PROCESSING_FAILURE, "an error of the archive; it is in its log"
        return None, ""

    def _finish(self, operation: Operation, service: Service | None) -> None:
        name = service.name if service is not None else "unknown"
        kind = "unanswered" if operation.status is None else status_kind(operation.status)
        self.counts[f"{name} {kind}"] += 1
        is_partial = operation.status == Status.SUBOPERATIONS_FAILED and operation.comment  # without: only warnings
        if operation.status is not None and (kind == StatusKind.FAILURE or is_partial):
            failure = (name, operation.status, operation.comment)
            if failure in self.failures or len(self.failures) < MAX_FAILURES:
                self.failures[failure] += 1
        self._operation = self._task = None
        if operation.sequel is not None:
            self._follow(operation.sequel)
        while self._waiting and self._operation is None:
            self._take(self._waiting.popleft())
        while self._waiting and isinstance(self._waiting[0], DataSetPiece):
            self._take(self._waiting.popleft())
        if not self._waiting:
            self._line.flow.go(Cause.TURN)
            if self._line.is_finishing and self._operation is None:
                self._line.abort("the archive is stopping")

    def _follow(self, sequel: Sequel) -> None:
        task = asyncio.get_running_loop().create_task(self._run_sequel(sequel))
        self._sequels.add(task)
        task.add_done_callback(self._sequels.discard)

    async def _run_sequel(self, sequel: Sequel) -> None:
        try:
            await sequel(self._free_calls)
        except Exception as fault:  # noqa: BLE001  the outermost loop of what follows a request
            log.error("sequel_failed", error=type(fault).__name__, raised_at=_places(fault))

    def _free_calls(self) -> Calls | None:
        """For a request of ours, where the peer neither asks for something itself nor owes us a response."""
        is_taken = self._operation is not None or self._waiting or (self._calls is not None and self._calls.is_waiting)
        if self._is_over or self._line.is_finishing or is_taken:
            return None
        self._calls = Calls(self._line)
        return self._calls


def _places(fault: BaseException) -> list[str]:
    """Where it was raised, without the values in it: they may be a patient's."""
    return [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)]


def _kept(message: Message | ReleaseRequested) -> Message | ReleaseRequested:
    """The message without a view of the buffer that the next read overwrites."""
    return message._replace(fragment=bytes(message.fragment)) if isinstance(message, DataSetPiece) else message
