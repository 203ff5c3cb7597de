"""A DICOM listener in a thread of the test, with an archive in memory, and a raw peer that sends what it is told."""

import asyncio
import queue
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import uvloop
from pydicom.dataset import Dataset

from filmless.access.accounts import User
from filmless.access.called_titles import CalledTitle
from filmless.access.peers import Peer
from filmless.access.roles import Role
from filmless.archive.commitment import Commitment, Request, Ticket
from filmless.archive.errors import Damaged, NotFound, Unavailable
from filmless.archive.model import (
    Buffer,
    DicomJson,
    KeptInstance,
    Outcome,
    Placement,
    Query,
    Received,
    Refused,
    Source,
    Stored,
    StoredAs,
)
from filmless.archive.query.matching import read_query, unsupported_keys
from filmless.archive.query.selection import Selection
from filmless.archive.scope import Scope
from filmless.pixels.codec_pool import CodecPool
from filmless.servers.association.listener import DicomListener, Entrance
from filmless.servers.association.policy import Collaborators, Policy
from filmless.servers.association.refusals import Why
from filmless.servers.association.secured import HandshakeFault
from filmless.servers.association.summary import AssociationSummary
from filmless.servers.dimse.services import SERVICES
from filmless.standards.data_set.frames import FrameTable, locate_frames
from filmless.standards.data_set.scanner import scan
from filmless.standards.dimse.commands import CommandField, Element, read_command, write_command
from filmless.standards.upper_layer.items import ProposedContext, UserIdentity, UserInformation
from filmless.standards.upper_layer.pdu import AssociateRequest, PduType, write_pdu
from objects import head_length, part10_bytes

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


@dataclass
class LargeInMemory:
    """A large instance as the archive in memory takes it."""

    archive: "ArchiveInMemory"
    instance_uid: str
    chunks: list[int] = field(default_factory=list)
    content: bytearray = field(default_factory=bytearray)

    def write(self, chunk: Buffer) -> None:
        self.archive.gate.wait(10)
        if self.archive.fault is not None:
            raise self.archive.fault
        self.chunks.append(len(chunk))
        self.content += chunk

    def finish(self) -> Future[Outcome]:
        self.archive.large[self.instance_uid] = self
        return self.archive.outcome(self.instance_uid)

    def abort(self) -> None:
        self.archive.aborted.append(self.instance_uid)


