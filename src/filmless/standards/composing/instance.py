"""An instance put together: its elements in Explicit VR Little Endian or around encapsulated frames (PS3.18 10.5.2)."""

import struct
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from filmless.standards.composing.codestream import CutOff, NoHeader, Picture, Read, jpeg, jpeg_2000, mp4
from filmless.standards.composing.metadata import Attributes, text_of
from filmless.standards.composing.values import check_values, fault
from filmless.standards.data_set.elements import EXPLICIT_LITTLE, UNDEFINED
from filmless.standards.data_set.fault import BadBytes, FaultKind
from filmless.standards.data_set.json_values import BINARY_VRS
from filmless.standards.dicom.document_media_types import DOCUMENT_MEDIA_TYPES, PDF
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, TRANSFER_SYNTAXES, transfer_syntax
from filmless.standards.editing.encode import Encoder
from filmless.standards.editing.utf_8 import UTF_8

PIXEL_DATA = "7FE00010"
MAX_INLINE = 16 << 20  # bytes of a value within a sequence
_LONGEST = 0xFFFFFFFE  # bytes of a value, or of a fragment
_FRAGMENT = 1 << 30  # bytes; longer frames are cut

_READERS = {
    "image/jpeg": jpeg, "image/jls": jpeg, "image/jp2": jpeg_2000, "image/jpx": jpeg_2000, "image/jphc": jpeg_2000,
    "image/j2c": jpeg_2000, "image/jph": jpeg_2000, "video/mp4": mp4,
}  # fmt: skip
# Of media types whose headers are not read: what the metadata must say (PS3.18 Table 8.7.3-2 to -5).
_BY_MEDIA_TYPE = {
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/jxl": "1.2.840.10008.1.2.4.112",
    "video/mpeg": "1.2.840.10008.1.2.4.100",
    "video/mpeg2": "1.2.840.10008.1.2.4.100",
}
_DOCUMENT, _DOCUMENT_TYPE, _DOCUMENT_LENGTH = "00420011", "00420012", "00420015"
_SHORTEST_FRAME = 0.1  # milliseconds; what is shorter was not meant
_OCTETS = "application/octet-stream"
_METHODS = (  # Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1)
    ("1.2.840.10008.1.2.4.5", "ISO_10918_1"), ("1.2.840.10008.1.2.4.81", "ISO_14495_1"),
    ("1.2.840.10008.1.2.4.9", "ISO_15444_1"), ("1.2.840.10008.1.2.4.203", "ISO_15444_15"),
    ("1.2.840.10008.1.2.4.107", "ISO_23008_2"), ("1.2.840.10008.1.2.4.108", "ISO_23008_2"),
    ("1.2.840.10008.1.2.4.10", "ISO_14496_10"), ("1.2.840.10008.1.2.4.11", "ISO_18181_1"),
)  # fmt: skip


class Unfit(Exception):
    """Metadata and bulk data do not fit each other; ``str()`` is a sentence of at most 64 characters."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """One part of bulk data; ``read`` gives bytes of it."""

    media_type: str
    transfer_syntax_uid: str  # that its Content-Type names, "" for none
    length: int  # bytes
    read: Read
    picture: Picture | None = None  # that it was decoded to, where its bytes are native pixels already
    sent: int = 0  # bytes of what it was decoded from


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes of a part, not held in memory."""

    read: Read
    start: int
    stop: int


Piece = bytes | Stretch


@dataclass(frozen=True, slots=True)
class Composed:
    """A data set, as pieces that follow each other."""

    transfer_syntax_uid: str
    pieces: Sequence[Piece]

    @property
    def length(self) -> int:
        """Bytes of the data set."""
        return sum(len(one) if isinstance(one, bytes) else one.stop - one.start for one in self.pieces)


def compose(metadata: Attributes, bulk: Mapping[str, Sequence[Bulk]]) -> Composed:
    """The instance that metadata and the parts at its addresses make; ``Unfit`` or ``BadBytes`` where they do not.

    Several parts at the address of Pixel Data are its frames, in their order.
    """
    check_values(metadata)
    attributes = {tag.upper(): value for tag, value in metadata.items() if int(tag[:4], 16) >= 8}
    attributes = {tag: attributes[tag] for tag in sorted(attributes) if tag[4:] != "0000"}
    return _Composer(attributes, bulk).composed()


