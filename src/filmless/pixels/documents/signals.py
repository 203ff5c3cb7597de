"""Waveforms as their samples in units: multiplex groups and channels (PS3.3 C.10.9)."""

import json
import re
import sys
from array import array
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from filmless.pixels.documents.attributes import Model, code, items, text, values
from filmless.standards.models.dicom_json import bulk_value, data_set_json

MAX_CHANNELS = 64
MAX_SECONDS = 60.0  # of a group that are read

_CODES = {"SB": "b", "UB": "B", "SS": "h", "US": "H", "SL": "i", "UL": "I", "SV": "q", "UV": "Q"}
_COMPANDED = ("MB", "AB")  # mu-law and A-law bytes (ITU-T G.711)
_LEAD = re.compile(r"Lead ([0-9A-Za-z]+)")
_TO_MILLIVOLTS = {"uV": 1e-3, "mV": 1.0, "V": 1e3}


@dataclass(frozen=True, slots=True)
class Channel:
    """One curve: values in its unit, one each ``1 / rate`` seconds; NaN where there is none."""

    label: str
    unit: str  # "mV" for all voltages, "" where no sensitivity is given
    samples: Sequence[float]
    skew: float  # seconds after the start of the group
    filters: str


@dataclass(frozen=True, slots=True)
class Group:
    """Channels that were sampled together."""

    label: str
    rate: float  # samples per second
    seconds: float  # of the whole, of which MAX_SECONDS are here
    channels: tuple[Channel, ...]
    marks: tuple[tuple[float, str], ...] = ()  # seconds, and what is there


@dataclass(frozen=True, slots=True)
class Waveform:
    """What is drawn."""

    title: str
    facts: tuple[str, ...]  # about whom and when, then what is noted of the whole
    groups: tuple[Group, ...]


def waveform_of(data_set: bytes, transfer_syntax_uid: str) -> Waveform:
    """Read an object; a group that cannot be read is left out. Never raises."""
    model = json.loads(data_set_json(data_set, transfer_syntax_uid, None))
    groups = []
    for number, item in enumerate(items(model, "54000100"), 1):
        data = bulk_value(data_set, transfer_syntax_uid, f"54000100/{number}/54001010")
        group = None if data is None else _group(model, item, number, data)
        if group is not None:
            groups.append(group)
    who = (text(model, "00100010"), text(model, "00100020"), text(model, "0008002A") or text(model, "00080020"))
    noted = [words for words, _, _ in _annotations(model)]
    title = text(model, "00081030") or text(model, "0008103E") or text(model, "00080060") or "Waveform"
    return Waveform(title, (" · ".join(filter(None, who)), *noted[:12]), tuple(groups))


