"""The Native DICOM Model: what is written of values, private elements and hostile text, beside DCMTK and our JSON."""

import json
import shutil
import struct
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from filmless.standards.data_set.part10 import Head, read_head
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from filmless.standards.models.dicom_json import data_set_json
from filmless.standards.models.dicom_xml import data_set_xml
from filmless.standards.models.xml_values import NAMESPACE, value_xml
from native import encoded
from objects import NATIVE_SYNTAXES, ct_image

URL = "http://archive/studies/1/series/2/instances/3"
UNLIKE = {"FreezePattern.dcm": "out of order within private blocks, which XML orders by element and JSON by tag"}
Attribute = tuple[str, str, list[object]]
"""VR, keyword, and values with their numbers, or the kind of another content."""


def name(node: ET.Element) -> str:
    return node.tag.removeprefix(f"{{{NAMESPACE}}}")


def read(node: ET.Element) -> dict[tuple[str, str], Attribute]:
    """A NativeDicomModel or Item by tag and private creator."""
    attributes = {}
    for each in node:
        values = [value for child in each if (value := content(child)) is not None]
        key = each.attrib["tag"], each.get("privateCreator", "")
        attributes[key] = each.attrib["vr"], each.get("keyword", ""), values
    return attributes


def content(node: ET.Element) -> object:
    kind, number = name(node), node.get("number")
    if kind == "Item":
        return number, read(node)
    if kind == "PersonName":
        parts = [(name(group), name(part), (part.text or "").strip()) for group in node for part in group]
        found = [part for part in parts if part[2]]
        return (number, found) if found else None
    if kind == "Value":
        return (number, node.text) if node.text else None
    return kind


def written(data: bytes, syntax: str = EXPLICIT_VR_LITTLE_ENDIAN, url: str | None = URL) -> dict:
    return read(ET.fromstring(data_set_xml(data, syntax, url)))


@pytest.mark.parametrize(
    ("vr", "raw", "text"),
    [
        ("IS", b"12 ", '<Value number="1">12</Value>'),
        ("DS", rb" 1.50\\-3 ", '<Value number="1">1.50</Value><Value number="3">-3</Value>'),
        ("LO", rb"a<b & 'c'\d", '<Value number="1">a&lt;b &amp; &#x27;c&#x27;</Value><Value number="2">d</Value>'),
        ("LT", b"a\\b\r\nc", '<Value number="1">a\\b&#13;\nc</Value>'),
        ("LO", b"a\x07b\0c", '<Value number="1">a\ufffdbc</Value>'),
        ("US", b"\1\0\2\0", '<Value number="1">1</Value><Value number="2">2</Value>'),
        ("FD", struct.pack("<d", float("nan")), '<Value number="1">NaN</Value>'),
        ("AT", b"\x18\0\x63\x10", '<Value number="1">00181063</Value>'),
        ("OW", b"\1\2", "<InlineBinary>AQI=</InlineBinary>"),
        (
            "PN",
            b"A^B^^Dr\\\\=X^Y",
            '<PersonName number="1"><Alphabetic><FamilyName>A</FamilyName><GivenName>B</GivenName>'
            '<NamePrefix>Dr</NamePrefix></Alphabetic></PersonName><PersonName number="3"><Ideographic>'
            "<FamilyName>X</FamilyName><GivenName>Y</GivenName></Ideographic></PersonName>",
        ),
        ("LO", b"  ", ""),
        ("UN", b"", ""),
    ],
)
def test_values_are_the_text_as_it_stands_each_with_its_number(vr: str, raw: bytes, text: str) -> None:
    assert value_xml(vr, raw) == text


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_every_encoding_gives_the_same(syntax: str) -> None:
    image = ct_image(PatientName="Müller^Jörg", ReferencedImageSequence=[Dataset()])
    expected = written(encoded(image, EXPLICIT_VR_LITTLE_ENDIAN))
    assert written(encoded(image, syntax), str(syntax)) == expected
    names = [("Alphabetic", "FamilyName", "Müller"), ("Alphabetic", "GivenName", "Jörg")]
    assert expected["00100010", ""] == ("PN", "PatientName", [("1", names)])
    assert expected["00080005", ""] == ("CS", "SpecificCharacterSet", [("1", "ISO_IR 192")])
    assert expected["00081140", ""] == ("SQ", "ReferencedImageSequence", [("1", {})])
    assert expected["7FE00010", ""] == ("OW", "PixelData", ["BulkData"])


