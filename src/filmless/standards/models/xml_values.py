"""Values of elements in the Native DICOM Model (PS3.19 A.1.5)."""

import re
from base64 import b64encode
from html import escape

from filmless.standards.data_set.json_values import BINARY_VRS, element_json, little_endian_bytes
from filmless.standards.dicom.text import decode, person_name

_PADDING = " \0"
_ONE_TEXT = frozenset(("LT", "ST", "UR", "UT"))  # a backslash is a character of these (PS3.5 6.2)
_TEXTS = _ONE_TEXT | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "SH", "TM", "UC", "UI"}
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")  # PS3.5 6.2.1
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0, 2.2
_INSTEAD = "\ufffd"


def xml_text(text: str) -> str:
    """Give text as content: escaped, what XML cannot hold replaced, and a carriage return that parsers leave as it is.

    The replacement says that something stood there; XML 1.0 has no way to write such characters (2.2).
    """
    return _NOT_XML.sub(_INSTEAD, escape(text, quote=True)).replace("\r", "&#13;")


def value_xml(vr: str, raw: bytes, *, little_endian: bool = True, character_set: bytes | None = None) -> str:
    """Write what stands within a DicomAttribute that is no sequence; never raises.

    Values are the text as it stands; empty ones among others are left out, since each has its number. Binary values
    are inline and in little endian order.
    """
    if not raw:
        return ""
    if vr in BINARY_VRS:
        inline = b64encode(little_endian_bytes(vr, raw, little_endian)).decode("ascii")
        return f"<InlineBinary>{inline}</InlineBinary>"
    if vr == "PN":
        names = decode(raw, character_set, vr).rstrip(_PADDING).split("\\")
        return "".join(_name(name, number) for number, name in enumerate(names, 1))
    if vr in _TEXTS:
        return values_xml(_texts(vr, raw, character_set))
    values = element_json(vr, raw, little_endian=little_endian).get("Value", [])
    return values_xml([str(value) for value in values]) if isinstance(values, list) else ""


def values_xml(values: list[str]) -> str:
    """Write numbered values; those that are empty are left out."""
    numbered = enumerate(values, 1)
    return "".join(f'<Value number="{number}">{xml_text(value)}</Value>' for number, value in numbered if value)


def _texts(vr: str, raw: bytes, character_set: bytes | None) -> list[str]:
    text = decode(raw, character_set, vr).rstrip(_PADDING)
    if "\0" in text:
        text = text.replace("\0", "")
    if vr in _ONE_TEXT:
        return [text]
    values = [value.rstrip(" ") for value in text.split("\\")]
    return [value.lstrip(" ") for value in values] if vr in ("IS", "DS") else values


def _name(text: str, number: int) -> str:
    groups = "".join(_group(name, group) for name, group in person_name(text.replace("\0", "")).items())
    return f'<PersonName number="{number}">{groups}</PersonName>' if groups else ""


def _group(name: str, text: str) -> str:
    components = zip(_COMPONENTS, text.split("^", len(_COMPONENTS) - 1), strict=False)
    written = "".join(f"<{tag}>{xml_text(part)}</{tag}>" for tag, part in components if part)
    return f"<{name}>{written}</{name}>" if written else ""
