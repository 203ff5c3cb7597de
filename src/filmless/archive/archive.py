"""The archive: what we keep and how it is found. Doors call nothing else of this floor."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import partial

import orjson

from filmless.archive.coercion.rules import Rules
from filmless.archive.errors import NotFound, Unavailable
from filmless.archive.events import Event, EventKind
from filmless.archive.findings import ConflictVersion, Finding
from filmless.archive.frame_access import PIXEL_HEADER, moved
from filmless.archive.members import Members
from filmless.archive.model import Count, DicomJson, KeptInstance, Matches, Outcome, Page, Query, Received, Source
from filmless.archive.ports import Catalog, History, PackStore, Search
from filmless.archive.query.selection import Selection
from filmless.archive.receive.candidate import Candidate, answered, storage_refusal
from filmless.archive.receive.large import LargeStore
from filmless.archive.receive.store import Submission
from filmless.archive.scope import Scope
from filmless.standards.data_set.elements import UNDEFINED
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.frames import FrameTable, native_frames
from filmless.standards.data_set.scanner import scan
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax
from filmless.standards.models.dicom_json import data_set_json

_LONGEST_HEADER = 16 << 20  # bytes read of an object without pixels to answer a query

Submit = Callable[[Submission | Candidate, int], "Future[Outcome]"]


class Archive(Members):
    """Stores, finds and gives back instances. Everything that reads takes a scope, obeys it and is recorded.

    ``submit`` brings an instance to the one committer of this process; ``rules`` are those of coercion now.
    """

    def __init__(
        self,
        packs: PackStore,
        catalog: Catalog,
        search: Search,
        history: History,
        submit: Submit,
        rules: Callable[[], Rules],
    ) -> None:
        super().__init__(packs, history)
        self._catalog, self._search = catalog, search
        self._submit, self._rules = submit, rules

    def store(self, received: Received, scope: Scope) -> "Future[Outcome]":
        """Keep an instance: the future has its outcome when bytes and rows are on stable storage. Never raises."""
        try:
            return self._submit(Submission(received, scope, self._rules()), len(received.head) + len(received.data_set))
        except Unavailable as fault:
            return answered(storage_refusal(fault))

    def store_large(  # noqa: PLR0913, PLR0917  what a Received holds, but for the bytes
        self,
        source: Source,
        transfer_syntax_uid: str,
        sop_class_uid: str | None,
        instance_uid: str | None,
        scope: Scope,
        received_at: datetime,
        head: bytes,
    ) -> LargeStore:
        """Begin to keep an instance that streams in; its faults are told by ``LargeStore.finish``."""
        received = Received(head, b"", transfer_syntax_uid, source, received_at, sop_class_uid, instance_uid)
        open_pack = partial(self._packs.open_large, source.issuer)
        return LargeStore(open_pack, received, scope, self._rules(), self._submit)

    def find(self, query: Query, scope: Scope) -> Page:
        """One page of matches within the scope."""
        page = self._search.find(query, scope, self._read_header)
        self._record(EventKind.QUERY, scope, count=1)
        return page

    def stream(self, query: Query, scope: Scope) -> Matches:
        """All matches as they are read; a bad query is refused before the first is asked for."""
        matches = self._search.stream(query, scope, self._read_header)
        self._record(EventKind.QUERY, scope, count=1)
        return matches

    def count(self, query: Query, scope: Scope, exact: bool = False) -> Count:
        """How many matches there are: exact to 10,000, beyond that on demand."""
        return self._search.count(query, scope, exact=exact)

    def instances(
        self, study_uid: str, series_uid: str | None = None, instance_uid: str | None = None, *, scope: Scope
    ) -> list[KeptInstance]:
        """Instances of a study or series, or one of them, by series number and instance number; or ``NotFound``."""
        found = self._catalog.locate(scope, (study_uid, series_uid, instance_uid))
        if not found:
            raise NotFound(instance_uid or series_uid or study_uid)
        self._record(EventKind.RETRIEVE, scope, count=len(found), study_uid=study_uid)
        return found

    def select(self, selection: Selection, scope: Scope, destination: str = "") -> list[KeptInstance]:
        """Instances to be retrieved, by series number and instance number; none where nothing has these keys.

        ``destination`` is the AE title that they go to, where that is not who asks: the record says it.
        """
        found = self._catalog.select(selection, scope)
        for study_uid, count in Counter(each.study_uid for each in found).items():
            self._record(EventKind.RETRIEVE, scope, count=count, study_uid=study_uid, destination=destination)
        return found

    def among(self, study_uid: str, series_uid: str | None, scope: Scope) -> list[KeptInstance]:
        """Instances of a study or series to find one among: recorded as a query, since they are not given out."""
        found = self._catalog.locate(scope, (study_uid, series_uid, None))
        self._record(EventKind.QUERY, scope, count=1, study_uid=study_uid)
        return found

    def frames(self, kept: KeptInstance, scope: Scope) -> FrameTable:
        """Where the frames of an instance lie; ``NotFound`` when it has none that can be addressed."""
        stored = self._catalog.frames(kept.instance_uid)
        table = moved(stored, kept) if stored else self._native_frames(kept)
        if table is None:
            raise NotFound(kept.instance_uid)
        self._record(EventKind.RETRIEVE, scope, count=1, study_uid=kept.study_uid)
        return table

    def findings(self, scope: Scope, study_uid: str | None = None) -> list[Finding]:
        """What a person must look at, newest first."""
        return self._catalog.findings(scope, study_uid)

    def conflicts(self, scope: Scope, study_uid: str | None = None) -> list[ConflictVersion]:
        """Contents that are kept beside the ones that are served."""
        return self._catalog.conflicts(scope, study_uid)

    def _native_frames(self, kept: KeptInstance) -> FrameTable | None:
        if kept.pixel_offset is None or transfer_syntax(kept.transfer_syntax_uid).deflated:
            return None
        head, length = kept.head_length, kept.length
        prefix = self.read(kept, head, head + kept.pixel_offset + PIXEL_HEADER)
        found = scan(prefix, kept.transfer_syntax_uid, frozenset(), final=False)
        if isinstance(found, Fault) or found.pixel_length == UNDEFINED:
            return None
        return native_frames(found, min(found.pixel_length, length - head - found.pixel_start))

    def _read_header(self, kept: KeptInstance) -> DicomJson:
        """The attributes of an instance up to its pixels, for what no row holds."""
        head, length = kept.head_length, kept.length
        stop = head + kept.pixel_offset if kept.pixel_offset is not None else min(length, head + _LONGEST_HEADER)
        found: DicomJson = orjson.loads(data_set_json(self.read(kept, head, stop), kept.transfer_syntax_uid, None))
        return found

    def _record(
        self, kind: EventKind, scope: Scope, *, count: int, study_uid: str | None = None, destination: str = ""
    ) -> None:
        details = {"destination": destination} if destination else {}
        self._history.gather(Event(kind, scope.actor, scope.address, study_uid=study_uid, count=count, details=details))
