"""``filmless import``: files are read ahead by threads and stored in the order of their names."""

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import rich.console
import rich.progress
from rich.markup import escape

from filmless.app.commands.import_sources import Item, Stream, Unreadable, items
from filmless.app.data_folder import reached_database
from filmless.app.wiring import local_archive
from filmless.archive.archive import Archive
from filmless.archive.errors import Unavailable
from filmless.archive.model import Door, Outcome, Received, Refusal, Refused, Source, StoredAs
from filmless.archive.scope import Scope
from filmless.settings import Settings
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.part10 import Head, read_head, write_head

READERS = 4
READ_AHEAD = 16  # files in memory, read and not submitted yet
IN_FLIGHT = 256  # instances submitted and not answered yet
WHOLE = 4 << 20  # bytes: what is larger streams into the archive
CHUNK = 1 << 20  # bytes
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"  # Media Storage Directory (PS3.10 8.6): a list, not an object

_SCOPE = Scope(actor="local:import", everything=True, may_expire=True)
_SOURCE = Source(door=Door.IMPORT)
_NOT_TAKEN = "not taken"
_NOT_DICOM = "not DICOM"
_WORDS = {
    StoredAs.NEW: "new",
    StoredAs.SAME: "already kept",
    StoredAs.SAME_ELEMENTS: "already kept",
    StoredAs.CONFLICT: "kept beside another content",
    StoredAs.REPLACED: "replaced",
}


@dataclass(slots=True)
class Summary:
    """What came of every file."""

    counts: Counter[str] = field(default_factory=Counter)
    not_taken: list[tuple[str, str]] = field(default_factory=list)  # name and reason, in order

    def add(self, name: str, outcome: Outcome | str | None) -> None:
        """Note an outcome, a reason why a file could not be read, or None for one that is not DICOM."""
        if outcome is None:
            self.counts[_NOT_DICOM] += 1
        elif isinstance(outcome, str):
            self._refuse(name, outcome)
        elif isinstance(outcome, Refused):
            self._refuse(name, outcome.comment)
        else:
            self.counts[_WORDS[outcome.stored_as]] += 1

    def _refuse(self, name: str, reason: str) -> None:
        self.counts[_NOT_TAKEN] += 1
        self.not_taken.append((name, reason))


@dataclass(frozen=True, slots=True)
class _Read:
    """The start of a file, whole when ``rest`` is None."""

    head: Head
    start: bytes
    rest: Stream | None


def import_paths(settings: Settings, paths: list[Path]) -> int:
    """Take everything below the paths; 1 when a file was not taken, otherwise 0."""
    summary = Summary()
    console = rich.console.Console(stderr=True, highlight=False)
    with (
        reached_database(settings.data, settings.database_url, may_begin=True) as reached,
        local_archive(settings, reached) as archive,
        _progress(console) as progress,
    ):
        task = progress.add_task("Importing", total=None)
        for name, outcome in _outcomes(archive, paths):
            summary.add(name, outcome)
            progress.advance(task)
    _print(console, summary)
    return 1 if summary.not_taken else 0


def _outcomes(archive: Archive, paths: list[Path]) -> Iterator[tuple[str, Outcome | str | None]]:
    """Name and outcome of every file, in order; bounded in what is read ahead and in what is in flight."""
    answers: deque[tuple[str, Future[Outcome]]] = deque()
    with ThreadPoolExecutor(READERS, thread_name_prefix="read") as readers:
        for item, read in _read_ahead(readers, items(paths)):
            found = _result(read)
            if isinstance(found, _Read):
                answers.append((item.name, _submit(archive, found)))
            else:
                yield item.name, found
            while answers and (len(answers) >= IN_FLIGHT or answers[0][1].done()):
                yield _answer(*answers.popleft())
        while answers:
            yield _answer(*answers.popleft())


