"""A database that the tests of one module share, for tests that only read it."""

from collections.abc import Iterator

import psycopg
import pytest

from filmless.database.connect import Database


@pytest.fixture(scope="module")
def module_database(cluster_dsn: str, _template: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database that a module fills once."""
    name = request.module.__name__.rpartition(".")[2]
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"create database {name} template {_template} strategy file_copy".encode())
    database = Database(f"{cluster_dsn} dbname={name}")
    yield database
    database.close()
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)".encode())
