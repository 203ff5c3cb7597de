"""A kept instance in another transfer syntax, made whole before any of it is given out: for every door."""

import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Protocol

from filmless.archive.errors import NotFound
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import MAX_HEADER_BYTES, Request, StoredImage
from filmless.pixels.targets import LOSSLESS
from filmless.pixels.transcode import transcoded
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.frames import FrameTable
from filmless.standards.data_set.scanner import scan
from filmless.standards.dicom.pixel_media_types import is_video
from filmless.standards.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
    transfer_syntax,
)

PART = 1 << 20  # bytes held in memory of an object; what is more goes through a file

NATIVE = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
)
"""What an object is transcoded to where its own syntax is not accepted: the first that is."""

TARGETS = (*NATIVE, *LOSSLESS)
"""All that an object may be transcoded to, in the order in which they are preferred."""


class Archive(Protocol):
    """What is asked of the archive."""

    def read(self, kept: KeptInstance, start: int = 0, stop: int | None = None) -> bytes:
        """A part of the file as it is given out."""

    def chunks(self, kept: KeptInstance, scope: Scope) -> Iterator[bytes]:
        """The file in pieces; ``Damaged`` at the end when its bytes changed."""

    def frames(self, kept: KeptInstance, scope: Scope) -> FrameTable:
        """Where its frames lie; ``NotFound`` when they cannot be told."""


class Codecs(Protocol):
    """The pool of codec children."""

    def submit(self, request: Request, /) -> "Future[bytes]":
        """Queue a request; the future holds bytes or ``CannotRender``."""


def is_decodable(syntax: TransferSyntax) -> bool:
    """Whether pixels in this transfer syntax can be made native here."""
    return syntax.known and syntax.stored_pixels and not is_video(syntax.uid)


def syntax_given(kept: KeptInstance, target_uid: str) -> str:
    """The transfer syntax in which an object is given where ``target_uid`` is wanted: without pixels, none to
    compress, Explicit VR Little Endian (PS3.5 A.4).
    """
    syntax = transfer_syntax(kept.transfer_syntax_uid)
    bare = kept.pixel_offset is None and not syntax.deflated
    return EXPLICIT_VR_LITTLE_ENDIAN if bare and transfer_syntax(target_uid).encapsulated else target_uid


@dataclass(frozen=True, slots=True)
class Transcoder:
    """Transcodes for one who asks; blocks."""

    archive: Archive
    codecs: Codecs
    allowed: Scope

    def transcode(self, kept: KeptInstance, target_uid: str) -> "SpooledTemporaryFile[bytes]":
        """The data set in another transfer syntax, at its start; raises CannotRender, ``Damaged``, ``Unavailable``.

        It is done to the end before it is given: a frame that does not decode fails this object alone.
        """
        spool = SpooledTemporaryFile(max_size=PART)  # noqa: SIM115  closed by who reads it
        try:
            with self._image(kept) as image:
                for part in transcoded(image, target_uid, self.codecs.submit):
                    spool.write(part)
        except BaseException:
            spool.close()
            raise
        spool.seek(0)
        return spool

    @contextmanager
    def _image(self, kept: KeptInstance) -> Iterator[StoredImage]:
        """The object as the transcoder reads it, compared with its hash; one that is deflated is inflated to a file."""
        syntax = transfer_syntax(kept.transfer_syntax_uid)
        pieces = self.archive.chunks(kept, self.allowed)
        with SpooledTemporaryFile(max_size=PART) as file:
            if syntax.deflated:
                length = _inflate(pieces, kept.head_length, file)
                offset = _pixel_offset(file)
                yield StoredImage(_reader(file), length, 0, kept.sop_class_uid, EXPLICIT_VR_LITTLE_ENDIAN, offset, None)
                return
            for _ in pieces:
                pass
            read, uid = partial(self.archive.read, kept), kept.transfer_syntax_uid
            frames = self._frames(kept) if syntax.encapsulated and kept.pixel_offset is not None else None
            yield StoredImage(read, kept.length, kept.head_length, kept.sop_class_uid, uid, kept.pixel_offset, frames)

    def _frames(self, kept: KeptInstance) -> FrameTable | None:
        try:
            return self.archive.frames(kept, self.allowed)
        except NotFound:
            return None  # they cannot be told apart


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


def _pixel_offset(file: IO[bytes]) -> int | None:
    """Where the pixels of an inflated data set begin; None where they are not found in its beginning."""
    file.seek(0)
    found = scan(file.read(MAX_HEADER_BYTES), EXPLICIT_VR_LITTLE_ENDIAN, frozenset(), final=False)
    return None if isinstance(found, Fault) else found.pixel_offset


def _reader(file: IO[bytes]) -> Callable[[int, int], bytes]:
    def read(start: int, stop: int) -> bytes:
        file.seek(start)
        return file.read(stop - start)

    return read
