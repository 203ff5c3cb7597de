"""Elements written from the DICOM JSON model, strictly: what does not fit its VR is a fault (PS3.5 7.1, PS3.18 F.2)."""

import struct
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from filmless.standards.data_set.elements import LONG_VRS, SHORT_VRS, Encoding
from filmless.standards.data_set.fault import BadBytes, FaultKind
from filmless.standards.data_set.json_values import BINARY_VRS, Json, little_endian_bytes
from filmless.standards.dicom.text import TEXT_VRS, decode, first_codec

_ITEM = 0xFFFEE000
_LONGEST_SHORT = 0xFFFE  # bytes of a value whose length has 16 bits
_NUMBER_VRS = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
# Character sets without code extensions whose characters stand for themselves; of the others, first comes ASCII.
_NEEDS_ESCAPES = frozenset(("euc_kr", "gb2312", "iso2022_jp", "iso2022_jp_2"))


class NotInCharacterSet(Exception):
    """A text has characters that the character set of its data set does not have."""


def encode_text(text: str, character_set: bytes | None, vr: str) -> bytes | None:
    """Encode text by the first, or only, character set of Specific Character Set; None where it does not have it."""
    if text.isascii():
        return text.encode("ascii")
    codec = first_codec(character_set or b"")
    if vr not in TEXT_VRS or codec in _NEEDS_ESCAPES:
        return None
    try:
        raw = text.encode(codec)
    except UnicodeEncodeError:
        return None
    if codec == "shift_jis" and len(raw) != len(text):  # ISO IR 13 has characters of one byte only
        return None
    return raw if decode(raw, character_set, vr) == text else None


def byte_order(encoding: Encoding) -> Literal["little", "big"]:
    """Give the byte order as ``int.to_bytes`` names it."""
    return "little" if encoding.little_endian else "big"


class Encoder:
    """Writes elements in one encoding and character set; raises BadBytes for what cannot be written."""

    def __init__(self, encoding: Encoding, character_set: bytes | None) -> None:
        self._encoding, self._character_set = encoding, character_set
        self._order = "<" if encoding.little_endian else ">"

    def element(self, tag: int, attribute: Json) -> bytes:
        """Write one attribute; ``NotInCharacterSet`` when a text of it needs another character set."""
        vr = str(attribute.get("vr", ""))
        if vr.encode() not in LONG_VRS and vr.encode() not in SHORT_VRS:
            raise BadBytes(FaultKind.NOT_DICOM, "An attribute to be written has no VR")
        values = attribute.get("Value", [])
        if not isinstance(values, list):
            raise BadBytes(FaultKind.NOT_DICOM, "The values of an attribute are no list")
        return self.raw_element(tag, vr, self._value(vr, values, attribute))

    def raw_element(self, tag: int, vr: str, value: bytes) -> bytes:
        """Write an element whose value is encoded already."""
        head = struct.pack(f"{self._order}HH", tag >> 16, tag & 0xFFFF)
        if not self._encoding.explicit_vr:
            return head + struct.pack(f"{self._order}I", len(value)) + value
        if vr.encode() in LONG_VRS:
            return head + vr.encode() + b"\0\0" + struct.pack(f"{self._order}I", len(value)) + value
        if len(value) > _LONGEST_SHORT:
            raise BadBytes(FaultKind.LIMIT, "A value is too long for its VR")
        return head + vr.encode() + struct.pack(f"{self._order}H", len(value)) + value

    def item(self, content: bytes) -> bytes:
        """Write an item around its elements."""
        return struct.pack(f"{self._order}HHI", _ITEM >> 16, _ITEM & 0xFFFF, len(content)) + content

    def _value(self, vr: str, values: Sequence[object], attribute: Json) -> bytes:
        if vr == "SQ":
            return b"".join(self.item(self._content(item)) for item in values)
        if vr in BINARY_VRS:
            return self._binary(vr, attribute.get("InlineBinary", ""))
        if vr == "AT":
            return b"".join(self._tag(value) for value in values)
        if vr in _NUMBER_VRS:
            return self._numbers(_NUMBER_VRS[vr], values)
        text = "\\".join(component_groups(value) if vr == "PN" else _plain(value) for value in values)
        raw = encode_text(text, self._character_set, vr)
        if raw is None and vr in TEXT_VRS:
            raise NotInCharacterSet
        if raw is None:
            raise BadBytes(FaultKind.NOT_DICOM, "A value has characters that its VR does not have")
        return raw + (b"\0" if vr == "UI" else b" ") * (len(raw) % 2)

    def _content(self, item: object) -> bytes:
        if not isinstance(item, Mapping):
            raise BadBytes(FaultKind.NOT_DICOM, "An item of a sequence is no data set")
        try:
            tags = sorted((int(name, 16), attribute) for name, attribute in item.items())
        except (TypeError, ValueError):
            raise BadBytes(FaultKind.NOT_DICOM, "An item of a sequence has a tag that is none") from None
        return b"".join(self.element(tag, attribute) for tag, attribute in tags)

    def _binary(self, vr: str, text: object) -> bytes:
        try:
            raw = b64decode(str(text), validate=True)
        except ValueError:
            raise BadBytes(FaultKind.NOT_DICOM, "An inline binary is not in base 64") from None
        raw = little_endian_bytes(vr, raw, self._encoding.little_endian)  # turning twice gives the same
        return raw + b"\0" * (len(raw) % 2)

    def _tag(self, value: object) -> bytes:
        try:
            number = int(str(value), 16)
            return struct.pack(f"{self._order}HH", number >> 16, number & 0xFFFF)
        except (ValueError, struct.error):
            raise BadBytes(FaultKind.NOT_DICOM, "A value is no attribute tag") from None

    def _numbers(self, code: str, values: Sequence[object]) -> bytes:
        convert: Callable[[str], float] = float if code in "df" else int
        try:
            return struct.pack(f"{self._order}{len(values)}{code}", *[convert(str(value)) for value in values])
        except (ValueError, OverflowError, struct.error):
            raise BadBytes(FaultKind.NOT_DICOM, "A value is no number of its VR") from None


def component_groups(value: object) -> str:
    """Give a person name of the DICOM JSON model as DICOM writes it (PS3.5 6.2.1)."""
    if not isinstance(value, Mapping):
        return _plain(value)
    return "=".join(_plain(value.get(name, "")) for name in _GROUPS).rstrip("=")


def _plain(value: object) -> str:
    if isinstance(value, (Mapping, list, bool)):
        raise BadBytes(FaultKind.NOT_DICOM, "A value is neither text nor number")
    text = "" if value is None else str(value)
    if "\x1b" in text or "\0" in text:
        raise BadBytes(FaultKind.NOT_DICOM, "A value has a control character")
    return text
