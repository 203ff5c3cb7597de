"""Values of elements in the DICOM JSON model (PS3.18 F.2.3, F.2.4)."""

import re
import struct
from base64 import b64encode
from collections.abc import Callable
from math import isfinite

from filmless.standards.dicom.text import decode, person_name

Json = dict[str, object]
"""One attribute: its VR and Value, InlineBinary or BulkDataURI (PS3.18 F.2.2)."""

BINARY_VRS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_UNITS = {"OD": "Q", "OF": "I", "OL": "I", "OV": "Q", "OW": "H"}  # what byte order turns (PS3.5 7.3)
_NUMBERS = {"FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q"}
_ONE_TEXT = frozenset(("LT", "ST", "UR", "UT"))  # a backslash is a character of these (PS3.5 6.2)
_PADDING = " \0"

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_MAX_DECIMAL = 64  # characters; the standard allows 16


def element_json(vr: str, raw: bytes, *, little_endian: bool = True, character_set: bytes | None = None) -> Json:
    """Give one element that is no sequence; never raises.

    IS and DS are numbers where they are such, else the text as it stands; NaN and infinities are strings. Binary
    values are inline and in little endian order.
    """
    if not raw:
        return {"vr": vr}
    if vr in BINARY_VRS:
        return {"vr": vr, "InlineBinary": b64encode(little_endian_bytes(vr, raw, little_endian)).decode("ascii")}
    reader = _READERS.get(vr)
    values = reader(vr, raw, little_endian) if reader else _texts(vr, raw, character_set)
    if not values or values == [None]:
        return {"vr": vr}
    return {"vr": vr, "Value": values}


def little_endian_bytes(vr: str, raw: bytes, little_endian: bool) -> bytes:
    """Turn a binary value of big endian order (PS3.18 8.7.3.3 wants little endian)."""
    unit = _UNITS.get(vr)
    if little_endian or unit is None:
        return raw
    count = len(raw) // struct.calcsize(unit)
    whole = count * struct.calcsize(unit)
    return struct.pack(f"<{count}{unit}", *struct.unpack(f">{count}{unit}", raw[:whole])) + raw[whole:]


def _texts(vr: str, raw: bytes, character_set: bytes | None) -> list[object]:
    text = decode(raw, character_set, vr).rstrip(_PADDING)
    if "\0" in text:
        text = text.replace("\0", "")  # never part of a text (PS3.5 6.1.3), and databases do not take it
    if vr in _ONE_TEXT:
        return [text] if text else []
    if vr == "PN":
        return [person_name(value) or None for value in text.split("\\")]
    if "\\" not in text:
        return [text] if text else []
    return [value.rstrip(" ") or None for value in text.split("\\")]


def _numeric_texts(vr: str, raw: bytes, _: bool) -> list[object]:
    text = raw.decode("latin-1").replace("\0", "").strip()
    number = _integer if vr == "IS" else _decimal
    return [number(value.strip()) for value in text.split("\\")]


def _integer(text: str) -> object:
    return int(text) if _INTEGER.fullmatch(text) else text or None


def _decimal(text: str) -> object:
    if _INTEGER.fullmatch(text):
        return int(text)
    if len(text) <= _MAX_DECIMAL and _DECIMAL.fullmatch(text) and isfinite(number := float(text)):
        return number
    return text or None


def _integers(vr: str, raw: bytes, little_endian: bool) -> list[object]:
    code = _NUMBERS[vr]
    count = len(raw) // struct.calcsize(code)
    return list(struct.unpack_from(f"{'<' if little_endian else '>'}{count}{code}", raw))


def _floats(vr: str, raw: bytes, little_endian: bool) -> list[object]:
    numbers: list[object] = _integers(vr, raw, little_endian)
    return [number if isinstance(number, float) and isfinite(number) else _not_finite(number) for number in numbers]


def _not_finite(number: object) -> str:
    return {"nan": "NaN", "inf": "inf"}.get(str(number), "-inf")


def _tags(_: str, raw: bytes, little_endian: bool) -> list[object]:
    count = len(raw) // 4
    halves = struct.unpack_from(f"{'<' if little_endian else '>'}{2 * count}H", raw)
    return [f"{group:04X}{element:04X}" for group, element in zip(halves[::2], halves[1::2], strict=True)]


_READERS: dict[str, Callable[[str, bytes, bool], list[object]]] = {
    "AT": _tags,
    "DS": _numeric_texts,
    "FD": _floats,
    "FL": _floats,
    "IS": _numeric_texts,
    "SL": _integers,
    "SS": _integers,
    "SV": _integers,
    "UL": _integers,
    "US": _integers,
    "UV": _integers,
}
