"""The pack of this process for what was decided about instances: its members are small and each is synced alone."""

import threading
from hashlib import sha256
from pathlib import Path

from filmless.archive.errors import Unavailable
from filmless.archive.receive.decisions import Decision, record
from filmless.storage import tar
from filmless.storage.direct import aligned_buffer
from filmless.storage.files import FreeSpace
from filmless.storage.pack import OpenPack

_BUFFER = 1 << 20  # bytes gathered before they are written


class PackJournal:
    """Fulfils ``Journal``. Any thread may use it; the pack is begun with the first decision."""

    def __init__(self, root: Path, *, space: FreeSpace | None = None) -> None:
        self._root, self._space = root, space or FreeSpace()
        self._pack: OpenPack | None = None
        self._lock = threading.Lock()

    def note(self, decision: Decision) -> None:
        """Append the record of a decision and sync it; ``Unavailable`` where that fails."""
        text = record(decision)
        label = tar.decision_label(f"{decision.public_id}.{decision.kind}", sha256(text).digest(), decision.at)
        with self._lock:
            self._space.demand(self._root, len(text))
            if self._pack is None:
                self._pack = OpenPack(self._root, aligned_buffer(_BUFFER))
            try:
                self._pack.write([tar.header(label, len(text)), text, tar.padding(len(text))])
                self._pack.sync()
            except Unavailable:
                self._leave()
                raise

    def leave(self) -> None:
        """Go on in a new pack with the next decision: replay reads this one, and seals it."""
        with self._lock:
            self._leave()

    def _leave(self) -> None:
        if self._pack is not None:
            self._pack.close()
            self._pack = None
