"""Whether a PostgreSQL server keeps what it confirms, and is one that we can work with."""

import psycopg

from filmless.database.cluster.programs import OLDEST_MAJOR

_MUST_BE_ON = {
    "fsync": "what was confirmed can be lost when the machine stops",
    "full_page_writes": "pages can be torn when the machine stops",
    "synchronous_commit": "what was confirmed can be lost when the server stops",
    "data_checksums": "damage of the disk is not noticed",
}
_ALSO_SAFE = {"synchronous_commit": {"remote_write", "remote_apply", "local"}}


class WrongDatabase(Exception):
    """The server cannot be used; the text is a sentence for the administrator."""


def check(dsn: str) -> list[str]:
    """Sentences about settings that break durability; ``WrongDatabase`` when the server cannot be used at all."""
    with psycopg.connect(dsn) as connection:
        major = connection.info.server_version // 10_000
        if major < OLDEST_MAJOR:
            raise WrongDatabase(f"The database is PostgreSQL {major}; Filmless needs {OLDEST_MAJOR} or newer.")
        if connection.execute("show server_encoding").fetchone() != ("UTF8",):
            raise WrongDatabase("The database does not use the encoding UTF8.")
        rows = connection.execute(
            "select name, setting from pg_settings where name = any(%s)", (list(_MUST_BE_ON),)
        ).fetchall()
    return [
        f"PostgreSQL runs with {name} = {setting}: {_MUST_BE_ON[name]}."
        for name, setting in rows
        if setting != "on" and setting not in _ALSO_SAFE.get(name, ())
    ]
