"""The web application over an archive in memory, and a client that speaks ASGI to it without a socket."""

import asyncio
import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from pydicom.filebase import DicomBytesIO
from pydicom.filereader import dcmread

from filmless.access.accounts import TooManyFailures, User
from filmless.access.associations import RecordedAssociation
from filmless.access.credentials import csrf_token
from filmless.access.roles import Role
from filmless.access.scope import Kind, Principal
from filmless.access.user_settings import NOTHING_KEPT, Kept, UserSettings
from filmless.archive.errors import Damaged, NotFound
from filmless.archive.events import Event
from filmless.archive.findings import Finding, Standing
from filmless.archive.frame_access import FrameAccess
from filmless.archive.metadata.series import Bundle, SeriesMetadata, SeriesNow, Uids
from filmless.archive.model import (
    Chunk,
    Count,
    DicomJson,
    KeptInstance,
    Outcome,
    Page,
    Placement,
    Query,
    Received,
    Refusal,
    Refused,
    Span,
    Stored,
    StoredAs,
)
from filmless.archive.ports import Located
from filmless.archive.query.patients import (
    AlikePatient,
    Likeness,
    PatientEntry,
    PatientPage,
    PatientRecord,
    PatientSeries,
    PatientStudy,
    Person,
    Reading,
)
from filmless.archive.query.selection import Selection
from filmless.archive.scope import Scope
from filmless.pixels.codec_child import answer
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import Request, read_question
from filmless.servers.cors import CrossOrigin
from filmless.servers.dicomweb.routes import dicomweb_routes
from filmless.servers.dicomweb.service import Service
from filmless.servers.gate import Credentials, Gate
from filmless.servers.http import WebApplication
from filmless.servers.pages.associations import AssociationList
from filmless.servers.pages.objects import ObjectPages
from filmless.servers.pages.patients import PatientPages
from filmless.servers.pages.routes import page_routes, with_description
from filmless.servers.pages.session import House, Session
from filmless.servers.pages.settings import SettingPages
from filmless.servers.pages.static import StaticFiles
from filmless.servers.pages.studies import Studies
from filmless.servers.routes import Route, Routes
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.frames import FrameTable, locate_frames
from filmless.standards.data_set.scanner import scan
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax
from filmless.storage.latest_hiding import LatestHiding
from objects import head_length
from serving import wait_until

PASSWORD = "plum-jacket-orbit"


class MemoryFile:
    """A file that nobody else knows."""

    def __init__(self, content: bytes) -> None:
        self.number = os.memfd_create("member")
        os.write(self.number, content)

    def read(self, start: int, stop: int) -> bytes:
        return os.pread(self.number, stop - start, start)

    def __del__(self) -> None:
        os.close(self.number)


