"""Every object of a process is built here and handed its collaborators."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import structlog

from filmless import __version__
from filmless.access.seal import AesSivSeal
from filmless.app.cursor_key import cursor_key
from filmless.app.data_folder import Reached
from filmless.app.dicom_tls import calling_tls
from filmless.app.housekeeping import Housekeeping
from filmless.app.identities import UserIdentities
from filmless.app.record import AssociationRecord
from filmless.app.shares import Share, Shares
from filmless.archive.archive import Archive
from filmless.archive.commitment_desk import CommitmentDesk
from filmless.archive.errors import Unavailable
from filmless.archive.frame_access import FrameAccess
from filmless.archive.metadata.series import SeriesMetadata
from filmless.archive.model import Outcome, Refused
from filmless.archive.receive.candidate import Candidate
from filmless.archive.receive.replay import recover
from filmless.archive.receive.store import Committer, examined
from filmless.database.accounts.accounts import Accounts
from filmless.database.accounts.sessions import Sessions
from filmless.database.accounts.tokens import Tokens
from filmless.database.accounts.user_settings import UserSettingRows
from filmless.database.ae_titles import AeTitles
from filmless.database.associations import Associations
from filmless.database.changes import StudyChanges
from filmless.database.cluster import durability
from filmless.database.coercion_rules import CoercionRules
from filmless.database.commitment_rules import CommitmentRegistry
from filmless.database.commitments import Commitments
from filmless.database.connect import Database
from filmless.database.deletions import Deletions
from filmless.database.events import EventLog
from filmless.database.find.patients import Patients
from filmless.database.find.postgres import PostgresFind
from filmless.database.find.study_overview import StudyOverview
from filmless.database.index.marks import IndexMarks
from filmless.database.index.read import IndexRead
from filmless.database.index.record import IndexRecord
from filmless.database.metadata.bundles import MetadataBundles
from filmless.database.rejections import Rejections
from filmless.pixels.codec_pool import CodecPool
from filmless.servers.association.policy import Collaborators, Policy
from filmless.servers.cors import CrossOrigin
from filmless.servers.dicomweb.routes import dicomweb_routes
from filmless.servers.dicomweb.service import Service
from filmless.servers.gate import Credentials, Gate
from filmless.servers.http import WebApplication
from filmless.servers.pages.associations import AssociationList
from filmless.servers.pages.bin import BinPages
from filmless.servers.pages.changes import ChangePages
from filmless.servers.pages.commitments import Commitments as CommitmentPages
from filmless.servers.pages.objects import ObjectPages
from filmless.servers.pages.patients import PatientPages
from filmless.servers.pages.rejections import Rejections as RejectionPages
from filmless.servers.pages.routes import page_routes, with_description
from filmless.servers.pages.session import House, Session
from filmless.servers.pages.settings import SettingPages
from filmless.servers.pages.static import StaticFiles
from filmless.servers.pages.studies import Studies
from filmless.servers.routes import Routes
from filmless.settings import Settings
from filmless.storage.folder import PackFolder
from filmless.storage.group_commit import GroupCommitter
from filmless.storage.journal import PackJournal

THREADS = 8  # of a server process, for calls that block
CONNECTIONS = 4  # to the database, beside the committer's own
CODEC_CHILDREN = 2

log = structlog.get_logger()


class ArchiveParts:
    """The archive of one process with all that it stands on; made after the fork, closed at the end."""

    def __init__(
        self, settings: Settings, dsn: str, *, connections: int = CONNECTIONS, shares: Shares | None = None
    ) -> None:
        shares = shares or Shares(1)
        self._note_work = shares.note_work
        self.database = Database(dsn, connections=connections)
        self.events = EventLog(self.database)
        self.packs = PackFolder(packs_folder(settings), checked=shares.checked)
        self._journal = PackJournal(packs_folder(settings))
        self.bin = Deletions(self.database, self.events, self._journal, shares.latest_hiding.tell)
        self._index = IndexRecord(self.database, self.events, tell=shares.latest_hiding.tell)
        self._rules = CoercionRules(self.database, self.events)
        self._rules.refresh()
        self._committer = Committer(self.packs, self._index)
        self._group_committer = GroupCommitter(examined, self._commit, self._tend)
        catalog = IndexRead(self.database)
        seal = AesSivSeal(cursor_key(settings.data))
        self.patients = Patients(self.database, seal, self.events)
        self.archive = Archive(
            self.packs,
            catalog,
            PostgresFind(self.database, seal),
            self.events,
            self._group_committer.submit,
            self._rules.current,
        )
        self.frames = FrameAccess(self.packs, catalog, self.events, self.archive.read, shares.latest_hiding.number)
        self.metadata = SeriesMetadata(MetadataBundles(self.database), self.archive.read, self.events)

    def recover(self) -> None:
        """Bring the index up to the packs that nobody writes."""
        with closing(IndexRecord(self.database, self.events)) as index:  # the committer has its own
            recover(self.packs, IndexMarks(self.database), index, self.bin)

    def tend_soon(self) -> None:
        """Look soon whether the database went away and took rows with it; to be called each second."""
        self._group_committer.tend_soon()

    def _commit(self, group: Sequence[Candidate | Refused]) -> list[Outcome]:
        self._note_work()
        return self._committer.commit(group)

    def _tend(self) -> None:
        """On the committer's thread, so that no group is recorded meanwhile: bring back what was lost."""
        try:
            self._index.ping()
            self._rules.refresh()
            if self._committer.is_in_doubt():
                self._journal.leave()
                self.recover()
                self._committer.was_replayed()
        except Unavailable as fault:
            log.warning("recovery_waits", reason=str(fault))

    def close(self) -> None:
        """Commit what waits, seal the pack, write the record, let go of the database."""
        self._group_committer.close()
        self.packs.seal()
        self._journal.leave()
        self._committer.record_sealed()
        self._index.close()
        self.events.flush()
        self.database.close()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a start found out."""

    setup_token: str | None
    warnings: tuple[str, ...]


def packs_folder(settings: Settings) -> Path:
    """Where the packs lie; for nobody's eyes but ours."""
    folder = settings.data / "packs"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder.resolve()


