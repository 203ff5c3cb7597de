"""Single frames: where those of an instance lie, and each by one positioned read."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from filmless.archive.errors import Damaged, NotFound
from filmless.archive.events import Event, EventKind
from filmless.archive.model import KeptInstance
from filmless.archive.ports import Catalog, History, Located, PackBytes
from filmless.archive.scope import Scope
from filmless.standards.data_set.elements import UNDEFINED
from filmless.standards.data_set.fault import BadBytes, Fault
from filmless.standards.data_set.frames import FrameTable, NativePixels, native_pixels
from filmless.standards.data_set.inflate import MAX_READABLE, inflate_chunks
from filmless.standards.data_set.scanner import scan
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax
from filmless.standards.editing.splice import edited_pieces

PIXEL_HEADER = 12  # bytes of the element that holds the pixels, before its value
MAX_FRAME = 256 << 20  # bytes of one frame

Read = Callable[[KeptInstance, int, int], bytes]


@dataclass(frozen=True, slots=True)
class StoredFrames:
    """An instance and where its frames lie in its data set: ``native``, or ``table`` where it is encapsulated."""

    kept: KeptInstance
    native: NativePixels | None = None
    table: FrameTable | None = None

    @property
    def count(self) -> int:
        """Frames that can be given."""
        if self.native is not None:
            return self.native.count
        return len(self.table.fragments) if self.table is not None else 0

    def span(self, number: int) -> tuple[int, int]:
        """Where in the data set the bytes of frame ``number`` (from 0) lie; ``NotFound`` when there is none."""
        if not 0 <= number < self.count:
            raise NotFound(self.kept.instance_uid)
        if self.native is not None:
            start, stop = self.native.span(number)
        else:
            pieces = self._pieces(number)
            start, stop = pieces[0][0], max(at + size for at, size in pieces)
        if stop - start > MAX_FRAME:
            raise NotFound(self.kept.instance_uid)
        return start, stop

    def cut(self, span: bytes, number: int) -> bytes:
        """The frame out of the bytes of its span."""
        if self.native is not None:
            return self.native.cut(span, number)
        (start, size), *others = pieces = self._pieces(number)
        return span[:size] if not others else b"".join(span[at - start : at - start + size] for at, size in pieces)

    def addressed(self) -> FrameTable | None:
        """All frames by where they lie in the file; None where they do not start at bytes, or lie deflated."""
        native = self.native
        if transfer_syntax(self.kept.transfer_syntax_uid).deflated:
            return None
        if native is None or (native.frame_bits % 8 and native.count > 1):
            return self.table
        return FrameTable(native.count, native.start, (native.frame_bits + 7) // 8)

    def _pieces(self, number: int) -> tuple[tuple[int, int], ...]:
        fragments = self.table.fragments[number] if self.table is not None else ()
        if not fragments:
            raise NotFound(self.kept.instance_uid)
        return fragments


class FrameAccess:
    """Gives single frames to those who may see them; ``read`` gives bytes of a file as it is given out.

    ``latest_hiding`` gives another number when rows that were read before may not be believed any more.
    """

    def __init__(
        self, packs: PackBytes, catalog: Catalog, history: History, read: Read, latest_hiding: Callable[[], int]
    ) -> None:
        self._packs, self._catalog, self._history, self._read = packs, catalog, history, read
        self.latest_hiding = latest_hiding

    def locate(self, scope: Scope, uids: tuple[str, str, str | None], limit: int) -> list[Located]:
        """One instance, or at most ``limit`` of a series, with what rows say of their frames."""
        return self._catalog.locate_frames(scope, uids, limit)

    def stored_frames(self, located: Located) -> StoredFrames:
        """Where the frames lie, found in the header where no row says it; ``NotFound`` where there are none."""
        kept, table = located.kept, located.table
        if located.has_table and table is None:
            table = self._catalog.frames(kept.instance_uid)
        return _stored_frames(kept, table, partial(self.data_set, kept))

    def stored_frames_at_hand(self, located: Located) -> StoredFrames | None:
        """The same, None where it would have to be waited for."""
        kept = located.kept
        if located.has_table and located.table is None:
            return None
        try:
            return _stored_frames(kept, located.table, partial(self._bytes_at_hand, kept))
        except _WaitingError:
            return None

    def frame(self, frames: StoredFrames, number: int) -> bytes:
        """Frame ``number`` (from 0) as it is stored, native ones in little endian order."""
        start, stop = frames.span(number)
        return frames.cut(self.data_set(frames.kept, start, stop), number)

    def frame_at_hand(self, frames: StoredFrames, number: int) -> bytes | None:
        """The same, None where it would have to be waited for."""
        start, stop = frames.span(number)
        try:
            return frames.cut(self._bytes_at_hand(frames.kept, start, stop), number)
        except _WaitingError:
            return None

    def record(self, kept: KeptInstance, count: int, scope: Scope) -> None:
        """Remember that frames were given."""
        event = Event(EventKind.RETRIEVE, scope.actor, scope.address, study_uid=kept.study_uid, count=count)
        self._history.gather(event)

    def data_set(self, kept: KeptInstance, start: int, stop: int) -> bytes:
        """Bytes of the data set, which is inflated where it is stored deflated."""
        head = kept.head_length
        if transfer_syntax(kept.transfer_syntax_uid).deflated:
            return _inflated(kept, self._read(kept, head, kept.length), start, stop)
        return self._read(kept, head + start, min(head + stop, kept.length))

    def _bytes_at_hand(self, kept: KeptInstance, start: int, stop: int) -> bytes:
        place, head = kept.placement, kept.head_length
        span: tuple[int, int] = (head + start, min(head + stop, kept.length))
        if transfer_syntax(kept.transfer_syntax_uid).deflated:
            raise _WaitingError
        if kept.edit is not None:
            first, *others = edited_pieces(kept.edit, head, place.length, *span)
            if others or isinstance(first, bytes):
                raise _WaitingError
            span = first
        found = self._packs.read_cached(place.pack, place.offset + span[0], place.offset + span[1])
        if found is None:
            raise _WaitingError
        return found


class _WaitingError(Exception):
    """Bytes are not in memory."""


def _stored_frames(kept: KeptInstance, table: FrameTable | None, read: Callable[[int, int], bytes]) -> StoredFrames:
    if table is not None and table.fragments:
        return StoredFrames(kept, table=moved(table, kept))
    native = native_of(kept, read)
    if native is None:
        raise NotFound(kept.instance_uid)
    return StoredFrames(kept, native=native)


def native_of(kept: KeptInstance, read: Callable[[int, int], bytes]) -> NativePixels | None:
    """How native frames lie; ``read(start, stop)`` gives bytes of the data set. None where there are none."""
    is_deflated = transfer_syntax(kept.transfer_syntax_uid).deflated
    if kept.pixel_offset is None and not is_deflated:
        return None
    # No row says where the pixels of a deflated data set lie: that is found in all of it.
    prefix = read(0, MAX_READABLE if kept.pixel_offset is None else kept.pixel_offset + PIXEL_HEADER)
    found = scan(prefix, _read_as(kept), frozenset(), final=False)
    if isinstance(found, Fault) or found.pixel_length == UNDEFINED:
        return None
    there = found.pixel_length
    if not is_deflated:
        there = min(there, kept.length - kept.head_length - found.pixel_start)
    return native_pixels(found, there)


def moved(table: FrameTable, kept: KeptInstance) -> FrameTable:
    """Where frames lie in the file as it is given out: all behind what was edited before the pixels."""
    first = next((at for frame in table.fragments for at, _ in frame), None)
    if kept.edit is None or first is None:
        return table
    by = kept.edit.offset(first) - first
    return replace(table, fragments=tuple(tuple((at + by, size) for at, size in frame) for frame in table.fragments))


def _read_as(kept: KeptInstance) -> str:
    """The transfer syntax of the bytes that are read."""
    deflated = transfer_syntax(kept.transfer_syntax_uid).deflated
    return EXPLICIT_VR_LITTLE_ENDIAN if deflated else kept.transfer_syntax_uid


def _inflated(kept: KeptInstance, deflated: bytes, start: int, stop: int) -> bytes:
    """Bytes of a data set that is deflated as a whole, inflated no further than they reach."""
    found, at = bytearray(), 0
    try:
        for chunk in inflate_chunks(deflated):
            found += chunk[max(start - at, 0) : max(stop - at, 0)]
            at += len(chunk)
            if at >= stop:
                break
    except BadBytes:
        raise Damaged(kept.instance_uid) from None
    return bytes(found)
