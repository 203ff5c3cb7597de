"""Storage commitments for people: what peers asked for, what came of it, what is due."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Protocol
from uuid import UUID

from filmless.access.roles import Right
from filmless.archive.commitment import CommitmentEntry
from filmless.archive.errors import NotFound
from filmless.servers.http_messages import Answer, Problem, Request, json_answer
from filmless.servers.routes import Route


class Record(Protocol):
    """The record of commitments; blocks."""

    def all(self) -> Sequence[CommitmentEntry]:
        """The newest ones."""

    def retry(self, public_id: UUID, actor: str, /) -> bool:
        """Have one carried out at once; False when there is no such one."""


class Commitments:
    """Answers for ``/api/commitments``."""

    def __init__(self, record: Record, executor: Executor) -> None:
        self._record, self._executor = record, executor

    def routes(self) -> Sequence[Route]:
        """One row each."""
        path = "/api/commitments"
        return (
            Route("GET", path, Right.REVIEW, self.list, "What peers asked us to keep safe, and whether they know it"),
            Route(
                "POST", path + "/{commitment}/retry", Right.ADMINISTER, self.retry, "Carry one out at once", gives=()
            ),
        )

    async def list(self, _: Request) -> Answer:
        """The newest commitments."""
        found = await asyncio.get_running_loop().run_in_executor(self._executor, self._record.all)
        return json_answer({"commitments": [entry_json(each) for each in found]})

    async def retry(self, request: Request) -> Answer:
        """Find out anew and report at once."""
        try:
            public_id = UUID(request.parameters["commitment"])
        except ValueError:
            raise Problem(400, "The id in the address is malformed.") from None
        actor = request.scope.actor
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(self._executor, self._record.retry, public_id, actor):
            raise NotFound(str(public_id))
        return Answer(204)


def entry_json(entry: CommitmentEntry) -> dict[str, object]:
    """A commitment as JSON; moments are RFC 3339 in UTC."""
    return {
        "id": entry.public_id,
        "ae": entry.ae,
        "called_ae": entry.called_ae,
        "transaction_uid": entry.transaction_uid,
        "state": entry.state,
        "requested_at": entry.requested_at,
        "instances": entry.instances,
        "committed": entry.committed,
        "attempts": entry.attempts,
        "next_at": entry.next_at,
        "reported_at": entry.reported_at,
        "last_error": entry.last_error,
    }
