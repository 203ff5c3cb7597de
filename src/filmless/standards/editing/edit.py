"""The data-set editor: elements are set or removed, what was there is told, and all other bytes stay (PS3.5 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from filmless.standards.data_set.elements import (
    SEQUENCE_DELIMITATION,
    UNDEFINED,
    Buffer,
    Encoding,
    item_encoding,
    read_header,
    tag_and_length,
)
from filmless.standards.data_set.fault import BadBytes, Fault, FaultKind
from filmless.standards.data_set.inflate import MAX_READABLE, readable
from filmless.standards.data_set.json_values import Json
from filmless.standards.data_set.scanner import SPECIFIC_CHARACTER_SET, Scan
from filmless.standards.data_set.sequences import skip_sequence
from filmless.standards.data_set.walk import fragments_end
from filmless.standards.editing.encode import Encoder, NotInCharacterSet, byte_order
from filmless.standards.editing.splice import Edit, Splice, spliced
from filmless.standards.editing.utf_8 import UTF_8, in_utf_8

ORIGINAL_ATTRIBUTES = 0x04000561
MOMENT = "%Y%m%d%H%M%S.%f%z"  # how a DT is written (PS3.5 6.2)
FIRST_PIXEL_TAG = 0x7FE00000  # elements from here on are not changed

_MODIFIED_ATTRIBUTES = 0x04000550
_WHEN, _SYSTEM, _SOURCE, _REASON = 0x04000562, 0x04000563, 0x04000564, 0x04000565
_ITEM_DELIMITER = 8  # bytes of a sequence's delimiter

Changes = Mapping[int, Json | None]
"""Tag of the top level to what is written there, as an attribute of the DICOM JSON model; None removes it."""


@dataclass(frozen=True, slots=True)
class Modification:
    """What the Original Attributes Sequence says of a change (PS3.3 C.12.1, Original Attributes Macro)."""

    moment: datetime  # with its zone
    system: str
    source: str  # of the previous values
    reason: str = "COERCE"


@dataclass(frozen=True, slots=True)
class _Element:
    """An element of the top level as it lies in the bytes."""

    tag: int
    vr: str
    position: int
    start: int  # of the value
    stop: int
    is_undefined: bool


def edit(data_set: Buffer, found: Scan, transfer_syntax_uid: str, changes: Changes, why: Modification) -> Edit | Fault:
    """Set and remove elements of the top level before Pixel Data; the values that were there go into an item of the
    Original Attributes Sequence. Never raises for the bytes; a data set that cannot be edited rightly is a Fault.

    ``found`` is what a scan of the data set gave. A text that its character set does not have makes the whole data
    set UTF-8. Group lengths are corrected, the order of elements and undefined lengths are kept.
    """
    try:
        data, _ = readable(data_set, transfer_syntax_uid)
        inflated_length = None
        if data is not data_set:
            inflated_length = len(data)
            if inflated_length >= MAX_READABLE:
                raise BadBytes(FaultKind.LIMIT, "Inflated data set is too large to be edited")
        if any(tag >= FIRST_PIXEL_TAG for tag in changes):
            raise BadBytes(FaultKind.NOT_DICOM, "Only elements before Pixel Data can be changed")
        return Edit(tuple(_splices(data, found, changes, why)), inflated_length)
    except BadBytes as bad:
        return bad.fault


def _splices(data: Buffer, found: Scan, changes: Changes, why: Modification) -> list[Splice]:
    header = memoryview(data)[: found.pixel_offset] if found.pixel_offset is not None else data
    character_set = found.values.get(SPECIFIC_CHARACTER_SET)
    try:
        return _HeaderEdit(header, found.encoding, character_set, changes, why).splices()
    except NotInCharacterSet:
        pass
    whole = in_utf_8(header, found.encoding, character_set)
    changes = {**changes, SPECIFIC_CHARACTER_SET: {"vr": "CS", "Value": [UTF_8.decode()]}}
    try:
        splices = _HeaderEdit(whole, found.encoding, UTF_8, changes, why).splices()
    except NotInCharacterSet:  # a lone surrogate
        raise BadBytes(FaultKind.NOT_DICOM, "A value has characters that no character set has") from None
    edited = b"".join(spliced([whole], Edit(tuple(splices))))
    return [Splice(0, len(header), edited), *_behind_pixels(data, found, character_set)]


def _behind_pixels(data: Buffer, found: Scan, character_set: bytes | None) -> list[Splice]:
    """What must change behind Pixel Data when the texts of a data set become UTF-8."""
    if found.pixel_offset is None:
        return []
    start = found.pixel_start + found.pixel_length
    if found.pixel_length == UNDEFINED:
        start, _ = fragments_end(data, found.pixel_start, len(data), found.encoding)
    rest = memoryview(data)[start:]
    rewritten = in_utf_8(rest, found.encoding, character_set)
    return [] if rewritten == rest else [Splice(start, len(data), rewritten)]


class _HeaderEdit:
    """One edit of the elements before Pixel Data."""

    def __init__(
        self, header: Buffer, encoding: Encoding, character_set: bytes | None, changes: Changes, why: Modification
    ) -> None:
        self._header, self._encoding, self._character_set = header, encoding, character_set
        self._changes, self._why = changes, why
        self._encoder = Encoder(encoding, character_set)
        self._elements = list(_top_level(header, encoding))
        self._made: list[tuple[int, Splice]] = []  # with the tag that each is about

    def splices(self) -> list[Splice]:
        """All of them; raises BadBytes and NotInCharacterSet."""
        for tag, attribute in self._changes.items():
            self._change(tag, self._encoder.element(tag, attribute) if attribute is not None else b"")
        self._tell_originals()
        self._correct_group_lengths()
        ordered = sorted(self._made, key=lambda made: (made[1].start, made[0]))
        return [splice for _, splice in ordered if splice.new or splice.stop > splice.start]

    def _named(self, tag: int) -> list[_Element]:
        return [element for element in self._elements if element.tag == tag]

    def _change(self, tag: int, new: bytes) -> None:
        there = self._named(tag)
        for element in there:  # of a repeated tag one is left
            stop = min(element.stop, len(self._header))
            self._made.append((tag, Splice(element.position, stop, new if element is there[0] else b"")))
        if not there and new:
            self._insert(tag, new)

    def _insert(self, tag: int, new: bytes) -> None:
        at = next((element.position for element in self._elements if element.tag > tag), None)
        if at is None:
            at = self._elements[-1].stop if self._elements else 0
            if at > len(self._header):
                raise BadBytes(FaultKind.TRUNCATED, "Data set ends within an element: it cannot be edited")
        self._made.append((tag, Splice(at, at, new)))

    def _tell_originals(self) -> None:
        there = self._named(ORIGINAL_ATTRIBUTES)
        if not there:
            content = self._item(self._encoding)
            self._insert(ORIGINAL_ATTRIBUTES, self._encoder.raw_element(ORIGINAL_ATTRIBUTES, "SQ", content))
            return
        sequence = there[-1]
        if sequence.vr != "SQ" or sequence.stop > len(self._header):
            raise BadBytes(FaultKind.NOT_DICOM, "Original Attributes Sequence cannot be continued")
        inner = item_encoding(self._header, sequence.start + 8, sequence.stop, self._encoding)
        item, order = self._item(inner), byte_order(self._encoding)
        if not sequence.is_undefined:
            length = (sequence.stop - sequence.start + len(item)).to_bytes(4, order)
            self._made.append((ORIGINAL_ATTRIBUTES, Splice(sequence.start - 4, sequence.start, length)))
        end = sequence.stop - (_ITEM_DELIMITER if sequence.is_undefined else 0)
        self._made.append((ORIGINAL_ATTRIBUTES, Splice(end, end, item)))

    def _item(self, encoding: Encoding) -> bytes:
        """The item that tells what the values were, and who changed them when and why."""
        encoder = self._encoder if encoding == self._encoding else Encoder(encoding, self._character_set)
        originals = b"".join(
            self._original(tag, attribute, encoder, is_same=encoder is self._encoder)
            for tag, attribute in sorted({**self._private_creators(), **self._changes}.items())
            if tag != SPECIFIC_CHARACTER_SET  # in the item it would say how the item's own texts are to be read
        )
        why = self._why
        texts = {_SYSTEM: ("LO", why.system), _SOURCE: ("LO", why.source), _REASON: ("CS", why.reason)}
        moment = why.moment.strftime(MOMENT)
        return encoder.item(
            encoder.raw_element(_MODIFIED_ATTRIBUTES, "SQ", encoder.item(originals))
            + encoder.element(_WHEN, {"vr": "DT", "Value": [moment]})
            + b"".join(encoder.element(tag, {"vr": vr, "Value": [text]}) for tag, (vr, text) in texts.items())
        )

    def _private_creators(self) -> Changes:
        """The elements that say whose the changed private ones are (PS3.5 7.8.1); they go with their values."""
        private = (tag for tag in self._changes if tag & 0x10000 and tag & 0xFFFF > 0x0FFF)
        return {tag & 0xFFFF0000 | (tag >> 8 & 0xFF): None for tag in private}

    def _original(self, tag: int, attribute: Json | None, encoder: Encoder, *, is_same: bool) -> bytes:
        """The element as it was; one that was not there is empty."""
        there = [element for element in self._named(tag) if element.stop <= len(self._header)]
        if not there:
            return encoder.raw_element(tag, str(attribute["vr"]), b"") if attribute else b""
        last = there[-1]
        if is_same:
            return bytes(self._header[last.position : last.stop])
        if last.vr == "SQ":
            raise BadBytes(FaultKind.NOT_DICOM, "Original Attributes Sequence cannot be continued")
        return encoder.raw_element(tag, last.vr, bytes(self._header[last.start : last.stop]))

    def _correct_group_lengths(self) -> None:
        """Set the lengths of changed groups right, where objects still have them (PS3.5 7.2)."""
        for group in {tag >> 16 for tag, _ in self._made}:
            grown = sum(len(made.new) - (made.stop - made.start) for tag, made in self._made if tag >> 16 == group)
            for element in self._named(group << 16):
                if element.stop - element.start == 4 and element.stop <= len(self._header):
                    order = byte_order(self._encoding)
                    length = int.from_bytes(self._header[element.start : element.stop], order) + grown
                    value = (length & 0xFFFFFFFF).to_bytes(4, order)
                    self._made.append((element.tag, Splice(element.start, element.stop, value)))


def _top_level(header: Buffer, encoding: Encoding) -> Sequence[_Element]:
    """The elements of the top level; raises BadBytes where one cannot be followed to its end."""
    found = []
    position, limit, count = 0, len(header), [0]
    while (read := read_header(header, position, limit, encoding)) is not None:
        tag, vr, start, length = read
        if tag >> 16 == 0xFFFE:
            position = start  # a stray delimiter is passed over
            continue
        stop = start + length
        if length == UNDEFINED:
            stop = _undefined_end(header, read, encoding, count)
        found.append(_Element(tag, vr, position, start, stop, length == UNDEFINED))
        position = stop
    return found


def _undefined_end(header: Buffer, read: tuple[int, str, int, int], encoding: Encoding, count: list[int]) -> int:
    _, vr, start, length = read
    if vr not in ("SQ", "UN"):
        stop, ended = fragments_end(header, start, len(header), encoding)
    else:
        stop = skip_sequence(header, start, length, len(header), encoding, count)
        delimiter = tag_and_length(header, stop - _ITEM_DELIMITER, stop, encoding)
        ended = delimiter is not None and delimiter[0] == SEQUENCE_DELIMITATION
    if not ended:
        raise BadBytes(FaultKind.NOT_DICOM, "A value of undefined length does not end")
    return stop
