"""N-ACTION: Storage Commitment Push Model (PS3.4 J.3.2): recorded, then answered; the report follows.

It goes by this association while the peer keeps it open and asks nothing else (PS3.4 J.3.3), otherwise by another.
"""

from datetime import UTC, datetime
from functools import partial

import structlog

from filmless.access.roles import Right
from filmless.access.scope import scope
from filmless.archive.commitment import Commitment, Request, Ticket
from filmless.archive.errors import Unavailable
from filmless.servers.association.line import AssociationEnded
from filmless.servers.association.operation import FreeCalls, Operation
from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.dicom.sop_classes import STORAGE_COMMITMENT_INSTANCE
from filmless.standards.dicom.uids import is_uid
from filmless.standards.dimse.commands import Element
from filmless.standards.dimse.commitment import (
    REQUEST_COMMITMENT,
    CommitmentList,
    read_commitment,
    report_command,
    report_data_set,
)
from filmless.standards.dimse.status import Status, StatusKind, status_kind

MAX_LIST = 16 << 20  # bytes of one request: 100,000 references
CHUNK = 1 << 20  # bytes taken at once
REPORT_SECONDS = 30.0  # that a peer may take to answer a report on its own association

Refusal = tuple[Status, str]

log = structlog.get_logger()


async def n_action(operation: Operation) -> None:
    """Record what is to be committed, and answer."""
    refusal = _refuse_command(operation)
    if refusal is not None:
        await operation.discard()
        operation.answer(*refusal)
        return
    scope(operation.requestor.principal, Right.STORE, datetime.now(UTC))
    data_set = await _gather(operation)
    if data_set is None:
        await operation.discard()
        operation.answer(Status.RESOURCE_LIMITATION, "the list is too long: divide it among several requests")
        return
    answer = await operation.in_executor(_ask, operation, data_set)
    operation.answer(*answer)


def _refuse_command(operation: Operation) -> Refusal | None:
    """What is wrong with the command itself (PS3.7 10.1.4.1.10)."""
    command = operation.command
    instance_uid = command.texts.get(Element.REQUESTED_INSTANCE_UID, "")
    if command.texts.get(Element.REQUESTED_SOP_CLASS_UID) != operation.context.abstract_syntax:
        return Status.NO_SUCH_SOP_CLASS, "SOP class is not that of the presentation context"
    if not is_uid(instance_uid):
        return Status.INVALID_INSTANCE, "Requested SOP Instance UID is not a UID"
    if instance_uid != STORAGE_COMMITMENT_INSTANCE:
        return Status.NO_SUCH_INSTANCE, f"the instance of this service is {STORAGE_COMMITMENT_INSTANCE}"
    if command.numbers.get(Element.ACTION_TYPE_ID) != REQUEST_COMMITMENT:
        return Status.NO_SUCH_ACTION, "Action Type ID is 1: Request Storage Commitment"
    if not command.has_data_set:
        return Status.INVALID_ARGUMENT, "there is no data set with the list"
    return None


async def _gather(operation: Operation) -> bytes | None:
    """The list, or None when it is longer than we hold."""
    data_set = bytearray(await operation.take(CHUNK))
    while not operation.has_ended or operation.holds_data:
        if len(data_set) > MAX_LIST:
            return None
        data_set += await operation.take(CHUNK)
    return bytes(data_set)


def _ask(operation: Operation, data_set: bytes) -> Refusal:
    """Read the list and record it; runs in the executor."""
    asked = read_commitment(data_set, operation.context.transfer_syntax)
    if isinstance(asked, Fault):
        is_too_long = asked.kind is FaultKind.LIMIT
        return Status.RESOURCE_LIMITATION if is_too_long else Status.INVALID_ARGUMENT, asked.reason
    try:
        ticket = operation.collaborators.commitments.ask(_request(operation, asked))
    except Unavailable:
        return Status.PROCESSING_FAILURE, "the archive does not answer now; try again"
    if ticket is not None:
        operation.sequel = partial(_report, operation, ticket)
    return Status.SUCCESS, ""


async def _report(operation: Operation, ticket: Ticket, free_calls: FreeCalls) -> None:
    """Find out what is safe and tell the peer here; what cannot be told here is left to the job."""
    commitments, in_executor = operation.collaborators.commitments, operation.in_executor
    try:
        decided = await in_executor(commitments.settle, ticket, datetime.now(UTC))
        if decided is not None:
            is_taken = await _tell(operation, decided, free_calls)
            await in_executor(commitments.reported if is_taken else commitments.let_go, decided)
    except Unavailable as fault:
        log.warning("commitment_left_to_its_job", reason=str(fault))


async def _tell(operation: Operation, decided: Commitment, free_calls: FreeCalls) -> bool:
    """Whether the peer has taken the report on its own association."""
    calls, context, request = free_calls(), operation.context, decided.request
    if calls is None:
        return False
    failures, asked = decided.failures or (), CommitmentList(request.transaction_uid, request.references)
    data_set = report_data_set(asked, failures, request.called_ae, context.transfer_syntax)
    try:
        calls.request(context.context_id, report_command(failures), data_set, is_last=True)
        response = await calls.response_within(REPORT_SECONDS)
    except (AssociationEnded, TimeoutError):
        return False
    return response.status is not None and status_kind(response.status) is not StatusKind.FAILURE


def _request(operation: Operation, asked: CommitmentList) -> Request:
    requestor = operation.requestor
    return Request(
        ae=requestor.source.calling_ae.strip(),
        called_ae=requestor.called_ae.strip(),
        address=requestor.principal.address,
        transaction_uid=asked.transaction_uid,
        references=asked.references,
        requested_at=datetime.now(UTC),
    )
