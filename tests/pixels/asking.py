"""How the pixel tests ask: an object's bytes to the question that a child would read."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRBigEndian

from filmless.pixels.codec_child import answer
from filmless.pixels.errors import CannotRender
from filmless.pixels.render.stages import rendered, stages_of
from filmless.pixels.request import Question, Request, StoredImage, picture_request, read_question
from filmless.pixels.stored_frame import frames_of
from filmless.pixels.view import AS_IS, View, Viewport
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.frames import FrameTable, locate_frames
from filmless.standards.data_set.scanner import scan
from objects import head_length, part10_bytes

EXPLICIT = "1.2.840.10008.1.2.1"


def whole_image(image: Dataset, transfer_syntax_uid: str = EXPLICIT) -> StoredImage:
    """An object whose frames were not located."""
    if transfer_syntax_uid == ExplicitVRBigEndian:
        data, head = _big_endian(image), 0
    else:
        data = part10_bytes(image, transfer_syntax_uid)
        head = head_length(data)
    return StoredImage(
        lambda start, stop: data[start:stop],
        len(data),
        head,
        str(image.get("SOPClassUID", "")),
        transfer_syntax_uid,
        0 if any(keyword in image for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")) else None,
        None,
    )


def _big_endian(image: Dataset) -> bytes:
    """A bare data set, which pydicom's files do not convert to."""
    target = DicomBytesIO()
    target.is_little_endian, target.is_implicit_VR = False, False
    write_dataset(target, image)
    return target.getvalue()


def located_image(image: Dataset, frames: int = 1, transfer_syntax_uid: str = EXPLICIT) -> StoredImage:
    """An uncompressed object whose pixel element is its last, with its frames located."""
    data = part10_bytes(image, transfer_syntax_uid)
    value = len(image.PixelData)
    first = len(data) - value - head_length(data)
    return StoredImage(
        lambda start, stop: data[start:stop],
        len(data),
        head_length(data),
        str(image.SOPClassUID),
        transfer_syntax_uid,
        first - 12,
        FrameTable(frames, first, value // frames),
    )


def file_image(path: Path) -> StoredImage:
    """A file of the corpus, as a whole object."""
    data = path.read_bytes()
    header = dcmread(io.BytesIO(data), force=True, stop_before_pixels=True)
    stream = io.BytesIO(data)
    preamble = read_preamble(stream, force=True)
    meta = _read_file_meta_info(stream)
    syntax = str(meta.get("TransferSyntaxUID", "1.2.840.10008.1.2"))
    has_pixels = "Rows" in header or syntax.endswith(".99")
    return StoredImage(
        lambda start, stop: data[start:stop],
        len(data),
        stream.tell() if preamble or len(meta) else 0,
        str(header.get("SOPClassUID", "")),
        syntax,
        0 if has_pixels else None,
        None,
    )


def located_file_image(path: Path) -> StoredImage | None:
    """A file of the corpus with its frames located as at reception; None where it has none."""
    image = file_image(path)
    data_set = bytes(image.read(image.head_length, image.length))
    found = scan(data_set, image.transfer_syntax_uid, frozenset())
    if isinstance(found, Fault) or found.pixel_offset is None:
        return None
    return replace(image, pixel_offset=found.pixel_offset, frames=locate_frames(data_set, found))


def question(request: Request) -> Question:
    """What the child reads of a request."""
    asked = read_question(io.BytesIO(b"".join(bytes(part) for part in request())))
    assert asked is not None
    return asked


def seen(image: StoredImage, view: View = AS_IS, number: int | None = None) -> NDArray[np.uint8] | None:
    """A frame (the middle one) as it is shown, before it is encoded."""
    frame = next(frames_of(question(picture_request(image, view, number)).members[0]), None)
    return None if frame is None else np.asarray(rendered(frame, stages_of(frame, view)))


def answered(image: StoredImage, view: View = AS_IS, number: int | None = None) -> bytes | CannotRender:
    """What a child answers, made in this process."""
    return answer(question(picture_request(image, view, number)))


def small(width: int = 128, height: int = 128) -> View:
    """A view that fits."""
    return View(viewport=Viewport(width, height))
