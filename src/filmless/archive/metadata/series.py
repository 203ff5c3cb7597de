"""The metadata of series: kept as bundles that hold only as long as their instances stay as they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from filmless.archive.errors import NotFound
from filmless.archive.events import Event, EventKind
from filmless.archive.metadata.deflated import Measure, PieceWriter, inflated, replaced
from filmless.archive.metadata.instance import Read, instance_json
from filmless.archive.model import KeptInstance
from filmless.archive.ports import History
from filmless.archive.scope import Scope

PART = 1 << 20  # bytes of a bundle that are read at a time
MAX_BUNDLE = 64 << 20  # bytes; what is larger is made anew for each who asks
Uids = tuple[str, str | None, str | None]
"""Of a study, of a series and of an instance, each within the one before."""

_BULK_DATA = '"BulkDataURI":"'  # never within a text, whose quotation marks have a backslash before them


@dataclass(frozen=True, slots=True)
class Bundle:
    """The JSON objects of a series' instances, joined by commas, as a piece of deflate."""

    root: str  # address of the service in it
    measure: Measure
    size: int  # bytes of the piece
    piece: bytes | None  # None: not read yet
    serial: int = 0  # tells it from the one that takes its place


@dataclass(frozen=True, slots=True)
class SeriesNow:
    """What a series has, of what is reached, at one moment; either its bundle or its instances are there."""

    series_id: int
    study_uid: str
    series_uid: str
    count: int  # of instances
    state: bytes  # differs where anything of the instances does
    bundle: Bundle | None
    instances: Sequence[KeptInstance] = ()


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A study in which something changed since its bundles were made."""

    study_id: int
    study_uid: str
    serial: int  # raised by each change
    failures: int  # to settle it


class Bundles(Protocol):
    """Where bundles are kept. Every method may raise ``Unavailable``."""

    def look(self, scope: Scope, uids: Uids) -> list[SeriesNow]:
        """The series of a study in the order of their numbers, or one, or one instance of it, all at one moment."""

    def read(self, series: SeriesNow, start: int, stop: int) -> bytes:
        """Bytes of the series' bundle; ``Unavailable`` when another has taken its place since."""

    def keep(self, series: SeriesNow, bundle: Bundle) -> None:
        """Keep the bundle of what the series had when it was looked at."""


class SeriesWriter:
    """Makes the metadata of a series and its bundle at once."""

    def __init__(self, read: Read, root: str) -> None:
        self._read, self._root = read, root
        self._pieces = PieceWriter()
        self._held: list[bytes] = []
        self._size = 0

    def write(self, instances: Sequence[KeptInstance]) -> tuple[bytes, bytes]:
        """The next instances, as JSON text and as a part of the piece that the text makes."""
        text = b",".join(instance_json(self._read, kept, self._root) for kept in instances)
        if self._pieces.measure.length:
            text = b"," + text
        return text, self._hold(self._pieces.write(text))

    def end(self) -> bytes:
        """The last part of the piece."""
        return self._hold(self._pieces.end())

    @property
    def measure(self) -> Measure:
        """Of the text so far."""
        return self._pieces.measure

    def bundle(self) -> Bundle | None:
        """What can be kept of it at the end; None when it is too much."""
        if self._size > MAX_BUNDLE:
            return None
        return Bundle(self._root, self.measure, self._size, b"".join(self._held))

    def _hold(self, part: bytes) -> bytes:
        self._size += len(part)
        if self._size <= MAX_BUNDLE:
            self._held.append(part)
        else:
            self._held.clear()
        return part


class SeriesMetadata:
    """Gives the metadata of series within a scope, and keeps what was made."""

    def __init__(self, bundles: Bundles, read: Read, history: History) -> None:
        self._bundles, self._read, self._history = bundles, read, history

    def look(self, uids: Uids, scope: Scope) -> list[SeriesNow]:
        """The series of a study, or one of them, or one instance of it; ``NotFound`` where there is none."""
        found = self._bundles.look(scope, uids)
        study_uid, series_uid, instance_uid = uids
        if not found:
            raise NotFound(instance_uid or series_uid or study_uid)
        count = sum(series.count for series in found)
        event = Event(EventKind.RETRIEVE, scope.actor, scope.address, study_uid=study_uid, count=count)
        self._history.gather(event)
        return found

    def piece(self, series: SeriesNow, bundle: Bundle) -> Iterator[bytes]:
        """The bundle of a series as it is kept, in parts."""
        if bundle.piece is not None:
            yield bundle.piece
            return
        for start in range(0, bundle.size, PART):
            yield self._bundles.read(series, start, min(start + PART, bundle.size))

    def text(self, series: SeriesNow, bundle: Bundle, root: str) -> Iterator[bytes]:
        """The JSON of a bundle, in parts, with the addresses that hold for who asks."""
        text = inflated(self.piece(series, bundle))
        if bundle.root == root:
            return text
        return replaced(text, (_BULK_DATA + bundle.root).encode(), (_BULK_DATA + root).encode())

    def writer(self, root: str) -> SeriesWriter:
        """Makes what no bundle has."""
        return SeriesWriter(self._read, root)

    def keep(self, series: SeriesNow, bundle: Bundle) -> None:
        """Keep a bundle that was made of all instances of the series."""
        self._bundles.keep(series, bundle)
