"""Attributes of a data set in the DICOM JSON model, as text for people (PS3.18 F)."""

import re
from collections.abc import Mapping

from filmless.standards.models.dicom_json import bulk_value

_DOCUMENT, _DOCUMENT_LENGTH = "00420011", "00420015"

Model = Mapping[str, Mapping[str, object]]

_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})$")
_TIME = re.compile(r"([0-9]{2})([0-9]{2})?([0-9]{2})?(?:\.[0-9]*)?$")
_DATE_TIME = re.compile(r"([0-9]{4})([0-9]{2})?([0-9]{2})?([0-9]{2,6})?(?:\.[0-9]*)?([+-][0-9]{4})?$")


def values(model: Model, tag: str) -> list[object]:
    """The values of an attribute; none where it is absent or empty."""
    found = model.get(tag, {}).get("Value")
    return [value for value in found if value is not None] if isinstance(found, list) else []


def text(model: Model, tag: str) -> str:
    """The values as one text."""
    return ", ".join(name(value) if isinstance(value, dict) else str(value) for value in values(model, tag))


def items(model: Model, tag: str) -> list[Model]:
    """The items of a sequence."""
    return [value for value in values(model, tag) if isinstance(value, dict)]


def name(value: object) -> str:
    """A person name as it is spoken, further groups in brackets (PS3.5 6.2.1)."""
    if not isinstance(value, Mapping):
        return str(value)
    groups = [_spoken(str(value[group])) for group in ("Alphabetic", "Ideographic", "Phonetic") if value.get(group)]
    return groups[0] + "".join(f" ({group})" for group in groups[1:]) if groups else ""


def _spoken(group: str) -> str:
    family, given, middle, prefix, suffix = ([part.strip() for part in group.split("^", 4)] + [""] * 5)[:5]
    spoken = " ".join(filter(None, (prefix, given, middle, family)))
    return f"{spoken}, {suffix}" if suffix else spoken


def date(value: str) -> str:
    """A DA as 2024-01-31; what is none as it stands."""
    found = _DATE.match(value)
    return "-".join(found.groups()) if found else value


def time(value: str) -> str:
    """A TM as 13:05:00; what is none as it stands."""
    found = _TIME.match(value)
    return ":".join(filter(None, found.groups())) if found else value


def date_time(value: str) -> str:
    """A DT as 2024-01-31 13:05:00 +0100; what is none as it stands."""
    found = _DATE_TIME.match(value)
    if found is None:
        return value
    year, month, day, clock, zone = found.groups()
    return " ".join(filter(None, ("-".join(filter(None, (year, month, day))), time(clock or ""), zone)))


def code(model: Model) -> str:
    """The meaning of a code, or the code itself (PS3.3 8.8); long and URN codes too."""
    value = text(model, "00080100") or text(model, "00080119") or text(model, "00080120")
    return text(model, "00080104") or value


def code_detail(model: Model) -> str:
    """Code and scheme, as (113820, DCM)."""
    value = text(model, "00080100") or text(model, "00080119") or text(model, "00080120")
    return ", ".join(filter(None, (value, text(model, "00080102"))))


def encapsulated(data_set: bytes, transfer_syntax_uid: str) -> bytes:
    """The document that an object is a wrapper of, without its padding (PS3.3 C.24.2); empty where there is none."""
    document = bulk_value(data_set, transfer_syntax_uid, _DOCUMENT) or b""
    length = bulk_value(data_set, transfer_syntax_uid, _DOCUMENT_LENGTH)
    return document[: int.from_bytes(length, "little")] if length else document
