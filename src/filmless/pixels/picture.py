"""One frame of an object, decoded and rendered at its own size; runs in the codec child."""

import struct
import zlib
from dataclasses import dataclass
from typing import Literal

from pydicom.dataset import Dataset
from pydicom.encaps import get_frame

from filmless.pixels.attributes import number, pixel_aspect, read_attributes, read_pixel_module
from filmless.pixels.codecs.native import ByteOrder
from filmless.pixels.decode import decode_encapsulated, decode_native
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import PixelModule
from filmless.pixels.render import Bytes, render
from filmless.pixels.request import PIXEL_ELEMENT_BYTES, Facts, Form
from filmless.standards.dicom.transfer_syntaxes import TransferSyntax, transfer_syntax

MAX_INFLATED_BYTES = 256 << 20
PIXELS = {0x0008: "FloatPixelData", 0x0009: "DoubleFloatPixelData", 0x0010: "PixelData"}  # elements of group 7FE0


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
    keyword = PIXELS.get(int.from_bytes(element[2:4], order), "PixelData")
    dataset = read_attributes(header[:-PIXEL_ELEMENT_BYTES], not syntax.explicit_vr, syntax.little_endian)
    module = read_pixel_module(dataset, keyword != "PixelData")
    frame = _Frame(facts.frame, data, words=element[4:6] == b"OW")
    return _picture(frame, module, dataset, syntax)


def _of_whole(syntax: TransferSyntax, data_set: bytes) -> Picture | None:
    if syntax.deflated:
        data_set = _inflated(data_set)
    dataset = read_attributes(data_set, not syntax.explicit_vr, syntax.little_endian)
    keyword = next((keyword for keyword in PIXELS.values() if keyword in dataset), None)
    if keyword is None:
        return None
    module = read_pixel_module(dataset, keyword != "PixelData")
    frame = _cut(dataset, keyword, module, syntax.encapsulated)
    return _picture(frame, module, dataset, syntax)


def _cut(dataset: Dataset, keyword: str, module: PixelModule, encapsulated: bool) -> _Frame:
    """The middle frame of an object that came whole."""
    count = max(1, int(number(dataset, "NumberOfFrames") or 1))
    middle, pixels, words = count // 2, bytes(dataset[keyword].value or b""), dataset[keyword].VR == "OW"
    if encapsulated:
        try:
            return _Frame(middle, get_frame(pixels, middle, number_of_frames=count), words)
        except (ValueError, IndexError, struct.error) as error:
            raise CannotRender(Reason.DAMAGED, "fragments") from error
    start, first_bit = divmod(middle * module.native_bits, 8)
    stop = start + (first_bit + module.native_bits + 7) // 8 + 1  # a last odd byte may lie after its padding
    return _Frame(middle, pixels[start:stop], words, first_bit)


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
