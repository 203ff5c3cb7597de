"""A part of a ZIP file is read from no more than it holds: counted in bytes that are read from the packs."""

import asyncio
import io
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from archive_process import SCOPE, Process
from filmless.archive.metadata.series import SeriesMetadata
from filmless.database.connect import Database
from filmless.servers.dicomweb.retrieve.wado import Wado
from filmless.servers.dicomweb.service import Service
from filmless.servers.http_messages import Request
from objects import series
from web_house import Codecs, FakeArchive, FakeBundles, Recorder

COUNT, SIDE = 12, 256
PIXELS = 2 * SIDE * SIDE  # bytes of an instance
HEADERS = COUNT * 4096  # more than all headers have


class Counted:
    """The packs of a process, and how many bytes were read from them."""

    def __init__(self, read: Callable[[str, int, int], bytes]) -> None:
        self.count = 0
        self._read = read

    def read(self, pack: str, start: int, stop: int) -> bytes:
        found = self._read(pack, start, stop)
        self.count += len(found)
        return found


class Door:
    """WADO-RS over a process, as one server process holds it."""

    def __init__(self, process: Process, study_uid: str) -> None:
        executor = ThreadPoolExecutor(4)
        metadata = SeriesMetadata(FakeBundles(FakeArchive()), process.archive.read, Recorder())
        self.wado = Wado(Service(process.archive, executor, metadata), Codecs())
        self.study_uid = study_uid

    def get(self, span: str = "") -> bytes:
        """The ZIP file of the study, or a part of it."""
        headers = {b"accept": b"application/zip", **({b"range": span.encode()} if span else {})}
        request = Request(
            "GET", "/", "", secure=False, origin="", headers=headers, query_string=b"", receive=_nothing, access=SCOPE
        )  # type: ignore[arg-type]
        request.parameters = {"study": self.study_uid}
        return asyncio.run(self._body(request))

    async def _body(self, request: Request) -> bytes:
        answer = await self.wado.retrieve(request)
        assert answer.status == (206 if b"range" in request.headers else 200)
        assert not isinstance(answer.body, bytes)
        body = b"".join([bytes(chunk) async for chunk in answer.body])
        assert len(body) == answer.length
        return body


def _nothing() -> None:
    """Nobody sends anything more."""


@pytest.fixture
def process(database: Database, tmp_path: Path) -> Iterator[Process]:
    process = Process(database, tmp_path / "packs")
    yield process
    process.close()


@pytest.fixture
def study_uid(process: Process) -> str:
    images = series(COUNT, Rows=SIDE, Columns=SIDE)
    for number, image in enumerate(images):
        image.PixelData = Random(number).randbytes(PIXELS)
        process.store(image)
    return str(images[0].StudyInstanceUID)


@pytest.fixture
def counted(process: Process, study_uid: str, monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted(process.packs.read)
    monkeypatch.setattr(process.packs, "read", counted.read)
    return counted


def test_each_part_is_what_the_whole_has_there(process: Process, study_uid: str) -> None:
    door = Door(process, study_uid)
    whole = door.get()
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert opened.testzip() is None
        assert len(opened.namelist()) == COUNT + 1
    chance = Random(1)
    edges = [found for found in range(len(whole)) if whole[found : found + 2] == b"PK"][:200]
    spans = [(0, 1), (len(whole) - 1, len(whole)), (0, len(whole))]
    spans += [(max(0, edge - 3), min(len(whole), edge + 20)) for edge in edges]
    spans += [tuple(sorted(chance.sample(range(len(whole)), 2))) for _ in range(60)]  # type: ignore[misc]
    for fresh in (door, Door(process, study_uid)):
        for start, stop in spans:
            assert fresh.get(f"bytes={start}-{stop - 1}") == whole[start:stop]


def test_what_lies_before_a_part_is_not_read(process: Process, study_uid: str, counted: Counted) -> None:
    door = Door(process, study_uid)
    length = len(door.get())
    size = length // COUNT
    for span, most in (
        ("bytes=-22", 0),  # what closes the file
        ("bytes=-600", 0),  # entries of the central directory: their check sums went out before
        (f"bytes={length - size}-", 2 * size),
        (f"bytes={length // 2}-{length // 2 + 9}", size),
        ("bytes=0-99", 0),
        (f"bytes={length // 2}-", (COUNT // 2 + 1) * size),
    ):
        counted.count = 0
        door.get(span)
        assert counted.count <= most, span


def test_a_process_that_has_sent_nothing_reads_for_check_sums_alone(
    process: Process, study_uid: str, counted: Counted
) -> None:
    length = len(Door(process, study_uid).get())
    size = length // COUNT
    for span, most in (
        ("bytes=-22", 0),
        (f"bytes={length // 2}-{length // 2 + 9}", size),  # of a whole file: its hash is looked at
        ("bytes=0-99", 0),
        (f"bytes={length // 2}-", (COUNT + 1) * size),  # all, but once
    ):
        counted.count = 0
        Door(process, study_uid).get(span)
        assert counted.count <= most + HEADERS, span
