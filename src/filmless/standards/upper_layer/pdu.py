"""The protocol data units of the upper layer (PS3.8 9.3) as values, read and written."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from filmless.standards.upper_layer.items import (
    APPLICATION_CONTEXT,
    BadItem,
    ContextResult,
    ItemReader,
    ProposedContext,
    UserInformation,
    item,
    read_context_result,
    read_proposed_context,
    read_user_information,
    uid_text,
    write_user_information,
)

HEADER = struct.Struct(">BxI")  # PDU type, reserved, length of what follows
PDV_HEADER = struct.Struct(">IBB")  # length of what follows, presentation context ID, message control header
MAX_ASSOCIATE_LENGTH = 1 << 20  # bytes after the PDU header; 128 contexts with many syntaxes stay far below

_FIXED = struct.Struct(">Hxx16s16s32x")


class PduType(IntEnum):
    """PDU types (PS3.8 9.3.1)."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    P_DATA_TF = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


@dataclass(frozen=True, slots=True)
class AssociateRequest:
    """A-ASSOCIATE-RQ (PS3.8 9.3.2)."""

    called_ae: str
    calling_ae: str
    contexts: tuple[ProposedContext, ...]
    user: UserInformation
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = 1  # bit 0: version 1


@dataclass(frozen=True, slots=True)
class AssociateAccept:
    """A-ASSOCIATE-AC (PS3.8 9.3.3); the titles are those of the request."""

    called_ae: str
    calling_ae: str
    results: tuple[ContextResult, ...]
    user: UserInformation


@dataclass(frozen=True, slots=True)
class AssociateReject:
    """A-ASSOCIATE-RJ (PS3.8 9.3.4): result, source and reason by Table 9-21."""

    result: int
    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class Abort:
    """A-ABORT (PS3.8 9.3.8): source 0 is the service user, 2 the service provider."""

    source: int
    reason: int = 0


# Rejections by Table 9-21 that this product gives.
REJECT_NO_REASON = AssociateReject(1, 1, 1)
REJECT_APPLICATION_CONTEXT = AssociateReject(1, 1, 2)
REJECT_CALLING_AE = AssociateReject(1, 1, 3)
REJECT_CALLED_AE = AssociateReject(1, 1, 7)
REJECT_PROTOCOL_VERSION = AssociateReject(1, 2, 2)
REJECT_CONGESTION = AssociateReject(2, 3, 1)
REJECT_LOCAL_LIMIT = AssociateReject(2, 3, 2)


class AbortReason(IntEnum):
    """Reasons of a provider's A-ABORT (PS3.8 Table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PARAMETER = 4
    UNEXPECTED_PARAMETER = 5
    INVALID_PARAMETER = 6


Pdu = AssociateRequest | AssociateAccept | AssociateReject | Abort | PduType


def read_pdu(kind: int, body: memoryview) -> Pdu | None:
    """The PDU of that type with that body (header taken off); None when it is invalid.

    A-RELEASE-RQ and -RP carry nothing and come back as their type. P-DATA-TF is not read here:
    the association passes its fragments on while they arrive.
    """
    try:
        return _READERS[PduType(kind)](body)
    except (BadItem, struct.error, KeyError, ValueError):
        return None


def write_pdu(pdu: Pdu) -> bytes:
    """The PDU with its header."""
    match pdu:
        case AssociateRequest():
            contexts = b"".join(_proposed(context) for context in pdu.contexts)
            return _associate(PduType.ASSOCIATE_RQ, pdu, item(0x10, pdu.application_context.encode()) + contexts)
        case AssociateAccept():
            contexts = b"".join(_result(result) for result in pdu.results)
            return _associate(PduType.ASSOCIATE_AC, pdu, item(0x10, APPLICATION_CONTEXT.encode()) + contexts)
        case AssociateReject():
            return HEADER.pack(PduType.ASSOCIATE_RJ, 4) + bytes((0, pdu.result, pdu.source, pdu.reason))
        case Abort():
            return HEADER.pack(PduType.ABORT, 4) + bytes((0, 0, pdu.source, pdu.reason))
        case PduType():
            return HEADER.pack(pdu, 4) + bytes(4)


def _associate(kind: PduType, pdu: AssociateRequest | AssociateAccept, items: bytes) -> bytes:
    titles = (title.encode("latin-1", "replace")[:16].ljust(16) for title in (pdu.called_ae, pdu.calling_ae))
    body = _FIXED.pack(1, *titles) + items + write_user_information(pdu.user)
    return HEADER.pack(kind, len(body)) + body


def _proposed(context: ProposedContext) -> bytes:
    syntaxes = b"".join(item(0x40, uid.encode("latin-1")) for uid in context.transfer_syntaxes)
    abstract = item(0x30, context.abstract_syntax.encode("latin-1"))
    return item(0x20, bytes((context.context_id, 0, 0, 0)) + abstract + syntaxes)


def _result(result: ContextResult) -> bytes:
    syntax = item(0x40, result.transfer_syntax.encode("latin-1"))
    return item(0x21, bytes((result.context_id, 0, result.result, 0)) + syntax)


def _read_request(body: memoryview) -> AssociateRequest:
    version, called, calling = _FIXED.unpack_from(body)
    reader, contexts, user, application = ItemReader(), [], UserInformation(), ""
    for kind, value in reader.items(body[_FIXED.size :]):
        if kind == 0x10:
            application = uid_text(value)
        elif kind == 0x20:
            contexts.append(read_proposed_context(value, reader))
        elif kind == 0x50:
            user = read_user_information(value, reader)
    if len({context.context_id for context in contexts}) != len(contexts):
        raise BadItem("presentation context ID used twice")
    return AssociateRequest(_title(called), _title(calling), tuple(contexts), user, application, version)


def _read_accept(body: memoryview) -> AssociateAccept:
    _, called, calling = _FIXED.unpack_from(body)
    reader, results, user = ItemReader(), [], UserInformation()
    for kind, value in reader.items(body[_FIXED.size :]):
        if kind == 0x21:
            results.append(read_context_result(value, reader))
        elif kind == 0x50:
            user = read_user_information(value, reader)
    return AssociateAccept(_title(called), _title(calling), tuple(results), user)


def _read_reject(body: memoryview) -> AssociateReject:
    _, result, source, reason = _four(body)
    return AssociateReject(result, source, reason)


def _read_abort(body: memoryview) -> Abort:
    _, _, source, reason = _four(body)
    return Abort(source, reason)


def _four(body: memoryview) -> tuple[int, ...]:
    if len(body) != 4:
        raise BadItem("PDU has the wrong length")
    return tuple(body)


def _release_request(body: memoryview) -> PduType:
    _four(body)
    return PduType.RELEASE_RQ


def _release_response(body: memoryview) -> PduType:
    _four(body)
    return PduType.RELEASE_RP


def _title(raw: bytes) -> str:
    return raw.decode("latin-1").strip("\0 ")


_READERS: dict[PduType, Callable[[memoryview], Pdu]] = {
    PduType.ASSOCIATE_RQ: _read_request,
    PduType.ASSOCIATE_AC: _read_accept,
    PduType.ASSOCIATE_RJ: _read_reject,
    PduType.RELEASE_RQ: _release_request,
    PduType.RELEASE_RP: _release_response,
    PduType.ABORT: _read_abort,
}
