"""The Native DICOM Model (PS3.19 A.1): written from the DICOM JSON model, and read into it."""

import re
from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from filmless.standards.dicom.dictionary import keyword_of

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 2.2
_HEAD = f'<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'


def native_model(attributes: Mapping[str, Mapping[str, object]]) -> bytes:
    """Give a data set of the DICOM JSON model as an XML document; characters that XML does not have become U+FFFD."""
    return f"{_HEAD}{_data_set(attributes)}</NativeDicomModel>\n".encode()


def _data_set(attributes: Mapping[str, Mapping[str, object]]) -> str:
    return "".join(_attribute(name, attributes[name], attributes) for name in sorted(attributes))


def _attribute(name: str, attribute: Mapping[str, object], among: Mapping[str, Mapping[str, object]]) -> str:
    vr = str(attribute.get("vr", "UN"))
    named = {
        "tag": name.upper(),
        "vr": vr,
        "keyword": keyword_of(int(name, 16)),
        "privateCreator": _creator(name, among),
    }
    head = " ".join(f"{key}={quoteattr(_legal(value))}" for key, value in named.items() if value)
    return f"<DicomAttribute {head}>{_content(vr, attribute)}</DicomAttribute>"


def _creator(name: str, among: Mapping[str, Mapping[str, object]]) -> str:
    """Who a private element belongs to (PS3.5 7.8.1)."""
    tag = int(name, 16)
    if not tag & 0x10000 or tag & 0xFFFF < 0x1000:
        return ""
    values = among.get(f"{tag >> 16:04X}{tag >> 8 & 0xFF:04X}", {}).get("Value")
    return str(values[0]) if isinstance(values, list) and values else ""


def _content(vr: str, attribute: Mapping[str, object]) -> str:
    if "BulkDataURI" in attribute:
        return f"<BulkData uri={quoteattr(_legal(str(attribute['BulkDataURI'])))}/>"
    if "InlineBinary" in attribute:
        return f"<InlineBinary>{_text(attribute['InlineBinary'])}</InlineBinary>"
    values = attribute.get("Value")
    writer = _WRITERS.get(vr, _value)
    return "".join(
        writer(number, value)
        for number, value in enumerate(values if isinstance(values, Sequence) else (), start=1)
        if value is not None
    )


def _value(number: int, value: object) -> str:
    return f'<Value number="{number}">{_text(value)}</Value>'


def _item(number: int, value: object) -> str:
    content = _data_set(value) if isinstance(value, Mapping) else ""
    return f'<Item number="{number}">{content}</Item>'


def _person_name(number: int, value: object) -> str:
    groups = value if isinstance(value, Mapping) else {"Alphabetic": value}
    written = "".join(f"<{name}>{_components(str(groups[name]))}</{name}>" for name in GROUPS if groups.get(name))
    return f'<PersonName number="{number}">{written}</PersonName>'


def _components(group: str) -> str:
    parts = group.split("^")
    parts = [*parts[:4], " ".join(parts[4:])] if len(parts) > len(COMPONENTS) else parts
    return "".join(f"<{name}>{_text(part)}</{name}>" for name, part in zip(COMPONENTS, parts, strict=False) if part)


_WRITERS: dict[str, Callable[[int, object], str]] = {"SQ": _item, "PN": _person_name}


def _text(value: object) -> str:
    return escape(_legal(str(value)))


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
