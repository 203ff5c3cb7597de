"""Which objects and frames a picture is made of, where that is more than one frame of one object."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import orjson

from filmless.archive.archive import Archive
from filmless.archive.errors import NotFound
from filmless.archive.metadata.instance import header_of
from filmless.archive.model import KeptInstance
from filmless.archive.query.selection import Selection
from filmless.archive.scope import Scope
from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.pixels.derived.needs import (
    Needs,
    Reference,
    dose_needs,
    frame_count,
    mask_frames,
    segmentation_needs,
    shown_images,
    superimposed_images,
)
from filmless.pixels.derived.slabs import Slab, nearest, slab_of
from filmless.pixels.derived.slides import DEFAULT_SIDE, MAX_TILES, Level, Region, best_level, level_of
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import Request, StoredImage, scene_request
from filmless.pixels.view import View, Viewport
from filmless.servers.dicomweb.retrieve.frames import stored_image
from filmless.standards.models.dicom_json import DicomJson, data_set_json

MAX_HEADER_BYTES = 32 << 20  # of an object whose header is looked at here
MAX_LEVELS = 64  # instances of a series that are looked at for the levels of a slide
ENOUGH = 0.75  # of a level's pixels: where a picture takes less of them, a smaller level is looked for

MAX_GROUNDS = 4096  # images of a study that are looked at for the one under a frame
MAX_SLABS = 16_384  # of images that are remembered
GROUNDS = frozenset(f"1.2.840.10008.5.1.4.1.1.{each}" for each in ("2", "4", "128"))  # CT, MR, PET: one frame each

STATES = frozenset({Kind.PRESENTATION_STATE, Kind.BLENDING})

Part = tuple[KeptInstance, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Scene:
    """What one picture is made of."""

    parts: tuple[Part, ...]  # objects and their frames, from 0; the first is what is shown
    view: View

    @property
    def digest(self) -> bytes:
        """What tells this picture's objects from those of every other."""
        return b"".join(kept.digest for kept, _ in self.parts) + repr([numbers for _, numbers in self.parts]).encode()


