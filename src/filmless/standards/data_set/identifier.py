"""Identifiers of C-FIND: the keys of a request, and the encoded data set of a response (PS3.4 C.4.1)."""

import struct
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from filmless.standards.data_set.elements import LONG_VRS, Buffer
from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.data_set.inflate import readable
from filmless.standards.data_set.json_values import BINARY_VRS, element_json
from filmless.standards.data_set.scanner import SPECIFIC_CHARACTER_SET, scan
from filmless.standards.data_set.walk import Kind, Step, walk
from filmless.standards.dicom.text import TEXT_VRS, decode
from filmless.standards.dicom.text_encoding import UTF_8, Encode, encoder_of
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax

MAX_IDENTIFIER = 1 << 20  # bytes
MAX_KEYS = 1000

_NUMBER_VRS = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
_PADDING = b" \0"


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a request asks for: keys in the order of their bytes; each is also to be returned."""

    keys: tuple[tuple[tuple[int, ...], str], ...]  # (path of tags, value as text; empty for universal matching)
    character_set: str = ""  # Specific Character Set as the request has it

    @property
    def tags(self) -> frozenset[int]:
        """Tags of the top level, sequences included."""
        return frozenset(path[0] for path, _ in self.keys)


def parse_identifier(data: Buffer, transfer_syntax_uid: str) -> Identifier | Fault:
    """Read the identifier of a C-FIND request; never raises.

    A sequence without items is a key of an empty value; only the first item of others counts (PS3.4 C.2.2.2.6).
    """
    if len(data) > MAX_IDENTIFIER:
        return Fault(FaultKind.LIMIT, "Identifier exceeds the limit")
    scanned = scan(data, transfer_syntax_uid, frozenset())
    if isinstance(scanned, Fault):
        return scanned
    if scanned.truncated:
        return Fault(FaultKind.TRUNCATED, "Identifier ends within an element")
    body, encoding = readable(data, transfer_syntax_uid)
    reader = _KeyReader(body, scanned.values.get(SPECIFIC_CHARACTER_SET))
    for step in walk(body, encoding):
        reader.take(step)
        if len(reader.keys) > MAX_KEYS:
            return Fault(FaultKind.LIMIT, "Identifier has too many keys")
    character_set = scanned.values.get(SPECIFIC_CHARACTER_SET, b"").decode("latin-1").strip(" \0")
    return Identifier(tuple(reader.keys), character_set)


class _KeyReader:
    """Gathers keys from the steps of a walk."""

    def __init__(self, body: Buffer, character_set: bytes | None) -> None:
        self.keys: list[tuple[tuple[int, ...], str]] = []
        self._body = body
        self._character_set = character_set
        self._path: tuple[int, ...] = ()
        self._open: list[list[int]] = []  # of each open sequence: items so far, number of keys before it

    def take(self, step: Step) -> None:
        kind, tag, vr, start, stop, encoding = step
        if kind is Kind.SEQUENCE:
            self._path += (tag,)
            self._open.append([0, len(self.keys)])
        elif kind is Kind.ITEM:
            self._open[-1][0] += 1
        elif kind is Kind.END_SEQUENCE:
            self._close()
        elif kind is Kind.ELEMENT and tag & 0xFFFF and all(items == 1 for items, _ in self._open):
            raw = bytes(self._body[start:stop])
            self.keys.append(((*self._path, tag), _text(vr, raw, encoding.little_endian, self._character_set)))

    def _close(self) -> None:
        _, before = self._open.pop()
        if len(self.keys) == before and all(items == 1 for items, _ in self._open):
            self.keys.append((self._path, ""))
        self._path = self._path[:-1]


def _text(vr: str, raw: bytes, little_endian: bool, character_set: bytes | None) -> str:
    if vr in BINARY_VRS:
        return decode(raw.rstrip(_PADDING), character_set, "LO")  # UN: mostly text whose VR was not known
    if vr in _NUMBER_VRS or vr == "AT":
        values = element_json(vr, raw, little_endian=little_endian).get("Value", [])
        return "\\".join(str(value) for value in values) if isinstance(values, list) else ""
    return decode(raw, character_set, vr).strip(" \0")


def encode_identifier(
    attributes: Mapping[str, Mapping[str, object]], transfer_syntax_uid: str, character_set: str = UTF_8
) -> bytes:
    """Encode attributes of the DICOM JSON model as a data set, in the order of their tags.

    Texts are written in the character set where it has all their characters, else in UTF-8; Specific Character Set
    says which where any is not ASCII (PS3.4 C.4.1.1.3.2). Values that do not fit their VR are left out.
    """
    syntax = transfer_syntax(transfer_syntax_uid)
    own = f"{SPECIFIC_CHARACTER_SET:08X}"
    body = {name: attribute for name, attribute in attributes.items() if name != own}
    encode = _utf_8 if character_set == UTF_8 else _encoder_of(character_set)
    if encode is None:
        return encode_identifier(attributes, transfer_syntax_uid)
    encoder = _Encoder(syntax.little_endian, syntax.explicit_vr, encode)
    encoded = encoder.data_set(body)
    if encoder.lacks_characters:
        return encode_identifier(attributes, transfer_syntax_uid)
    if not encoder.is_ascii:
        return encoder.data_set({own: {"vr": "CS", "Value": [character_set]}, **body})
    if own in attributes:
        return encoder.data_set({own: {"vr": "CS"}, **body})
    return encoded


class _Encoder:
    """Writes elements in one encoding, and remembers whether a text was more than ASCII."""

    def __init__(self, little_endian: bool, explicit_vr: bool, encode: Encode) -> None:
        self._order = "<" if little_endian else ">"
        self._explicit_vr = explicit_vr
        self._encode = encode
        self.is_ascii = True
        self.lacks_characters = False  # a text has some that the character set has not

    def data_set(self, attributes: Mapping[str, Mapping[str, object]]) -> bytes:
        return b"".join(self._element(int(name, 16), attributes[name]) for name in sorted(attributes))

    def _element(self, tag: int, attribute: Mapping[str, object]) -> bytes:
        vr = str(attribute.get("vr", "UN"))
        values = attribute.get("Value")
        value = self._value(vr, values if isinstance(values, list) else [], attribute)
        head = struct.pack(f"{self._order}HH", tag >> 16, tag & 0xFFFF)
        if not self._explicit_vr:
            return head + struct.pack(f"{self._order}I", len(value)) + value
        if vr.encode() in LONG_VRS:
            return head + vr.encode() + b"\0\0" + struct.pack(f"{self._order}I", len(value)) + value
        if len(value) > 0xFFFE:
            value = b""
        return head + vr.encode() + struct.pack(f"{self._order}H", len(value)) + value

    def _value(self, vr: str, values: Sequence[object], attribute: Mapping[str, object]) -> bytes:
        if vr == "SQ":
            return b"".join(self._item(item) for item in values if isinstance(item, dict))
        if vr in BINARY_VRS:
            return _padded(_binary(attribute.get("InlineBinary")), b"\0")
        if vr == "AT":
            return b"".join(self._tag(str(value)) for value in values)
        if vr in _NUMBER_VRS:
            return self._numbers(_NUMBER_VRS[vr], values)
        text = "\\".join(_component_groups(value) if vr == "PN" else _plain(value) for value in values)
        if text.isascii() or vr not in TEXT_VRS:
            return _padded(text.encode("ascii", "replace"), b"\0" if vr == "UI" else b" ")
        self.is_ascii = False
        raw = self._encode(text, vr)
        if raw is None:
            self.lacks_characters = True
            return b""
        return _padded(raw, b" ")

    def _item(self, item: Mapping[str, Mapping[str, object]]) -> bytes:
        content = self.data_set(item)
        return struct.pack(f"{self._order}HHI", 0xFFFE, 0xE000, len(content)) + content

    def _tag(self, text: str) -> bytes:
        return struct.pack(f"{self._order}HH", int(text[:4], 16), int(text[4:8], 16))

    def _numbers(self, code: str, values: Sequence[object]) -> bytes:
        convert: Callable[[str], float] = float if code in "df" else int
        try:
            return struct.pack(f"{self._order}{len(values)}{code}", *[convert(str(value)) for value in values])
        except (ValueError, struct.error, OverflowError):
            return b""


_encoder_of = lru_cache(maxsize=64)(encoder_of)


def _utf_8(text: str, _vr: str) -> bytes:
    return text.encode("utf-8", "replace")


def _plain(value: object) -> str:
    return "" if value is None else str(value)


def _component_groups(value: object) -> str:
    if not isinstance(value, dict):
        return _plain(value)
    groups = (str(value.get(name, "")) for name in ("Alphabetic", "Ideographic", "Phonetic"))
    return "=".join(groups).rstrip("=")


def _binary(text: object) -> bytes:
    try:
        return b64decode(str(text or ""))
    except (NotBase64, ValueError):
        return b""


def _padded(raw: bytes, padding: bytes) -> bytes:
    return raw + padding if len(raw) % 2 else raw
