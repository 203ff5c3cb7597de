"""DICOM JSON: what is written of odd values, bulk data and hostile bytes."""

import json
import struct
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from filmless.standards.data_set.json_values import element_json
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
from filmless.standards.models.dicom_json import bulk_value, data_set_json, level_json
from native import encoded
from objects import NATIVE_SYNTAXES, ct_image

URL = "http://archive/studies/1/series/2/instances/3"


def written(data: bytes, syntax: str = EXPLICIT_VR_LITTLE_ENDIAN, url: str | None = URL) -> dict:
    return json.loads(data_set_json(data, syntax, url))


@pytest.mark.parametrize(
    ("vr", "raw", "value"),
    [
        ("IS", b"12 ", [12]),
        ("IS", rb"1\ \-3", [1, None, -3]),
        ("IS", b"1e5", ["1e5"]),
        ("IS", b"99999999999999999999", ["99999999999999999999"]),
        ("DS", rb"0.976562\1e-3 ", [0.976562, 0.001]),
        ("DS", b"NaN", ["NaN"]),
        ("DS", b"1e999999", ["1e999999"]),
        ("DS", b"0x1p3", ["0x1p3"]),
        ("DS", b"1_000", ["1_000"]),
        ("FD", struct.pack("<3d", 1.5, float("nan"), float("-inf")), [1.5, "NaN", "-inf"]),
        ("US", b"\1\0\2\0\3", [1, 2]),
        ("UV", b"\xff" * 8, [2**64 - 1]),
        ("AT", b"\x18\0\x63\x10", ["00181063"]),
        ("CS", b"ORIGINAL\\\\AXIAL ", ["ORIGINAL", None, "AXIAL"]),
        ("LT", rb"a\b", [r"a\b"]),
        ("LO", b"a\0b", ["ab"]),
        ("PN", b"A^B\\\\=X", [{"Alphabetic": "A^B"}, None, {"Ideographic": "X"}]),
        ("UI", b"1.2.3\0", ["1.2.3"]),
        ("LO", b"  ", None),
        ("UN", b"", None),
    ],
)
def test_values_are_written_as_the_model_wants_or_as_they_stand(vr: str, raw: bytes, value: object) -> None:
    assert element_json(vr, raw) == ({"vr": vr, "Value": value} if value else {"vr": vr})


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_every_encoding_gives_the_same(syntax: str) -> None:
    image = ct_image(
        PatientName="Müller^Jörg", ReferencedImageSequence=[Dataset()], RedPaletteColorLookupTableData=b"\1\2\3\4"
    )
    image["RedPaletteColorLookupTableData"].VR = "OW"
    expected = written(encoded(image, EXPLICIT_VR_LITTLE_ENDIAN))
    made = written(encoded(image, syntax), str(syntax))
    if syntax == EXPLICIT_VR_BIG_ENDIAN:  # pydicom leaves the bytes of OW as they are: we turn them
        assert b64decode(made["00281201"].pop("InlineBinary")) == b"\2\1\4\3"
        expected["00281201"].pop("InlineBinary")
    assert made == expected
    assert expected["00100010"]["Value"] == [{"Alphabetic": "Müller^Jörg"}]
    assert expected["00081140"]["Value"] == [{}]
    assert expected["7FE00010"] == {"vr": "OW", "BulkDataURI": f"{URL}/bulkdata/7FE00010"}


def test_items_inherit_the_character_set_or_have_their_own() -> None:
    image = ct_image(SpecificCharacterSet="ISO_IR 100")
    inherits, own = Dataset(), Dataset()
    inherits.CodeMeaning = "Schädel"
    own.SpecificCharacterSet = "ISO_IR 144"
    own.CodeMeaning = "Люк"
    image.ProcedureCodeSequence = [own, inherits]
    first, second = written(encoded(image, EXPLICIT_VR_LITTLE_ENDIAN))["00081032"]["Value"]
    assert first["00080104"]["Value"] == ["Люк"]
    assert first["00080005"]["Value"] == ["ISO_IR 192"]
    assert second["00080104"]["Value"] == ["Schädel"]


def test_bulk_data_of_an_item_is_found_by_its_path() -> None:
    image = ct_image()
    items = [Dataset(), Dataset()]
    for number, item in enumerate(items):
        item.EncapsulatedDocument = bytes([number]) * 2000
    image.ReferencedImageSequence = items
    for syntax in NATIVE_SYNTAXES:
        data = encoded(image, syntax)
        uri = written(data, str(syntax))["00081140"]["Value"][1]["00420011"]["BulkDataURI"]
        assert uri == f"{URL}/bulkdata/00081140/2/00420011"
        assert bulk_value(data, str(syntax), "00081140/2/00420011") == bytes([1]) * 2000
        assert bulk_value(data, str(syntax), "00081140/3/00420011") is None


def test_without_a_url_binary_values_are_inline_and_pixels_left_out() -> None:
    made = written(encoded(ct_image(EncapsulatedDocument=bytes(5000)), EXPLICIT_VR_LITTLE_ENDIAN), url=None)
    assert b64decode(made["00420011"]["InlineBinary"]) == bytes(5000)
    assert made["7FE00010"] == {"vr": "OW"}


def test_of_unordered_and_repeated_elements_an_ordered_object_is_made() -> None:
    data = b"\x10\0\x20\0LO\2\0P1" + b"\x08\0\x60\0CS\2\0CT" + b"\x10\0\x20\0LO\2\0P2"
    assert list(written(data)) == ["00080060", "00100020"]
    assert written(data)["00100020"]["Value"] == ["P2"]


def test_levels_have_the_vr_of_their_tags_and_no_large_sequences() -> None:
    data = b"\x08\0\x60\0US\2\0\1\0" + b"\x10\0\x20\0LO\2\0P1"
    scanned = scan(data, EXPLICIT_VR_LITTLE_ENDIAN, frozenset((0x00080060, 0x00100020)))
    assert isinstance(scanned, Scan)
    made = level_json(scanned, (0x00100020, 0x00080060, 0x00100010))
    assert list(made) == ["00080060", "00100020"]
    assert made["00080060"]["vr"] == "CS"
    image = ct_image(ProcedureCodeSequence=[ct_image(PixelData=bytes(70_000))])
    scanned = scan(encoded(image, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN, frozenset((0x00081032,)))
    assert isinstance(scanned, Scan)
    assert level_json(scanned, (0x00081032,)) == {}


PIECES = st.sampled_from(
    [b"\x10\0\x10\0PN\2\0", b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff", b"\xfe\xff\x00\xe0\xff\xff\xff\xff"]
    + [b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0", b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff"]
    + [b"\x08\0\x40\x11SQ\0\0\x40\0\0\0", b"\xfe\xff\x00\xe0\x10\0\0\0", b"\x18\0\x50\0DS\4\0", b"\x28\0\x10\0FD\x08\0"]
)


@given(
    st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=30).map(b"".join),
    st.sampled_from([*map(str, NATIVE_SYNTAXES), "1.2.840.10008.1.2.4.50"]),
)
def test_any_bytes_give_valid_json(data: bytes, syntax: str) -> None:
    assert isinstance(written(data, syntax), dict)
    assert isinstance(written(data, syntax, None), dict)
    bulk_value(data, syntax, "7FE00010")


def test_depth_beyond_the_limit_is_cut_off_without_recursion() -> None:
    deep = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 20_000
    assert b'"00081140"' in data_set_json(deep, EXPLICIT_VR_LITTLE_ENDIAN, URL)
