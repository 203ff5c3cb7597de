"""The Native DICOM Model (PS3.19 A.1) of data sets that are made here: written from the DICOM JSON model."""

from collections.abc import Callable, Mapping, Sequence

from filmless.standards.models.xml_values import BEGIN, END, attribute_head, is_private, name_xml, xml_text

Attributes = Mapping[str, Mapping[str, object]]


def native_model(attributes: Attributes) -> bytes:
    """Give a data set of the DICOM JSON model as an XML document, as ``data_set_xml`` writes one that is stored."""
    return f"{BEGIN}{_data_set(attributes)}{END}".encode()


def _data_set(attributes: Attributes) -> str:
    return "".join(_attribute(int(name, 16), attributes[name], attributes) for name in sorted(attributes))


def _attribute(tag: int, attribute: Mapping[str, object], among: Attributes) -> str:
    vr = str(attribute.get("vr", "UN"))
    return f"{attribute_head(tag, vr, _creator(tag, among))}{_content(vr, attribute)}</DicomAttribute>"


def _creator(tag: int, among: Attributes) -> str | None:
    """Who a private element belongs to (PS3.5 7.8.1)."""
    if not is_private(tag) or tag & 0xFFFF < 0x1000:
        return None
    values = among.get(f"{tag >> 16:04X}{tag >> 8 & 0xFF:04X}", {}).get("Value")
    return str(values[0]) if isinstance(values, list) and values else None


def _content(vr: str, attribute: Mapping[str, object]) -> str:
    if "BulkDataURI" in attribute:
        return f'<BulkData uri="{xml_text(str(attribute["BulkDataURI"]))}"/>'
    if "InlineBinary" in attribute:
        return f"<InlineBinary>{xml_text(str(attribute['InlineBinary']))}</InlineBinary>"
    values = attribute.get("Value")
    writer = _WRITERS.get(vr, _value)
    return "".join(
        writer(number, value)
        for number, value in enumerate(values if isinstance(values, Sequence) else (), start=1)
        if value is not None
    )


def _value(number: int, value: object) -> str:
    text = xml_text(str(value))
    return f'<Value number="{number}">{text}</Value>' if text else ""


def _item(number: int, value: object) -> str:
    content = _data_set(value) if isinstance(value, Mapping) else ""
    return f'<Item number="{number}">{content}</Item>'


def _person_name(number: int, value: object) -> str:
    return name_xml(value if isinstance(value, Mapping) else {"Alphabetic": value}, number)


_WRITERS: dict[str, Callable[[int, object], str]] = {"SQ": _item, "PN": _person_name}