def test_private_attributes_name_their_creator_within_their_own_item() -> None:
    image, item = ct_image(), Dataset()
    image.private_block(0x0029, "ACME <1>", create=True).add_new(0x01, "LO", "outer")
    item.private_block(0x0029, "OTHER", create=True).add_new(0x01, "LO", "inner")
    item.add_new(0x00311001, "LO", "of nobody")
    image.ReferencedImageSequence = [item]
    made = written(encoded(image, EXPLICIT_VR_LITTLE_ENDIAN))
    assert made["00290001", "ACME <1>"] == ("LO", "", [("1", "outer")])
    assert made["00290010", ""] == ("LO", "", [("1", "ACME <1>")])
    ((_, inner),) = made["00081140", ""][2]
    assert inner["00290001", "OTHER"] == ("LO", "", [("1", "inner")])
    assert inner["00311001", ""] == ("LO", "", [("1", "of nobody")])


def test_bulk_data_have_the_addresses_that_json_gives() -> None:
    item = Dataset()
    item.EncapsulatedDocument = bytes(2000)
    data = encoded(ct_image(ReferencedImageSequence=[Dataset(), item]), EXPLICIT_VR_LITTLE_ENDIAN)
    uris = [
        node.attrib["uri"]
        for node in ET.fromstring(data_set_xml(data, EXPLICIT_VR_LITTLE_ENDIAN, URL)).iter(f"{{{NAMESPACE}}}BulkData")
    ]
    assert uris == [f"{URL}/bulkdata/00081140/2/00420011", f"{URL}/bulkdata/7FE00010"]


def test_of_unordered_and_repeated_elements_an_ordered_model_is_made() -> None:
    data = b"\x10\0\x20\0LO\2\0P1" + b"\x08\0\x60\0CS\2\0CT" + b"\x10\0\x20\0LO\2\0P2"
    assert list(written(data)) == [("00080060", ""), ("00100020", "")]
    assert written(data)["00100020", ""][2] == [("1", "P2")]


@given(st.binary(max_size=300), st.sampled_from((EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)))
def test_hostile_bytes_make_a_well_formed_document(tail: bytes, syntax: str) -> None:
    for data in (tail, b"\x10\0\x20\0LO" + len(tail).to_bytes(2, "little") + tail, b"\x10\0\x10\0PN\4\0=^^" + tail):
        assert ET.fromstring(data_set_xml(data, syntax, URL)).tag == f"{{{NAMESPACE}}}NativeDicomModel"


def corpus_files(corpus: Path) -> Iterator[tuple[Path, bytes, str]]:
    for path in sorted(corpus.rglob("*")):
        if path.is_file() and path.suffix not in (".md", ".tsv") and path.name not in UNLIKE:
            whole = path.read_bytes()
            head = read_head(whole)
            if isinstance(head, Head):
                yield path, whole[head.head_length :], head.transfer_syntax_uid


def test_xml_says_of_every_public_file_what_json_says(corpus: Path) -> None:
    compared = 0
    for path, data, syntax in corpus_files(corpus):
        document = ET.fromstring(data_set_xml(data, syntax, URL))
        assert list(as_json(document)) == list(json_attributes(json.loads(data_set_json(data, syntax, URL)))), path
        compared += 1
    assert compared > 500


def as_json(node: ET.Element) -> Iterator[object]:
    """VR, number of values or content, in the order of the document, for each attribute."""
    for each in node:
        items = [child for child in each if name(child) == "Item"]
        binary = [child for child in each if name(child) in ("BulkData", "InlineBinary")]
        yield each.attrib["vr"], [(name(child), child.text or child.get("uri")) for child in binary]
        yield [value_of(child) for child in each if name(child) in ("Value", "PersonName")]
        for item in items:
            yield from as_json(item)


def value_of(node: ET.Element) -> object:
    if name(node) == "Value":
        return node.attrib["number"], plain(node.text or "")
    groups = {name(group): [part.text for part in group if part.text] for group in node}
    return node.attrib["number"], groups


def json_attributes(attributes: dict) -> Iterator[object]:
    for attribute in attributes.values():
        kinds = (("BulkDataURI", "BulkData"), ("InlineBinary", "InlineBinary"))
        values = attribute.get("Value", [])
        yield attribute["vr"], [(kind, attribute[key]) for key, kind in kinds if key in attribute]
        if attribute["vr"] == "SQ":
            yield []
            for item in values:
                yield from json_attributes(item)
        else:
            yield [(str(number), json_value(value)) for number, value in enumerate(values, 1) if has_text(value)]


