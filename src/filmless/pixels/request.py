"""What a codec child is asked, and the bytes that carry question and answer; imports no pixel library.

A question is its lengths, its facts (JSON), and then the bytes of the objects that it is about: of each the
header, then its frames.
"""

import json
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, BinaryIO

from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.view import AS_IS, Annotation, ChosenWindow, Function, Picture, Profile, View, Viewport
from filmless.standards.data_set.frames import FrameTable
from filmless.standards.dicom.pixel_media_types import is_video
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax

Buffer = bytes | bytearray | memoryview
Request = Callable[[], Iterable[Buffer]]
"""Makes the message for the child when its turn comes: what waits in the queue holds no pixels."""

MAX_HEADER_BYTES = 64 << 20
MAX_CARD_BYTES = 4 << 20
MAX_FRAME_BYTES = 256 << 20  # one encoded frame
MAX_WHOLE_BYTES = 64 << 20  # an object whose frames could not be located is sent whole up to here
MAX_MOVING_BYTES = 96 << 20  # encoded frames of one animation: the child holds them all
MAX_MOVING_FRAMES = 200
MAX_STREAM_BYTES = 64 << 20  # of a video
END_BYTES = 16 << 20  # of a longer one: its index may lie there
MAX_SCENE_BYTES = 192 << 20  # headers and encoded frames of all objects of one picture
PIXEL_ELEMENT_BYTES = 12  # tag, VR and length of the pixel element: which of the three kinds, and its VR
MAX_DETAIL = 200  # characters of a failure's detail
MAX_ANSWER_BYTES = 64 << 20
PHOTOMETRIC_BYTES = 16  # before a frame's pixels: what their photometric interpretation is now, padded with spaces

QUESTION = struct.Struct(">I")  # bytes of facts
RASTER = struct.Struct(">IIBB")  # before native pixels of a raster: rows, columns, samples, bits of a sample
ANSWER = struct.Struct(">BI")  # 0 and bytes of the picture, or 1 and bytes of the failure


class Task(StrEnum):
    """What is wanted."""

    PICTURE = "picture"  # of each frame by itself
    SCENE = "scene"  # one picture of all frames of all members
    NATIVE = "native"  # a frame's native pixels
    TEXT = "text"  # a document as text
    RASTER = "raster"  # the native pixels of a picture that is no DICOM object
    COMPRESSED = "compressed"  # a frame compressed in another way


class Form(StrEnum):
    """What of an object is in the question."""

    CARD = "card"  # the data set up to its pixels, where that is small: it has no picture
    FRAMES = "frames"  # the data set up to its pixel element, and frames
    VIDEO = "video"  # the data set up to its pixel element, and the stream, or its beginning and its end
    WHOLE = "whole"  # the data set


@dataclass(frozen=True, slots=True)
class Member:
    """One object of a question: what lies there of it."""

    form: Form
    sop_class_uid: str
    transfer_syntax_uid: str
    header: int = 0  # bytes; of the data set where it is whole
    numbers: tuple[int, ...] | None = None  # of the frames, from 0; None: the middle one, if the child can tell
    frames: tuple[int, ...] = ()  # bytes of each
    video: bool = False
    gap: int = 0  # bytes of the stream between its beginning and its end


@dataclass(frozen=True, slots=True)
class Facts:
    """The part of a question that is not bytes of objects. The first member is what is shown."""

    task: Task
    members: tuple[Member, ...]
    view: View = AS_IS
    step: int = 1  # of an animation: so many frames of the object are one
    note: str = ""  # last line of the card
    text: str = ""  # media type of the text that is wanted
    root: str = ""  # address of the DICOMweb service, for links in a text
    target: str = ""  # transfer syntax UID of a frame that is compressed


