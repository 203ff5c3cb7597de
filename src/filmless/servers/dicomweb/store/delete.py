"""Delete: instances go to the bin, from which they come back; nothing is sent that brings them back.

PS3.18 has no such transaction for studies; method and addresses are those that other archives serve.
"""

from typing import Protocol

from filmless.archive.errors import NotFound
from filmless.archive.scope import Scope
from filmless.servers.dicomweb.service import Service
from filmless.servers.http_messages import Answer, Problem, Request
from filmless.standards.dicom.uids import is_uid

MAX_REASON = 1000  # characters


class Bin(Protocol):
    """Where deleted instances lie; blocks."""

    def delete(self, uids: tuple[str, str | None, str | None], reason: str, scope: Scope, /) -> int:
        """Put what is served of a study, series or instance into the bin; how many instances that were."""


class Delete:
    """Answers delete requests."""

    def __init__(self, service: Service, bin_: Bin) -> None:
        self._service, self._bin = service, bin_

    async def delete(self, request: Request) -> Answer:
        """A study, a series or an instance; the parameter ``reason`` says why."""
        study_uid, series_uid, instance_uid = (request.parameters.get(name) for name in ("study", "series", "instance"))
        uids = (study_uid or "", series_uid, instance_uid)
        if not all(is_uid(uid) for uid in uids if uid is not None):
            raise Problem(400, "A UID in the address is malformed.")
        if not await self._service.call(self._bin.delete, uids, _reason(request), request.scope):
            raise NotFound(instance_uid or series_uid or uids[0])
        return Answer(204)


def _reason(request: Request) -> str:
    reason = " ".join(value for name, value in request.query() if name.lower() == "reason")
    if len(reason) > MAX_REASON:
        raise Problem(400, f"A reason has at most {MAX_REASON} characters.")
    return reason
