"""What one server process holds of the archive, on real parts: packs in a folder, rows in a database."""

from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from filmless.archive.archive import Archive
from filmless.archive.model import Door, DuplicatePolicy, Outcome, Received, Source
from filmless.archive.receive.replay import Recovered, recover
from filmless.archive.receive.store import Committer, examined
from filmless.archive.scope import Scope
from filmless.database.coercion_rules import CoercionRules
from filmless.database.connect import Database
from filmless.database.deletions import Deletions
from filmless.database.events import EventLog
from filmless.database.find.postgres import PostgresFind
from filmless.database.index.marks import IndexMarks
from filmless.database.index.read import IndexRead
from filmless.database.index.record import IndexRecord
from filmless.standards.data_set.part10 import write_head
from filmless.storage.files import FreeSpace
from filmless.storage.folder import PackFolder
from filmless.storage.group_commit import GroupCommitter
from filmless.storage.journal import PackJournal
from objects import data_set_bytes
from seals import SEAL

SCOPE = Scope(actor="ae:TEST", everything=True)
SOURCE = Source(Door.C_STORE, calling_ae="TEST")


def received(image: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian, *, source: Source = SOURCE) -> Received:
    """An instance as the network brings it."""
    return Received(
        head=write_head(image.SOPClassUID, image.SOPInstanceUID, transfer_syntax_uid, "TEST"),
        data_set=data_set_bytes(image, transfer_syntax_uid),
        transfer_syntax_uid=transfer_syntax_uid,
        source=source,
        received_at=datetime.now(UTC),
    )


def policy(duplicates: DuplicatePolicy) -> Source:
    """A sender with this policy."""
    return Source(Door.C_STORE, calling_ae="TEST", duplicates=duplicates)


class Process:
    """What one server process holds of the archive."""

    def __init__(self, database: Database, root: Path, *, reconnect_seconds: float = 6.0, **options: object) -> None:
        root.mkdir(exist_ok=True)
        self.database = database
        self.events = EventLog(database)
        self.packs = PackFolder(root, space=FreeSpace(0, 0), **options)
        self.journal = PackJournal(root, space=FreeSpace(0, 0))
        self.bin = Deletions(database, self.events, self.journal, lambda: None)
        self.index = IndexRecord(database, self.events, reconnect_seconds=reconnect_seconds)
        self.committer = Committer(self.packs, self.index)
        self.group = GroupCommitter(examined, self.committer.commit)
        self.rules = CoercionRules(database, self.events)
        self.archive = Archive(
            self.packs,
            IndexRead(database),
            PostgresFind(database, SEAL),
            self.events,
            self.group.submit,
            self.rules.refresh,
        )

    def submit(self, image: Dataset, *others: str, source: Source = SOURCE) -> "Future[Outcome]":
        return self.archive.store(received(image, *others, source=source), SCOPE)

    def store(self, image: Dataset, *others: str, source: Source = SOURCE) -> Outcome:
        return self.submit(image, *others, source=source).result(30)

    def recover(self) -> Recovered:
        with closing(IndexRecord(self.database, self.events)) as index:
            return recover(self.packs, IndexMarks(self.database), index, self.bin)

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with self.database.connection() as connection:
            return connection.execute(statement, values).fetchall()

    def execute(self, statement: str, *values: object) -> None:
        with self.database.connection() as connection:
            connection.execute(statement, values)

    def die(self) -> None:
        """Let go of the pack as a killed process does."""
        self.group.close()
        self.packs.leave()
        self.journal.leave()
        self.index.close()

    def close(self) -> None:
        """End in order."""
        self.group.close()
        self.packs.seal()
        self.journal.leave()
        self.committer.record_sealed()
        self.index.close()
