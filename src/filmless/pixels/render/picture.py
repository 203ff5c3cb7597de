"""The answer to a question for a picture: rendered frames of the first member, or a card."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from PIL import Image
from pydicom.dataset import Dataset

from filmless.pixels.attributes import number, numbers
from filmless.pixels.render.card import card, names
from filmless.pixels.render.encoders import Encoding, encoded
from filmless.pixels.render.icc import embedded
from filmless.pixels.render.stages import Stages, rendered, stages_of
from filmless.pixels.request import Facts, Question
from filmless.pixels.stored_frame import Frame, frames_of
from filmless.pixels.view import View

CARD_SIZE = (512, 512)  # columns, rows where no viewport is asked for
_MS_PER_S = 1000.0


def picture(question: Question) -> bytes:
    """An encoded picture; raises CannotRender."""
    facts = question.facts
    frames = frames_of(question.members[0])
    first = next(frames, None)
    view = facts.view
    if first is None:
        return encoded(iter((_card(facts),)), Encoding(view.media_type, view.quality, embedded(None, view.profile)))
    stages = stages_of(first, view)
    encoding = Encoding(
        view.media_type,
        view.quality,
        embedded(first.dataset, view.profile),
        stages.placement.aspect,
        _frame_ms(first.dataset) * facts.step,
    )
    return encoded(chain((rendered(first, stages),), _others(frames, stages, view)), encoding)


def _others(frames: Iterator[Frame], stages: Stages, view: View) -> Iterator[Image.Image]:
    """Further frames of a moving picture, in the window of the first unless they have one of their own."""
    for frame in frames:
        own = stages_of(frame, view)
        voi = stages.grey.voi if own.grey.is_spread else own.grey.voi
        yield rendered(frame, replace(own, grey=replace(own.grey, voi=voi)))


def _card(facts: Facts) -> Image.Image:
    member, viewport = facts.members[0], facts.view.viewport
    title, subtitle = names(member.sop_class_uid, member.video)
    width, height = CARD_SIZE if viewport is None else (viewport.width, viewport.height)
    return card(title, facts.note or subtitle, width, height)


def _frame_ms(dataset: Dataset) -> float:
    """How long a frame is shown (PS3.3 C.7.6.5.1.1)."""
    if time := number(dataset, "FrameTime"):
        return abs(time)
    vector = numbers(dataset, "FrameTimeVector")
    if len(vector) > 1:
        return abs(sum(vector[1:])) / (len(vector) - 1)
    rate = number(dataset, "RecommendedDisplayFrameRate") or number(dataset, "CineRate") or 10
    return _MS_PER_S / abs(rate)
