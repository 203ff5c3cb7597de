"""The Native DICOM Model: what is written says the same as the DICOM JSON model."""

import xml.etree.ElementTree as ET

from filmless.standards.models.native_model import NAMESPACE, native_model

NS = f"{{{NAMESPACE}}}"


def written(attributes: dict[str, dict[str, object]]) -> ET.Element:
    return ET.fromstring(native_model(attributes))


def only(root: ET.Element, path: str) -> ET.Element:
    (found,) = root.findall("/".join(NS + step for step in path.split("/")))
    return found


def test_values_are_numbered_by_their_place_and_empty_ones_left_out() -> None:
    root = written({"00080061": {"vr": "CS", "Value": ["CT", None, "MR"]}})
    assert [(value.get("number"), value.text) for value in only(root, "DicomAttribute")] == [("1", "CT"), ("3", "MR")]
    assert only(root, "DicomAttribute").attrib == {"tag": "00080061", "vr": "CS", "keyword": "ModalitiesInStudy"}


def test_a_name_is_written_by_groups_and_components() -> None:
    name = {"Alphabetic": "Yamada^Tarou^^Dr", "Ideographic": "山田^太郎"}
    person = only(written({"00100010": {"vr": "PN", "Value": [name]}}), "DicomAttribute/PersonName")
    assert [(child.tag.removeprefix(NS), child.text) for group in person for child in group] == [
        ("FamilyName", "Yamada"),
        ("GivenName", "Tarou"),
        ("NamePrefix", "Dr"),
        ("FamilyName", "山田"),
        ("GivenName", "太郎"),
    ]


def test_items_binaries_addresses_and_private_creators_are_written() -> None:
    root = written({
        "00081115": {"vr": "SQ", "Value": [{}, {"0020000E": {"vr": "UI", "Value": ["1.2"]}}]},
        "00090010": {"vr": "LO", "Value": ["ACME"]},
        "00091001": {"vr": "OB", "InlineBinary": "AAE="},
        "7FE00010": {"vr": "OW", "BulkDataURI": "http://a/b?c=d&e"},
    })  # fmt: skip
    first, creator, private, pixels = root
    assert [item.get("number") for item in first] == ["1", "2"]
    assert creator.get("privateCreator") is None
    assert (private.get("privateCreator"), private[0].text) == ("ACME", "AAE=")
    assert pixels[0].get("uri") == "http://a/b?c=d&e"


def test_what_xml_cannot_hold_never_breaks_the_document() -> None:
    root = written({"00081030": {"vr": "LO", "Value": ["a\x01<&>\ud800\ufffe"]}})
    assert only(root, "DicomAttribute/Value").text == "a\ufffd<&>\ufffd\ufffd"
