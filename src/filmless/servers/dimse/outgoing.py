"""Instances made ready to be sent: the presentation context each goes in, and the parts of its data set."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO

from filmless.archive.errors import Damaged, NotFound, Unavailable
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import StoredImage
from filmless.pixels.transcode import transcoded
from filmless.servers.association.line import Buffer
from filmless.servers.association.policy import Archive, Codecs
from filmless.standards.data_set.frames import FrameTable
from filmless.standards.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax,
)
from filmless.standards.upper_layer.association import AgreedContext

PART = 1 << 20  # bytes of one part; no more of an object is in memory at once, but for what is read ahead

NATIVE = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
)
"""What an object is transcoded to where its own syntax is not accepted: the first that is."""

Offered = Mapping[str, Mapping[str, AgreedContext]]  # SOP class to transfer syntax to the context that has both
Parts = Iterator[tuple[Buffer, bool]]  # a part of the data set, and whether it is the last


@dataclass(frozen=True, slots=True)
class Ready:
    """An instance that can be sent in a context; its first part is read."""

    kept: KeptInstance
    context: AgreedContext
    first: Buffer
    rest: Parts | None  # None: the first part is all


@dataclass(frozen=True, slots=True)
class Unready:
    """An instance that cannot be sent, and why, in words for an Error Comment."""

    kept: KeptInstance
    reason: str


def offered_by(contexts: Iterable[AgreedContext]) -> Offered:
    """The contexts of an association by what may be sent in them."""
    offered: dict[str, dict[str, AgreedContext]] = {}
    for context in contexts:
        offered.setdefault(context.abstract_syntax, {}).setdefault(context.transfer_syntax, context)
    return offered


@dataclass(frozen=True, slots=True)
class Preparation:
    """Reads instances for one association; blocks."""

    archive: Archive
    codecs: Codecs
    allowed: Scope
    offered: Offered

    def transcodes(self, batch: Sequence[KeptInstance]) -> bool:
        """Whether some are not given as they are stored, which takes long."""
        return any(kept.transfer_syntax_uid not in self.offered.get(kept.sop_class_uid, {}) for kept in batch)

    def prepare(self, batch: Sequence[KeptInstance]) -> list[Ready | Unready]:
        """Make instances ready, in their order."""
        return [self._prepare(kept) for kept in batch]

    def _prepare(self, kept: KeptInstance) -> Ready | Unready:
        contexts = self.offered.get(kept.sop_class_uid, {})
        native = next((contexts[uid] for uid in NATIVE if uid in contexts), None)
        try:
            if (context := contexts.get(kept.transfer_syntax_uid)) is not None:
                return self._as_stored(kept, context)
            if native is not None:
                return self._transcoded(kept, native)
        except CannotRender as failure:
            return Unready(kept, f"cannot be decoded ({failure.reason}); accept {kept.transfer_syntax_uid}")
        except Damaged:
            return Unready(kept, "the stored object is damaged; it is in the archive's record")
        except Unavailable:
            return Unready(kept, "the storage does not answer now; try again")
        if contexts:
            return Unready(kept, f"accept {kept.transfer_syntax_uid}, as it is stored, or 1.2.840.10008.1.2.1")
        return Unready(kept, f"no context accepted for {kept.sop_class_uid}")

    def _transcoded(self, kept: KeptInstance, context: AgreedContext) -> Ready:
        """Transcode to the end before it is sent: a frame that does not decode fails this object alone."""
        spool = SpooledTemporaryFile(max_size=PART)  # noqa: SIM115  closed by who reads it
        try:
            with self._image(kept) as image:
                for part in transcoded(image, context.transfer_syntax, self.codecs.submit):
                    spool.write(part)
        except BaseException:
            spool.close()
            raise
        spool.seek(0)
        parts = marked(_spooled(spool))
        first, is_last = next(parts)
        return Ready(kept, context, first, None if is_last else parts)

    @contextmanager
    def _image(self, kept: KeptInstance) -> Iterator[StoredImage]:
        """The object as the transcoder reads it, compared with its hash; one that is deflated is inflated to a file."""
        syntax = transfer_syntax(kept.transfer_syntax_uid)
        pieces = self.archive.chunks(kept, self.allowed)
        with SpooledTemporaryFile(max_size=PART) as file:
            if syntax.deflated:
                length = _inflate(pieces, kept.head_length, file)
                read, head_length, uid = _reader(file), 0, EXPLICIT_VR_LITTLE_ENDIAN
            else:
                for _ in pieces:
                    pass
                length, head_length, uid = kept.length, kept.head_length, kept.transfer_syntax_uid
                read = partial(self.archive.read, kept)
            frames = self._frames(kept) if syntax.encapsulated and kept.pixel_offset is not None else None
            yield StoredImage(read, length, head_length, kept.sop_class_uid, uid, kept.pixel_offset, frames)

    def _frames(self, kept: KeptInstance) -> FrameTable | None:
        try:
            return self.archive.frames(kept, self.allowed)
        except NotFound:
            return None  # they cannot be told apart

    def _as_stored(self, kept: KeptInstance, context: AgreedContext) -> Ready:
        pieces = self.archive.chunks(kept, self.allowed)
        if kept.length <= PART:
            return Ready(kept, context, memoryview(b"".join(pieces))[kept.head_length :], None)
        for _ in pieces:
            pass  # a damaged object is found before its message begins, which could not be taken back
        parts = marked(
            read_parts(lambda start, stop: self.archive.read(kept, start, stop), kept.head_length, kept.length)
        )
        first, is_last = next(parts)
        return Ready(kept, context, first, None if is_last else parts)


def read_parts(read: Callable[[int, int], bytes], start: int, stop: int) -> Iterator[bytes]:
    """The bytes from ``start`` to ``stop`` in parts."""
    for at in range(start, stop, PART):
        yield read(at, min(at + PART, stop))


def marked(parts: Iterator[bytes]) -> Parts:
    """Tell of each part whether it is the last."""
    part = next(parts)
    for following in parts:
        yield part, False
        part = following
    yield part, True


def _spooled(spool: SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with spool:
        while part := spool.read(PART):
            yield part


def _inflate(pieces: Iterator[bytes], head_length: int, file: IO[bytes]) -> int:
    """Inflate the data set of a stored file; gives its bytes."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    left = head_length
    for piece in pieces:
        deflated, left = piece[left:], max(0, left - len(piece))
        while deflated and not inflater.eof:  # behind its end padding may stand, which stays unconsumed for ever
            try:
                file.write(inflater.decompress(deflated, PART))
            except zlib.error:
                raise CannotRender(Reason.DAMAGED, "it does not inflate") from None
            deflated = inflater.unconsumed_tail
    file.write(inflater.flush())  # what the last limit held back
    return file.tell()


def _reader(file: IO[bytes]) -> Callable[[int, int], bytes]:
    def read(start: int, stop: int) -> bytes:
        file.seek(start)
        return file.read(stop - start)

    return read
