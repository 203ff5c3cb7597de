"""A place for what has to be whole before it is used: in memory while it is short, then in a file without a name."""

import os
import tempfile
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO, cast

from filmless.standards.composing.codestream import Read

IN_MEMORY = 4 << 20  # bytes


@dataclass(slots=True)
class Spool:
    """Bytes that are appended and read again; ``OSError`` where there is no space."""

    folder: str | None  # None: where the system keeps such files
    length: int = 0
    _held: bytearray = field(default_factory=bytearray)
    _file: BinaryIO | None = None

    def write(self, data: memoryview) -> None:
        """Append; blocks."""
        if self._file is None and self.length + len(data) > IN_MEMORY:
            self._file = cast("BinaryIO", tempfile.TemporaryFile(dir=self.folder))  # noqa: SIM115  closed by close()
            self._append(memoryview(self._held))
            self._held = bytearray()
        if self._file is None:
            self._held += data
        else:
            self._append(data)
        self.length += len(data)

    def reader(self, start: int, stop: int) -> Read:
        """Gives bytes of a stretch by their places in it."""
        return partial(self._read, start, stop)

    def close(self) -> None:
        """Let go of everything."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._held = bytearray()

    def _append(self, data: memoryview) -> None:
        descriptor = cast("BinaryIO", self._file).fileno()
        while data:
            data = data[os.write(descriptor, data) :]

    def _read(self, base: int, limit: int, start: int, stop: int) -> bytes:
        first, last = min(base + start, limit), min(base + stop, limit)
        if self._file is None:
            return bytes(self._held[first:last])
        return os.pread(self._file.fileno(), max(last - first, 0), first)
