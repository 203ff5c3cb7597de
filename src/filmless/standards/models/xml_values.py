"""Values of elements in the Native DICOM Model (PS3.19 A.1.5)."""

import re
from base64 import b64encode
from collections.abc import Mapping
from html import escape

from filmless.standards.data_set.json_values import BINARY_VRS, element_json, little_endian_bytes
from filmless.standards.dicom.dictionary import keyword_of
from filmless.standards.dicom.text import decode, person_name

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"  # PS3.19 A.1.6
BEGIN = f'<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'
END = "</NativeDicomModel>"
COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")  # PS3.5 6.2.1
GROUPS = ("Alphabetic", "Ideographic", "Phonetic")

_PRIVATE = 0x10000  # the bit that makes a group odd
_PADDING = " \0"
_ONE_TEXT = frozenset(("LT", "ST", "UR", "UT"))  # a backslash is a character of these (PS3.5 6.2)
_TEXTS = _ONE_TEXT | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "SH", "TM", "UC", "UI"}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0, 2.2
_INSTEAD = "\ufffd"


def xml_text(text: str) -> str:
    """Give text as content: escaped, what XML cannot hold replaced, and a carriage return that parsers leave as it is.

    The replacement says that something stood there; XML 1.0 has no way to write such characters (2.2).
    """
    return _NOT_XML.sub(_INSTEAD, escape(text, quote=True)).replace("\r", "&#13;")


def is_private(tag: int) -> bool:
    """Whether an attribute depends on who reserved its block (PS3.5 7.8.1)."""
    return bool(tag & _PRIVATE)


def attribute_head(tag: int, vr: str, creator: str | None = None) -> str:
    """Give the start tag of a DicomAttribute.

    That of a private one names its creator and has 00 in place of the block in its tag (PS3.19 A.1.5); without a
    creator it keeps its tag.
    """
    if creator is not None:
        return f'<DicomAttribute tag="{tag & 0xFFFF00FF:08X}" vr="{xml_text(vr)}" privateCreator="{xml_text(creator)}">'
    keyword = "" if is_private(tag) else keyword_of(tag)
    return f'<DicomAttribute tag="{tag:08X}" vr="{xml_text(vr)}"' + (f' keyword="{keyword}">' if keyword else ">")


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
        named = (person_name(name.replace("\0", "")) for name in names)
        return "".join(name_xml(groups, number) for number, groups in enumerate(named, 1))
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


def name_xml(name: Mapping[str, object], number: int) -> str:
    """Write a person name of the DICOM JSON model; nothing for an empty one."""
    groups = "".join(_group(group, str(name[group])) for group in GROUPS if name.get(group))
    return f'<PersonName number="{number}">{groups}</PersonName>' if groups else ""


def _group(name: str, text: str) -> str:
    components = zip(COMPONENTS, text.split("^", len(COMPONENTS) - 1), strict=False)
    written = "".join(f"<{tag}>{xml_text(part)}</{tag}>" for tag, part in components if part)
    return f"<{name}>{written}</{name}>" if written else ""