def prepare(settings: Settings, dsn: str) -> Prepared:
    """What is done once before anybody is served; leaves no thread and no connection."""
    warnings = tuple(durability.check(dsn))
    parts = ArchiveParts(settings, dsn, connections=2)
    try:
        parts.events.make_partitions(datetime.now(UTC).date())
        parts.recover()
        return Prepared(Accounts(parts.database, parts.events).make_setup_token(), warnings)
    finally:
        parts.close()


@contextmanager
def local_archive(settings: Settings, reached: Reached) -> Iterator[Archive]:
    """The archive for a command on this machine; without a server, what a start would do is done first."""
    parts = ArchiveParts(settings, reached.dsn, connections=2)
    try:
        if not reached.is_served:
            parts.events.make_partitions(datetime.now(UTC).date())
            parts.recover()
        yield parts.archive
    finally:
        parts.close()


class ServerParts:
    """Everything of one server process."""

    def __init__(self, settings: Settings, dsn: str, share: Share, warnings: tuple[str, ...]) -> None:
        self._parts = parts = ArchiveParts(settings, dsn, shares=share.shares)
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="call")
        self._codecs = CodecPool(CODEC_CHILDREN)
        packs = packs_folder(settings)
        self.housekeeping = Housekeeping(parts.database, parts.events, packs, self._executor, parts.tend_soon)
        gate = Gate(Credentials(Tokens(parts.database), Sessions(parts.database)), parts.events, self._executor)
        self.changes = ChangePages(StudyChanges(parts.database), gate, parts.events, self._executor)
        self.web = self._web(settings, gate, warnings)
        self.policy = _policy(settings, share)
        registry = AeTitles(parts.database)
        record = AssociationRecord(parts.events, registry)
        identities = UserIdentities(Accounts(parts.database, parts.events), settings.jwt_issuers)
        rules = CommitmentRegistry(parts.database, parts.events)
        journal = Commitments(parts.database, parts.events)
        commitments = CommitmentDesk(journal, parts.packs, lambda title: rules.rules(title).proof)
        self.collaborators = Collaborators(
            parts.archive,
            registry,
            record,
            commitments,
            self._codecs,
            self._executor,
            identities,
            calling_tls(settings),
        )
        self.may_accept = _may_accept(share)

    def warm(self) -> None:
        """Load in the background what the first picture would wait for."""
        self._codecs.warm()

    def recover(self) -> None:
        """After a process died: bring the index up to the pack that it left."""
        self._parts.recover()

    def close(self) -> None:
        """End everything in order; nothing that was acknowledged is lost if this does not come to its end."""
        self._executor.shutdown(cancel_futures=True)
        self._codecs.close()
        self._parts.close()

    def _web(self, settings: Settings, gate: Gate, warnings: tuple[str, ...]) -> WebApplication:
        database, archive, executor = self._parts.database, self._parts.archive, self._executor
        sessions = Sessions(database)
        dimse = settings.dimse
        house = House(settings.ae, __version__, dimse.host, dimse.port, dimse.is_loopback, warnings)
        session = Session(Accounts(database, self._parts.events), sessions, gate, house, executor)
        service = Service(archive, executor, self._parts.metadata, settings.base_url, str(settings.data))
        rows = [
            *page_routes(
                session,
                Studies(archive, StudyOverview(database), executor),
                AssociationList(Associations(database).page, executor),
                self.housekeeping.is_ready,
                self.housekeeping.has_space,
            ),
            *CommitmentPages(Commitments(database, self._parts.events), executor).routes(),
            *RejectionPages(Rejections(database).all, executor).routes(),
            *BinPages(self._parts.bin, executor).routes(),
            *ObjectPages(archive, executor).routes(),
            *PatientPages(self._parts.patients, executor).routes(),
            *SettingPages(UserSettingRows(database, self._parts.events), executor).routes(),
            *self.changes.routes(),
            *dicomweb_routes(service, self._codecs, self._parts.frames, self._parts.bin),
        ]
        with resources.as_file(resources.files("filmless.servers.pages") / "assets") as assets:
            pages = StaticFiles(assets, gate)
        return WebApplication(Routes(with_description(rows)), gate, pages.serve, CrossOrigin(settings.cors_origins))


def _policy(settings: Settings, share: Share) -> Policy:
    processes = share.shares.processes
    return Policy(
        ae_title=settings.ae,
        any_called_ae=settings.any_called_ae,
        is_loopback=settings.dimse.is_loopback and (settings.dimse_tls is None or settings.dimse_tls.is_loopback),
        max_associations=-(-settings.associations // processes),
        max_associations_per_peer=settings.associations_per_peer,
    )


def _may_accept(share: Share) -> Callable[[int], bool]:
    """Tells the other processes how many associations there are here, and whether the next is for this one."""

    def may_accept(connections: int) -> bool:
        share.say(connections)
        return share.is_next()

    return may_accept
