"""WADO-RS frames: each by one positioned read, or decoded once for all who want it (PS3.18 10.4.1.1.6)."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from filmless import __version__
from filmless.archive.archive import Archive
from filmless.archive.frame_access import PIXEL_HEADER, FrameAccess, StoredFrames
from filmless.archive.model import KeptInstance
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import PHOTOMETRIC_BYTES, StoredImage, compressed_request, native_request
from filmless.servers.byte_ranges import with_ranges
from filmless.servers.dicomweb.made import Made
from filmless.servers.dicomweb.multipart import PartWriter
from filmless.servers.dicomweb.negotiation import Form, Offer, negotiate
from filmless.servers.dicomweb.retrieve.frame_offers import frame_offers
from filmless.servers.dicomweb.retrieve.located import LocatedFrames, named_instance
from filmless.servers.dicomweb.service import Service, ranges, sending
from filmless.servers.http_messages import Answer, Problem, Request
from filmless.servers.media_types import accepted
from filmless.servers.transcoding import Codecs
from filmless.standards.data_set.frames import FrameTable
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

MAX_FRAMES = 10_000  # of one request
WHOLE = 4 << 20  # bytes: so much of an answer is put together in memory
CACHE_BYTES = 32 << 20  # of frames that were made
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Frames that are to be given in one representation."""

    frames: StoredFrames
    numbers: Sequence[int]  # from 0
    offer: Offer


class Frames:
    """Answers requests for frames."""

    def __init__(self, service: Service, access: FrameAccess, located: LocatedFrames, codecs: Codecs) -> None:
        self._service, self._access, self._located, self._codecs = service, access, located, codecs
        self._made = Made(CACHE_BYTES)

    async def retrieve(self, request: Request) -> Answer:
        """The frames of the list in its order, as parts, or one alone."""
        numbers = frame_numbers(request.parameters["frames"])
        frames = await self._located.find(request.scope, *named_instance(request))
        if max(numbers) >= frames.count:
            raise Problem(404, f"This instance has {frames.count} frames.")
        wanted = _Wanted(frames, numbers, _offer(request, frames.kept.transfer_syntax_uid, is_single=len(numbers) == 1))
        self._access.record(frames.kept, len(numbers), request.scope)
        tag = _tag(wanted)
        return with_ranges(request, await self._answer(wanted, tag), tag)

    async def _answer(self, wanted: _Wanted, tag: str) -> Answer:
        offer, numbers = wanted.offer, wanted.numbers
        (syntax,) = offer.transfer_syntaxes
        part_type = f"{offer.media_type}; transfer-syntax={syntax}"
        headers = ((b"vary", b"accept"), (b"cache-control", b"private, no-cache"))
        first = await self._frame(wanted, numbers[0])
        if offer.form is Form.SINGLE:
            return Answer(200, first, part_type, headers)
        writer = PartWriter(tag[1:-1])
        media_type = writer.media_type(offer.media_type)
        if len(numbers) == 1:
            return Answer(
                200, b"".join((writer.head(part_type, is_first=True), first, writer.end)), media_type, headers
            )
        return Answer(200, self._parts(wanted, first, writer, part_type), media_type, headers)

    async def _parts(self, wanted: _Wanted, first: bytes, writer: PartWriter, part_type: str) -> AsyncGenerator[bytes]:
        yield writer.head(part_type, is_first=True)
        yield first
        for number in wanted.numbers[1:]:
            yield writer.head(part_type, is_first=False)
            with sending(wanted.frames.kept):
                frame = await self._frame(wanted, number)
            yield frame
        yield writer.end

    async def _frame(self, wanted: _Wanted, number: int) -> bytes:
        frames = wanted.frames
        if wanted.offer.is_made:
            (target,) = wanted.offer.transfer_syntaxes
            return await self._made.get(
                (frames.kept.digest, number, target), partial(self._make, frames, number, target)
            )
        frame = self._access.frame_at_hand(frames, number)
        return frame if frame is not None else await self._service.call(self._access.frame, frames, number)

    async def _make(self, frames: StoredFrames, number: int, target: str) -> bytes:
        kept = frames.kept
        image = self._image(frames)
        wants_native = target == EXPLICIT_VR_LITTLE_ENDIAN
        request = native_request(image, number) if wants_native else compressed_request(image, number, target)
        try:
            made = await asyncio.wrap_future(self._codecs.submit(request))
        except CannotRender as failure:
            if failure.reason is Reason.BUSY:
                raise Problem(503, "Too many pictures are being made. Try again.", ((b"retry-after", b"5"),)) from None
            reason = (
                f"This frame cannot be had in {target} ({failure.reason}). Accept it in {kept.transfer_syntax_uid}."
            )
            raise Problem(406, reason) from None
        return made[PHOTOMETRIC_BYTES:]

    def _image(self, frames: StoredFrames) -> StoredImage:
        """An instance as codec children are asked about it; one that is deflated as if it were not."""
        kept, native = frames.kept, frames.native
        if native is None:
            return stored_image(self._service.archive, kept, frames.table)
        whole = native.frame_bits % 8 == 0
        table = FrameTable(native.count, native.start, native.frame_bits // 8) if whole else None
        if kept.pixel_offset is not None:
            return stored_image(self._service.archive, kept, table)
        read: Callable[[int, int], bytes] = partial(self._access.data_set, kept)
        uid, stop = EXPLICIT_VR_LITTLE_ENDIAN, native.start + native.length
        return StoredImage(read, stop, 0, kept.sop_class_uid, uid, native.start - PIXEL_HEADER, table)


def stored_image(archive: Archive, kept: KeptInstance, frames: FrameTable | None) -> StoredImage:
    """An instance as codec children are asked about it."""
    read: Callable[[int, int], bytes] = partial(archive.read, kept)
    return StoredImage(
        read=read,
        length=kept.length,
        head_length=kept.head_length,
        sop_class_uid=kept.sop_class_uid,
        transfer_syntax_uid=kept.transfer_syntax_uid,
        pixel_offset=kept.pixel_offset,
        frames=frames,
    )


def frame_numbers(text: str) -> list[int]:
    """Numbers from 0; ``Problem`` 400 for a list that is none (PS3.18 10.4.1.1.6)."""
    listed = text.split(",")
    if len(listed) > MAX_FRAMES:
        raise Problem(400, f"A request names at most {MAX_FRAMES} frames.")
    if not all(each.isascii() and each.isdecimal() and len(each) <= _DIGITS and each.strip("0") for each in listed):
        raise Problem(400, "Frames are a list of positive numbers, separated by commas.")
    return [int(each) - 1 for each in listed]


def _offer(request: Request, transfer_syntax_uid: str, *, is_single: bool) -> Offer:
    if request.query_string:
        return negotiate(ranges(request), frame_offers(transfer_syntax_uid, is_single=is_single))
    return _offer_of(request.header(b"accept"), transfer_syntax_uid, is_single)


@lru_cache(256)
def _offer_of(accept: str, transfer_syntax_uid: str, is_single: bool) -> Offer:
    return negotiate(accepted(accept), frame_offers(transfer_syntax_uid, is_single=is_single))


def _tag(wanted: _Wanted) -> str:
    """A strong ETag: of the same frames in the same representation every byte is the same."""
    kept = wanted.frames.kept
    named = f"{__version__} {kept.instance_uid} {wanted.offer} {wanted.numbers}"
    return f'"{hashlib.sha256(kept.digest + named.encode()).hexdigest()[:32]}"'
