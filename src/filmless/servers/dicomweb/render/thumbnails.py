"""Thumbnails of series and instances (PS3.18 10.4.1.1.6), made by the codec children, a few kept in memory."""

import asyncio
from collections import OrderedDict
from concurrent.futures import Future
from typing import Protocol

from filmless.archive.model import KeptInstance
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import Request as Rendering
from filmless.pixels.request import StoredImage, card_request, thumbnail_request
from filmless.servers.dicomweb.negotiation import Offer, negotiate
from filmless.servers.dicomweb.retrieve.wado import found
from filmless.servers.dicomweb.service import Service, ranges
from filmless.servers.http_messages import Answer, Problem, Request

JPEG = "image/jpeg"
DEFAULT_SIZE = (128, 128)  # columns, rows
MAX_SIZE = 1024
CACHE_BYTES = 8 << 20

NO_PICTURE = "No preview"
_Key = tuple[bytes, int, int]


class Renderer(Protocol):
    """The pool of codec children."""

    def submit(self, request: Rendering, /) -> "Future[bytes]":
        """Queue a request; the future holds a JPEG or ``CannotRender``."""


class Thumbnails:
    """Answers thumbnail requests."""

    def __init__(self, service: Service, renderer: Renderer) -> None:
        self._service = service
        self._renderer = renderer
        self._cache: OrderedDict[_Key, bytes] = OrderedDict()
        self._cached = 0  # bytes
        self._making: dict[_Key, asyncio.Future[bytes]] = {}

    async def retrieve(self, request: Request) -> Answer:
        """Of an instance, or of the middle instance of a series or study."""
        negotiate(ranges(request), (Offer(JPEG),))
        width, height = _viewport(request)
        kept = await found(self._service, request)
        chosen = kept[len(kept) // 2]
        key = (chosen.digest, width, height)
        jpeg = self._cache.get(key)
        if jpeg is None:
            jpeg = await self._made(key, chosen, request)
        else:
            self._cache.move_to_end(key)
        return Answer(200, jpeg, JPEG, ((b"cache-control", b"private, max-age=300"),))

    async def _made(self, key: _Key, kept: KeptInstance, request: Request) -> bytes:
        making = self._making.get(key)
        if making is None:  # one child makes what many ask for at once
            making = asyncio.ensure_future(self._make(key, kept, request))
            self._making[key] = making
            making.add_done_callback(lambda _: self._making.pop(key, None))
        try:
            return await asyncio.shield(making)
        except CannotRender:
            raise Problem(503, "No picture can be made now. Try again.", ((b"retry-after", b"5"),)) from None

    async def _make(self, key: _Key, kept: KeptInstance, request: Request) -> bytes:
        archive = self._service.archive
        frames = await self._service.call(archive.frames, kept, request.scope) if kept.pixel_offset else None
        image = StoredImage(
            read=lambda start, stop: archive.read(kept, start, stop),
            length=kept.length,
            head_length=kept.head_length,
            sop_class_uid=kept.sop_class_uid,
            transfer_syntax_uid=kept.transfer_syntax_uid,
            pixel_offset=kept.pixel_offset,
            frames=frames,
        )
        try:
            jpeg = await asyncio.wrap_future(self._renderer.submit(thumbnail_request(image, key[1], key[2])))
        except CannotRender as failure:
            if failure.reason is Reason.BUSY:
                raise
            sheet = card_request(kept.sop_class_uid, NO_PICTURE, key[1], key[2])  # it is kept, so it has a face
            jpeg = await asyncio.wrap_future(self._renderer.submit(sheet))
        self._cache[key] = jpeg
        self._cached += len(jpeg)
        while self._cached > CACHE_BYTES:
            _, oldest = self._cache.popitem(last=False)
            self._cached -= len(oldest)
        return jpeg


def _viewport(request: Request) -> tuple[int, int]:
    """Columns and rows of the ``viewport`` parameter (PS3.18 8.3.5.1.3: first two numbers)."""
    text = next((value for name, value in request.query() if name.lower() == "viewport"), "")
    if not text:
        return DEFAULT_SIZE
    numbers = text.split(",")[:2]
    if len(numbers) != 2 or not all(number.isascii() and number.isdecimal() for number in numbers):
        raise Problem(400, "viewport must be two numbers of pixels.")
    width, height = (min(int(number[:9]), MAX_SIZE) for number in numbers)
    if not width or not height:
        raise Problem(400, "viewport must be two numbers of pixels.")
    return width, height
