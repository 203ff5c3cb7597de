"""Any one object for its page: what it is, where it stands in its series, how it is shown, the names of attributes."""

import asyncio
import gzip
from collections.abc import Sequence
from concurrent.futures import Executor

import orjson

from filmless.access.roles import Right
from filmless.archive.archive import Archive
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.servers.http_messages import JSON, Answer, Problem, Request, json_answer
from filmless.servers.routes import Route
from filmless.standards.dicom.dictionary import KEYWORD
from filmless.standards.dicom.document_media_types import DOCUMENT_MEDIA_TYPES, PDF
from filmless.standards.dicom.pixel_media_types import is_video
from filmless.standards.dicom.sop_classes import SOP_CLASSES
from filmless.standards.dicom.tag_table import REPEATING
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax
from filmless.standards.dicom.uids import is_uid

_TEXTS = frozenset((Kind.REPORT, Kind.CLINICAL_DOCUMENT))
_DAY = (b"cache-control", b"private, max-age=86400")  # the same for everybody until the next version
_TAKES_GZIP = "gzip"


class ObjectPages:
    """Answers for one object, and for the names of all attributes."""

    def __init__(self, archive: Archive, executor: Executor) -> None:
        self._archive, self._executor = archive, executor
        repeating = (line.split(" ") for line in REPEATING.splitlines())
        names = {f"{tag:08X}": keyword for tag, keyword in KEYWORD.items()}
        self._names = orjson.dumps(names | {pattern: keyword for pattern, _, keyword in repeating})
        self._gzipped = gzip.compress(self._names, mtime=0)

    def routes(self) -> Sequence[Route]:
        """One row each."""
        path = "/api/studies/{study}/objects/{instance}"
        return (
            Route("GET", path, Right.RETRIEVE, self.show, "What an object is, and how it is shown"),
            Route("GET", "/api/attributes", Right.SESSION, self.attributes, "Keywords of attributes by tag (PS3.6 6)"),
        )

    async def show(self, request: Request) -> Answer:
        """One object; 404 where there is none in this study."""
        uids = request.parameters["study"], request.parameters["instance"]
        if not all(map(is_uid, uids)):
            raise Problem(400, "A UID in the address is malformed.")
        loop = asyncio.get_running_loop()
        return json_answer(await loop.run_in_executor(self._executor, self._object, *uids, request.scope))

    async def attributes(self, request: Request) -> Answer:
        """The table of names; of tags that repeat, digits that vary are "x"."""
        if _TAKES_GZIP in request.header(b"accept-encoding"):
            headers = (_DAY, (b"content-encoding", b"gzip"), (b"vary", b"accept-encoding"))
            return Answer(200, self._gzipped, JSON, headers)
        return Answer(200, self._names, JSON, (_DAY, (b"vary", b"accept-encoding")))

    def _object(self, study_uid: str, instance_uid: str, scope: Scope) -> dict[str, object]:
        (kept,) = self._archive.instances(study_uid, None, instance_uid, scope=scope)
        series = [each.instance_uid for each in self._archive.among(study_uid, kept.series_uid, scope)]
        at = series.index(instance_uid)
        sop_class, syntax = SOP_CLASSES.get(kept.sop_class_uid), transfer_syntax(kept.transfer_syntax_uid)
        return {
            "study_uid": study_uid,
            "series_uid": kept.series_uid,
            "instance_uid": instance_uid,
            "sop_class": {"uid": kept.sop_class_uid, "name": sop_class.name if sop_class else None},
            "transfer_syntax": {"uid": kept.transfer_syntax_uid, "name": syntax.name if syntax.known else None},
            "bytes": kept.length,
            "received_at": kept.received_at,
            "corrected": kept.edit is not None,
            "shown_as": _shown_as(kept),
            "position": at + 1,
            "count": len(series),
            "previous": series[at - 1] if at else None,
            "next": series[at + 1] if at + 1 < len(series) else None,
        }


def _shown_as(kept: KeptInstance) -> str:
    """What ``/rendered`` gives of it best; of what has no picture that is a card with its name."""
    if KINDS.get(kept.sop_class_uid) in _TEXTS:
        return "text"
    if DOCUMENT_MEDIA_TYPES.get(kept.sop_class_uid) == PDF:
        return "pdf"
    return "video" if is_video(kept.transfer_syntax_uid) else "picture"