class ArchiveInMemory:
    """Keeps what is stored; can be told to refuse, to fail, or to wait at its gate."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.scopes: list[Scope] = []
        self.large: dict[str, LargeInMemory] = {}
        self.aborted: list[str] = []
        self.refusals: dict[str, Refused] = {}
        self.fault: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.matches: list[DicomJson] = []
        self.queries: list[Query] = []
        self.is_closed = threading.Event()  # the latest stream was closed
        self.came = threading.Event()  # something was stored
        self.codecs = CodecPool()
        self.kept: dict[str, tuple[KeptInstance, str, bytes]] = {}
        self.selections: list[Selection] = []
        self.destinations: list[str] = []  # that were told with them
        self.damaged: set[str] = set()
        self.versions: set[str] = set()  # UIDs that have another content
        self.unreadable: set[str] = set()
        self._executor = ThreadPoolExecutor(1)

    def outcome(self, instance_uid: str) -> Future[Outcome]:
        def decide() -> Outcome:
            self.gate.wait(10)
            refusal = self.refusals.get(instance_uid)
            stored_as = StoredAs.CONFLICT if instance_uid in self.versions else StoredAs.NEW
            return refusal or Stored(CT, instance_uid, "1.2", "1.2.3", stored_as)

        return self._executor.submit(decide)

    def store(self, received: Received, scope: Scope) -> Future[Outcome]:
        if self.fault is not None:
            raise self.fault
        self.received.append(received)
        self.scopes.append(scope)
        self.came.set()
        return self.outcome(received.instance_uid or "")

    def store_large(  # noqa: PLR0917  as the archive's
        self,
        source: Source,
        transfer_syntax_uid: str,
        sop_class_uid: str | None,
        instance_uid: str | None,
        scope: Scope,
        received_at: datetime,
        head: bytes | None,
    ) -> LargeInMemory:
        return LargeInMemory(self, instance_uid or "")

    def stream(self, query: Query, scope: Scope) -> "MatchesInMemory":
        self.queries.append(query)
        self.is_closed.clear()
        return MatchesInMemory(self, query)

    def keep(self, image: Dataset, syntax: str = EXPLICIT) -> KeptInstance:
        """Have an instance to be retrieved."""
        return self.keep_file(image, part10_bytes(image, syntax), syntax)

    def keep_file(self, image: Dataset, file: bytes, syntax: str) -> KeptInstance:
        """Have a Part 10 file to be retrieved; the image tells its identifiers."""
        head = head_length(file)
        kept = KeptInstance(
            image.StudyInstanceUID,
            image.SeriesInstanceUID,
            image.SOPInstanceUID,
            image.SOPClassUID,
            syntax,
            Placement("pack", 0, len(file), head, sha256(file[:head]).digest(), sha256(file[head:]).digest()),
            scan(file[head:], syntax, frozenset()).pixel_offset,
            datetime.now(UTC),
        )
        self.kept[kept.instance_uid] = (kept, image.PatientID, file)
        return kept

    def select(self, selection: Selection, scope: Scope, destination: str = "") -> list[KeptInstance]:
        self.selections.append(selection)
        self.destinations.append(destination)
        if self.fault is not None:
            raise self.fault
        return [
            kept
            for kept, patient_id, _ in self.kept.values()
            if selection.patient_id in {"", patient_id}
            and (not selection.study_uids or kept.study_uid in selection.study_uids)
            and (not selection.series_uids or kept.series_uid in selection.series_uids)
            and (not selection.instance_uids or kept.instance_uid in selection.instance_uids)
        ]

    def read(self, kept: KeptInstance, start: int = 0, stop: int | None = None) -> bytes:
        if kept.instance_uid in self.unreadable:
            raise Unavailable("the disk")
        return self.kept[kept.instance_uid][2][start:stop]

    def frames(self, kept: KeptInstance, scope: Scope) -> FrameTable:
        data_set = self.kept[kept.instance_uid][2][kept.placement.head_length :]
        found = scan(data_set, kept.transfer_syntax_uid, frozenset())
        table = locate_frames(data_set, found)
        if table is None:
            raise NotFound(kept.instance_uid)
        return table

    def chunks(self, kept: KeptInstance, scope: Scope) -> Iterator[bytes]:
        self.gate.wait(10)
        if kept.instance_uid in self.damaged:
            raise Damaged(kept.instance_uid)
        file = self.kept[kept.instance_uid][2]
        for start in range(0, len(file), 1 << 20):
            yield file[start : start + (1 << 20)]


class MatchesInMemory:
    """Matches that wait at the archive's gate, until they are let go of or broken off."""

    def __init__(self, archive: ArchiveInMemory, query: Query) -> None:
        self.unsupported = unsupported_keys(query, read_query(query))
        self._archive = archive
        self._is_cancelled = threading.Event()
        self._matches = _matches(archive, self._is_cancelled)

    def __iter__(self) -> "MatchesInMemory":
        return self

    def __next__(self) -> DicomJson:
        return next(self._matches)

    def cancel(self) -> None:
        self._is_cancelled.set()
        self._archive.gate.set()


def _matches(archive: ArchiveInMemory, is_cancelled: threading.Event) -> Iterator[DicomJson]:
    try:
        for match in archive.matches:
            archive.gate.wait(10)
            if is_cancelled.is_set():
                return
            yield match
    finally:
        archive.is_closed.set()


class PeersInMemory:
    """An AE registry."""

    def __init__(self, *peers: Peer) -> None:
        self.peers = {peer.title: peer for peer in peers}
        self.called: dict[str, CalledTitle] = {}
        self.fault: Exception | None = None

    def find(self, title: str) -> Peer | None:
        if self.fault is not None:
            raise self.fault
        return self.peers.get(title)

    def find_called(self, title: str) -> CalledTitle | None:
        return self.called.get(title)


class IdentitiesInMemory:
    """Users with their passwords, and tokens that are their names."""

    def __init__(self) -> None:
        self.users = {"alice": (User("alice", Role.RADIOLOGIST), "correct horse")}

    def verify(self, claimed: UserIdentity, address: str) -> User | Why | None:
        user, password = self.users.get(claimed.primary.decode(), (None, ""))
        if claimed.kind == 1:
            return None
        if claimed.kind not in {2, 5}:
            return Why.IDENTITY_KIND
        return user if user and (claimed.kind == 5 or claimed.secondary.decode() == password) else Why.WRONG_IDENTITY


