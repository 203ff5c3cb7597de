"""What a codec child is asked, and the bytes that carry question and answer; imports no pixel library."""

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import BinaryIO

from filmless.pixels.errors import CannotRender, Reason
from filmless.standards.data_set.frames import FrameTable
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax

Buffer = bytes | bytearray | memoryview
Request = Callable[[], list[Buffer]]
"""Makes the message for the child when its turn comes: what waits in the queue holds no pixels."""

MAX_HEADER_BYTES = 64 << 20
MAX_FRAME_BYTES = 256 << 20  # one encoded frame
MAX_WHOLE_BYTES = 64 << 20  # an object whose frames could not be located is sent whole up to here
PIXEL_ELEMENT_BYTES = 12  # tag, VR and length of the pixel element: which of the three kinds, and its VR
MAX_DETAIL = 200  # characters of a failure's detail
MAX_ANSWER_BYTES = 64 << 20
PHOTOMETRIC_BYTES = 16  # before native pixels: what their photometric interpretation is now, padded with spaces

VIDEO = ("MPEG", "HEVC", "Fragmentable MPEG")
QUESTION = struct.Struct(">IIQ")  # bytes of facts, of header, of frame
ANSWER = struct.Struct(">BI")  # 0 and bytes of the picture, or 1 and bytes of the failure


class Form(StrEnum):
    """What of an object comes with the facts."""

    CARD = "card"  # nothing: it has no picture
    FRAME = "frame"  # the data set up to its pixel element, and one frame
    WHOLE = "whole"  # the data set
    NATIVE = "native"  # as FRAME; the answer is no picture, but the frame's native pixels


@dataclass(frozen=True, slots=True)
class Facts:
    """The part of a question that is not bytes of the object."""

    form: Form
    sop_class_uid: str
    transfer_syntax_uid: str
    width: int  # of the viewport, pixels
    height: int
    frame: int = 0  # from 0
    video: bool = False
    note: str = ""  # second line of the card, instead of what the object is


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A stored object as its archive describes it; ``read(start, stop)`` gives bytes of the stored member."""

    read: Callable[[int, int], Buffer]
    length: int  # bytes of the member
    head_length: int  # bytes of preamble, DICM and group 0002
    sop_class_uid: str
    transfer_syntax_uid: str
    pixel_offset: int | None  # of the pixel element in the data set; None: no pixels
    frames: FrameTable | None  # None: not located


def thumbnail_request(image: StoredImage, width: int = 128, height: int = 128) -> Request:
    """Ask for a JPEG of the middle frame that fits the viewport, or of a card that names the object."""
    return lambda: _message(image, width, height)


def native_request(image: StoredImage, number: int) -> Request:
    """Ask for a frame (from 0) of an encapsulated object as native pixels."""
    return lambda: _native_message(image, number)


def card_request(sop_class_uid: str, note: str, width: int = 128, height: int = 128) -> Request:
    """Ask for the JPEG of a card that names the object and says this of it."""
    facts = Facts(Form.CARD, sop_class_uid, "", width, height, note=note)
    return lambda: _question(facts)


def read_question(stream: BinaryIO) -> tuple[Facts, bytes, bytes] | None:
    """The next question of a child's pipe; None when the pool has closed it."""
    lengths = stream.read(QUESTION.size)
    if len(lengths) < QUESTION.size:
        return None
    facts, header, frame = (stream.read(length) for length in QUESTION.unpack(lengths))
    named = json.loads(facts)
    return Facts(**{**named, "form": Form(named["form"])}), header, frame


def write_answer(stream: BinaryIO, answer: bytes | CannotRender) -> None:
    """Send a picture or a failure to the pool."""
    failed = isinstance(answer, CannotRender)
    payload = json.dumps([answer.reason, answer.detail]).encode() if isinstance(answer, CannotRender) else answer
    stream.write(ANSWER.pack(failed, len(payload)) + payload)
    stream.flush()


def read_failure(payload: bytes) -> CannotRender:
    """A child's failure; what it says is not trusted to be well formed."""
    try:
        reason, detail = json.loads(payload)
        return CannotRender(Reason(reason), str(detail)[:MAX_DETAIL])
    except (ValueError, TypeError):
        return CannotRender(Reason.CRASHED, "answer not understood")


def _message(image: StoredImage, width: int, height: int) -> list[Buffer]:
    syntax = transfer_syntax(image.transfer_syntax_uid)
    video = any(word in syntax.name for word in VIDEO)
    form = Form.CARD
    header: Buffer = b""
    pieces: list[Buffer] = []
    number = image.frames.count // 2 if image.frames else 0
    if image.pixel_offset is not None and syntax.stored_pixels and not video:
        located = None if syntax.deflated or image.frames is None else _frame_range(image.frames, number)
        if located is None:
            form, header = Form.WHOLE, _bounded_read(image, 0, image.length - image.head_length, MAX_WHOLE_BYTES)
        else:
            form = Form.FRAME
            header = _bounded_read(image, 0, image.pixel_offset + PIXEL_ELEMENT_BYTES, MAX_HEADER_BYTES)
            pieces = _frame_pieces(image, located)
    facts = Facts(form, image.sop_class_uid, image.transfer_syntax_uid, width, height, number, video)
    return _question(facts, header, pieces)


def _native_message(image: StoredImage, number: int) -> list[Buffer]:
    located = _frame_range(image.frames, number) if image.frames else None
    if located is None or image.pixel_offset is None:
        raise CannotRender(Reason.UNSUPPORTED, "a frame that was not located")
    header = _bounded_read(image, 0, image.pixel_offset + PIXEL_ELEMENT_BYTES, MAX_HEADER_BYTES)
    facts = Facts(Form.NATIVE, image.sop_class_uid, image.transfer_syntax_uid, 0, 0, number)
    return _question(facts, header, _frame_pieces(image, located))


def _question(facts: Facts, header: Buffer = b"", pieces: Sequence[Buffer] = ()) -> list[Buffer]:
    encoded = json.dumps(asdict(facts)).encode()
    lengths = QUESTION.pack(len(encoded), len(header), sum(len(piece) for piece in pieces))
    return [lengths + encoded, header, *pieces]


def _frame_range(table: FrameTable, number: int) -> list[tuple[int, int]] | None:
    """(offset, length) of the pieces of a frame in the data set; None where the table does not have them."""
    if table.fragments:
        return list(table.fragments[number]) if number < len(table.fragments) else None
    even = table.size + table.size % 2  # the last byte of an odd big endian frame lies after its padding
    return [(table.first + number * table.size, even)] if table.size else None


def _frame_pieces(image: StoredImage, located: list[tuple[int, int]]) -> list[Buffer]:
    """The fragments of one frame, by one positioned read over all of them."""
    if not located:
        return []
    start = min(offset for offset, _ in located)
    stop = max(offset + length for offset, length in located)
    span = memoryview(_bounded_read(image, start, stop, MAX_FRAME_BYTES))
    return [span[offset - start : offset - start + length] for offset, length in located]


def _bounded_read(image: StoredImage, start: int, stop: int, limit: int) -> Buffer:
    """Bytes of the data set from ``start`` to ``stop``."""
    if stop - start > limit:
        raise CannotRender(Reason.TOO_LARGE, f"{stop - start} bytes")
    return image.read(image.head_length + start, min(image.head_length + stop, image.length))
