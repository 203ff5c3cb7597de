"""C-FIND: Query/Retrieve, Study and Patient Root (PS3.4 C.4.1): matches are sent while the index gives them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from filmless.access.roles import Right
from filmless.access.scope import scope
from filmless.archive.errors import BadQuery, Unavailable
from filmless.archive.model import DicomJson, Level, Query
from filmless.archive.query.matching import read_query
from filmless.servers.dimse.operation import Operation
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.identifier import Identifier, encode_identifier, parse_identifier
from filmless.standards.dicom.dictionary import vr_of
from filmless.standards.dicom.sop_classes import PATIENT_ROOT_FIND
from filmless.standards.dimse.status import Status

MAX_IDENTIFIER = 1 << 20  # bytes
FIRST_BATCH, BATCH = 8, 100  # matches fetched and sent at once; the first ones go out soon

_CHARACTER_SET, _LEVEL, _RETRIEVE_AE = 0x00080005, 0x00080052, 0x00080054
_OURS = frozenset((_CHARACTER_SET, _LEVEL, _RETRIEVE_AE))  # answered by this door, not by the archive


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, understood."""

    query: Query
    tags: frozenset[int]  # what the answers hold
    pending: Status


async def c_find(operation: Operation) -> None:
    """Answer each match, then the end."""
    identifier = bytes(await operation.take(MAX_IDENTIFIER + 1))
    if len(identifier) > MAX_IDENTIFIER:
        operation.abort("identifier beyond its limit")
        return
    allowed = scope(operation.requestor.principal, Right.FIND, datetime.now(UTC))
    try:
        asked = _understand(operation, identifier)
        if isinstance(asked, str):
            operation.answer(Status.DATA_SET_MISMATCH, asked)
            return
        matches = await operation.in_executor(operation.collaborators.archive.stream, asked.query, allowed)
        status = await _send_matches(operation, asked, matches)
    except BadQuery as fault:
        operation.answer(Status.CANNOT_UNDERSTAND, fault.reason)
    except Unavailable:
        operation.answer(Status.OUT_OF_RESOURCES, "the archive does not answer now; try again")
    else:
        operation.answer(status)


def _understand(operation: Operation, data: bytes) -> _Asked | str:
    """The query, or why there is none."""
    identifier = parse_identifier(data, operation.context.transfer_syntax)
    if isinstance(identifier, Fault):
        return identifier.reason
    level = _level_of(identifier)
    if level is None or (level is Level.PATIENT and operation.context.abstract_syntax != PATIENT_ROOT_FIND):
        return "Query/Retrieve Level is missing or not of this model"
    keys = tuple((path, value) for path, value in identifier.keys if path[0] not in _OURS)
    query = Query(level=level, matches=keys, include=identifier.tags - _OURS)
    unsupported = read_query(query).unsupported
    return _Asked(query, identifier.tags - _OURS, Status.PENDING_UNSUPPORTED_KEYS if unsupported else Status.PENDING)


def _level_of(identifier: Identifier) -> Level | None:
    named = dict(identifier.keys).get((_LEVEL,), "")
    return Level(named) if named in set(Level) else None


async def _send_matches(operation: Operation, asked: _Asked, matches: Iterator[DicomJson]) -> Status:
    size = FIRST_BATCH
    try:
        while not operation.is_cancelled():
            answers = await operation.in_executor(_next_answers, operation, asked, matches, size)
            for answer in answers:
                if operation.is_cancelled():
                    return Status.CANCEL
                operation.answer(asked.pending, data_set=answer)
            if len(answers) < size:
                return Status.SUCCESS
            await operation.writable()
            size = BATCH
        return Status.CANCEL
    finally:
        if close := getattr(matches, "close", None):  # a generator holds a cursor until it is closed
            await operation.in_executor(close)


def _next_answers(operation: Operation, asked: _Asked, matches: Iterator[DicomJson], size: int) -> list[bytes]:
    """The next answers, encoded; runs in the executor."""
    syntax, called_ae = operation.context.transfer_syntax, operation.requestor.called_ae
    return [encode_identifier(_answer(match, asked, called_ae), syntax) for match in islice(matches, size)]


def _answer(match: DicomJson, asked: _Asked, called_ae: str) -> DicomJson:
    """The attributes that were asked for; those the match does not have are empty (PS3.4 C.4.1.1.3.2)."""
    answer = {_name(tag): match.get(_name(tag)) or {"vr": vr_of(tag)} for tag in asked.tags}
    answer[_name(_LEVEL)] = {"vr": "CS", "Value": [asked.query.level.value]}
    answer[_name(_RETRIEVE_AE)] = {"vr": "AE", "Value": [called_ae]}
    return answer


def _name(tag: int) -> str:
    return f"{tag:08X}"