class FakeArchive:
    """What the doors call of the archive, in memory."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[KeptInstance, bytes]] = {}
        self.queries: list[Query] = []
        self.scopes: list[Scope] = []
        self.page = Page(())
        self.refusal: Refusal | None = None
        self.larges: list[FakeLarge] = []
        self.found: list[Finding] = []
        self.reasons: list[str] = []
        self.tell: Callable[[], None] = lambda: None

    def store(self, received: Received, scope: Scope) -> "Future[Outcome]":
        self.scopes.append(scope)
        future: Future[Outcome] = Future()
        future.set_result(self._outcome(received.head + bytes(received.data_set), received))
        return future

    def store_large(self, **named: Any) -> "FakeLarge":
        self.larges.append(FakeLarge(self, named))
        return self.larges[-1]

    def find(self, query: Query, scope: Scope) -> Page:
        self.queries.append(query)
        self.scopes.append(scope)
        return self.page

    def count(self, query: Query, scope: Scope, *, exact: bool = False) -> Count:
        return Count(10_000, is_exact=exact)

    def instances(self, study: str, series: str | None, instance: str | None, *, scope: Scope) -> list[KeptInstance]:
        self.scopes.append(scope)
        named = [
            kept
            for kept, _ in self.files.values()
            if kept.study_uid == study and series in {None, kept.series_uid} and instance in {None, kept.instance_uid}
        ]
        if not named:
            raise NotFound(study)
        return named

    def among(self, study: str, series: str | None, scope: Scope) -> list[KeptInstance]:
        return self.instances(study, series, None, scope=scope)

    def select(self, selection: Selection, scope: Scope) -> list[KeptInstance]:
        self.scopes.append(scope)
        return [kept for kept, _ in self.files.values() if kept.instance_uid in selection.instance_uids]

    def read(self, kept: KeptInstance, start: int = 0, stop: int | None = None) -> bytes:
        return self.files[kept.instance_uid][1][start:stop]

    def spans(self, kept: KeptInstance, scope: Scope) -> Iterator[Chunk]:
        for chunk in self.chunks(kept, scope):
            yield Span(MemoryFile(chunk), 0, len(chunk))

    def chunks(self, kept: KeptInstance, scope: Scope) -> Iterator[bytes]:
        content = self.files[kept.instance_uid][1]
        half = len(content) // 2
        yield content[:half]
        if sha256(content[kept.placement.head_length :]).digest() != kept.placement.data_set_sha256:
            raise Damaged(kept.instance_uid)
        yield content[half:]

    def frames(self, kept: KeptInstance, scope: Scope) -> FrameTable:
        data_set = self.files[kept.instance_uid][1][kept.head_length :]
        found = scan(data_set, kept.transfer_syntax_uid, frozenset())
        table = None if isinstance(found, Fault) else locate_frames(data_set, found)
        if table is None:
            raise NotFound(kept.instance_uid)
        return table

    def delete(self, uids: tuple[str, str | None, str | None], reason: str, scope: Scope) -> int:
        self.scopes.append(scope)
        self.reasons.append(reason)
        named = self.instances(*uids, scope=scope)
        for kept in named:
            del self.files[kept.instance_uid]
        self.tell()
        return len(named)

    def findings(self, scope: Scope, study_uid: str | None = None) -> list[Finding]:
        return [each for each in self.found if study_uid in {None, each.study_uid}]

    def warnings(self, scope: Scope, study_uids: Sequence[str]) -> dict[str, int]:
        return Counter(each.study_uid for each in self.found if each.study_uid in study_uids)

    def patients(self, scope: Scope, study_uids: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(study_uids, "00000000-0000-4000-8000-000000000001")

    def standings(self, scope: Scope, study_uids: Sequence[str]) -> dict[str, Standing]:
        return {}

    def choices(self, scope: Scope) -> tuple[list[str], list[str]]:
        return [], []

    def first_instances(self, scope: Scope, study_uid: str) -> dict[str, tuple[str, str]]:
        return {
            kept.series_uid: (kept.instance_uid, kept.sop_class_uid)
            for kept, _ in reversed(self.files.values())
            if kept.study_uid == study_uid
        }

    def _outcome(self, content: bytes, received: Received) -> Outcome:
        read = dcmread(DicomBytesIO(content), stop_before_pixels=True, force=True)
        uids = str(read.get("SOPClassUID", "")), str(read.get("SOPInstanceUID", ""))
        if self.refusal:
            return Refused(self.refusal, "as the test wants it", *uids)
        study = str(read.get("StudyInstanceUID", ""))
        if received.source.study_uid not in {None, study}:
            return Refused(Refusal.OTHER_STUDY, "another study", *uids)
        length = head_length(content)
        place = Placement(f"{uids[1]}.tar", 0, len(content), length, b"", sha256(content[length:]).digest())
        found = scan(content[length:], received.transfer_syntax_uid, frozenset())
        syntax = transfer_syntax(received.transfer_syntax_uid)
        self.files[uids[1]] = (
            KeptInstance(
                study,
                str(read.SeriesInstanceUID),
                uids[1],
                uids[0],
                received.transfer_syntax_uid,
                place,
                None if isinstance(found, Fault) or syntax.deflated else found.pixel_offset,
                received.received_at,
            ),
            content,
        )
        return Stored(*uids, study, str(read.SeriesInstanceUID), StoredAs.NEW)


class FakeBundles:
    """Bundles of what a fake archive has, in memory."""

    def __init__(self, archive: FakeArchive) -> None:
        self.archive = archive
        self.kept: dict[bytes, Bundle] = {}

    def look(self, scope: Scope, uids: Uids) -> list[SeriesNow]:
        found = self.archive.instances(*uids, scope=scope)
        series = []
        for number, uid in enumerate(dict.fromkeys(kept.series_uid for kept in found)):
            instances = [kept for kept in found if kept.series_uid == uid]
            state = sha256(b"".join(kept.instance_uid.encode() + kept.digest for kept in instances)).digest()
            series.append(SeriesNow(number, uids[0], uid, len(instances), state, self.kept.get(state), instances))
        return series

    def read(self, series: SeriesNow, start: int, stop: int) -> bytes:
        bundle = self.kept[series.state]
        assert bundle.piece is not None
        return bundle.piece[start:stop]

    def keep(self, series: SeriesNow, bundle: Bundle) -> None:
        self.kept[series.state] = bundle


@dataclass
class FakeRows:
    """What rows say of the frames of an archive in memory, and its bytes where ``is_at_hand``."""

    archive: FakeArchive
    is_at_hand: bool = True
    looked_up: list[tuple[str, str, str | None]] = field(default_factory=list)
    short_table: int = 100  # frames

    def locate_frames(self, scope: Scope, uids: tuple[str, str, str | None], limit: int) -> list[Located]:
        self.looked_up.append(uids)
        study, series, instance = uids
        try:
            found = self.archive.instances(study, series, instance, scope=scope)
        except NotFound:
            return []
        return [self._located(kept) for kept in found[:limit]]

    def frames(self, instance_uid: str) -> FrameTable | None:
        try:
            table = self.archive.frames(self.archive.files[instance_uid][0], Scope("test"))
        except NotFound:
            return None
        return table if table.fragments else None

    def read_cached(self, pack: str, start: int, stop: int) -> bytes | None:
        held = next((content for kept, content in self.archive.files.values() if kept.placement.pack == pack), b"")
        return held[start:stop] if self.is_at_hand else None

    def _located(self, kept: KeptInstance) -> Located:
        table = self.frames(kept.instance_uid)
        is_short = table is None or table.count <= self.short_table
        return Located(kept, table if is_short else None, table is not None)


@dataclass
class FakeLarge:
    """A large object on its way in."""

    archive: FakeArchive
    named: dict[str, Any]
    written: list[bytes] = field(default_factory=list)
    aborted: bool = False

    def write(self, chunk: bytes) -> None:
        self.written.append(bytes(chunk))

    def finish(self) -> "Future[Outcome]":
        named = self.named
        data_set = b"".join(self.written)
        received = Received(named["head"], data_set, named["transfer_syntax_uid"], named["source"], datetime.now(UTC))
        return self.archive.store(received, named["scope"])

    def abort(self) -> None:
        self.aborted = True


class Secrets:
    """Tokens and sessions by their text: the name of a role speaks for that role."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.lookups = 0
        self.ended: set[str] = set()

    def find(self, secret: str, address: str) -> Principal | None:
        self.lookups += 1
        if secret in self.ended or secret not in set(Role):
            return None
        return Principal(self.kind, secret, Role(secret), address)

    def look(self, secret: str, address: str) -> Principal | None:
        return self.find(secret, address)

    def open(self, user_name: str, address: str) -> str:
        return user_name

    def close(self, secret: str, address: str) -> None:
        self.ended.add(secret)


