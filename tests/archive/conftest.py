"""The archive on real parts: packs in a folder of the test, rows in its own database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive_process import Process
from filmless.database.connect import Database


@pytest.fixture
def process(database: Database, tmp_path: Path) -> Iterator[Process]:
    process = Process(database, tmp_path / "packs")
    yield process
    process.close()
