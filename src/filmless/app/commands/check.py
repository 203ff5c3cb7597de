"""``filmless check``: what the consistency check finds, one line each, and a summary."""

import sys

from filmless.app.data_folder import reached_database
from filmless.app.wiring import packs_folder
from filmless.archive.check import Totals
from filmless.archive.check import check as compare
from filmless.database.connect import Database
from filmless.database.index.check import IndexCheck
from filmless.settings import Settings
from filmless.storage.folder import PackFolder

STATEMENT_SECONDS = 600  # a count over all rows takes its time


def check(settings: Settings) -> int:
    """Print each problem to standard output (kind, subject, place; tabs between); 1 when there is one, else 0."""
    totals = Totals()
    with reached_database(settings.data, settings.database_url) as reached:
        database = Database(reached.dsn, connections=1, statement_seconds=STATEMENT_SECONDS)
        try:
            for problem in compare(PackFolder(packs_folder(settings)), IndexCheck(database), totals):
                sys.stdout.write(f"{problem.fault}\t{problem.subject}\t{problem.where}\n")
        finally:
            database.close()
    sys.stderr.write(
        f"{totals.packs} packs, {totals.rows} rows, {totals.members} members, {totals.bytes_hashed} bytes hashed: "
        f"{totals.problems or 'no'} problem{'' if totals.problems == 1 else 's'}.\n"
    )
    return 1 if totals.problems else 0
