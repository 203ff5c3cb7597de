"""Edits as splices: which bytes of a data set are replaced, and the edited bytes as they are read or pass by."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Protocol, Self, TypeVar

from filmless.standards.data_set.elements import Buffer
from filmless.standards.data_set.inflate import inflate_chunks

_BLOCK = 0xFFFF  # bytes of a stored block (RFC 1951 3.2.4)
_BLOCK_HEADER = 5  # bytes


@dataclass(frozen=True, slots=True)
class Splice:
    """The bytes from ``start`` up to ``stop`` give place to ``new``; offsets of the data set before the edit."""

    start: int
    stop: int
    new: bytes


@dataclass(frozen=True, slots=True)
class Edit:
    """All splices of a data set, in the order of their offsets; of a deflated one they count the inflated bytes."""

    splices: tuple[Splice, ...]
    inflated_length: int | None = None  # bytes before the edit; None: the data set is not deflated

    @property
    def digest(self) -> bytes:
        """What tells this edit from others."""
        state = sha256()
        for splice in self.splices:
            state.update(b"%d %d %d " % (splice.start, splice.stop, len(splice.new)) + splice.new)
        return state.digest()

    def length(self, data_set_length: int) -> int:
        """Bytes of the edited data set whose stored form has this length."""
        grown = sum(len(splice.new) - (splice.stop - splice.start) for splice in self.splices)
        if self.inflated_length is None:
            return data_set_length + grown
        inflated = self.inflated_length + grown
        deflated = inflated + _BLOCK_HEADER * max(1, -(-inflated // _BLOCK))
        return deflated + deflated % 2  # one NUL pads it (PS3.5 A.5)

    def offset(self, offset: int) -> int:
        """Where a byte that stays as it is lies afterwards."""
        before = (splice for splice in self.splices if splice.stop <= offset)
        return offset + sum(len(splice.new) - (splice.stop - splice.start) for splice in before)


Piece = bytes | tuple[int, int]
"""Bytes that are new, or where bytes that stay lie in the stored file."""


def edited_pieces(edit: Edit, head_length: int, length: int, start: int, stop: int) -> Iterator[Piece]:
    """Give the bytes from ``start`` to ``stop`` of an edited file that is not deflated, in order.

    The stored file has ``length`` bytes, ``head_length`` of them before the data set.
    """
    at = 0  # in the edited file
    for piece in _pieces(edit.splices, head_length, length):
        size = len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
        first, last = max(start - at, 0), min(stop - at, size)
        if first < last:
            yield piece[first:last] if isinstance(piece, bytes) else (piece[0] + first, piece[0] + last)
        at += size


def _pieces(splices: Sequence[Splice], head_length: int, length: int) -> Iterator[Piece]:
    at = 0
    for splice in splices:
        yield at, splice.start + head_length
        yield splice.new
        at = splice.stop + head_length
    yield at, length


class _Chunk(Protocol):
    """Bytes, or what stands for bytes and is cut like them."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> Self: ...


C = TypeVar("C", bound=_Chunk)


def spliced(chunks: Iterable[C], edit: Edit, head_length: int = 0) -> Iterator[C | bytes]:
    """Edit a file, or with ``head_length`` 0 a data set, as its chunks pass."""
    waiting = deque(
        replace(splice, start=splice.start + head_length, stop=splice.stop + head_length) for splice in edit.splices
    )
    at = done = 0  # where the chunk begins; up to where its bytes were given or replaced
    for chunk in chunks:
        end = at + len(chunk)
        while waiting and waiting[0].start < end:
            splice = waiting.popleft()
            if done < splice.start:
                yield chunk[max(done - at, 0) : splice.start - at]
            yield splice.new
            done = splice.stop
        if done < end:
            yield chunk[max(done - at, 0) :]
            done = end
        at = end
    yield from (splice.new for splice in waiting)


def spliced_deflated(data_set: Buffer, edit: Edit) -> Iterator[bytes]:
    """Edit a deflated data set: inflated, spliced, and deflated again in stored blocks, whose length is known before.

    Raises BadBytes for a stream that is not the one that was edited.
    """
    grown = sum(len(splice.new) - (splice.stop - splice.start) for splice in edit.splices)
    left = (edit.inflated_length or 0) + grown
    length = edit.length(0)
    yield from _stored_blocks(spliced(inflate_chunks(data_set), edit), left)
    if (left + _BLOCK_HEADER * max(1, -(-left // _BLOCK))) < length:
        yield b"\0"


def _stored_blocks(chunks: Iterator[bytes], left: int) -> Iterator[bytes]:
    """Write ``left`` bytes as stored blocks of a deflate stream (RFC 1951 3.2.4)."""
    held = bytearray()
    while True:
        size = min(left, _BLOCK)
        while len(held) < size:
            held += next(chunks)
        left -= size
        yield bytes((not left,)) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + held[:size]
        del held[:size]
        if not left:
            return
