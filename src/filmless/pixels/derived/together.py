"""One picture of several objects, or of several frames: the first member of the question is what is shown."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import orjson
from numpy.typing import NDArray

from filmless.pixels.decode import Decoded
from filmless.pixels.derived.alone import alone, black, stored_values
from filmless.pixels.derived.blending import blended_frames
from filmless.pixels.derived.dose import dose_of, dose_plane, washed
from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.pixels.derived.mosaic import MAX_CANVAS_BYTES, canvas_bytes, mosaic, reduction
from filmless.pixels.derived.planes import Plane, plane_of, seen_on
from filmless.pixels.derived.segmentation import OPACITY, Segment, blended, segments
from filmless.pixels.derived.slides import Region, Tile, level_of
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.presentation.softcopy import softcopy, subtracted
from filmless.pixels.render.stages import Stages, rendered, stages_of
from filmless.pixels.request import PIXEL_ELEMENT_BYTES, Question
from filmless.pixels.stored_frame import Frame, data_set_of, frames_of
from filmless.pixels.view import AS_IS, Viewport
from filmless.standards.models.dicom_json import data_set_json

Levels = NDArray[np.uint8]
Shown = tuple[Frame, Stages]


def together(question: Question) -> Shown | None:
    """The frame that lies under everything, and its stages; None where nothing can be shown; raises CannotRender."""
    kind = KINDS.get(question.members[0].member.sop_class_uid)
    scene = SCENES.get(kind) if kind is not None else None
    if scene is not None:
        return scene(question)
    frame = next(frames_of(question.members[0]), None)
    sop_class_uid = question.members[0].member.sop_class_uid
    return None if frame is None else (frame, alone(frame, sop_class_uid, question.facts.view))


def _presentation_state(question: Question) -> Shown | None:
    """The first frame of the image; the others are its masks."""
    if len(question.members) < 2:
        return None
    state = data_set_of(question.members[0])
    frames = list(frames_of(question.members[1]))
    if not frames:
        return None
    first = subtracted(frames[0], frames[1:]) if len(frames) > 1 else frames[0]
    return softcopy(first, state, question.facts.view)


def _blending(question: Question) -> Shown | None:
    """The frame of the second member under that of the third, which may be missing or damaged."""
    if len(question.members) < 2:
        return None
    under = next(frames_of(question.members[1]), None)
    if under is None:
        return None
    try:
        over = next(frames_of(question.members[2]), None) if len(question.members) > 2 else None
    except CannotRender:
        over = None
    return blended_frames(data_set_of(question.members[0]), under, over, question.facts.view)


def _segmentation(question: Question) -> Shown | None:
    """All segments that were brought, over the source, decoded one after the other."""
    view = question.facts.view
    frames = frames_of(question.members[0])
    first = next(frames, None)
    if first is None:
        return None
    ground = _ground(question, plane_of(first.dataset, first.number), first)
    under = ground or first
    stages = stages_of(under, view) if ground is None else alone(under, _source_class(question), view)
    target = None if ground is None else plane_of(under.dataset, under.number)

    def colour(levels: Levels) -> Levels:
        shown = (each for frame in _chain(first, frames) for each in _on(frame, target, levels.shape[:2]))
        return blended(black(levels) if ground is None else levels, shown, 1.0 if ground is None else OPACITY)

    return under, replace(stages, planes=(colour,) if ground is None else (*stages.planes, colour))


def _dose(question: Question) -> Shown | None:
    """The first frame; the others say only what the highest dose is."""
    view = question.facts.view
    frames = frames_of(question.members[0])
    first = next(frames, None)
    if first is None:
        return None
    dose = dose_of(first.dataset, stored_values(first))
    highest = max(float(dose.max()), *(float(dose_of(each.dataset, stored_values(each)).max()) for each in frames), 0.0)
    at = dose_plane(first.dataset, first.number)
    ground = _ground(question, at, first)
    if ground is None:
        return first, replace(stages_of(first, view), planes=(lambda _: washed(None, dose, highest),))
    target = plane_of(ground.dataset, ground.number)
    extent = ground.decoded.values.shape[:2]
    on_source = dose if at is None or target is None else seen_on(dose, at, target, (extent[0], extent[1]))
    stages = alone(ground, _source_class(question), view)
    return ground, replace(stages, planes=(*stages.planes, lambda levels: washed(levels, on_source, highest)))


def _slide(question: Question) -> Shown | None:
    """The region that the viewport names, of the tiles that were brought."""
    brought, view = question.members[0], question.facts.view
    header = brought.header[:-PIXEL_ELEMENT_BYTES] if brought.member.frames else brought.header
    level = level_of(orjson.loads(data_set_json(header, brought.member.transfer_syntax_uid, None)))
    if level is None:
        raise CannotRender(Reason.DAMAGED, "a slide without total pixel matrix")
    asked = view.viewport or Viewport(level.columns, level.rows)
    region = Region(
        asked.left,
        asked.top,
        min(asked.region_width or level.columns, level.columns - asked.left),
        min(asked.region_height or level.rows, level.rows - asked.top),
    )
    if min(region.width, region.height) <= 0:
        raise CannotRender(Reason.NO_REGION, f"{level.columns} columns by {level.rows} rows")
    reduced = reduction(region, asked.width, asked.height, (level.tile_columns, level.tile_rows))
    if canvas_bytes(region, reduced) > MAX_CANVAS_BYTES:
        raise CannotRender(Reason.TOO_LARGE, "region of a slide")
    places = {tile.frame: tile for tile in level.tiles(region)}
    frames = (frame for frame in frames_of(brought) if frame.number in places)
    first = next(frames, None)
    if first is None:
        raise CannotRender(Reason.DAMAGED, "no tile of the region")
    canvas = mosaic(_tiles(first, frames, places), region, reduced)
    whole = replace(first, decoded=Decoded(canvas, "RGB", compressed=True), module=replace(first.module, bits_stored=8))
    target = Viewport(
        asked.width,
        asked.height,
        flip_horizontally=asked.flip_horizontally,
        flip_vertically=asked.flip_vertically,
    )
    return whole, stages_of(whole, replace(view, viewport=target if view.viewport else None))


SCENES: Mapping[Kind, Callable[[Question], Shown | None]] = {
    Kind.PRESENTATION_STATE: _presentation_state,
    Kind.BLENDING: _blending,
    Kind.SEGMENTATION: _segmentation,
    Kind.DOSE: _dose,
    Kind.SLIDE: _slide,
}


def _ground(question: Question, at: Plane | None, frame: Frame) -> Frame | None:
    """The frame of the second member, where it is known where the pixels of a frame lie on it.

    None where it cannot be decoded, too: the first member is shown without it.
    """
    try:
        source = next(frames_of(question.members[1]), None) if len(question.members) > 1 else None
    except CannotRender:
        return None
    if source is None:
        return None
    both = at is not None and plane_of(source.dataset, source.number) is not None
    return source if both or frame.decoded.values.shape[:2] == source.decoded.values.shape[:2] else None


def _source_class(question: Question) -> str:
    return question.members[1].member.sop_class_uid


def _on(frame: Frame, target: Plane | None, extent: tuple[int, ...]) -> Iterator[Segment]:
    """The segments of a frame on the pixels of their ground."""
    at = plane_of(frame.dataset, frame.number)
    for segment in segments(frame.dataset, frame.number, stored_values(frame)):
        if at is None or target is None:
            yield segment
        else:
            yield replace(segment, coverage=seen_on(segment.coverage, at, target, (extent[0], extent[1])))


def _tiles(first: Frame, others: Iterator[Frame], places: Mapping[int, Tile]) -> Iterator[tuple[Tile, Levels]]:
    """Tiles in the colours they are stored in; grey ones all in the window of the first."""
    stages = replace(stages_of(first, AS_IS), colour=lambda levels: levels)
    for frame in _chain(first, others):
        yield places[frame.number], np.asarray(rendered(frame, stages))


def _chain(first: Frame, others: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    yield from others
