"""C-FIND: Query/Retrieve (PS3.4 C.4.1): matches are sent while the index gives them."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from filmless.access.roles import Right
from filmless.access.scope import scope
from filmless.archive.errors import BadQuery, Unavailable
from filmless.archive.model import DicomJson, Level, Matches, Query
from filmless.servers.association.operation import Operation
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.identifier import Identifier, IdentifierWriter, parse_identifier
from filmless.standards.dicom.dictionary import vr_of
from filmless.standards.dimse.query_models import FIND_LEVELS, read_extensions, wrong_unique_key
from filmless.standards.dimse.status import Status

MAX_IDENTIFIER = 1 << 20  # bytes
FIRST_BATCH, BATCH = 32, 100  # matches fetched and sent at once; most queries have no more than the first

_CHARACTER_SET, _LEVEL, _RETRIEVE_AE = 0x00080005, 0x00080052, 0x00080054
_OURS = frozenset((_CHARACTER_SET, _LEVEL, _RETRIEVE_AE))  # answered by this door, not by the archive


Keys = Mapping[str, tuple[dict[str, object], "Keys | None"]]  # the element where it is not known, keys of items


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, understood."""

    query: Query
    keys: Keys  # what the answers hold
    character_set: str  # of the request
    always: DicomJson  # what this door says in each of them
    limit: int  # answers; 0: all there are


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
        matches = operation.collaborators.archive.stream(asked.query, allowed)
        await _send_matches(operation, asked, matches)
    except BadQuery as fault:
        operation.answer(Status.CANNOT_UNDERSTAND, fault.reason)
    except Unavailable:
        operation.answer(Status.OUT_OF_RESOURCES, "the archive does not answer now; try again")


def _understand(operation: Operation, data: bytes) -> _Asked | str:
    """The query, or why there is none."""
    model = operation.context.abstract_syntax
    identifier = parse_identifier(data, operation.context.transfer_syntax)
    if isinstance(identifier, Fault):
        return identifier.reason
    values = dict(identifier.keys)
    level, levels = values.get((_LEVEL,), ""), FIND_LEVELS[model]
    if level not in levels:
        return f"Query/Retrieve Level must be {', '.join(levels)}"
    extensions = read_extensions(operation.requestor.extended.get(model, b""))
    if not extensions.relational and (key := wrong_unique_key(levels, level, values)):
        return f"{key} needs one value at {level} level (hierarchical)"
    query = Query(
        level=Level(level),
        matches=tuple((path, value) for path, value in identifier.keys if path[0] not in _OURS),
        include=identifier.tags - _OURS,
        fuzzy=extensions.fuzzy,
        combined=extensions.combined,
        all_values=extensions.multiple,
    )
    return _asked(operation, identifier, query)


def _asked(operation: Operation, identifier: Identifier, query: Query) -> _Asked:
    peer = operation.requestor.peer
    limit = peer.find_limit if peer is not None else 0
    keys = _keys(path for path, _ in identifier.keys if path[0] not in _OURS)
    always: DicomJson = {
        _name(_LEVEL): {"vr": "CS", "Value": [query.level.value]},
        _name(_RETRIEVE_AE): {"vr": "AE", "Value": [operation.requestor.called_ae]},
    }
    return _Asked(replace(query, limit=limit + 1) if limit else query, keys, identifier.character_set, always, limit)


def _keys(paths: Iterable[tuple[int, ...]]) -> Keys:
    """Bring paths together by their first tag."""
    below: dict[int, list[tuple[int, ...]]] = {}
    for first, *rest in paths:
        below.setdefault(first, []).append(tuple(rest))
    return {_name(tag): ({"vr": vr_of(tag)}, _keys(rest) if all(rest) else None) for tag, rest in below.items()}


async def _send_matches(operation: Operation, asked: _Asked, matches: Matches) -> None:
    sent, size = 0, FIRST_BATCH
    pending = Status.PENDING_UNSUPPORTED_KEYS if matches.unsupported else Status.PENDING
    while True:
        answers = await _unless_stopped(operation, asked, matches, size)
        if answers is None:
            return
        within = answers[: asked.limit - sent] if asked.limit else answers
        await operation.answer_each(pending, within)
        sent += len(within)
        if len(within) < len(answers):
            operation.answer(Status.OUT_OF_RESOURCES, f"more than your limit of {asked.limit}; narrow the query")
            return
        if len(answers) < size:
            operation.answer(Status.SUCCESS)
            return
        size = BATCH


async def _unless_stopped(operation: Operation, asked: _Asked, matches: Matches, size: int) -> list[bytes] | None:
    """The next answers; None when the peer wanted no more, which is answered while the database still lets go."""
    stop = asyncio.ensure_future(operation.stopped())
    fetching = asyncio.ensure_future(operation.in_executor(_next_answers, operation, asked, matches, size))
    await asyncio.wait((stop, fetching), return_when=asyncio.FIRST_COMPLETED)
    if not stop.done():
        stop.cancel()
        return await fetching
    operation.answer(Status.CANCEL)
    # Not in the executor of the calls: all its threads may be waiting for statements like this one.
    await asyncio.get_running_loop().run_in_executor(None, matches.cancel)
    with suppress(BadQuery, Unavailable):
        await fetching
    return None


def _next_answers(operation: Operation, asked: _Asked, matches: Iterator[DicomJson], size: int) -> list[bytes]:
    """The next answers, encoded; runs in the executor."""
    writer = IdentifierWriter(operation.context.transfer_syntax, asked.character_set)
    return [writer.write(_only(asked.keys, match) | asked.always) for match in islice(matches, size)]


def _only(keys: Keys, attributes: DicomJson) -> DicomJson:
    """The attributes of a data set or an item that keys name; those it does not have are empty (PS3.4 C.4.1.1.3.2)."""
    found: DicomJson = {}
    for name, (empty, of_items) in keys.items():
        element = attributes.get(name) or empty
        items = element.get("Value")
        if of_items and isinstance(items, list):
            element = {"vr": "SQ", "Value": [_only(of_items, item) for item in items if isinstance(item, dict)]}
        found[name] = element
    return found


def _name(tag: int) -> str:
    return f"{tag:08X}"