@dataclass(frozen=True, slots=True)
class Brought:
    """A member and its bytes."""

    member: Member
    header: bytes
    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the child reads it."""

    facts: Facts
    members: tuple[Brought, ...]


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


def picture_request(image: StoredImage, view: View, number: int | None = None) -> Request:
    """Ask for a picture of a frame (from 0; None: the middle one), or of a card that names the object."""
    return lambda: _picture_message(image, view, number)


def moving_request(image: StoredImage, view: View) -> Request:
    """Ask for an animation of all frames, or of as many evenly taken ones as one request may hold."""
    return lambda: _moving_message(image, view)


def scene_request(parts: Sequence[tuple[StoredImage, tuple[int, ...]]], view: View) -> Request:
    """Ask for one picture of objects, each with the frames (from 0) that it takes of it; the first is what is shown."""
    return lambda: _scene_message(parts, view)


def native_request(image: StoredImage, number: int) -> Request:
    """Ask for a frame (from 0) of an encapsulated object as native pixels."""
    return lambda: _frame_message(image, number, Task.NATIVE, "")


def compressed_request(image: StoredImage, number: int, target_uid: str) -> Request:
    """Ask for a frame (from 0) compressed as ``target_uid`` says, one of those in ``filmless.pixels.targets``."""
    return lambda: _frame_message(image, number, Task.COMPRESSED, target_uid)


def raster_request(read: Callable[[int, int], bytes], length: int) -> Request:
    """Ask for a PNG or JPEG of so many bytes as native pixels, behind what ``RASTER`` says of them."""

    def message() -> list[Buffer]:
        if length > MAX_WHOLE_BYTES:
            raise CannotRender(Reason.TOO_LARGE, "The picture has too many bytes")
        return _question(Facts(Task.RASTER, (Member(Form.WHOLE, "", "", length),)), read(0, length))

    return message


def text_request(image: StoredImage, media_type: str, root: str) -> Request:
    """Ask for a document as text of this media type; ``root`` is the address of the DICOMweb service."""
    facts = Facts(Task.TEXT, (_whole_member(image, None),), text=media_type, root=root)
    return lambda: _question(facts, _bounded_read(image, 0, facts.members[0].header, MAX_WHOLE_BYTES))


def card_request(image: StoredImage, note: str, view: View) -> Request:
    """Ask for a card that says what the object is, and this of it."""
    return lambda: _card_message(image, view, note)


def read_question(stream: BinaryIO) -> Question | None:
    """The next question of a child's pipe; None when the pool has closed it."""
    length = stream.read(QUESTION.size)
    if len(length) < QUESTION.size:
        return None
    facts = _read_facts(stream.read(*QUESTION.unpack(length)))
    members = []
    for member in facts.members:
        header = stream.read(member.header)
        members.append(Brought(member, header, tuple(stream.read(size) for size in member.frames)))
    return Question(facts, tuple(members))


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


def _read_facts(encoded: bytes) -> Facts:
    named = json.loads(encoded)
    members = tuple(
        Member(
            **{
                **each,
                "form": Form(each["form"]),
                "numbers": None if each["numbers"] is None else tuple(each["numbers"]),
                "frames": tuple(each["frames"]),
            }
        )
        for each in named["members"]
    )
    return Facts(**{**named, "task": Task(named["task"]), "members": members, "view": _read_view(named["view"])})


def _read_view(named: dict[str, Any]) -> View:
    viewport, window = named["viewport"], named["window"]
    return View(
        media_type=Picture(named["media_type"]),
        viewport=viewport and Viewport(**viewport),
        window=window and ChosenWindow(window["centre"], window["width"], Function(window["function"])),
        quality=named["quality"],
        annotations=tuple(map(Annotation, named["annotations"])),
        profile=Profile(named["profile"]),
    )


def _picture_message(image: StoredImage, view: View, number: int | None) -> list[Buffer]:
    if image.frames is not None and number is not None and number >= image.frames.count:
        raise CannotRender(Reason.NO_FRAME, f"{image.frames.count} frames")
    if image.frames is not None and image.frames.fragments and is_video(image.transfer_syntax_uid):
        return _video_message(image, view, [piece for frame in image.frames.fragments for piece in frame])
    if not _has_stills(image):
        return _card_message(image, view)
    if image.frames is not None and number is None:
        number = image.frames.count // 2
    located = None if image.frames is None or number is None else _located(image, number)
    if located is None:
        return _whole_message(image, view, None if number is None else (number,))
    facts = Facts(Task.PICTURE, (_member(image, (number or 0,), (located,)),), view)
    return [*_question(facts, _header(image)), *_frame_pieces(image, located)]


