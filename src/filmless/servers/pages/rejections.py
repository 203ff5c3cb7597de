"""Rejection notes for people: what was taken out of use, why and by whom."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from filmless.access.roles import Right
from filmless.archive.rejections import RejectionEntry
from filmless.servers.http_messages import Answer, Request, json_answer
from filmless.servers.routes import Route


class Rejections:
    """Answers for ``/api/rejections``; ``newest`` blocks."""

    def __init__(self, newest: Callable[[], Sequence[RejectionEntry]], executor: Executor) -> None:
        self._newest, self._executor = newest, executor

    def routes(self) -> Sequence[Route]:
        """One row each."""
        summary = "What rejection notes took out of use"
        return (Route("GET", "/api/rejections", Right.REVIEW, self.list, summary),)

    async def list(self, _: Request) -> Answer:
        """The newest notes."""
        found = await asyncio.get_running_loop().run_in_executor(self._executor, self._newest)
        return json_answer({"rejections": [entry_json(each) for each in found]})


def entry_json(entry: RejectionEntry) -> dict[str, object]:
    """A note as JSON; moments are RFC 3339 in UTC."""
    return {
        "id": entry.public_id,
        "note_uid": entry.note_uid,
        "title": entry.title,
        "meaning": entry.meaning,
        "study_uid": entry.study_uid,
        "actor": entry.actor,
        "received_at": entry.received_at,
        "instances": entry.instances,
        "hidden": entry.hidden,
    }
