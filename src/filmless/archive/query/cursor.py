"""Cursors: where a page ended, sealed; the next one starts behind it however many rows came or went between."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from enum import Enum
from typing import Protocol

from filmless.archive.errors import BadQuery
from filmless.archive.model import Query

SortValue = str | int | date | time | datetime | list[str] | None

_MAX_CURSOR = 32_768  # characters


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    value.encode()  # a lone surrogate is no text
    return value


def _number(value: object) -> int:
    if type(value) is not int or not -(1 << 63) <= value < 1 << 63:
        raise ValueError
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise ValueError
    return [_text(one) for one in value]


class SortKind(Enum):
    """Type of a value that is sorted by, and how it is read back from a cursor."""

    TEXT = (_text,)
    NUMBER = (_number,)
    DATE = (lambda value: date.fromisoformat(_text(value)),)
    TIME = (lambda value: time.fromisoformat(_text(value)),)
    MOMENT = (_moment,)
    TEXTS = (_texts,)

    def __init__(self, read: Callable[[object], SortValue]) -> None:
        self.read = read


class Seal(Protocol):
    """Closes bytes so that only this archive reads them, and only together with what they are about."""

    def close(self, plain: bytes, about: bytes) -> bytes: ...
    def open(self, closed: bytes, about: bytes) -> bytes | None:
        """Give what was closed, None when it was not closed here, was altered, or is about something else."""
        ...


def write_cursor(query: Query, values: Sequence[SortValue], seal: Seal) -> str:
    """Give the cursor of a page that ends with these sort values, the row's id last."""
    plain = [value.isoformat() if isinstance(value, date | time) else value for value in values]
    body = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(seal.close(body, fingerprint(query))).rstrip(b"=").decode()


def read_cursor(query: Query, kinds: Sequence[SortKind], seal: Seal) -> list[SortValue] | None:
    """Give the values in the query's cursor; ``BadQuery`` for one that is altered, foreign or of another query."""
    if query.after is None:
        return None
    try:
        if len(query.after) > _MAX_CURSOR:
            raise ValueError
        closed = base64.b64decode(query.after + "=" * (-len(query.after) % 4), altchars=b"-_", validate=True)
        body = seal.open(closed, fingerprint(query))
        if body is None:
            raise ValueError
        values = json.loads(body)
        return [None if value is None else kind.read(value) for kind, value in zip(kinds, values, strict=True)]
    except ValueError as error:
        raise BadQuery("the cursor is not one that this archive gave for this query; ask without it") from error


def fingerprint(query: Query) -> bytes:
    """Tell queries apart that list other rows, or list them in another order."""
    order = [(one.tag, one.descending) for one in query.order]
    of_pages = (query.within, query.status and query.status.value)
    asked = (query.level.value, sorted(query.matches), query.fuzzy, query.combined, query.text or "", order, of_pages)
    return hashlib.sha256(repr(asked).encode("utf-8", "surrogatepass")).digest()
