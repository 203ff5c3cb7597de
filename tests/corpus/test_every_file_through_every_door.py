"""Whatever door a file comes in by, it is found at each level and given back as it came, restart or not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pynetdicom import _config

from corpus.doors import Table, by_dimse, by_import, by_stow, check_served, legal_files
from serving import Server

REFUSED = {"GH1339.dcm"}
"""Its fragments of Pixel Data do not end: DCMTK does not send it, and pydicom reads not one element of it whole."""


@pytest.fixture(autouse=True)
def bytes_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's own bytes, not re-encoded, of whatever class; pynetdicom keeps such settings for the whole process."""
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
    monkeypatch.setattr(_config, "UNRESTRICTED_STORAGE_SERVICE", True)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, about files that are malformed on purpose
@pytest.mark.parametrize("door", [by_dimse, by_stow, by_import], ids=["c_store", "stow_rs", "import"])
def test_every_file_is_found_and_given_back_as_it_came(
    corpus: Path, tmp_path: Path, door: Callable[..., Table], capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(tmp_path / "data", "--workers", "2").start()
    try:
        table = door(server, legal_files(corpus))
        before = check_served(server, table)
        assert server.terminate() == 0
        server.close()
        server.start()
        after = check_served(server, table)
    finally:
        server.close()
    with capsys.disabled():
        print(f"\n{table.row()}")
    assert set(table.refused) == REFUSED, table.refused
    assert before == []
    assert after == []
