"""C-STORE: Storage (PS3.4 B, PS3.7 9.1.1). The data set goes to the archive as it came, whole or in chunks."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from filmless.access.roles import Right
from filmless.access.scope import scope
from filmless.archive.model import Outcome, Received, Refusal, Refused
from filmless.archive.scope import Scope
from filmless.servers.association.operation import Operation, Requestor
from filmless.standards.data_set.part10 import write_head
from filmless.standards.dicom.uids import is_uid
from filmless.standards.dimse.commands import Command
from filmless.standards.dimse.status import Status
from filmless.standards.upper_layer.association import AgreedContext

CHUNK = 1 << 20  # bytes; one is written while the next arrives

STATUS_OF = {
    Refusal.NOT_DICOM: Status.CANNOT_UNDERSTAND,
    Refusal.BAD_UID: Status.BAD_UID,
    Refusal.MISMATCH: Status.DATA_SET_MISMATCH,
    Refusal.LIMIT: Status.BEYOND_LIMIT,
    Refusal.DUPLICATE: Status.DUPLICATE,
    Refusal.OTHER_STUDY: Status.PROCESSING_FAILURE,  # never at this door: no study is addressed
    Refusal.UNSUPPORTED: Status.SOP_CLASS_NOT_SUPPORTED,
    Refusal.COERCION: Status.PROCESSING_FAILURE,
    Refusal.NO_SPACE: Status.OUT_OF_RESOURCES,
    Refusal.STORAGE_FAILED: Status.OUT_OF_RESOURCES,
    Refusal.NOT_ALLOWED: Status.NOT_AUTHORIZED,
}


def head(context: AgreedContext, command: Command, requestor: Requestor) -> bytes:
    """What precedes the data set in the file that is kept (PS3.10 7.1); empty where none will be."""
    if not is_uid(command.instance_uid):
        return b""
    calling_ae = requestor.source.calling_ae
    return write_head(context.abstract_syntax, command.instance_uid, context.transfer_syntax, calling_ae)


async def c_store(operation: Operation) -> None:
    """Hand the data set to the archive and answer what came of it.

    What is kept in any way is a success (PS3.4 B.2.3): senders take a warning for a failure, and send again for ever.
    Where the sender should know more, Error Comment says it.
    """
    refusal = _refuse_command(operation)
    if refusal is not None:
        await operation.discard()
        operation.answer(*refusal)
        return
    now = datetime.now(UTC)
    data_set = await operation.take()
    allowed = scope(operation.requestor.principal, Right.STORE, now)
    if "expire" in operation.requestor.rights:
        allowed = replace(allowed, may_expire=True)
    if operation.has_ended:
        outcome = await _store(operation, data_set, allowed, now)
    else:
        outcome = await _store_large(operation, data_set, allowed, now)
    if isinstance(outcome, Refused):
        operation.answer(STATUS_OF[outcome.refusal], outcome.comment)
    else:
        operation.answer(Status.SUCCESS, outcome.remark)


def _refuse_command(operation: Operation) -> tuple[Status, str] | None:
    command = operation.command
    if not command.has_data_set:
        return Status.CANNOT_UNDERSTAND, "there is no data set"
    if command.sop_class_uid != operation.context.abstract_syntax:
        return Status.SOP_CLASS_NOT_SUPPORTED, "SOP class is not that of the presentation context"
    if not is_uid(command.instance_uid):
        return Status.INVALID_INSTANCE, "Affected SOP Instance UID is not a UID"
    return None


async def _store(operation: Operation, data_set: memoryview, allowed: Scope, now: datetime) -> Outcome:
    command, requestor = operation.command, operation.requestor
    received = Received(
        head=operation.head,
        data_set=data_set,
        transfer_syntax_uid=operation.context.transfer_syntax,
        source=requestor.source,
        received_at=now,
        sop_class_uid=command.sop_class_uid,
        instance_uid=command.instance_uid,
        margins=operation.margins,
    )
    return await asyncio.wrap_future(operation.collaborators.archive.store(received, allowed))


async def _store_large(operation: Operation, first: memoryview, allowed: Scope, now: datetime) -> Outcome:
    """Write chunk by chunk; the next chunk arrives meanwhile, and reading pauses when the disk is slower."""
    large = await operation.in_executor(
        operation.collaborators.archive.store_large,
        operation.requestor.source,
        operation.context.transfer_syntax,
        operation.command.sop_class_uid,
        operation.command.instance_uid,
        allowed,
        now,
        operation.head,
    )
    try:
        await operation.in_executor(large.write, first)
        while not operation.has_ended or operation.holds_data:
            await operation.in_executor(large.write, await operation.take(CHUNK))
    except BaseException:  # the peer is gone, or we are: nothing is left of it
        await operation.in_executor(large.abort)
        raise
    return await asyncio.wrap_future(await operation.in_executor(large.finish))
