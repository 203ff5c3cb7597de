"""Lists on standard output: columns that a person reads, or JSON that a program does."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson


def as_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    """Lines of a table whose columns are as wide as their longest text; the last column is not padded."""
    lines = [tuple(headings), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()


def as_record(told: dict[str, Any], *, json: bool) -> Iterable[str]:
    """What one request came to: a table of one row without what is a list, or one JSON object on a line."""
    if json:
        return [orjson.dumps(told).decode()]
    shown = {name: str(value) for name, value in told.items() if not isinstance(value, list)}
    return as_table([*shown], [[*shown.values()]])


def as_json(rows: Iterable[dict[str, Any]]) -> str:
    """One JSON array, a row a line."""
    return "[" + ",\n ".join(orjson.dumps(row).decode() for row in rows) + "]"