def _group(model: Model, item: Model, number: int, data: bytes) -> Group | None:
    rate, count = _number(item, "003A001A"), int(_number(item, "003A0005"))
    kind = text(item, "54001006")
    definitions = items(item, "003A0200")
    if rate <= 0 or not 0 < count <= 1024 or (kind not in _CODES and kind not in _COMPANDED):
        return None
    stored = _stored(data, kind, int(min(MAX_SECONDS * rate, 1 << 24)) * count)
    length = len(stored) // count
    padding = _padding(item, kind)
    channels = tuple(
        _channel(definition, stored[place : length * count : count], padding, rate, place + 1)
        for place, definition in enumerate(definitions[: min(count, MAX_CHANNELS)])
    )
    size = 1 if kind in _COMPANDED else array(_CODES[kind]).itemsize
    marks = tuple(
        ((position - 1) / rate, words)
        for words, group, positions in _annotations(model)
        if group in (0, number)
        for position in positions
    )
    label = text(item, "003A0020") or f"Group {number}"
    return Group(label, rate, len(data) // size // count / rate, channels, marks) if channels and length else None


def _stored(data: bytes, kind: str, limit: int) -> "array[int] | array[float]":
    if kind in _COMPANDED:
        table = [_expanded(byte, kind) for byte in range(256)]
        return array("d", [table[byte] for byte in data[:limit]])
    stored: array[int] = array(_CODES[kind])
    stored.frombytes(data[: min(len(data) // stored.itemsize, limit) * stored.itemsize])
    if sys.byteorder == "big":
        stored.byteswap()
    return stored


def _expanded(byte: int, kind: str) -> float:
    """A companded byte as a linear sample (ITU-T G.711)."""
    if kind == "MB":
        byte = ~byte & 0xFF
        magnitude = (((byte & 0x0F) << 3) + 0x84 << (byte >> 4 & 7)) - 0x84
        return float(-magnitude if byte & 0x80 else magnitude)
    byte ^= 0x55
    exponent, mantissa = byte >> 4 & 7, byte & 0x0F
    magnitude = (mantissa << 4) + 8 if exponent == 0 else (mantissa << 4) + 0x108 << exponent - 1
    return float(magnitude if byte & 0x80 else -magnitude)


def _padding(item: Model, kind: str) -> int | None:
    inline = item.get("5400100A", {}).get("InlineBinary")
    if not isinstance(inline, str) or kind not in _CODES:
        return None
    value: array[int] = array(_CODES[kind])
    raw = b64decode(inline)
    value.frombytes(raw[: len(raw) // value.itemsize * value.itemsize])
    return value[0] if value else None


def _channel(definition: Model, stored: Sequence[float], padding: int | None, rate: float, number: int) -> Channel:
    units = items(definition, "003A0211")
    unit = text(units[0], "00080100") if units and "003A0210" in definition else ""
    scale = _number(definition, "003A0210", 1.0) * _number(definition, "003A0212", 1.0)
    baseline = _number(definition, "003A0213")
    to_shown = _TO_MILLIVOLTS.get(unit, 1.0)
    scale, baseline = scale * to_shown, baseline * to_shown
    nothing = float("nan")
    samples = array("d", [nothing if value == padding else value * scale + baseline for value in stored])
    skew = _number(definition, "003A0214") + _number(definition, "003A0215") / rate
    sources = items(definition, "003A0208")
    source = code(sources[0]) if sources else ""
    lead = _LEAD.match(source)
    label = text(definition, "003A0203") or (lead[1] if lead else source) or f"Channel {number}"
    shown_unit = "mV" if unit in _TO_MILLIVOLTS else unit
    return Channel(label, shown_unit, samples, skew, _filters(definition))


def _filters(definition: Model) -> str:
    """As 0.05-300 Hz, notch 50 Hz (PS3.3 C.10.9.1.4.7)."""
    low, high, notch = (_number(definition, tag) for tag in ("003A0220", "003A0221", "003A0222"))
    band = f"{low:g}-{high:g} Hz" if high else f"from {low:g} Hz" if low else ""
    return ", ".join(filter(None, (band, f"notch {notch:g} Hz" if notch else "")))


def _annotations(model: Model) -> Iterator[tuple[str, int, list[int]]]:
    """Words, the group they are about (0: all), and sample positions from 1 (PS3.3 C.10.10)."""
    for each in items(model, "0040B020"):
        concepts, units = items(each, "0040A043"), items(each, "004008EA")
        name = code(concepts[0]) if concepts else ""
        meanings = [code(one) for one in items(each, "0040A168")]
        measured = " ".join(filter(None, (text(each, "0040A30A"), text(units[0], "00080100") if units else "")))
        words = ": ".join(filter(None, (name, ", ".join(filter(None, (text(each, "00700006"), measured, *meanings))))))
        channels = [value for value in values(each, "0040A0B0") if isinstance(value, int)]
        positions = [value for value in values(each, "0040A132") if isinstance(value, int) and value > 0]
        if words:
            yield words[:120], channels[0] if channels else 0, positions[:50]


def _number(model: Model, tag: str, missing: float = 0.0) -> float:
    found = values(model, tag)
    return float(found[0]) if found and isinstance(found[0], int | float) else missing
