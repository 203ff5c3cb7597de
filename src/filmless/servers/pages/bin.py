"""The bin for people: what was deleted, by whom and why, and how it comes back."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Protocol
from uuid import UUID

from filmless.access.roles import Right
from filmless.archive.errors import NotFound
from filmless.archive.rejections import DeletionEntry
from filmless.archive.scope import Scope
from filmless.servers.http_messages import Answer, Problem, Request, json_answer
from filmless.servers.routes import Route


class Deletions(Protocol):
    """The record of deletions; blocks."""

    def all(self) -> Sequence[DeletionEntry]:
        """The newest ones."""

    def restore(self, public_id: UUID, scope: Scope, /) -> int | None:
        """Give back what one took; how many instances are served again, None when there is no such one."""


class BinPages:
    """Answers for ``/api/bin``."""

    def __init__(self, deletions: Deletions, executor: Executor) -> None:
        self._deletions, self._executor = deletions, executor

    def routes(self) -> Sequence[Route]:
        """One row each."""
        path = "/api/bin"
        return (
            Route("GET", path, Right.DELETE, self.list, "What was deleted, by whom and why"),
            Route("POST", path + "/{deletion}/restore", Right.DELETE, self.restore, "Take a deletion back"),
        )

    async def list(self, _: Request) -> Answer:
        """The newest deletions."""
        found = await asyncio.get_running_loop().run_in_executor(self._executor, self._deletions.all)
        return json_answer({"deletions": [_entry_json(each) for each in found]})

    async def restore(self, request: Request) -> Answer:
        """Show again what one deletion took; 404 when it is not in the bin."""
        try:
            public_id = UUID(request.parameters["deletion"])
        except ValueError:
            raise Problem(400, "The id in the address is malformed.") from None
        loop = asyncio.get_running_loop()
        restored = await loop.run_in_executor(self._executor, self._deletions.restore, public_id, request.scope)
        if restored is None:
            raise NotFound(str(public_id))
        return json_answer({"restored": restored})


def _entry_json(entry: DeletionEntry) -> dict[str, object]:
    """A deletion as JSON; moments are RFC 3339 in UTC."""
    return {
        "id": entry.public_id,
        "study_uid": entry.study_uid,
        "series_uid": entry.series_uid,
        "instance_uid": entry.instance_uid,
        "reason": entry.reason,
        "actor": entry.actor,
        "deleted_at": entry.deleted_at,
        "instances": entry.instances,
        "restored_by": entry.restored_by,
        "restored_at": entry.restored_at,
        "patient": {
            "name": entry.patient_name,
            "name_ideographic": entry.patient_name_ideographic,
            "id": entry.patient_id,
        },
        "date": entry.study_date,
        "description": entry.study_description,
    }