class FakeSettings:
    """Settings in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}

    def read(self, user_name: str) -> Kept:
        return self.kept.get(user_name, NOTHING_KEPT)

    def write(self, user_name: str, settings: UserSettings, version: int, address: str) -> int | None:
        if self.read(user_name).version != version:
            return None
        self.kept[user_name] = Kept(version + 1, settings)
        return version + 1


class FakeAccounts:
    """Every role is a user of that name with one password."""

    def log_in(self, name: str, password: str, address: str) -> User | TooManyFailures | None:
        return User(name, Role(name)) if password == PASSWORD else None

    def set_up(self, token: str, name: str, password: str) -> User | None:
        return User(name, Role.ADMINISTRATOR) if token == "token" else None


def recorded_associations(
    limit: int, before: int | None, calling_ae: str | None, failed: bool
) -> list[RecordedAssociation]:
    """Five associations, every other of them failed."""
    every = [
        RecordedAssociation(n, datetime(2026, 3, 1, tzinfo=UTC), f"CT{n % 2}", "10.0.0.1", n % 2 == 1, {"end": "idle"})
        for n in range(5, 0, -1)
        if (before is None or n < before)
    ]
    return [one for one in every if calling_ae in (None, one.calling_ae) and (one.is_failed or not failed)][:limit]


class FakePatients:
    """One patient with a study of a report and a series of images."""

    public_id = UUID(int=1)

    def __init__(self) -> None:
        self.queries: list[Query] = []
        self.person = Person(self.public_id, "Doe^Jane", None, "P1", "H", "19610402", "F")
        self.entry = PatientEntry(self.person, 1, ["CT"], date(2026, 3, 1), date(2026, 3, 1))

    def page(self, query: Query, scope: Scope) -> PatientPage:
        self.queries.append(query)
        return PatientPage([self.entry], None, Count(1, is_exact=True))

    def one(self, public_id: UUID, scope: Scope) -> PatientRecord:
        self._find(public_id)
        series = [
            PatientSeries("1.2.1", 1, "CT", "Axial", "CHEST", 2, "1.2.1.1", "1.2.840.10008.5.1.4.1.1.2"),
            PatientSeries("1.2.2", 2, "SR", "Report", None, 1, "1.2.2.1", "1.2.840.10008.5.1.4.1.1.88.11"),
        ]
        allergy: DicomJson = {"00102110": {"vr": "LO", "Value": ["Latex"]}}
        study = PatientStudy("1.2", "20260301", "101500", "Chest", "A1", ["CT", "SR"], 3, 1, allergy, series)
        alike = AlikePatient(self.entry, [Likeness.SAME_ID])
        return PatientRecord(self.person, {}, [study], is_cut=False, alike=[alike])

    def readers(self, public_id: UUID, scope: Scope, limit: int, before: int | None) -> list[Reading]:
        self._find(public_id)
        at = datetime(2026, 3, 1, tzinfo=UTC)
        every = [Reading(n, at, "user:ann", "10.0.0.7", "opened", "success", 1, None, None, None) for n in (3, 2, 1)]
        return [each for each in every if before is None or each.number < before][:limit]

    def _find(self, public_id: UUID) -> None:
        if public_id != self.public_id:
            raise NotFound(str(public_id))


class Recorder:
    """An event log that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.flushed = 0

    def gather(self, event: Event) -> None:
        self.events.append(event)

    def flush(self) -> None:
        self.flushed = len(self.events)