class Scenes:
    """Finds what a picture needs. Its calls block."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._slabs: dict[tuple[bytes, int], Slab | None] = {}
        self._by_kind: Mapping[Kind | None, Callable[[KeptInstance, int | None, View, Scope], Scene | None]] = {
            Kind.PRESENTATION_STATE: self._presentation_state,
            Kind.BLENDING: self._presentation_state,
            Kind.SEGMENTATION: self._segmentation,
            Kind.DOSE: self._dose,
            Kind.SLIDE: self._slide,
            Kind.STRUCTURE_SET: _by_itself,
            Kind.PLAN: _by_itself,
            Kind.WAVEFORM: _by_itself,
            Kind.REPORT: _by_itself,
            Kind.PDF: _by_itself,
            Kind.CLINICAL_DOCUMENT: _by_itself,
            Kind.MODEL: _by_itself,
        }

    def of(self, kept: KeptInstance, number: int | None, view: View, scope: Scope) -> Scene | None:
        """The scene of an instance, or of its frame (from 0); None: it is shown by itself; raises CannotRender."""
        kind = KINDS.get(kept.sop_class_uid)
        find = self._by_kind.get(kind)
        if find is None or (kept.pixel_offset or kept.length) > MAX_HEADER_BYTES:
            return None
        return find(kept, number, view, scope)

    def through(self, state: KeptInstance, kept: KeptInstance, number: int | None, view: View, scope: Scope) -> Scene:
        """A frame (from 0; None: the first) of an instance shown through a presentation state (PS3.18 9.5.12)."""
        header = self._header(state)
        if KINDS.get(state.sop_class_uid) is Kind.BLENDING:
            over = self._over_it(kept, number or 0, header, scope)
            return Scene(((state, ()), (kept, (number or 0,)), *over), view)
        masks = mask_frames(header)
        return Scene(((state, ()), (kept, (number or 0, *masks))), view)

    def shows(self, state: KeptInstance, kept: KeptInstance) -> bool:
        """Whether an instance is a presentation state, and of this image."""
        is_state = KINDS.get(state.sop_class_uid) in STATES and state.length <= MAX_HEADER_BYTES
        return is_state and any(each.instance_uid == kept.instance_uid for each in shown_images(self._header(state)))

    def pictures(self, kept: KeptInstance, frames: int) -> list[int | None]:
        """The pictures that there are of an instance of so many frames: numbers of frames or images, None for one."""
        kind = KINDS.get(kept.sop_class_uid)
        if kind is Kind.SLIDE or self._by_kind.get(kind) is _by_itself:
            return [None]
        if kind in STATES and kept.length <= MAX_HEADER_BYTES:
            return list(range(len(shown_images(self._header(kept))))) or [None]
        return list(range(frames))

    def request(self, scene: Scene, scope: Scope) -> Request:
        """The question to a codec child."""
        images = [(self._stored(kept, scope), numbers) for kept, numbers in scene.parts]
        return scene_request(images, scene.view)

    def _presentation_state(self, kept: KeptInstance, number: int | None, view: View, scope: Scope) -> Scene | None:
        references = shown_images(self._header(kept))
        if number is not None and number >= max(len(references), 1):
            raise CannotRender(Reason.NO_FRAME, f"{len(references)} images")
        for reference in references if number is None else references[number : number + 1]:
            image = self._find(reference, scope)
            if image is not None and image.pixel_offset is not None:
                return self.through(kept, image, reference.frame, view, scope)
        return None

    def _over_it(self, kept: KeptInstance, number: int, header: DicomJson, scope: Scope) -> tuple[Part, ...]:
        """The frame that a state lays over this one: that of the same place, else of the same rank in the list."""
        references = superimposed_images(header)[:MAX_GROUNDS]
        uids = tuple(dict.fromkeys(each.instance_uid for each in references))
        found = (
            {each.instance_uid: each for each in self._archive.select(Selection(instance_uids=uids), scope)}
            if uids
            else {}
        )
        images = [(found[each.instance_uid], each.frame or 0) for each in references if each.instance_uid in found]
        images = [(image, frame) for image, frame in images if image.pixel_offset is not None]
        if not images:
            return ()
        slab = self._slab(kept, number)
        near = None if slab is None else nearest(slab, itertools.starmap(self._slab, images))
        if near is None:
            under = shown_images(header)
            same = [at for at, each in enumerate(under) if each.instance_uid == kept.instance_uid]
            exact = [at for at in same if under[at].frame in {None, number}]
            near = next(iter(exact or same), 0) % len(images)
        image, frame = images[near]
        return ((image, (frame,)),)

    def _segmentation(self, kept: KeptInstance, number: int | None, view: View, scope: Scope) -> Scene:
        header = self._header_with(kept, number)
        return self._over(kept, segmentation_needs(header, number), header, view, scope)

    def _dose(self, kept: KeptInstance, number: int | None, view: View, scope: Scope) -> Scene:
        header = self._header_with(kept, number)
        return self._over(kept, dose_needs(header, number), header, view, scope)

    def _over(self, kept: KeptInstance, needs: Needs, header: DicomJson, view: View, scope: Scope) -> Scene:
        """An object over its source, where that is kept and may be seen, or over the image that lies there."""
        source = None if needs.source is None else self._find(needs.source, scope)
        frame = 0 if needs.source is None else needs.source.frame or 0
        if source is None:
            slab = slab_of(header, needs.frames[0])
            source, frame = (None if slab is None else self._under(slab, kept, scope)), 0
        parts: tuple[Part, ...] = ((kept, needs.frames),)
        if source is not None and source.pixel_offset is not None:
            parts = (*parts, (source, (frame,)))
        return Scene(parts, view)

    def _under(self, slab: Slab, kept: KeptInstance, scope: Scope) -> KeptInstance | None:
        """The image of the study that lies where a frame does."""
        study = self._archive.among(kept.study_uid, None, scope)
        images = [each for each in study if each.sop_class_uid in GROUNDS and each.pixel_offset is not None]
        found = nearest(slab, map(self._slab, images[:MAX_GROUNDS]))
        return None if found is None else images[found]

    def _slab(self, kept: KeptInstance, frame: int = 0) -> Slab | None:
        """Where a frame lies: remembered, since a study is looked through for each frame."""
        key = (kept.digest, frame)
        if key not in self._slabs:
            if len(self._slabs) >= MAX_SLABS:
                self._slabs.clear()
            self._slabs[key] = slab_of(self._header(kept), frame)
        return self._slabs.get(key)

    def _slide(self, kept: KeptInstance, number: int | None, view: View, scope: Scope) -> Scene | None:
        """The tiles of the region that the viewport names, at the level of the pyramid that suits its size."""
        level = level_of(self._header(kept))
        if level is None or number is not None:
            return None
        viewport = view.viewport or _overview(level)
        region = _region(level, viewport)
        levels = [(kept, level)]
        if min(viewport.width / region.width, viewport.height / region.height) < ENOUGH:
            levels += self._levels(kept, scope)
        best = best_level([each for _, each in levels], level, region, viewport.width, viewport.height)
        chosen, chosen_level = levels[best]
        there = region.scaled(chosen_level.columns / level.columns)
        tiles = chosen_level.tiles(there)
        if not tiles or len(tiles) > MAX_TILES:
            raise CannotRender(Reason.TOO_LARGE, f"{len(tiles)} tiles")
        seen = replace(viewport, left=there.left, top=there.top, region_width=there.width, region_height=there.height)
        return Scene(((chosen, tuple(tile.frame for tile in tiles)),), replace(view, viewport=seen))

    def _levels(self, kept: KeptInstance, scope: Scope) -> Iterator[tuple[KeptInstance, Level]]:
        """The other instances of the series that are levels of a slide."""
        series = self._archive.among(kept.study_uid, kept.series_uid, scope)
        for each in series[:MAX_LEVELS]:
            small = each.pixel_offset is not None and each.pixel_offset <= MAX_HEADER_BYTES
            if small and each.sop_class_uid == kept.sop_class_uid and each.instance_uid != kept.instance_uid:
                level = level_of(self._header(each))
                if level is not None:
                    yield each, level

    def _stored(self, kept: KeptInstance, scope: Scope) -> StoredImage:
        try:
            frames = None if kept.pixel_offset is None else self._archive.frames(kept, scope)
        except NotFound:
            frames = None
        return stored_image(self._archive, kept, frames)

    def _find(self, reference: Reference, scope: Scope) -> KeptInstance | None:
        found = self._archive.select(Selection(instance_uids=(reference.instance_uid,)), scope)
        return found[0] if found else None

    def _header_with(self, kept: KeptInstance, number: int | None) -> DicomJson:
        """The header of an instance that has a frame of this number."""
        header = self._header(kept)
        if number is not None and number >= frame_count(header):
            raise CannotRender(Reason.NO_FRAME, f"{frame_count(header)} frames")
        return header

    def _header(self, kept: KeptInstance) -> DicomJson:
        header: DicomJson = orjson.loads(
            data_set_json(header_of(self._archive.read, kept), kept.transfer_syntax_uid, None)
        )
        return header


def is_scene(sop_class_uid: str) -> bool:
    """Whether pictures of such objects may be made of others too, or of many frames."""
    return KINDS.get(sop_class_uid) not in (None, Kind.PARAMETRIC_MAP)


def _by_itself(kept: KeptInstance, number: int | None, view: View, _: Scope) -> Scene:
    """All of an object: what it holds is listed."""
    if number:
        raise CannotRender(Reason.NO_FRAME, "1 picture")
    return Scene(((kept, ()),), view)


def _overview(level: Level) -> Viewport:
    """A whole slide, not larger than a screen."""
    scale = min(DEFAULT_SIDE / level.columns, DEFAULT_SIDE / level.rows, 1.0)
    return Viewport(max(1, round(level.columns * scale)), max(1, round(level.rows * scale)))


def _region(level: Level, viewport: Viewport) -> Region:
    width = min(viewport.region_width or level.columns, level.columns - viewport.left)
    height = min(viewport.region_height or level.rows, level.rows - viewport.top)
    if width <= 0 or height <= 0:
        raise CannotRender(Reason.NO_REGION, f"{level.columns} columns by {level.rows} rows")
    return Region(viewport.left, viewport.top, width, height)
