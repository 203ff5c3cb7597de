"""One frame of an object, decoded and rendered at its own size; runs in the codec child."""

import zlib
from dataclasses import dataclass
from typing import Literal

from pydicom.dataset import Dataset

from filmless.pixels.attributes import pixel_aspect, read_attributes, read_pixel_module
from filmless.pixels.codecs.native import ByteOrder
from filmless.pixels.decode import decode_encapsulated, decode_native
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import PixelModule
from filmless.pixels.render import Bytes, render
from filmless.pixels.request import PIXEL_ELEMENT_BYTES, Facts, Form
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.frames import locate_frames, number_of_frames
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax, transfer_syntax

MAX_INFLATED_BYTES = 256 << 20
FLOATING = frozenset({0x0008, 0x0009})  # elements of group 7FE0: Float and Double Float Pixel Data


@dataclass(frozen=True, slots=True)
class Picture:
    """What a person sees: (row, column) grey or (row, column, red green blue)."""

    levels: Bytes
    aspect: float  # height of a pixel over its width


@dataclass(frozen=True, slots=True)
class _Frame:
    """The stored bytes of one frame."""

    number: int  # from 0
    data: bytes
    words: bool  # VR OW
    first_bit: int = 0


def picture(facts: Facts, header: bytes, frame: bytes) -> Picture | None:
    """The frame asked for; None where the object has no pixels; raises CannotRender."""
    if facts.form is Form.CARD:
        return None
    syntax = transfer_syntax(facts.transfer_syntax_uid)
    if facts.form is Form.WHOLE:
        return _of_whole(syntax, header)
    return _of_frame(facts, syntax, header, frame)


def _of_frame(facts: Facts, syntax: TransferSyntax, header: bytes, data: bytes) -> Picture:
    order: Literal["little", "big"] = "little" if syntax.little_endian else "big"
    element = header[-PIXEL_ELEMENT_BYTES:]
    dataset = read_attributes(header[:-PIXEL_ELEMENT_BYTES], not syntax.explicit_vr, syntax.little_endian)
    module = read_pixel_module(dataset, int.from_bytes(element[2:4], order) in FLOATING)
    return _picture(_Frame(facts.frame, data, words=element[4:6] == b"OW"), module, dataset, syntax)


def _of_whole(syntax: TransferSyntax, data_set: bytes) -> Picture | None:
    if syntax.deflated:
        data_set = _inflated(data_set)
    found = scan(data_set, EXPLICIT_VR_LITTLE_ENDIAN if syntax.deflated else syntax.uid, frozenset())
    if isinstance(found, Fault):
        raise CannotRender(Reason.DAMAGED, found.reason)
    if found.pixel_offset is None:
        return None
    dataset = read_attributes(data_set[: found.pixel_offset], not found.explicit_vr, found.little_endian)
    module = read_pixel_module(dataset, found.pixel_tag & 0xFFFF in FLOATING)
    return _picture(_cut(data_set, found, module), module, dataset, syntax)


def _cut(data_set: bytes, found: Scan, module: PixelModule) -> _Frame:
    """The middle frame of an object that came whole."""
    words = found.pixel_vr == "OW"
    table = locate_frames(data_set, found)
    if table is not None and table.fragments:
        middle = table.count // 2
        pieces = (data_set[start : start + length] for start, length in table.fragments[middle])
        return _Frame(middle, b"".join(pieces), words)
    middle = number_of_frames(found) // 2
    start, first_bit = divmod(middle * module.native_bits, 8)  # bit-packed frames do not start at bytes
    stop = start + (first_bit + module.native_bits + 7) // 8 + 1  # a last odd byte may lie after its padding
    return _Frame(middle, data_set[found.pixel_start + start : found.pixel_start + stop], words, first_bit)


def _picture(frame: _Frame, module: PixelModule, dataset: Dataset, syntax: TransferSyntax) -> Picture:
    if syntax.encapsulated:
        decoded = decode_encapsulated(frame.data, module, syntax.uid)
    else:
        decoded = decode_native(frame.data, module, ByteOrder(syntax.little_endian, frame.words), frame.first_bit)
    return Picture(render(decoded, module, dataset, frame.number), pixel_aspect(dataset, frame.number))


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
