"""The Native DICOM Model: what is written says the same as the DICOM JSON model."""

import json
import xml.etree.ElementTree as ET

from pydicom.dataset import Dataset

from filmless.standards.composing.metadata import metadata_of_xml
from filmless.standards.models.dicom_json import data_set_json
from filmless.standards.models.dicom_xml import data_set_xml
from filmless.standards.models.native_model import native_model
from filmless.standards.models.xml_values import NAMESPACE
from native import encoded

EXPLICIT = "1.2.840.10008.1.2.1"
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
    assert (private.get("privateCreator"), private.get("tag"), private[0].text) == ("ACME", "00090001", "AAE=")
    assert pixels[0].get("uri") == "http://a/b?c=d&e"


def test_what_xml_cannot_hold_never_breaks_the_document() -> None:
    root = written({"00081030": {"vr": "LO", "Value": ["a\x01<&>\ud800\ufffe"]}})
    assert only(root, "DicomAttribute/Value").text == "a\ufffd<&>\ufffd\ufffd"


def test_what_is_stored_and_what_is_made_are_written_alike() -> None:
    image = Dataset()
    image.PatientName, image.StudyDescription, image.InstanceNumber = "Yamada^Tarou=山田", 'a"<\rb', 3
    image.SpecificCharacterSet = "ISO_IR 192"
    block = image.private_block(0x0009, "ACME", create=True)
    block.add_new(1, "LO", ["x", "", "z"])
    data = encoded(image, EXPLICIT)
    stored = data_set_xml(data, EXPLICIT, None)
    assert native_model(json.loads(data_set_json(data, EXPLICIT, None))) == stored
    (back,) = metadata_of_xml(stored)
    assert back["00091001"] == {"vr": "LO", "Value": ["x", None, "z"]}


def test_a_private_attribute_whose_block_nobody_has_gets_one() -> None:
    head = f'<NativeDicomModel xmlns="{NAMESPACE}"><DicomAttribute tag='
    one = '"00090001" vr="LO" privateCreator="{}"><Value number="1">v</Value></DicomAttribute>'
    text = head + one.format("A") + "<DicomAttribute tag=" + one.format("B") + "</NativeDicomModel>"
    (found,) = metadata_of_xml(text.encode())
    assert [(tag, each["Value"]) for tag, each in sorted(found.items())] == [
        *(("00090010", ["A"]), ("00090011", ["B"]), ("00091001", ["v"]), ("00091101", ["v"]))
    ]