def has_text(value: object) -> bool:
    return any(text.strip("^") for text in value.values()) if isinstance(value, dict) else value is not None


def json_value(value: object) -> object:
    if isinstance(value, dict):
        return {
            group: [part for part in text.split("^", 4) if part] for group, text in value.items() if text.strip("^")
        }
    return plain(str(value))


def plain(text: str) -> object:
    """Numbers may be written in several ways, and XML cannot hold all characters."""
    try:
        return float(text)
    except ValueError:
        return "".join(each if each.isprintable() or each in "\t\n\r" else "\ufffd" for each in text)


@pytest.mark.slow
def test_xml_says_of_every_public_file_what_dcmtk_says(corpus: Path) -> None:
    program = shutil.which("dcm2xml")
    if program is None:
        pytest.skip("dcm2xml of DCMTK is not installed")
    compared = 0
    for path, data, syntax in corpus_files(corpus):
        answer = subprocess.run([program, "-nat", "-q", "+U8", path], capture_output=True, check=False)
        if answer.returncode:
            continue
        try:
            theirs = read(ET.fromstring(answer.stdout))
        except ET.ParseError:
            continue  # text of another character set than it was told
        found = list(differences(written(data, syntax), theirs))
        assert not found, (path, found[:3])
        compared += 1
    assert compared > 500


def differences(ours: dict, theirs: dict) -> Iterator[tuple[object, ...]]:
    # DCMTK takes the block from elements without a creator too, and does not know one that is written as UN.
    bare = {key for key in ours if is_private(key[0]) and (key[1] or int(key[0][4:], 16) > 0xFF)} - theirs.keys()
    blocks_lost = {(f"{key[0][:4]}00{key[0][6:]}", "") for key in bare}
    for key in sorted({*ours, *theirs} - bare - blocks_lost - {("00080005", "")}):  # UTF-8 of theirs
        mine, other = ours.get(key), theirs.get(key)
        if mine is None or other is None:
            yield key, mine, other
        elif mine[0] == other[0] == "SQ" and len(mine[2]) == len(other[2]):
            for (_, item), (_, their_item) in zip(mine[2], other[2], strict=True):
                yield from differences(item, their_item)
        elif not is_same(mine, other):
            yield key, mine, other


def is_private(tag: str) -> bool:
    return bool(int(tag[:4], 16) % 2)


def is_same(mine: Attribute, other: Attribute) -> bool:
    """Equal, or different where we say more: UTF-8, private and ambiguous VRs, UN of known tags, values inline."""
    vrs = {mine[0], other[0]}
    if len(vrs) > 1:
        return "UN" in vrs or vrs <= {"OB", "OW"} or vrs <= {"US", "SS"}
    binary = ("BulkData", "InlineBinary")
    if mine[2] and other[2] and mine[2][0] in binary and other[2][0] in binary:
        return True
    if other[1] not in ("", mine[1]):  # retired attributes have no keyword there
        return False
    return len(mine[2]) == len(other[2]) and all(map(are_near, mine[2], other[2]))


def are_near(mine: object, other: object) -> bool:
    if mine == other:
        return True
    (number, a), (their_number, b) = mine, other  # type: ignore[misc]
    if isinstance(a, list):  # DCMTK parts names within two-byte characters that hold a ^ or =
        return number == their_number and a[0] == b[0]
    try:
        return number == their_number and abs(float(a) - float(b)) <= 1e-5 * max(1.0, abs(float(a)))
    except ValueError:
        return number == their_number and str(a).strip() == str(b).strip()


def test_inline_binary_is_the_value(corpus: Path) -> None:
    (path,) = corpus.rglob("CT_small.dcm")
    whole = path.read_bytes()
    head = read_head(whole)
    assert isinstance(head, Head)
    data = whole[head.head_length :]
    made = json.loads(data_set_json(data, head.transfer_syntax_uid, None))
    document = ET.fromstring(data_set_xml(data, head.transfer_syntax_uid, None))
    inline = [node.text or "" for node in document.iter(f"{{{NAMESPACE}}}InlineBinary")]
    assert [b64decode(text) for text in inline] == [
        b64decode(each["InlineBinary"]) for each in made.values() if "InlineBinary" in each
    ]