def _video_message(image: StoredImage, view: View, pieces: "_Pieces") -> list[Buffer]:
    total = sum(length for _, length in pieces)
    spans = [(0, total)]
    if total > MAX_STREAM_BYTES:
        spans = [(0, MAX_STREAM_BYTES - END_BYTES), (total - END_BYTES, total)]
    located = [_part(pieces, start, stop) for start, stop in spans]
    frames = tuple(stop - start for start, stop in spans)
    member = replace(_member(image, (0,), located), form=Form.VIDEO, video=True, gap=total - sum(frames))
    bodies = [body for part in located for body in _frame_pieces(image, part)]
    return [*_question(Facts(Task.PICTURE, (member,), view), _header(image)), *bodies]


def _part(pieces: "_Pieces", start: int, stop: int) -> "_Pieces":
    """The pieces of a stream from one of its bytes up to another."""
    found, at = [], 0
    for offset, length in pieces:
        low, high = max(start - at, 0), min(stop - at, length)
        if low < high:
            found.append((offset + low, high - low))
        at += length
    return found


def _moving_message(image: StoredImage, view: View) -> Iterable[Buffer]:
    table = image.frames
    if table is None or not _has_stills(image) or (every := _all_located(image, table)) is None:
        return _picture_message(image, view, None)
    total = sum(length for pieces in every for _, length in pieces)
    step = max(-(-len(every) // MAX_MOVING_FRAMES), -(-total // MAX_MOVING_BYTES), 1)
    numbers = tuple(range(0, len(every), step))
    located = [every[number] for number in numbers]
    facts = Facts(Task.PICTURE, (_member(image, numbers, located),), view, step=step)
    return _streamed(image, _question(facts, _header(image)), located)


def _scene_message(parts: Sequence[tuple[StoredImage, tuple[int, ...]]], view: View) -> Iterator[Buffer]:
    """Object after object, frame after frame: no more than one of them is in memory here."""
    members, bodies = [], []
    for image, numbers in parts:
        every = [_located(image, number) for number in numbers] if _has_stills(image) else []
        located = [pieces for pieces in every if pieces is not None]
        if located and len(located) == len(numbers):
            members.append(_member(image, numbers, located))
        else:
            members.append(_whole_member(image, numbers or None))
        bodies.append(located)
    too_large = any(member.form is Form.WHOLE and member.header > MAX_WHOLE_BYTES for member in members)
    if too_large or sum(member.header + sum(member.frames) for member in members) > MAX_SCENE_BYTES:
        raise CannotRender(Reason.TOO_LARGE, f"{len(parts)} objects")
    yield from _question(Facts(Task.SCENE, tuple(members), view))
    for (image, _), member, located in zip(parts, members, bodies, strict=True):
        if member.form is Form.WHOLE:
            yield _bounded_read(image, 0, member.header, MAX_WHOLE_BYTES)
        else:
            yield from _streamed(image, [_header(image)], located)


def _streamed(image: StoredImage, first: list[Buffer], located: "Sequence[_Pieces]") -> Iterator[Buffer]:
    """Frame after frame: no more than one of them is in memory here."""
    yield from first
    for pieces in located:
        yield from _frame_pieces(image, pieces)


def _frame_message(image: StoredImage, number: int, task: Task, target_uid: str) -> list[Buffer]:
    located = None if image.frames is None else _located(image, number)
    if located is None or image.pixel_offset is None:
        raise CannotRender(Reason.UNSUPPORTED, "a frame that was not located")
    facts = Facts(task, (_member(image, (number,), (located,)),), target=target_uid)
    return [*_question(facts, _header(image)), *_frame_pieces(image, located)]


def _whole_message(image: StoredImage, view: View, numbers: tuple[int, ...] | None) -> list[Buffer]:
    member = _whole_member(image, numbers)
    return _question(Facts(Task.PICTURE, (member,), view), _bounded_read(image, 0, member.header, MAX_WHOLE_BYTES))


def _whole_member(image: StoredImage, numbers: tuple[int, ...] | None) -> Member:
    length = image.length - image.head_length
    return Member(Form.WHOLE, image.sop_class_uid, image.transfer_syntax_uid, length, numbers)


def _has_stills(image: StoredImage) -> bool:
    has_pixels = image.pixel_offset is not None and transfer_syntax(image.transfer_syntax_uid).stored_pixels
    return has_pixels and not is_video(image.transfer_syntax_uid)


def _card_message(image: StoredImage, view: View, note: str = "") -> list[Buffer]:
    length = image.length - image.head_length if image.pixel_offset is None else image.pixel_offset
    length = length if length <= MAX_CARD_BYTES else 0
    member = Member(
        Form.CARD, image.sop_class_uid, image.transfer_syntax_uid, length, video=is_video(image.transfer_syntax_uid)
    )
    body = _bounded_read(image, 0, length, MAX_CARD_BYTES) if length else b""
    return _question(Facts(Task.PICTURE, (member,), view, note=note), body)


def _member(image: StoredImage, numbers: tuple[int, ...], located: "Sequence[_Pieces]") -> Member:
    frames = tuple(sum(length for _, length in pieces) for pieces in located)
    header = (image.pixel_offset or 0) + PIXEL_ELEMENT_BYTES
    return Member(Form.FRAMES, image.sop_class_uid, image.transfer_syntax_uid, header, numbers, frames)


def _header(image: StoredImage) -> Buffer:
    return _bounded_read(image, 0, (image.pixel_offset or 0) + PIXEL_ELEMENT_BYTES, MAX_HEADER_BYTES)


def _question(facts: Facts, *bodies: Buffer) -> list[Buffer]:
    encoded = json.dumps(asdict(facts)).encode()
    return [QUESTION.pack(len(encoded)) + encoded, *bodies]


_Pieces = Sequence[tuple[int, int]]  # offset and length in the data set


def _located(image: StoredImage, number: int) -> _Pieces | None:
    """The pieces of a frame; None where the table does not have them."""
    table = image.frames
    if table is None or transfer_syntax(image.transfer_syntax_uid).deflated:
        return None
    if table.fragments:
        return table.fragments[number] if number < len(table.fragments) else None
    even = table.size + table.size % 2  # the last byte of an odd big endian frame lies after its padding
    return [_within(image, table.first + number * table.size, even)] if table.size else None


def _within(image: StoredImage, offset: int, length: int) -> tuple[int, int]:
    """No more than there is."""
    there = image.length - image.head_length - offset
    return offset, max(0, min(length, there))


def _all_located(image: StoredImage, table: FrameTable) -> list[_Pieces] | None:
    every = [_located(image, number) for number in range(table.count)]
    found = [pieces for pieces in every if pieces is not None]
    return found if len(found) == len(every) > 1 else None


def _frame_pieces(image: StoredImage, located: _Pieces) -> list[Buffer]:
    """The fragments of one frame, by one positioned read over all of them."""
    if not located:
        return []
    start = min(offset for offset, _ in located)
    stop = max(offset + length for offset, length in located)
    span = memoryview(_bounded_read(image, start, stop, MAX_FRAME_BYTES))
    return [span[offset - start : offset - start + length] for offset, length in located]


def _bounded_read(image: StoredImage, start: int, stop: int, limit: int) -> Buffer:
    """Bytes of the data set from ``start`` to ``stop``: all of them, since the question has said how many."""
    if stop - start > limit:
        raise CannotRender(Reason.TOO_LARGE, f"{stop - start} bytes")
    found = image.read(image.head_length + start, min(image.head_length + stop, image.length))
    if len(found) != stop - start:
        raise CannotRender(Reason.DAMAGED, "the object ends early")
    return found