def _read_ahead(readers: ThreadPoolExecutor, found: Iterator[Item]) -> Iterator[tuple[Item, "Future[_Read | None]"]]:
    ahead: deque[tuple[Item, Future[_Read | None]]] = deque()
    for item in found:
        ahead.append((item, readers.submit(_read, item)))
        if len(ahead) >= READ_AHEAD:
            yield ahead.popleft()
    yield from ahead


def _read(item: Item) -> _Read | None:
    """The file's start, or None when it is not DICOM; ``Unreadable`` says why it cannot be read."""
    stream = item.open()
    start = _read_up_to(stream, WHOLE + 1)
    head = read_head(start)
    is_whole = len(start) <= WHOLE
    if is_whole or isinstance(head, Fault) or head.sop_class_uid == MEDIA_DIRECTORY:
        stream.close()
    if isinstance(head, Fault) or head.sop_class_uid == MEDIA_DIRECTORY:
        return None
    return _Read(head, start, None if is_whole else stream)


def _read_up_to(stream: Stream, size: int) -> bytes:
    chunks, left = [], size
    try:
        while left and (chunk := stream.read(min(left, CHUNK))):
            chunks.append(chunk)
            left -= len(chunk)
    except OSError as error:
        stream.close()
        raise Unreadable((error.strerror or "cannot be read").lower()) from None
    except Unreadable:
        stream.close()
        raise
    return b"".join(chunks)


def _result(read: "Future[_Read | None]") -> _Read | str | None:
    try:
        return read.result()
    except Unreadable as reason:
        return str(reason)


def _submit(archive: Archive, read: _Read) -> "Future[Outcome]":
    head, data_set = read.start[: read.head.head_length], memoryview(read.start)[read.head.head_length :]
    if not head:  # a data set without preamble and group 0002: the member gets them (PS3.10 7.1)
        head = write_head(read.head.sop_class_uid or "", read.head.instance_uid or "", read.head.transfer_syntax_uid)
    if read.rest is not None:
        return _stream(archive, read, head, data_set, read.rest)
    received = Received(head, data_set, read.head.transfer_syntax_uid, _SOURCE, datetime.now(UTC))
    return archive.store(received, _SCOPE)


def _stream(archive: Archive, read: _Read, head: bytes, start: memoryview, rest: Stream) -> "Future[Outcome]":
    """A large object goes from its source into a pack of its own, chunk by chunk."""
    large = archive.store_large(
        _SOURCE,
        read.head.transfer_syntax_uid,
        read.head.sop_class_uid,
        read.head.instance_uid,
        scope=_SCOPE,
        received_at=datetime.now(UTC),
        head=head,
    )
    try:
        large.write(start)
        while chunk := rest.read(CHUNK):
            large.write(chunk)
    except (Unreadable, OSError, Unavailable) as error:
        large.abort()
        return _refused(str(error))
    finally:
        rest.close()
    return large.finish()


def _refused(reason: str) -> "Future[Outcome]":
    future: Future[Outcome] = Future()
    future.set_result(Refused(Refusal.STORAGE_FAILED, reason))
    return future


def _answer(name: str, answer: "Future[Outcome]") -> tuple[str, Outcome | str | None]:
    return name, answer.result()


def _progress(console: rich.console.Console) -> rich.progress.Progress:
    return rich.progress.Progress(
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.TextColumn("{task.completed:.0f} files"),
        rich.progress.TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def _print(console: rich.console.Console, summary: Summary) -> None:
    counts = ", ".join(f"{number} {word}" for word, number in sorted(summary.counts.items()))
    console.print(f"{sum(summary.counts.values())} files: {counts or 'nothing found'}.", soft_wrap=True)
    for name, reason in summary.not_taken:
        shown = escape(name.encode("unicode_escape", "backslashreplace").decode() if not name.isprintable() else name)
        console.print(f"  {_NOT_TAKEN}: {shown}: {escape(reason)}", soft_wrap=True)
