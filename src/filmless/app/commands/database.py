"""The database as commands reach it: through the server that runs, or started for their time."""

from collections.abc import Iterator
from contextlib import contextmanager

from filmless.app.data_folder import reached_database
from filmless.database.connect import Database
from filmless.settings import Settings


@contextmanager
def open_database(settings: Settings, *, may_begin: bool = False) -> Iterator[Database]:
    """One connection to the database of the data folder, which becomes an archive only if it ``may_begin``."""
    with reached_database(settings.data, settings.database_url, may_begin=may_begin) as reached:
        database = Database(reached.dsn, connections=1)
        try:
            yield database
        finally:
            database.close()
