"""What every test may ask for: a database of its own, the corpus where it lies beside the repository, a server."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from filmless.database.cluster.cluster import Cluster
from filmless.database.connect import Database
from filmless.database.migrate import migrate
from serving import ADMINISTRATOR, PASSWORD, Server

REPOSITORY = Path(__file__).resolve().parent.parent
CORPUS = REPOSITORY.parent / "shared" / "data" / "dicom"

settings.register_profile("quick", max_examples=25)  # of make check; make test tries as many as is usual

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cluster_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DSN of one PostgreSQL for the whole run, started as the product starts it; its disk is not waited for."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    dsn = cluster.start()
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
        yield dsn
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def _template(cluster_dsn: str) -> str:
    """Name of a migrated database that each test gets a copy of."""
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute("create database filmless_template")
    migrate(f"{cluster_dsn} dbname=filmless_template")
    return "filmless_template"


@pytest.fixture
def database_dsn(cluster_dsn: str, _template: str) -> Iterator[str]:
    """DSN of a migrated, empty database that this test alone uses."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"create database {name} template {_template}".encode())
    yield f"{cluster_dsn} dbname={name}"
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
def database(database_dsn: str) -> Iterator[Database]:
    """A migrated, empty database that this test alone uses."""
    database = Database(database_dsn)
    yield database
    database.close()


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of public DICOM files beside the repository; the test is skipped where it is not there."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public files is not beside the repository")
    return CORPUS


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running archive with an administrator, shared by the run: a test may not rely on it being empty."""
    server = Server(tmp_path_factory.mktemp("server") / "data", "--workers", "2").start()
    try:
        made = server.run("user", "add", ADMINISTRATOR, "--role", "administrator", "--password-stdin", text=PASSWORD)
        assert made.returncode == 0, made.stderr
        yield server
    finally:
        server.close()


SLOW_FIXTURES = {"cluster_dsn", "corpus", "server", "own_server", "page", "browser"}
SLOW_PLACES = ("corpus/", "journeys/", "pages/", "peers/", "pixels/", "servers/dimse/", "servers/test_http_limits")


def is_slow_place(path: Path) -> bool:
    """Whether all tests here need a server, a browser, a peer, the corpus or a timer."""
    return f"{path.relative_to(REPOSITORY / 'tests').as_posix()}/".startswith(SLOW_PLACES)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only fast tests are wanted, do not even load browsers and peers."""
    return True if config.option.markexpr == "not slow" and is_slow_place(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what needs a database, a server, a browser, a peer, the corpus or a timer."""
    for item in items:
        needed = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("drill") or needed & SLOW_FIXTURES or is_slow_place(item.path):
            item.add_marker(pytest.mark.slow)