class RecordInMemory:
    """The ends of associations, in order."""

    def __init__(self) -> None:
        self.summaries: list[AssociationSummary] = []
        self.handshakes: list[HandshakeFault] = []
        self._more = threading.Condition()

    def record_association(self, summary: AssociationSummary) -> None:
        with self._more:
            self.summaries.append(summary)
            self._more.notify_all()

    def record_refused_tls(self, address: str, fault: HandshakeFault) -> None:
        with self._more:
            self.handshakes.append(fault)
            self._more.notify_all()

    def wait_refused_tls(self) -> HandshakeFault:
        with self._more:
            assert self._more.wait_for(lambda: bool(self.handshakes), timeout=10)
            return self.handshakes.pop()

    def wait(self, number: int) -> list[AssociationSummary]:
        with self._more:
            assert self._more.wait_for(lambda: len(self.summaries) >= number, timeout=10)
            return self.summaries


class CommitmentsInMemory:
    """The record of storage commitments."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.fault: Exception | None = None
        self.at_once = False  # all that is asked for is safe, and known to be so
        self.ends: queue.Queue[str] = queue.Queue()  # what became of each report
        self.may_settle = threading.Event()
        self.may_settle.set()

    def ask(self, request: Request) -> Ticket | None:
        if self.fault is not None:
            raise self.fault
        self.requests.append(request)
        return Ticket(len(self.requests) - 1, 1) if self.at_once else None

    def settle(self, ticket: Ticket, now: datetime) -> Commitment | None:
        self.may_settle.wait(10)
        request, is_duplicate = self.requests[ticket.key], False
        return Commitment(*ticket, request, timedelta(0), is_duplicate, (0,) * len(request.references), 0)

    def reported(self, commitment: Commitment) -> None:
        self.ends.put("reported")

    def let_go(self, commitment: Commitment) -> None:
        self.ends.put("let go")


@dataclass
class Door:
    """A running listener."""

    port: int
    archive: ArchiveInMemory
    peers: PeersInMemory
    record: RecordInMemory
    commitments: CommitmentsInMemory
    listener: DicomListener
    loop: asyncio.AbstractEventLoop

    def drain(self, seconds: float) -> "asyncio.Future[None] | Future[None]":
        return asyncio.run_coroutine_threadsafe(self.listener.drain(seconds), self.loop)


@contextmanager
def door(
    policy: Policy | None = None,
    *peers: Peer,
    archive: ArchiveInMemory | None = None,
    tls: Callable[[], ssl.SSLContext] | None = None,
) -> Iterator[Door]:
    """A listener on a free port of loopback, stopped at the end."""
    sock = socket.create_server(("127.0.0.1", 0), backlog=256)
    archive, registry, record = archive or ArchiveInMemory(), PeersInMemory(*peers), RecordInMemory()
    commitments = CommitmentsInMemory()
    started: Future[tuple[DicomListener, asyncio.AbstractEventLoop]] = Future()

    async def serve() -> None:
        with ThreadPoolExecutor(8) as executor:
            given = IdentitiesInMemory()
            collaborators = Collaborators(archive, registry, record, commitments, archive.codecs, executor, given)
            listener = DicomListener(policy or Policy("FILMLESS"), collaborators, SERVICES)
            started.set_result((listener, asyncio.get_running_loop()))
            await listener.serve(Entrance(sock, tls))

    thread = threading.Thread(target=lambda: uvloop.run(serve()))
    thread.start()
    listener, loop = started.result(10)
    running = Door(sock.getsockname()[1], archive, registry, record, commitments, listener, loop)
    try:
        yield running
    finally:
        archive.gate.set()
        if not listener._is_drained.is_set():
            running.drain(5).result(10)
        thread.join(10)
        sock.close()
        archive._executor.shutdown()
        archive.codecs.close()
        assert not thread.is_alive()


class RawPeer:
    """Sends PDUs made by hand and reads what comes back."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.message_id = 0

    def __enter__(self) -> "RawPeer":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def flood(self, piece: bytes, most: int) -> int:
        """Send the piece again and again until it is taken no more; tells how many bytes were."""
        sent = 0
        try:
            while sent < most:
                self.send(piece)
                sent += len(piece)
        except OSError:  # cut off, or nothing was read for as long as the socket's timeout
            pass
        return sent

    def exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def pdu(self) -> tuple[int, bytes]:
        kind, length = struct.unpack(">BxI", self.exactly(6))
        return kind, self.exactly(length)

    def associate(
        self,
        contexts: Sequence[tuple[str, Sequence[str]]] = ((VERIFICATION, (IMPLICIT,)), (CT, (EXPLICIT,))),
        called: str = "FILMLESS",
        calling: str = "CT1",
        user: UserInformation | None = None,
    ) -> tuple[int, bytes]:
        """The PDU that answers; context IDs are 1, 3, 5, ..."""
        proposed = tuple(ProposedContext(2 * i + 1, a, tuple(t)) for i, (a, t) in enumerate(contexts))
        self.send(
            write_pdu(AssociateRequest(called, calling, proposed, user or UserInformation(16384, "1.2.3", "RAW")))
        )
        return self.pdu()

    def command(self, context_id: int, elements: dict[int, int | str]) -> None:
        if Element.MESSAGE_ID_RESPONDED_TO not in elements:
            self.message_id += 1
            elements = {Element.MESSAGE_ID: self.message_id, **elements}
        elements = {Element.DATA_SET_TYPE: 1, **elements}
        self.send(value(context_id, 3, write_command(elements)))

    def data_set(self, context_id: int, data: bytes, piece: int = 16000) -> None:
        for start in range(0, len(data) or 1, piece):
            self.send(value(context_id, 2 if start + piece >= len(data) else 0, data[start : start + piece]))

    def echo(self) -> int:
        elements = {Element.AFFECTED_SOP_CLASS_UID: VERIFICATION, Element.COMMAND_FIELD: CommandField.C_ECHO.value}
        self.command(1, {**elements, Element.DATA_SET_TYPE: 0x0101})
        return self.status()

    def store_command(self, instance_uid: str, sop_class_uid: str = CT, context_id: int = 3) -> None:
        self.command(
            context_id,
            {
                Element.COMMAND_FIELD: CommandField.C_STORE.value,
                Element.AFFECTED_SOP_CLASS_UID: sop_class_uid,
                Element.AFFECTED_INSTANCE_UID: instance_uid,
                Element.PRIORITY: 0,
            },
        )

    def store(self, instance_uid: str, data: bytes, sop_class_uid: str = CT) -> int:
        self.store_command(instance_uid, sop_class_uid)
        self.data_set(3, data)
        return self.status()

    def cancel(self, context_id: int) -> None:
        """Ask for no further answers to the latest request."""
        elements: dict[int, int | str] = {
            Element.COMMAND_FIELD: CommandField.C_CANCEL.value,
            Element.MESSAGE_ID_RESPONDED_TO: self.message_id,
            Element.DATA_SET_TYPE: 0x0101,
        }
        self.send(value(context_id, 3, write_command(elements)))

    def message(self) -> tuple[dict[int, int], dict[int, str], bytes]:
        """Numbers and texts of the next command, and its data set."""
        parts: dict[bool, bytes] = {True: b"", False: b""}
        while True:
            kind, body = self.pdu()
            assert kind == PduType.P_DATA_TF, PduType(kind).name
            while body:
                length, _, control = struct.unpack_from(">IBB", body)
                parts[bool(control & 1)] += body[6 : 4 + length]
                body = body[4 + length :]
                if control & 2:
                    command = read_command(parts[True])
                    assert command is not None
                    if not control & 1 or not command.has_data_set:
                        return dict(command.numbers), dict(command.texts), parts[False]

    def status(self) -> int:
        return self.message()[0][Element.STATUS]

    def release(self) -> int:
        self.send(write_pdu(PduType.RELEASE_RQ))
        return self.pdu()[0]

    def wait_closed(self) -> int | None:
        """Type of the last PDU before the peer closed, None if it closed without one."""
        kind = None
        try:
            while True:
                kind = self.pdu()[0]
                if kind in {PduType.ABORT, PduType.ASSOCIATE_RJ}:
                    return kind
        except (EOFError, ConnectionError):
            return kind


def value(context_id: int, control: int, payload: bytes) -> bytes:
    """A P-DATA-TF with one presentation data value."""
    return struct.pack(">BxIIBB", 4, len(payload) + 6, len(payload) + 2, context_id, control) + payload
