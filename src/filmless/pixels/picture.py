"""The answer to a question for a picture: rendered frames of the first member, or a card."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from PIL import Image
from pydicom.dataset import Dataset

from filmless.pixels.attributes import number, numbers, text
from filmless.pixels.derived.alone import alone
from filmless.pixels.derived.listing import drawn, listing_of
from filmless.pixels.derived.together import together
from filmless.pixels.documents.attributes import date
from filmless.pixels.documents.pictures import document_picture
from filmless.pixels.errors import CannotRender
from filmless.pixels.render.card import CARD_SIZE, card, names
from filmless.pixels.render.encoders import Encoding, encoded
from filmless.pixels.render.icc import embedded
from filmless.pixels.render.stages import Stages, rendered
from filmless.pixels.request import Form, Question, Task
from filmless.pixels.stored_frame import Frame, data_set_of, frames_of

RETRIEVE = "No picture of its own: retrieve it as DICOM"
_MS_PER_S = 1000.0


def picture(question: Question) -> bytes:
    """An encoded picture; raises CannotRender."""
    facts = question.facts
    view = facts.view
    shown = _together(question) if facts.task is Task.SCENE else _frames(question)
    first = next(shown, None)
    if first is None:
        return encoded(iter((_card(question),)), Encoding(view.media_type, view.quality, embedded(None, view.profile)))
    frame, stages = first
    encoding = Encoding(
        view.media_type,
        view.quality,
        embedded(frame.dataset, view.profile),
        stages.placement.aspect,
        _frame_ms(frame.dataset) * facts.step,
    )
    return encoded((rendered(*each) for each in chain((first,), shown)), encoding)


def _together(question: Question) -> Iterator[tuple[Frame, Stages]]:
    shown = together(question)
    if shown is not None:
        yield shown


def _frames(question: Question) -> Iterator[tuple[Frame, Stages]]:
    """Each frame by itself; further ones in the window of the first unless they have one of their own."""
    brought, view = question.members[0], question.facts.view
    voi = None
    for frame in frames_of(brought):
        stages = alone(frame, brought.member.sop_class_uid, view)
        if voi is not None and stages.grey.is_spread:
            stages = replace(stages, grey=replace(stages.grey, voi=voi))
        voi = voi or stages.grey.voi
        yield frame, stages


def _card(question: Question) -> Image.Image:
    """What the object is, and for some what it holds."""
    facts = question.facts
    member, viewport = facts.members[0], facts.view.viewport
    width, height = CARD_SIZE if viewport is None else (viewport.width, viewport.height)
    if member.form is Form.WHOLE:
        room = None if viewport is None else (width, height)
        document = document_picture(question.members[0].header, member, room)
        if document is not None:
            return document
        listing = listing_of(data_set_of(question.members[0]), member.sop_class_uid)
        if listing is not None:
            return drawn(listing, width, height)
    title, subtitle = names(member.sop_class_uid, member.video)
    return card(title, (subtitle, *_said(question), facts.note or RETRIEVE), width, height)


def _said(question: Question) -> tuple[str, str]:
    """What the object is about, and when and how it came to be: nothing that names the patient (PS3.18 8.3.5.1.1)."""
    brought = question.members[0]
    try:
        dataset = data_set_of(brought) if brought.header else Dataset()
    except CannotRender:  # an object that cannot be read has a face, too
        dataset = Dataset()
    frames = int(number(dataset, "NumberOfFrames") or 0)
    facts = (text(dataset, "Modality"), date(text(dataset, "StudyDate")), f"{frames} frames" if frames > 1 else "")
    return text(dataset, "SeriesDescription") or text(dataset, "StudyDescription"), " · ".join(filter(None, facts))


def _frame_ms(dataset: Dataset) -> float:
    """How long a frame is shown (PS3.3 C.7.6.5.1.1)."""
    if time := number(dataset, "FrameTime"):
        return abs(time)
    vector = numbers(dataset, "FrameTimeVector")
    if len(vector) > 1:
        return abs(sum(vector[1:])) / (len(vector) - 1)
    rate = number(dataset, "RecommendedDisplayFrameRate") or number(dataset, "CineRate") or 10
    return _MS_PER_S / abs(rate)
