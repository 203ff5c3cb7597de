"""Packs are read by many threads at once: none uses a file that another has let go of."""

from hashlib import sha256
from pathlib import Path

import pytest

from filmless.archive.errors import Unavailable
from filmless.archive.model import Placement
from filmless.storage import reading
from filmless.storage.checked import CheckedLately

PACK = "ingest/2026/01/one.tar"
BYTES = bytes(range(256)) * 8


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> reading.PackReading:
    """Packs whose files nothing keeps open, as for a thread that opened one at the same moment as another."""
    monkeypatch.setattr(reading, "OPEN_FOR_READING", 0)
    path = tmp_path / PACK
    path.parent.mkdir(parents=True)
    path.write_bytes(BYTES)
    return reading.PackReading(tmp_path, CheckedLately())


def test_a_file_that_nothing_keeps_open_is_there_until_it_was_read(packs: reading.PackReading) -> None:
    digest = sha256(BYTES).digest()
    assert packs.check(Placement(PACK, 0, len(BYTES), 0, digest, digest)).is_due
    assert packs.read(PACK, 5, 9) == BYTES[5:9]
    assert packs.read_cached(PACK, 5, 9) == BYTES[5:9]
    assert packs.member_at(PACK, 512) is None


def test_a_pack_that_is_gone_is_unavailable_at_every_way_in(packs: reading.PackReading) -> None:
    with pytest.raises(Unavailable):
        packs.read("ingest/gone.tar", 0, 4)
    with pytest.raises(Unavailable):
        packs.span("ingest/gone.tar", 0, 4)
    assert packs.read_cached("ingest/gone.tar", 0, 4) is None
