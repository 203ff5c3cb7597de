"""A small JPEG of one object; runs in the codec child."""

import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame

from filmless.pixels.attributes import number, pixel_aspect, read_attributes, read_pixel_module
from filmless.pixels.card import card, names
from filmless.pixels.codecs.native import ByteOrder
from filmless.pixels.decode import decode_encapsulated, decode_native
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.pixel_module import PixelModule
from filmless.pixels.render import Bytes, render
from filmless.pixels.request import PIXEL_ELEMENT_BYTES, Facts, Form
from filmless.standards.dicom.transfer_syntaxes import TransferSyntax, transfer_syntax

JPEG_QUALITY = 85
MAX_INFLATED_BYTES = 256 << 20
PIXELS = {0x0008: "FloatPixelData", 0x0009: "DoubleFloatPixelData", 0x0010: "PixelData"}  # elements of group 7FE0


@dataclass(frozen=True, slots=True)
class _Frame:
    """The stored bytes of one frame."""

    number: int  # from 0
    data: bytes
    words: bool  # VR OW
    first_bit: int = 0


def thumbnail(facts: Facts, header: bytes, frame: bytes) -> bytes:
    """JPEG bytes; raises CannotRender."""
    if facts.form is Form.CARD:
        return _jpeg(_card(facts))
    syntax = transfer_syntax(facts.transfer_syntax_uid)
    if facts.form is Form.WHOLE:
        picture, aspect = _of_whole(syntax, header)
    else:
        picture, aspect = _of_frame(facts, syntax, header, frame)
    return _jpeg(_card(facts) if picture is None else fit(picture, aspect, facts.width, facts.height))


def fit(picture: Bytes, aspect: float, width: int, height: int) -> Image.Image:
    """Scale to the viewport, whole and with square pixels; ``aspect`` is height over width of a stored pixel."""
    rows, columns = picture.shape[:2]
    scale = min(width / columns, height / (rows * aspect))
    size = max(1, round(columns * scale)), max(1, round(rows * aspect * scale))
    filtered = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
    return Image.fromarray(picture).resize(size, filtered, reducing_gap=3.0)


def _of_frame(facts: Facts, syntax: TransferSyntax, header: bytes, data: bytes) -> tuple[Bytes, float]:
    order = "little" if syntax.little_endian else "big"
    element = header[-PIXEL_ELEMENT_BYTES:]
    keyword = PIXELS.get(int.from_bytes(element[2:4], order), "PixelData")
    dataset = read_attributes(header[:-PIXEL_ELEMENT_BYTES], not syntax.explicit_vr, syntax.little_endian)
    module = read_pixel_module(dataset, keyword != "PixelData")
    frame = _Frame(facts.frame, data, words=element[4:6] == b"OW")
    return _picture(frame, module, dataset, syntax), pixel_aspect(dataset, facts.frame)


def _of_whole(syntax: TransferSyntax, data_set: bytes) -> tuple[Bytes | None, float]:
    if syntax.deflated:
        data_set = _inflated(data_set)
    dataset = read_attributes(data_set, not syntax.explicit_vr, syntax.little_endian)
    keyword = next((keyword for keyword in PIXELS.values() if keyword in dataset), None)
    if keyword is None:
        return None, 1.0
    module = read_pixel_module(dataset, keyword != "PixelData")
    frame = _cut(dataset, keyword, module, syntax.encapsulated)
    return _picture(frame, module, dataset, syntax), pixel_aspect(dataset, frame.number)


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
    stop = start + (first_bit + module.native_bits + 7) // 8
    return _Frame(middle, pixels[start:stop], words, first_bit)


def _picture(frame: _Frame, module: PixelModule, dataset: Dataset, syntax: TransferSyntax) -> Bytes:
    if syntax.encapsulated:
        decoded = decode_encapsulated(frame.data, module, syntax.uid)
    else:
        decoded = decode_native(frame.data, module, ByteOrder(syntax.little_endian, frame.words), frame.first_bit)
    return render(decoded, module, dataset, frame.number)


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


def _card(facts: Facts) -> Image.Image:
    return card(*names(facts.sop_class_uid, facts.video), facts.width, facts.height)


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
