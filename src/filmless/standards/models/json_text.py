"""The common shapes of values, written as DICOM JSON text at once; all others are left to ``element_json``."""

import re
from struct import Struct, calcsize, unpack

import orjson

from filmless.standards.models.model_writer import PlainHeads, Text

_PADDING = b" \0"
_BACKSLASH, _BETWEEN = "\\", '","'
_UNEVEN = re.compile(r"^\\|[\\ ]\\|\\$")  # values that are empty or end with spaces
_INTEGER = rb"-?(?:0|[1-9][0-9]{0,17}+)"
_DECIMAL = _INTEGER + rb"(?:\.[0-9]{1,20}+)?+(?:[eE][+-]?+[0-9]{1,2}+)?+"
_INTEGERS = re.compile(rb" *+%b *+(?:\\ *+%b *+)*+\0?+" % (_INTEGER, _INTEGER))
_DECIMALS = re.compile(rb" *+%b *+(?:\\ *+%b *+)*+\0?+" % (_DECIMAL, _DECIMAL))


def _text(raw: bytes) -> str | None:
    text = raw.rstrip(_PADDING).decode("latin-1")
    if not (text.isascii() and text.isprintable()) or '"' in text:
        return None
    if "\\" in text:
        if not _UNEVEN.search(text):
            return f',"Value":["{text.replace(_BACKSLASH, _BETWEEN)}"]}}'
        values = (value.rstrip(" ") for value in text.split("\\"))
        return ',"Value":[' + ",".join([f'"{value}"' if value else "null" for value in values]) + "]}"
    return f',"Value":["{text}"]}}' if text else "}"


def _one_text(raw: bytes) -> str | None:
    return None if b"\\" in raw else _text(raw)  # a backslash is a character here, which JSON escapes


def _name(raw: bytes) -> str | None:
    text = raw.rstrip(_PADDING).decode("latin-1")
    if not (text.isascii() and text.isprintable()) or '"' in text or "\\" in text or "=" in text:
        return None
    return f',"Value":[{{"Alphabetic":"{text}"}}]}}' if text else "}"


def _numeric_text(shape: re.Pattern[bytes]) -> Text:
    """Numbers as they stand: 1.50 stays 1.50."""

    def text(raw: bytes) -> str | None:
        if not shape.fullmatch(raw):
            return None if raw.strip(_PADDING) else "}"
        return f',"Value":[{raw.strip(_PADDING).decode("ascii")}]}}'.replace("\\", ",")

    return text


def _number(order: str, code: str) -> Text:
    size, one = calcsize(code), Struct(order + code).unpack

    def text(raw: bytes) -> str | None:
        if len(raw) == size:
            return f',"Value":[{one(raw)[0]}]}}'
        count, rest = divmod(len(raw), size)
        if rest or not count:
            return None if rest else "}"
        return f',"Value":{orjson.dumps(unpack(f"{order}{count}{code}", raw)).decode("ascii")}}}'

    return text


def _float(order: str, code: str) -> Text:
    size = calcsize(code)

    def text(raw: bytes) -> str | None:
        count, rest = divmod(len(raw), size)
        if rest or not count:
            return None if rest else "}"
        values = orjson.dumps(unpack(f"{order}{count}{code}", raw)).decode("ascii")
        return None if "null" in values else f',"Value":{values}}}'  # NaN and infinities

    return text


def _texts(order: str) -> dict[str, Text]:
    return {
        **dict.fromkeys(("AE", "AS", "CS", "DA", "DT", "LO", "SH", "TM", "UI"), _text),
        **dict.fromkeys(("LT", "ST"), _one_text),
        "PN": _name,
        "IS": _numeric_text(_INTEGERS),
        "DS": _numeric_text(_DECIMALS),
        **{vr: _number(order, code) for vr, code in (("SL", "i"), ("SS", "h"), ("UL", "I"), ("US", "H"))},
        "FD": _float(order, "d"),
        "FL": _float(order, "f"),
    }


PLAIN = PlainHeads(lambda tag, vr: f'"{tag:08X}":{{"vr":"{vr}"', {True: _texts("<"), False: _texts(">")})
