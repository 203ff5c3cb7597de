"""The key of this archive's cursors: made once, in the data folder, the same for all its processes."""

import os
import secrets
import tempfile
from pathlib import Path

from filmless.access.seal import KEY_BYTES
from filmless.app.data_folder import FolderError


def cursor_key(data: Path) -> bytes:
    """Give the key, made if there is none; ``FolderError`` when the file holds something else."""
    path = data / "cursor.key"
    if not path.exists():
        _make(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise FolderError(f"{path} is no key. Remove the file, and the next start makes a new one.")
    return key


def _make(path: Path) -> None:
    """Write a whole key or nothing; of two processes at once the first one's stays."""
    file, unfinished = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # for its owner alone
    with os.fdopen(file, "wb") as writing:
        writing.write(secrets.token_bytes(KEY_BYTES))
        writing.flush()
        os.fsync(file)
    try:
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        Path(unfinished).unlink()
