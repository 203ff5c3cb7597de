"""Brings a database to the schema of this program: numbered SQL files, forward only."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import psycopg

from filmless.database.connect import Connection

_LOCK = 0x46_4C_4D_31  # "FLM1": advisory lock that lets one program migrate at a time
_TABLE = """
create table if not exists migration (
    number     integer primary key,
    name       text not null,
    sha256     bytea not null,
    applied_at timestamptz not null default now()
)"""


class MigrationError(Exception):
    """The database does not fit this program; the text is a sentence for the administrator."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: ``migrations/NNNN_name.sql``."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> bytes:
        """Digest of the statements, by which a changed file is told."""
        return hashlib.sha256(self.sql.encode()).digest()


def shipped() -> list[Migration]:
    """The migrations of this program, in order."""
    found = []
    for file in resources.files("filmless.database").joinpath("migrations").iterdir():
        parts = re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)
        if parts:
            found.append(Migration(int(parts[1]), parts[2], file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def migrate(dsn: str, migrations: Sequence[Migration] | None = None) -> int:
    """Apply what is missing, each step in a transaction of its own; return how many were applied."""
    wanted = shipped() if migrations is None else migrations
    applied = 0
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        connection.execute("set client_min_messages = warning")
        connection.execute(_TABLE)
        done = _applied(connection)
        _refuse_foreign(done, wanted)
        for migration in wanted:
            if migration.number not in done:
                _apply(connection, migration)
                applied += 1
    return applied


def _applied(connection: Connection) -> dict[int, tuple[str, bytes]]:
    rows = connection.execute("select number, name, sha256 from migration").fetchall()
    return {number: (name, bytes(sha256)) for number, name, sha256 in rows}


def _refuse_foreign(done: dict[int, tuple[str, bytes]], wanted: Sequence[Migration]) -> None:
    ours = {migration.number: migration for migration in wanted}
    for number, (name, sha256) in sorted(done.items()):
        if number not in ours:
            raise MigrationError(
                f"The database was changed by a newer Filmless (migration {number:04d} {name}); "
                f"start that version, or restore a backup that is older."
            )
        if ours[number].sha256 != sha256:
            raise MigrationError(f"Migration {number:04d} {name} is not the one that made this database.")


def _apply(connection: Connection, migration: Migration) -> None:
    with connection.transaction():
        connection.execute(migration.sql.encode())
        connection.execute(
            "insert into migration (number, name, sha256) values (%s, %s, %s)",
            (migration.number, migration.name, migration.sha256),
        )