@dataclass(frozen=True)
class Reply:
    """What came back; ``broken`` when the answer did not come to its end."""

    status: int
    headers: dict[str, str]
    body: bytes
    broken: bool = False

    def json(self) -> Any:
        return json.loads(self.body)


class Codecs:
    """What the pool of codec children does, in this process."""

    def submit(self, request: Request, *, patient: bool = False) -> "Future[bytes]":
        future: Future[bytes] = Future()
        try:
            asked = read_question(io.BytesIO(b"".join(bytes(part) for part in request())))
            made = answer(asked) if asked else CannotRender(Reason.CRASHED)
        except CannotRender as failure:
            made = failure
        if isinstance(made, CannotRender):
            future.set_exception(made)
        else:
            future.set_result(made)
        return future


class WebHouse:
    """The application and all that it stands on."""

    def __init__(self, assets: Path | None = None, origins: frozenset[str] = frozenset(), codecs: Any = None) -> None:
        executor: Executor = ThreadPoolExecutor(4)
        self.archive: Any = FakeArchive()
        self.latest_hiding = LatestHiding()
        self.archive.tell = self.latest_hiding.tell
        self.tokens, self.sessions = Secrets(Kind.TOKEN), Secrets(Kind.USER)
        self.recorder = Recorder()
        self.patients: Any = FakePatients()
        self.has_space = True
        self.gate = Gate(Credentials(self.tokens, self.sessions), self.recorder, executor)
        self.rows: Any = FakeRows(self.archive)
        access = FrameAccess(self.rows, self.rows, self.recorder, self.archive.read, self.latest_hiding.number)
        self.bundles = FakeBundles(self.archive)
        metadata = SeriesMetadata(self.bundles, self.archive.read, self.recorder)
        house = House("FILMLESS", "1", "127.0.0.1", 11112, dicom_is_local=True)
        session = Session(FakeAccounts(), self.sessions, self.gate, house, executor)
        self.routes: list[Route] = with_description(
            [
                *page_routes(
                    session,
                    Studies(self.archive, self.archive, executor),
                    AssociationList(recorded_associations, executor),
                    lambda: True,
                    lambda: self.has_space,
                ),
                *ObjectPages(self.archive, executor).routes(),
                *PatientPages(self.patients, executor).routes(),
                *SettingPages(FakeSettings(), executor).routes(),
                *dicomweb_routes(Service(self.archive, executor, metadata), codecs or Codecs(), access, self.archive),
            ]
        )
        self.application = WebApplication(
            Routes(self.routes),
            self.gate,
            StaticFiles(assets or Path("/nowhere"), self.gate).serve,
            CrossOrigin(origins),
        )

    def wait_for_bundles(self, count: int) -> None:
        """Until so many bundles are kept: they are after the answer for which they were made."""
        wait_until(lambda: len(self.bundles.kept) == count)

    def ask(
        self,
        method: str,
        path: str,
        *,
        role: str = "",
        headers: dict[str, str] | None = None,
        body: bytes | list[bytes] = b"",
        scheme: str = "http",
    ) -> Reply:
        """One request; ``role`` sends that role's token, a list as ``body`` comes in these pieces."""
        sent = {"host": "archive.example:8080", **(headers or {})}
        if role:
            sent["authorization"] = f"Bearer {role}"
        return asyncio.run(self._ask(method, path, sent, body if isinstance(body, list) else [body], scheme))

    async def _ask(self, method: str, path: str, headers: dict[str, str], body: list[bytes], scheme: str) -> Reply:
        bare, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": bare,
            "raw_path": bare.encode(),
            "query_string": query.encode(),
            "scheme": scheme,
            "client": ("10.0.0.1", 50000),
            "server": ("127.0.0.1", 8080),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        }
        coming = list(body)
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            if not coming:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": coming.pop(0), "more_body": bool(coming)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.application(scope, receive, send)
        start, broken = sent[0], len(sent) < 2 or sent[-1].get("more_body", False)
        heads = {name.decode(): value.decode() for name, value in start["headers"]}
        return Reply(start["status"], heads, b"".join(each["body"] for each in sent[1:]), broken)


def session_headers(role: str, **others: str) -> dict[str, str]:
    """What a page of our own sends for a signed-in person."""
    return {
        "cookie": f"filmless={role}",
        "x-csrf-token": csrf_token(role),
        "origin": "http://archive.example:8080",
        "sec-fetch-site": "same-origin",
        **others,
    }


def multipart(*parts: bytes, boundary: str = "x") -> bytes:
    """A multipart/related body of DICOM objects."""
    delimiter = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return b"".join(delimiter + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


STOW_TYPE = 'multipart/related; type="application/dicom"; boundary=x'
