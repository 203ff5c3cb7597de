"""Pictures made by the codec children: each is made once for all that ask, and the last ones are kept in memory."""

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from filmless.archive.errors import Damaged, NotFound
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import Request as Rendering
from filmless.pixels.request import card_request, moving_request, picture_request, text_request
from filmless.pixels.view import MAX_AREA, MAX_SIDE, View, Viewport
from filmless.servers.dicomweb.made import Made
from filmless.servers.dicomweb.render.extent import extent
from filmless.servers.dicomweb.render.scenes import Scene, Scenes, is_scene
from filmless.servers.dicomweb.retrieve.frames import stored_image
from filmless.servers.dicomweb.retrieve.located import LocatedFrames
from filmless.servers.dicomweb.service import Service
from filmless.servers.http_messages import Problem
from filmless.standards.data_set.frames import FrameTable

CACHE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What of an instance is to be shown, and how."""

    view: View
    number: int | None = None  # of the frame, from 0; None: the middle one
    moves: bool = False  # all frames, one after the other


class Renderer(Protocol):
    """The pool of codec children."""

    def submit(self, request: Rendering, /, *, patient: bool = False) -> "Future[bytes]":
        """Queue a request, a patient one behind others; the future holds a picture or ``CannotRender``."""


class Pictures:
    """``of`` an instance."""

    def __init__(self, service: Service, located: LocatedFrames, renderer: Renderer) -> None:
        self._service = service
        self._located = located
        self._renderer = renderer
        self._made = Made(CACHE_BYTES)
        self._scenes = Scenes(service.archive)

    async def of(self, kept: KeptInstance, asked: Asked, scope: Scope, *, patient: bool = False) -> bytes:
        """The picture, or a card that says what the instance is where it has none.

        A patient one lets single pictures go before it. ``Problem`` 404 for a frame that is not there, 400 for a
        region that is not, 503 when too many wait.
        """
        try:
            scene = await self._scene(kept, asked, scope)
            digest = kept.digest if scene is None else scene.digest
            make = partial(self._make, kept, asked, scene, scope, patient=patient)
            return await self._made.get((digest, asked), make)
        except CannotRender as failure:
            raise _problem(failure) from None

    async def through(self, state: KeptInstance, kept: KeptInstance, asked: Asked, scope: Scope) -> bytes:
        """The picture as a presentation state shows it; ``Problem`` as for ``of``."""
        try:
            scene = await self._service.call(self._scenes.through, state, kept, asked.number, asked.view, scope)
            return await self._made.get((scene.digest, asked), partial(self._make, kept, asked, scene, scope))
        except CannotRender as failure:
            raise _problem(failure) from None

    async def shows(self, state: KeptInstance, kept: KeptInstance) -> bool:
        """Whether an instance is a presentation state of this image."""
        return await self._service.call(self._scenes.shows, state, kept)

    async def text(self, kept: KeptInstance, media_type: str, root: str) -> bytes:
        """A document as text; ``Problem`` 503 when too many wait, 406 where it cannot be made."""
        question = text_request(stored_image(self._service.archive, kept, None), media_type, root)
        try:
            return await asyncio.wrap_future(self._renderer.submit(question))
        except CannotRender as failure:
            if failure.reason in _ANSWERED:
                raise _problem(failure) from None
            raise Problem(
                406, f"No {media_type} can be made of this document. Ask for a picture or for DICOM."
            ) from None

    async def numbers(self, kept: KeptInstance, scope: Scope) -> list[int | None]:
        """The pictures of an instance: the numbers of its frames from 0, or None for the one that it is."""
        table = await self.frames(kept, scope)
        if not is_scene(kept.sop_class_uid):
            return list(range(1 if table is None else table.count))
        return await self._service.call(self._scenes.pictures, kept, 1 if table is None else table.count)

    async def frames(self, kept: KeptInstance, scope: Scope) -> FrameTable | None:
        """Where the frames lie; None where that is not known."""
        if kept.pixel_offset is None:
            return None
        try:
            found = await self._located.find(scope, kept.study_uid, kept.series_uid, kept.instance_uid)
            if found.kept == kept:
                return found.addressed()
            return await self._service.call(self._service.archive.frames, kept, scope)  # it was replaced just now
        except NotFound:
            return None

    async def _scene(self, kept: KeptInstance, asked: Asked, scope: Scope) -> Scene | None:
        """What the picture is made of, where that is more than a frame; looked for each time: scopes differ."""
        if not is_scene(kept.sop_class_uid) or asked.moves:
            return None
        try:
            return await self._service.call(self._scenes.of, kept, asked.number, asked.view, scope)
        except CannotRender as failure:
            if failure.reason in _ANSWERED:
                raise
            return None

    async def _make(
        self, kept: KeptInstance, asked: Asked, scene: Scene | None, scope: Scope, *, patient: bool = False
    ) -> bytes:
        try:
            question = await self._question(kept, asked, scene, scope)
            return await asyncio.wrap_future(self._renderer.submit(question, patient=patient))
        except CannotRender as failure:
            if failure.reason in _ANSWERED:
                raise
            note = _NO_PICTURE.get(failure.reason, "No preview")
        except Damaged:
            note = _NO_PICTURE[Reason.DAMAGED]
        return await self._card(kept, note, await self._service.call(self._sheet_view, kept, asked))

    async def _card(self, kept: KeptInstance, note: str, view: View) -> bytes:
        """It is kept, so it has a face."""
        image = stored_image(self._service.archive, kept, None)
        try:
            return await asyncio.wrap_future(self._renderer.submit(card_request(image, note, view)))
        except (CannotRender, Damaged):  # not even its header can be read: the card says what the index knows
            bare = replace(image, length=image.head_length, pixel_offset=None)
            return await asyncio.wrap_future(self._renderer.submit(card_request(bare, note, view)))

    async def _question(self, kept: KeptInstance, asked: Asked, scene: Scene | None, scope: Scope) -> Rendering:
        if scene is not None:
            return await self._service.call(self._scenes.request, scene, scope)
        image = stored_image(self._service.archive, kept, await self.frames(kept, scope))
        if asked.moves:
            return moving_request(image, asked.view)
        return picture_request(image, asked.view, asked.number)

    def _sheet_view(self, kept: KeptInstance, asked: Asked) -> View:
        """As large as the image would be, where nobody has said how large."""
        if asked.view.viewport is not None or kept.pixel_offset is None:
            return asked.view
        try:
            size = extent(self._service.archive, kept)
        except Damaged:
            size = None
        if size is None or max(size) > MAX_SIDE or size[0] * size[1] > MAX_AREA:
            return asked.view
        return replace(asked.view, viewport=Viewport(*size))


_ANSWERED = {
    Reason.NO_FRAME: (404, "There is no frame of this number: the instance has {}."),
    Reason.NO_REGION: (400, "The region of the viewport lies outside of the picture: it has {}."),
    Reason.BUSY: (503, "No picture can be made now. Try again."),
}
"""What is answered instead of a card."""

_NO_PICTURE = {
    Reason.DAMAGED: "No preview: its pixels are damaged",
    Reason.UNSUPPORTED: "No preview: there is no decoder for its pixels",
    Reason.TOO_LARGE: "No preview: it is too large",
    Reason.MEMORY: "No preview: it is too large",
    Reason.TIME: "No preview: it takes too long",
}
"""What a card says."""


def _problem(failure: CannotRender) -> Problem:
    status, text = _ANSWERED.get(failure.reason, _ANSWERED[Reason.BUSY])
    retry = ((b"retry-after", b"5"),) if status == 503 else ()
    return Problem(status, text.format(failure.detail), retry)
