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

Attributes = Mapping[str, Mapping[str, object]]  # of the DICOM JSON model
_Head = tuple[bytes, Callable[[int], bytes], int]

_CHARACTER_SET = f"{SPECIFIC_CHARACTER_SET:08X}"
_NUMBER_VRS = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
_NO_TEXTS = frozenset((*_NUMBER_VRS, *BINARY_VRS, "AT", "SQ"))
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


def encode_identifier(attributes: Attributes, transfer_syntax_uid: str, character_set: str = UTF_8) -> bytes:
    """Encode attributes of the DICOM JSON model as a data set, in the order of their tags."""
    return IdentifierWriter(transfer_syntax_uid, character_set).write(attributes)


class IdentifierWriter:
    """Encodes identifiers that follow each other; one thread at a time may use it.

    Texts are written in the character set where it has all their characters, else in UTF-8; Specific Character Set
    says which where any is not ASCII (PS3.4 C.4.1.1.3.2). Values that do not fit their VR are left out.
    """

    def __init__(self, transfer_syntax_uid: str, character_set: str = UTF_8) -> None:
        syntax = transfer_syntax(transfer_syntax_uid)
        encode = _utf_8 if character_set == UTF_8 else _encoder_of(character_set)
        self._syntax_uid = transfer_syntax_uid
        self._character_set = UTF_8 if encode is None else character_set
        self._encode: Encode = encode or _utf_8
        self._order = "<" if syntax.little_endian else ">"
        self._explicit_vr = syntax.explicit_vr
        self._heads: dict[tuple[str, str], _Head] = {}  # of elements, by name and VR
        self._is_ascii = True
        self._lacks_characters = False  # a text has some that the character set has not

    def write(self, attributes: Attributes) -> bytes:
        """Encode a data set, in the order of its tags."""
        self._is_ascii, self._lacks_characters = True, False
        names = sorted({*attributes, _CHARACTER_SET})
        parts = [self._element(name, attributes[name]) for name in names if name != _CHARACTER_SET]
        if self._lacks_characters:
            return encode_identifier(attributes, self._syntax_uid)
        if not self._is_ascii or _CHARACTER_SET in attributes:
            said = {} if self._is_ascii else {"Value": [self._character_set]}
            parts.insert(names.index(_CHARACTER_SET), self._element(_CHARACTER_SET, {"vr": "CS", **said}))
        return b"".join(parts)

    def _data_set(self, attributes: Attributes) -> bytes:
        return b"".join([self._element(name, attributes[name]) for name in sorted(attributes)])

    def _element(self, name: str, attribute: Mapping[str, object]) -> bytes:
        vr = str(attribute.get("vr", "UN"))
        head, pack, longest = self._heads.get((name, vr)) or self._head(name, vr)
        values = attribute.get("Value")
        values = values if isinstance(values, list) else []
        if vr in _NO_TEXTS:
            value = self._value(vr, values, attribute)
        elif values:
            value = self._text(vr, values)
        else:
            return head + pack(0)
        return head + pack(len(value)) + value if len(value) <= longest else head + pack(0)

    def _head(self, name: str, vr: str) -> "_Head":
        """Give what stands before the length of an element, how that is packed, and the longest value."""
        tag, order = int(name, 16), self._order
        head = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
        if self._explicit_vr:
            head += vr.encode() + (b"\0\0" if vr.encode() in LONG_VRS else b"")
        is_short = self._explicit_vr and vr.encode() not in LONG_VRS
        longest = 0xFFFE if is_short else 0xFFFFFFFE
        made = self._heads[name, vr] = head, struct.Struct(order + ("H" if is_short else "I")).pack, longest
        return made

    def _value(self, vr: str, values: Sequence[object], attribute: Mapping[str, object]) -> bytes:
        """Encode what is no text."""
        if vr == "SQ":
            return b"".join(self._item(item) for item in values if isinstance(item, dict))
        if vr in BINARY_VRS:
            return _padded(_binary(attribute.get("InlineBinary")), b"\0")
        if vr == "AT":
            return b"".join(self._tag(str(value)) for value in values)
        return self._numbers(_NUMBER_VRS[vr], values)

    def _text(self, vr: str, values: Sequence[object]) -> bytes:
        plain = _component_groups if vr == "PN" else _plain
        text = plain(values[0]) if len(values) == 1 else "\\".join([plain(value) for value in values])
        if text.isascii() or vr not in TEXT_VRS:
            return _padded(text.encode("ascii", "replace"), b"\0" if vr == "UI" else b" ")
        self._is_ascii = False
        raw = self._encode(text, vr)
        if raw is None:
            self._lacks_characters = True
            return b""
        return _padded(raw, b" ")

    def _item(self, item: Attributes) -> bytes:
        content = self._data_set(item)
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
    groups = [str(value.get(name, "")) for name in ("Alphabetic", "Ideographic", "Phonetic")]
    return "=".join(groups).rstrip("=")


def _binary(text: object) -> bytes:
    try:
        return b64decode(str(text or ""))
    except (NotBase64, ValueError):
        return b""


def _padded(raw: bytes, padding: bytes) -> bytes:
    return raw + padding if len(raw) % 2 else raw
