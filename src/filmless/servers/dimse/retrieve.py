"""What C-GET and C-MOVE share: what is asked for, the sub-operations, and what is told of them (PS3.4 C.4.2, C.4.3)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from filmless.access.roles import Right
from filmless.access.scope import scope
from filmless.archive.errors import BadQuery, Unavailable
from filmless.archive.model import KeptInstance, Level
from filmless.archive.query.selection import Selection, read_selection
from filmless.archive.scope import Scope
from filmless.servers.association.operation import Operation
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.identifier import encode_identifier, parse_identifier
from filmless.standards.dimse.commands import Element
from filmless.standards.dimse.query_models import RETRIEVE_LEVELS
from filmless.standards.dimse.status import Status, StatusKind, status_kind

MAX_IDENTIFIER = 1 << 20  # bytes
PENDING_SECONDS = 0.2  # between pending responses: often enough to watch, rarely enough to cost nothing
MAX_FAILED_UIDS = 1000  # named in the final response: a value of VR UI ends at 64 KiB
MAX_NUMBER = 0xFFFF  # counts have VR US (PS3.7 E.1)
MAX_COMMENT = 64  # characters (VR LO)

_LEVEL = 0x00080052


@dataclass(slots=True)
class Tally:
    """Sub-operations so far, as responses tell them."""

    remaining: int
    completed: int = 0
    failed: int = 0
    warning: int = 0
    failed_uids: list[str] = field(default_factory=list)
    comment: str = ""  # why the first one failed

    def count(self, instance_uid: str, status: int, comment: str = "") -> None:
        """A sub-operation has ended with this status of its C-STORE."""
        self.remaining -= 1
        match status_kind(status):
            case StatusKind.SUCCESS:
                self.completed += 1
            case StatusKind.WARNING:
                self.warning += 1
            case _:
                self._fail(instance_uid, comment or f"a C-STORE was answered with {status:04X}H")

    def fail(self, instance_uid: str, comment: str) -> None:
        """A sub-operation could not be begun, or has no answer."""
        self.remaining -= 1
        self._fail(instance_uid, comment)

    def _fail(self, instance_uid: str, comment: str) -> None:
        self.failed += 1
        self.comment = self.comment or comment
        if len(self.failed_uids) < MAX_FAILED_UIDS:
            self.failed_uids.append(instance_uid)

    def numbers(self, *, remaining: bool) -> dict[int, int]:
        """The counts as elements of a response."""
        counts = {
            Element.COMPLETED_SUBOPERATIONS: self.completed,
            Element.FAILED_SUBOPERATIONS: self.failed,
            Element.WARNING_SUBOPERATIONS: self.warning,
        }
        if remaining:
            counts[Element.REMAINING_SUBOPERATIONS] = self.remaining
        return {element: min(count, MAX_NUMBER) for element, count in counts.items()}

    def status(self, *, cancelled: bool) -> Status:
        """The final status (PS3.4 C.4.2.2, C.4.2.1.5): a failure says that no sub-operation was successful."""
        if cancelled and self.remaining:
            return Status.CANCEL
        if self.failed and not self.completed and not self.warning:
            return Status.NO_SUBOPERATION
        return Status.SUBOPERATIONS_FAILED if self.failed or self.warning else Status.SUCCESS


class Retrieval:
    """A retrieve that is understood: the instances, the tally, and its responses."""

    def __init__(self, operation: Operation, instances: Sequence[KeptInstance], allowed: Scope) -> None:
        self.operation = operation
        self.instances = instances
        self.allowed = allowed
        self.tally = Tally(len(instances))
        self._told_at = float("-inf")  # loop time

    @property
    def is_cancelled(self) -> bool:
        """Whether the peer wants no more."""
        return self.operation.is_cancelled()

    def tell(self) -> None:
        """Send a pending response, unless one was just sent."""
        now = asyncio.get_running_loop().time()
        if self.tally.remaining and now - self._told_at >= PENDING_SECONDS:
            self._told_at = now
            self.operation.answer(Status.PENDING, numbers=self.tally.numbers(remaining=True))

    def end(self) -> None:
        """Send the final response."""
        tally = self.tally
        status = tally.status(cancelled=self.is_cancelled)
        identifier = None
        if tally.failed_uids:
            failed: dict[str, dict[str, object]] = {"00080058": {"vr": "UI", "Value": list(tally.failed_uids)}}
            identifier = encode_identifier(failed, self.operation.context.transfer_syntax)
        numbers = tally.numbers(remaining=status is Status.CANCEL)
        self.operation.answer(status, tally.comment[:MAX_COMMENT], identifier, numbers)


async def understand(operation: Operation, destination: str = "") -> Retrieval | None:
    """Read the request and find its instances; None when it was refused, which is answered then.

    ``destination`` is the AE title that they go to, where that is not the requestor.
    """
    identifier = bytes(await operation.take(MAX_IDENTIFIER + 1))
    if len(identifier) > MAX_IDENTIFIER:
        operation.abort("identifier beyond its limit")
        return None
    allowed = scope(operation.requestor.principal, Right.RETRIEVE, datetime.now(UTC))
    try:
        selection = _selection(operation, identifier)
        found = await operation.in_executor(operation.collaborators.archive.select, selection, allowed, destination)
    except BadQuery as fault:
        operation.answer(Status.DATA_SET_MISMATCH, fault.reason[:MAX_COMMENT])
    except Unavailable:
        operation.answer(Status.CANNOT_COUNT, "the archive does not answer now; try again")
    else:
        return Retrieval(operation, found, allowed)
    return None


def _selection(operation: Operation, data: bytes) -> Selection:
    identifier = parse_identifier(data, operation.context.transfer_syntax)
    if isinstance(identifier, Fault):
        raise BadQuery(identifier.reason)
    keys = {path[0]: value for path, value in identifier.keys if len(path) == 1}
    model, named = operation.context.abstract_syntax, keys.get(_LEVEL, "")
    levels = RETRIEVE_LEVELS[model]
    if named not in levels:
        raise BadQuery(f"Query/Retrieve Level must be one of {', '.join(levels)}")
    return read_selection(Level(named), keys)
