"""Whether attributes of sent metadata are what their VR and PS3.6 say: what is stored must conform (PS3.18 10.5.2).

What can be read in one way only is taken; what would have to be guessed, or left out, is refused with the tag.
"""

import re
from collections.abc import Callable, Mapping

from filmless.standards.composing.metadata import Attributes
from filmless.standards.data_set.elements import LONG_VRS, SHORT_VRS
from filmless.standards.data_set.fault import BadBytes, FaultKind
from filmless.standards.data_set.json_values import BINARY_VRS
from filmless.standards.dicom.dates import date_of, time_of
from filmless.standards.dicom.dictionary import vr_of
from filmless.standards.dicom.uids import is_uid

_CARRIERS = ("Value", "BulkDataURI", "InlineBinary")  # of which an attribute has one at most (PS3.18 F.2.2)
_VRS = {vr.decode() for vr in LONG_VRS | SHORT_VRS}
# VRs that PS3.6 gives together, or that PS3.5 A.1 and 8 let an encoder choose among.
_CHOICES = (frozenset(("US", "SS", "OW", "OB")), frozenset(("OB", "OW", "UN")))
_PLAIN_TEXTS = frozenset(("AE", "AS", "CS", "DA", "DT", "LO", "LT", "SH", "ST", "TM", "UC", "UI", "UR", "UT"))
_LONGEST_DECIMAL = 16  # characters (PS3.5 6.2)

_TIME = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?", re.ASCII)
_DATE_TIME = re.compile(
    r"(\d{4}(?:\d{2}){0,2})((?<=\d{8})\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?(?:[+-]\d{4})?", re.ASCII
)
_AGE = re.compile(r"\d{3}[DWMY]", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,11}", re.ASCII)


def check_values(attributes: Attributes) -> None:
    """``BadBytes`` for the first attribute, within items too, that is not what it says it is."""
    waiting: list[object] = [attributes]
    while waiting:
        data_set = waiting.pop()
        for tag, attribute in data_set.items() if isinstance(data_set, Mapping) else ():
            _check(tag, attribute)
            values = attribute.get("Value")
            waiting += values if attribute["vr"] == "SQ" and isinstance(values, list) else []


def fault(tag: str, words: str, kind: FaultKind = FaultKind.NOT_DICOM) -> BadBytes:
    """A fault of one attribute; fits an Error Comment where the words have at most 51 characters."""
    return BadBytes(kind, f"({tag[:4].upper()},{tag[4:].upper()}) {words}")


def _check(tag: str, attribute: dict[str, object]) -> None:
    vr = attribute.get("vr")
    if not isinstance(vr, str) or vr not in _VRS:
        raise fault(tag, "has no VR")
    expected = vr_of(int(tag, 16))
    if vr not in (expected, "UN") and expected != "UN" and not any({vr, expected} <= each for each in _CHOICES):
        raise fault(tag, f"is of VR {expected}, not {vr}")
    carriers = [each for each in _CARRIERS if each in attribute]
    if len(carriers) > 1:
        raise fault(tag, f"has both {carriers[0]} and {carriers[1]}")
    if carriers == ["Value"] and vr in BINARY_VRS and attribute["Value"]:
        raise fault(tag, f"has a Value, which VR {vr} does not have")
    if carriers == ["InlineBinary"] and vr not in BINARY_VRS:
        raise fault(tag, f"has InlineBinary, which VR {vr} does not have")
    values = attribute.get("Value", [])
    if not isinstance(values, list):
        raise fault(tag, "has a Value that is no list")
    attribute.update({"Value": [_checked(tag, vr, value) for value in values]} if values else {})


def _checked(tag: str, vr: str, value: object) -> object:
    """The value, a number with no more digits than its VR has room for."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and vr in _PLAIN_TEXTS:
        raise fault(tag, f"has a number where VR {vr} is text")
    if isinstance(value, float) and vr == "DS":
        return _decimal(value)
    is_of = _FORMS.get(vr)
    text = str(value).strip(" ") if is_number or isinstance(value, str) else ""
    if text and is_of is not None and not is_of(text):
        raise fault(tag, f"has a value that is none of VR {vr}")
    return value


def _decimal(value: float) -> str:
    text = str(value)
    digits = _LONGEST_DECIMAL
    while len(text) > _LONGEST_DECIMAL:
        text, digits = f"{value:.{digits}g}", digits - 1
    return text


def _is_date_time(text: str) -> bool:
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return False
    date, time = found[1], found[2]
    is_date = date_of(date + "0101"[len(date) - 4 :]) is not None
    return is_date and (time is None or time_of(time) is not None)


def _is_integer(text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None and -(1 << 31) <= int(text) < 1 << 31


_FORMS: dict[str, Callable[[str], bool]] = {
    "AS": lambda text: _AGE.fullmatch(text) is not None,
    "DA": lambda text: len(text) == 8 and date_of(text) is not None,
    "DS": lambda text: len(text) <= _LONGEST_DECIMAL and _DECIMAL.fullmatch(text) is not None,
    "DT": _is_date_time,
    "IS": _is_integer,
    "TM": lambda text: _TIME.fullmatch(text) is not None and time_of(text) is not None,
    "UI": is_uid,
}
"""VRs whose values have a form (PS3.5 6.2)."""
