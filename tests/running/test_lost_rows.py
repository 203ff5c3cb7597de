"""The index does not wait for its own disk; what a crash of the database takes, the packs bring back at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive_process import SCOPE, received
from filmless.app.wiring import ArchiveParts
from filmless.archive.model import Stored
from filmless.settings import Settings
from objects import series
from serving import wait_until

END_CONNECTIONS = """
select pg_terminate_backend(pid, 10000) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()"""


@pytest.fixture
def parts(database_dsn: str, tmp_path: Path) -> Iterator[ArchiveParts]:
    parts = ArchiveParts(Settings(data=tmp_path), database_dsn)
    yield parts
    parts.close()


def store(parts: ArchiveParts, images: list[object]) -> None:
    for image in images:
        assert isinstance(parts.archive.store(received(image), SCOPE).result(30), Stored)


def lose_the_latest_transactions(parts: ArchiveParts) -> None:
    """As a crash does before the log was flushed: rows, count and mark go together, and every connection ends."""
    with parts.database.connection() as connection:
        connection.execute("delete from instance")
        connection.execute("update series set instance_count = 0")
        connection.execute("update pack set indexed_to = 0, members = 0")
    with parts.database.connection() as connection:
        connection.execute(END_CONNECTIONS)


def listed(parts: ArchiveParts) -> int:
    with parts.database.connection() as connection:
        return int(connection.execute("select sum(instance_count) from series").fetchone()[0])


def test_an_idle_process_finds_out_and_lists_everything_again(parts: ArchiveParts) -> None:
    store(parts, series(5))
    lose_the_latest_transactions(parts)
    parts.tend_soon()
    wait_until(lambda: listed(parts) == 5)


def test_a_busy_process_appends_nothing_behind_rows_that_are_gone(parts: ArchiveParts) -> None:
    first, then = series(3), series(2)
    store(parts, first)
    lose_the_latest_transactions(parts)
    store(parts, then)
    parts.tend_soon()
    wait_until(lambda: listed(parts) == 5)
    for images in (first, then):
        kept = parts.archive.instances(images[0].StudyInstanceUID, scope=SCOPE)
        assert {each.instance_uid for each in kept} == {image.SOPInstanceUID for image in images}
