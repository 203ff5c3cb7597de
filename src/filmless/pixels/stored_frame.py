"""The frames of an object in a question, decoded: the first stage of every picture. Runs in the codec child."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydicom.dataset import Dataset

from filmless.pixels.attributes import read_attributes, read_pixel_module
from filmless.pixels.codecs.native import ByteOrder
from filmless.pixels.codecs.video import Stream, poster
from filmless.pixels.decode import Decoded, decode_encapsulated, decode_native
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import PixelModule, pixel_module
from filmless.pixels.request import PIXEL_ELEMENT_BYTES, Brought, Form
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.frames import locate_frames, number_of_frames
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax, transfer_syntax

MAX_INFLATED_BYTES = 256 << 20
FLOATING = frozenset({0x0008, 0x0009})  # elements of group 7FE0: Float and Double Float Pixel Data


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its stored values, and what its object says of them."""

    decoded: Decoded
    module: PixelModule
    dataset: Dataset
    number: int  # from 0


@dataclass(frozen=True, slots=True)
class _Bytes:
    """The stored bytes of one frame."""

    number: int  # from 0
    data: bytes
    words: bool  # VR OW
    first_bit: int = 0


def frames_of(brought: Brought) -> Iterator[Frame]:
    """The frames that were brought; none where the object has no pixels; raises CannotRender."""
    syntax = transfer_syntax(brought.member.transfer_syntax_uid)
    if brought.member.form is Form.FRAMES:
        yield from _of_frames(brought, syntax)
    elif brought.member.form is Form.VIDEO:
        yield from _of_video(syntax, brought)
    elif brought.member.form is Form.WHOLE:
        yield from _of_whole(syntax, brought)


def data_set_of(brought: Brought) -> Dataset:
    """The attributes of an object that came whole, or up to its pixels; raises CannotRender."""
    syntax = transfer_syntax(brought.member.transfer_syntax_uid)
    if brought.member.form in (Form.FRAMES, Form.VIDEO):
        return read_attributes(brought.header[:-PIXEL_ELEMENT_BYTES], not syntax.explicit_vr, syntax.little_endian)
    data_set = _inflated(brought.header) if syntax.deflated else brought.header  # a card's ends before its pixels
    return read_attributes(data_set, not syntax.explicit_vr, syntax.little_endian)


def _of_frames(brought: Brought, syntax: TransferSyntax) -> Iterator[Frame]:
    order: Literal["little", "big"] = "little" if syntax.little_endian else "big"
    element = brought.header[-PIXEL_ELEMENT_BYTES:]
    dataset = read_attributes(brought.header[:-PIXEL_ELEMENT_BYTES], not syntax.explicit_vr, syntax.little_endian)
    module = read_pixel_module(dataset, int.from_bytes(element[2:4], order) in FLOATING)
    for number, data in zip(brought.member.numbers or (), brought.frames, strict=True):
        yield _decoded(_Bytes(number, data, words=element[4:6] == b"OW"), module, dataset, syntax)


def _of_video(syntax: TransferSyntax, brought: Brought) -> Iterator[Frame]:
    """The poster, where one can be had."""
    values = poster(Stream(brought.frames, brought.member.gap), is_hevc="HEVC" in syntax.name)
    if values is not None:
        rows, columns, samples = values.shape
        numbers = {"Rows": rows, "Columns": columns, "SamplesPerPixel": samples, "BitsAllocated": 8}
        module = pixel_module(numbers, "RGB", floating=False)
        yield Frame(Decoded(values, module.photometric, compressed=True), module, data_set_of(brought), 0)


def _of_whole(syntax: TransferSyntax, brought: Brought) -> Iterator[Frame]:
    data_set = _inflated(brought.header) if syntax.deflated else brought.header
    found = scan(data_set, EXPLICIT_VR_LITTLE_ENDIAN if syntax.deflated else syntax.uid, frozenset())
    if isinstance(found, Fault):
        raise CannotRender(Reason.DAMAGED, found.reason)
    if found.pixel_offset is None:
        return
    dataset = read_attributes(data_set[: found.pixel_offset], not found.explicit_vr, found.little_endian)
    module = read_pixel_module(dataset, found.pixel_tag & 0xFFFF in FLOATING)
    for number in brought.member.numbers or (None,):
        yield _decoded(_cut(data_set, found, module, number), module, dataset, syntax)


def _cut(data_set: bytes, found: Scan, module: PixelModule, number: int | None) -> _Bytes:
    """A frame of an object that came whole; None: the middle one."""
    words = found.pixel_vr == "OW"
    table = locate_frames(data_set, found)
    is_encapsulated = table is not None and bool(table.fragments)
    count = table.count if table is not None and is_encapsulated else number_of_frames(found)
    if number is None:
        number = count // 2
    if number >= count:
        raise CannotRender(Reason.NO_FRAME, f"{count} frames")
    if table is not None and is_encapsulated:
        pieces = (data_set[start : start + length] for start, length in table.fragments[number])
        return _Bytes(number, b"".join(pieces), words)
    start, first_bit = divmod(number * module.native_bits, 8)  # bit-packed frames do not start at bytes
    stop = start + (first_bit + module.native_bits + 7) // 8 + 1  # a last odd byte may lie after its padding
    return _Bytes(number, data_set[found.pixel_start + start : found.pixel_start + stop], words, first_bit)


def _decoded(frame: _Bytes, module: PixelModule, dataset: Dataset, syntax: TransferSyntax) -> Frame:
    if syntax.encapsulated:
        decoded = decode_encapsulated(frame.data, module, syntax.uid)
    else:
        decoded = decode_native(frame.data, module, ByteOrder(syntax.little_endian, frame.words), frame.first_bit)
    return Frame(decoded, module, dataset, frame.number)


def _inflated(data_set: bytes) -> bytes:
    """A deflated data set (PS3.5 A.5), no more of it than a limit."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(data_set, MAX_INFLATED_BYTES)
    except zlib.error as error:
        raise CannotRender(Reason.DAMAGED, "deflated data set") from error
    if inflater.unconsumed_tail:
        raise CannotRender(Reason.TOO_LARGE, "inflated data set")
    return inflated
