"""Files of packs as they are given out: whole and checked, or in parts, edited where they have an overlay."""

from collections.abc import Iterator
from hashlib import sha256

from filmless.archive.errors import Damaged
from filmless.archive.events import Event, EventKind, Outcome
from filmless.archive.model import Chunk, KeptInstance
from filmless.archive.ports import History, PackStore
from filmless.archive.scope import Scope
from filmless.standards.data_set.fault import BadBytes
from filmless.standards.editing.splice import Edit, edited_pieces, spliced, spliced_deflated

CHUNK = 1 << 20  # bytes of one read when an instance is streamed


class Members:
    """Reads instances that a statement with a scope has given out."""

    def __init__(self, packs: PackStore, history: History) -> None:
        self._packs, self._history = packs, history

    def read(self, kept: KeptInstance, start: int = 0, stop: int | None = None) -> bytes:
        """A part of the file as it is given out; ``Damaged`` when the pack does not have it."""
        if kept.edit is not None:
            return self._read_edited(kept, kept.edit, start, kept.length if stop is None else stop)
        return self._read_received(kept, start, kept.placement.length if stop is None else stop)

    def _read_edited(self, kept: KeptInstance, edit: Edit, start: int, stop: int) -> bytes:
        if edit.inflated_length is not None:
            return b"".join(self.chunks(kept))[start:stop]
        place = kept.placement
        pieces = edited_pieces(edit, place.head_length, place.length, start, stop)
        return b"".join(each if isinstance(each, bytes) else self._read_received(kept, *each) for each in pieces)

    def _read_received(self, kept: KeptInstance, start: int, stop: int) -> bytes:
        place = kept.placement
        start, stop = min(start, place.length), min(stop, place.length)
        piece = self._packs.read(place.pack, place.offset + start, place.offset + max(start, stop))
        if len(piece) < stop - start:
            raise Damaged(kept.instance_uid)
        return piece

    def chunks(self, kept: KeptInstance, scope: Scope | None = None) -> Iterator[bytes]:
        """The file as it is given out, in pieces; ``Damaged`` at the end, and an event, when its bytes changed."""
        received, edit = self._received(kept, scope), kept.edit
        if edit is None:
            return received
        if edit.inflated_length is None:
            return spliced(received, edit, kept.placement.head_length)
        return self._deflated_chunks(kept, edit, received, scope)

    def spans(self, kept: KeptInstance, scope: Scope | None = None) -> Iterator[Chunk]:
        """The same for who sends it: what is given out as it lies in the pack is told, not read."""
        edit = kept.edit
        if edit is not None and edit.inflated_length is not None:
            return self.chunks(kept, scope)
        place, span = kept.placement, self._packs.span
        starts = (start for start, _ in self._checked(kept, scope))
        offsets = ((place.offset + at, place.offset + min(at + CHUNK, place.length)) for at in starts)
        spans = (span(place.pack, *each) for each in offsets)
        return spans if edit is None else spliced(spans, edit, place.head_length)

    def _received(self, kept: KeptInstance, scope: Scope | None) -> Iterator[bytes]:
        """The file as it was received, in pieces; ``Damaged`` at the end, and an event, when it is that no more."""
        for start, piece in self._checked(kept, scope):
            yield self._read_received(kept, start, start + CHUNK) if piece is None else piece

    def _checked(self, kept: KeptInstance, scope: Scope | None) -> Iterator[tuple[int, bytes | None]]:
        """Where the pieces of a file begin, with their bytes where they are read to be checked; ``Damaged`` at the end.

        What was checked lately is not checked again: to hash costs as much as to read and send.
        """
        place = kept.placement
        check = self._packs.check(place)
        if not check.is_due:
            yield from ((start, None) for start in range(0, place.length, CHUNK))
            return
        head, data_set = sha256(), sha256()
        for start in range(0, place.length, CHUNK):
            piece = self._read_received(kept, start, start + CHUNK)
            view = memoryview(piece)
            within_head = max(0, place.head_length - start)
            head.update(view[:within_head])
            data_set.update(view[within_head:])
            if start + CHUNK >= place.length and (head.digest(), data_set.digest()) != (
                place.head_sha256,
                place.data_set_sha256,
            ):
                self._record_damage(kept, scope)
                raise Damaged(kept.instance_uid)
            if start + CHUNK >= place.length:
                check.passed()
            yield start, piece

    def _deflated_chunks(
        self, kept: KeptInstance, edit: Edit, received: Iterator[bytes], scope: Scope | None
    ) -> Iterator[bytes]:
        file = memoryview(b"".join(received))
        yield bytes(file[: kept.head_length])
        try:
            yield from spliced_deflated(file[kept.head_length :], edit)
        except BadBytes:
            self._record_damage(kept, scope)
            raise Damaged(kept.instance_uid) from None

    def _record_damage(self, kept: KeptInstance, scope: Scope | None) -> None:
        self._history.gather(
            Event(
                EventKind.DAMAGED,
                actor=scope.actor if scope else "",
                outcome=Outcome.FAILURE,
                study_uid=kept.study_uid,
                details={"instance_uid": kept.instance_uid},
            )
        )
