"""The record of associations for administrators and auditors: newest first, by page."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from filmless.access.associations import RecordedAssociation
from filmless.servers.http_messages import Answer, Problem, Request, json_answer

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
_SWITCHES = {"": False, "false": False, "true": True}


ReadPage = Callable[[int, int | None, str | None, bool], Sequence[RecordedAssociation]]
"""Associations by limit, number to be before, calling AE title, and whether only failed ones; blocks."""


class AssociationList:
    """Answers ``GET /api/associations``."""

    def __init__(self, read: ReadPage, executor: Executor) -> None:
        self._read = read
        self._executor = executor

    async def list(self, request: Request) -> Answer:
        """A page of associations and the cursor of the next one; ``ae``, ``failed``, ``limit``, ``after`` narrow it."""
        asked = dict(request.query())
        limit = _number(asked, "limit", DEFAULT_LIMIT)
        before = _number(asked, "after", 0) or None
        failed = _SWITCHES.get(asked.get("failed", ""))
        if failed is None:
            raise Problem(400, "failed is true or false.")
        if not 1 <= limit <= MAX_LIMIT:
            raise Problem(400, f"limit is 1 to {MAX_LIMIT}.")
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._executor, self._read, limit, before, asked.get("ae"), failed)
        cursor = str(found[-1].number) if len(found) == limit else None
        return json_answer({"associations": [one.fields() for one in found], "cursor": cursor})


def _number(asked: dict[str, str], name: str, default: int) -> int:
    text = asked.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or len(text) > 18:
        raise Problem(400, f"{name} is a whole number.")
    return int(text)