@dataclass(slots=True)
class _Composer:
    attributes: Attributes
    bulk: Mapping[str, Sequence[Bulk]]
    syntax: str = EXPLICIT_VR_LITTLE_ENDIAN
    pieces: list[Piece] = field(default_factory=list)

    def composed(self) -> Composed:
        frames = self._parts(self.attributes.get(PIXEL_DATA, {})) or self._inline_pixels()
        pixels = self._pixels(frames) if frames else []
        document = self.attributes.get(_DOCUMENT)
        if document is not None:
            self._describe_document(self._parts(document))
        self.attributes["00080005"] = {"vr": "CS", "Value": [UTF_8.decode()]}
        encoder = Encoder(EXPLICIT_LITTLE, UTF_8)
        for tag in sorted(self.attributes):
            if tag == PIXEL_DATA and pixels:
                self.pieces += pixels
            else:
                self._element(encoder, tag, self.attributes[tag])
        return Composed(self.syntax, self.pieces)

    def _parts(self, attribute: Mapping[str, object]) -> Sequence[Bulk]:
        """The parts at the address that an attribute names."""
        address = attribute.get("BulkDataURI")
        if address is None:
            return ()
        parts = self.bulk.get(str(address), ())
        if not parts:  # it is never fetched
            raise Unfit("No part has the Content-Location that a BulkDataURI names")
        return parts

    def _inline_pixels(self) -> Sequence[Bulk]:
        """Native pixels that the metadata hold themselves: they are seen to have their length as parts are."""
        text = self.attributes.get(PIXEL_DATA, {}).get("InlineBinary")
        if not isinstance(text, str) or not text:
            return ()
        try:
            raw = b64decode(text, validate=True)
        except ValueError:
            raise BadBytes(FaultKind.NOT_DICOM, "InlineBinary of Pixel Data is not Base64") from None
        return (Bulk(_OCTETS, "", len(raw), lambda start, stop: raw[start:stop]),)

    def _element(self, encoder: Encoder, tag: str, attribute: dict[str, object]) -> None:
        parts = self._parts(attribute)
        if not parts:
            try:
                self.pieces.append(encoder.element(int(tag, 16), self._inlined(attribute)))
            except BadBytes as bad:
                raise fault(tag, bad.fault.reason, bad.fault.kind) from None
            return
        vr = str(attribute.get("vr", "UN"))
        if len(parts) > 1 or vr not in BINARY_VRS:
            raise Unfit("A part stands for what is no single binary value")
        self._long_value(int(tag, 16), vr, parts[0])

    def _long_value(self, tag: int, vr: str, part: Bulk) -> None:
        length = part.length + part.length % 2
        if length > _LONGEST:
            raise BadBytes(FaultKind.LIMIT, "A value is longer than an element can be")
        head = struct.pack("<HH2s2xI", tag >> 16, tag & 0xFFFF, vr.encode(), length)
        self.pieces += [head, Stretch(part.read, 0, part.length), bytes(part.length % 2)]

    def _inlined(self, attribute: dict[str, object]) -> dict[str, object]:
        """An attribute whose items have their bulk data within them."""
        items = attribute.get("Value")
        if attribute.get("vr") != "SQ" or not isinstance(items, list):
            return attribute
        return {**attribute, "Value": [{tag: self._inline(one) for tag, one in sorted(item.items())} for item in items]}

    def _inline(self, attribute: dict[str, object]) -> dict[str, object]:
        parts = self._parts(attribute)
        if not parts:
            return self._inlined(attribute)
        if len(parts) > 1 or parts[0].length > MAX_INLINE:
            raise BadBytes(FaultKind.LIMIT, "A value within a sequence is too long")
        raw = parts[0].read(0, parts[0].length)
        return {"vr": attribute.get("vr", "UN"), "InlineBinary": b64encode(raw).decode()}

    def _describe_document(self, parts: Sequence[Bulk]) -> None:
        """MIME Type and length of an encapsulated document (PS3.3 C.24.2)."""
        kind = DOCUMENT_MEDIA_TYPES.get(text_of(self.attributes, "00080016"), "")
        if len(parts) != 1:
            return
        if kind and parts[0].media_type not in (kind, _OCTETS):
            raise Unfit("The media type of the part is not that of its SOP class")
        kind, length = kind or parts[0].media_type, parts[0].length
        if kind not in DOCUMENT_MEDIA_TYPES.values():
            return
        if kind == PDF and b"%PDF-" not in parts[0].read(0, min(length, 1024)):
            raise Unfit("The part is no PDF")
        self._say(_DOCUMENT_TYPE, "LO", kind, "MIME Type of Encapsulated Document is not that of its part")
        self._say(_DOCUMENT_LENGTH, "UL", length, "Encapsulated Document Length is not that of its part")

    def _say(self, tag: str, vr: str, value: object, fault: str) -> None:
        """Set an attribute that was left out; one that says something else is a fault."""
        self._fill(tag, vr, value)
        if text_of(self.attributes, tag) != str(value):
            raise Unfit(fault)

    def _fill(self, tag: str, vr: str, value: object) -> None:
        """Set an attribute that was left out."""
        if not text_of(self.attributes, tag):
            self.attributes[tag] = {"vr": vr, "Value": [value]}

    def _pixels(self, frames: Sequence[Bulk]) -> list[Piece]:
        first = frames[0]
        if first.picture is not None:
            if any(frame.picture != first.picture for frame in frames):
                raise Unfit("The frames are not of one size and coding")
            self._describe(first.picture, len(frames))
            if first.picture.samples > 1:
                self._say("00280004", "CS", "RGB", "Photometric Interpretation is not that of the picture")
            if first.media_type == "image/jpeg":
                self._say_lossy(sum(frame.sent for frame in frames), "ISO_10918_1")
            return self._native(frames)
        if first.media_type == _OCTETS and not _is_encapsulated(first.transfer_syntax_uid):
            return self._native(frames)
        pictures = [_picture(frame) for frame in frames]
        if any(_size_and_coding(one) != _size_and_coding(pictures[0]) for one in pictures):
            raise Unfit("The frames are not of one size and coding")
        self.syntax = _agreed(first.transfer_syntax_uid, pictures[0].transfer_syntax_uid)
        if pictures[0].rows:
            self._describe(pictures[0], len(frames))
        else:
            self._need("00280010", "00280011", "00280002", "00280100")
        if transfer_syntax(self.syntax).lossy:
            method = next((name for prefix, name in _METHODS if self.syntax.startswith(prefix)), "")
            self._say_lossy(sum(frame.length for frame in frames), method)
        return _encapsulated(frames, pictures)

    def _describe(self, picture: Picture, parts: int) -> None:
        """Take the Image Pixel Description from the codestream where the metadata leave it out (PS3.18 10.5.2.1)."""
        allocated = 8 if picture.bits <= 8 else 16
        said: tuple[tuple[str, int, str], ...] = (
            ("00280010", picture.rows, "Rows"),
            ("00280011", picture.columns, "Columns"),
            ("00280002", picture.samples, "Samples per Pixel"),
            ("00280101", picture.bits, "Bits Stored"),
            ("00280103", int(picture.is_signed), "Pixel Representation"),
        )
        for tag, number, name in said:
            self._say(tag, "US", number, f"{name} is not that of the picture in the part")
        self._fill("00280004", "CS", picture.photometric)
        self._fill("00280100", "US", allocated)
        self._fill("00280102", "US", picture.bits - 1)
        if self._number("00280100") < picture.bits:
            raise Unfit("Bits Allocated is less than the compressed picture has")
        if picture.samples > 1:
            self._fill("00280006", "US", 0)
        frames = parts if picture.frames is None else picture.frames
        if frames > 1 or "00280008" in self.attributes:
            self._say("00280008", "IS", frames, "Number of Frames is not that of the parts")
        if picture.frames is not None and picture.frame_time >= _SHORTEST_FRAME:
            self._describe_cine(picture.frame_time)

    def _describe_cine(self, frame_time: float) -> None:
        """Frame Time and what points at it (PS3.3 C.7.6.5, C.7.6.6), unless the metadata point at something else."""
        if not text_of(self.attributes, "00280009"):
            self.attributes["00280009"] = {"vr": "AT", "Value": ["00181063"]}
            self._fill("00181063", "DS", f"{frame_time:.10g}")
            self._fill("00180040", "IS", round(1000 / frame_time))  # Cine Rate

    def _native(self, frames: Sequence[Bulk]) -> list[Piece]:
        self._need("00280010", "00280011", "00280002", "00280100")
        rows, columns, samples, allocated = map(self._number, ("00280010", "00280011", "00280002", "00280100"))
        if text_of(self.attributes, "00280004") == "YBR_FULL_422":
            samples = 2  # of two pixels four (PS3.5 8.2)
        count = self._number("00280008") if text_of(self.attributes, "00280008") else 1
        expected = -(-rows * columns * samples * allocated * count // 8)
        length = sum(frame.length for frame in frames)
        if not expected <= length <= expected + 1:
            raise Unfit("Pixel Data has not the length that Rows and Columns say")
        padded = expected + expected % 2
        if padded > _LONGEST:
            raise BadBytes(FaultKind.LIMIT, "Pixel Data is longer than an element can be")
        vr = b"OW" if allocated > 8 else b"OB"
        head = struct.pack("<HH2s2xI", 0x7FE0, 0x0010, vr, padded)
        stretches: list[Piece] = [Stretch(frame.read, 0, frame.length) for frame in frames]
        return [head, *stretches, bytes(padded - length)] if length <= padded else [head, *stretches]

    def _need(self, *tags: str) -> None:
        if any(not text_of(self.attributes, tag) for tag in tags):
            raise Unfit("The metadata lack attributes of Image Pixel Description")

    def _number(self, tag: str) -> int:
        text = text_of(self.attributes, tag).strip()
        if not (text.isascii() and text.isdecimal()) or len(text) > 9:
            raise Unfit("An attribute of Image Pixel Description is no number")
        return int(text)

    def _say_lossy(self, length: int, method: str) -> None:
        """Lossy Image Compression, its method and ratio: coding to these bytes lost something (PS3.3 C.7.6.1.1.5)."""
        if text_of(self.attributes, "00282110") == "01":
            return
        pixels = [text_of(self.attributes, tag) for tag in ("00280010", "00280011", "00280002", "00280101")]
        frames = text_of(self.attributes, "00280008") or "1"
        bits = 1
        for text in (*pixels, frames):
            bits *= int(text) if text.isascii() and text.isdecimal() else 1
        self.attributes["00282110"] = {"vr": "CS", "Value": ["01"]}
        self.attributes["00282112"] = {"vr": "DS", "Value": [f"{bits / 8 / max(length, 1):.2f}"]}
        if method:
            self.attributes["00282114"] = {"vr": "CS", "Value": [method]}


def _size_and_coding(picture: Picture) -> tuple[str, int, int]:
    return picture.transfer_syntax_uid, picture.rows, picture.columns


def _is_encapsulated(syntax: str) -> bool:
    return bool(syntax) and transfer_syntax(syntax).encapsulated


def _agreed(said: str, found: str) -> str:
    """The transfer syntax of a part: as it is said, where that names a coding of the same family."""
    if not said:
        return found
    if said not in TRANSFER_SYNTAXES or not transfer_syntax(said).encapsulated:
        raise Unfit("The part is not in the transfer syntax that it names")
    if said != found and _family(said) != _family(found):
        raise Unfit("The part is not in the transfer syntax that it names")
    return said


def _family(syntax: str) -> str:
    """Codings whose headers do not tell each other apart: .90 to .93, .201 to .203, profiles of one video coding."""
    families = (
        ("90", "91", "92", "93"), ("201", "202", "203"), ("110", "111", "112"), ("100", "100.1", "101", "101.1"),
        ("102", "102.1", "103", "103.1", "104", "104.1", "105", "105.1", "106", "106.1"), ("107", "108"), ("57", "70"),
        ("50", "51"), ("80", "81"),
    )  # fmt: skip
    end = syntax.removeprefix("1.2.840.10008.1.2.4.")
    return next((family[0] for family in families if end in family), syntax)


def _picture(frame: Bulk) -> Picture:
    """What the headers of a part say; without rows for codings whose headers are not read."""
    reader = _READERS.get(frame.media_type)
    if reader is None:
        syntax = frame.transfer_syntax_uid or _BY_MEDIA_TYPE.get(frame.media_type, "")
        if not _is_encapsulated(syntax):
            raise Unfit("The media type of the part is none of pixel data")
        return Picture(syntax, 0, 0, 0, 0, "")
    try:
        return reader(frame.read, frame.length)
    except CutOff:
        raise Unfit("The part ends before its picture does") from None
    except NoHeader:
        raise Unfit("The part is damaged, or its coding or colours cannot be kept") from None


def _encapsulated(frames: Sequence[Bulk], pictures: Sequence[Picture]) -> list[Piece]:
    """Pixel Data as fragments behind a table of their offsets (PS3.5 A.4)."""
    table: list[int] = []
    pieces: list[Piece] = []
    at = 0
    for frame, picture in zip(frames, pictures, strict=True):
        stop = frame.length if picture.stop is None else picture.stop
        table.append(at)
        for start in range(picture.start, stop, _FRAGMENT):
            end = min(start + _FRAGMENT, stop)
            length = end - start + (end - start) % 2
            pieces += [_item(length), Stretch(frame.read, start, end), bytes(length - (end - start))]
            at += 8 + length
    offsets = struct.pack(f"<{len(table)}I", *table) if len(table) > 1 and at <= _LONGEST else b""
    head = struct.pack("<HH2s2xI", 0x7FE0, 0x0010, b"OB", UNDEFINED)
    return [head + _item(len(offsets)) + offsets, *pieces, struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)]


def _item(length: int) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, length)


def identity(attributes: Attributes) -> tuple[str, str]:
    """SOP Class UID and SOP Instance UID as the metadata give them, "" where they do not."""
    return text_of(attributes, "00080016"), text_of(attributes, "00080018")
