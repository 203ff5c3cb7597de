"""The key of the archive's cursors stays the same, is nobody else's, and is never half written."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from filmless.access.seal import KEY_BYTES
from filmless.app.cursor_key import cursor_key
from filmless.app.data_folder import FolderError


def test_a_folder_has_one_key_whoever_asks_first(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: cursor_key(tmp_path), range(64)))
    (key,) = keys
    assert len(key) == KEY_BYTES
    assert cursor_key(tmp_path) == key
    assert [file.name for file in tmp_path.iterdir()] == ["cursor.key"]


def test_only_the_owner_reads_the_key(tmp_path: Path) -> None:
    cursor_key(tmp_path)
    assert (tmp_path / "cursor.key").stat().st_mode & 0o777 == 0o600


def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert cursor_key(tmp_path) != cursor_key(tmp_path / "other")


def test_a_file_that_is_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "cursor.key").write_bytes(b"short")
    with pytest.raises(FolderError, match=r"cursor\.key is no key"):
        cursor_key(tmp_path)
