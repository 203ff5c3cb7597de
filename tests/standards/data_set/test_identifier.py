"""Identifiers: the keys of a request are read, responses are data sets that others read."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread

from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.data_set.identifier import Identifier, encode_identifier, parse_identifier
from filmless.standards.data_set.part10 import write_head
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN as EXPLICIT
from native import encoded
from objects import NATIVE_SYNTAXES

NAME, STUDY_DATE, REQUEST, STEP_ID = 0x00100010, 0x00080020, 0x00400275, 0x00400009


def request() -> Dataset:
    keys = Dataset()
    keys.SpecificCharacterSet = "ISO_IR 100"
    keys.QueryRetrieveLevel = "STUDY"
    keys.PatientName = "Müll*"
    keys.StudyDate = "20260101-20260131"
    keys.Rows = 512
    keys.AccessionNumber = ""
    keys.ReferencedStudySequence = []
    item = Dataset()
    item.ScheduledProcedureStepID = "S1"
    keys.RequestAttributesSequence = [item]
    return keys


def read(data: bytes, syntax: str) -> Dataset:
    return dcmread(io.BytesIO(write_head("1.2", "1.2.3", syntax) + data))


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_keys_are_read_with_the_sequences_they_lie_in(syntax: str) -> None:
    identifier = parse_identifier(encoded(request(), syntax), syntax)
    assert isinstance(identifier, Identifier)
    keys = dict(identifier.keys)
    assert keys[(NAME,)] == "Müll*"
    assert keys[(STUDY_DATE,)] == "20260101-20260131"
    assert keys[(0x00280010,)] == "512"
    assert keys[(0x00080050,)] == ""
    assert keys[(REQUEST, STEP_ID)] == "S1"
    assert keys[(0x00081110,)] == ""
    assert {NAME, REQUEST, 0x00081110} <= identifier.tags
    assert STEP_ID not in identifier.tags


def test_a_large_or_broken_identifier_is_a_fault() -> None:
    large = parse_identifier(bytes((1 << 20) + 2), EXPLICIT)
    assert isinstance(large, Fault)
    assert large.kind is FaultKind.LIMIT
    cut = parse_identifier(encoded(request(), EXPLICIT)[:-2], EXPLICIT)
    assert isinstance(cut, Fault)
    assert isinstance(parse_identifier(b"", EXPLICIT), Identifier)


@given(st.binary(max_size=80), st.sampled_from([str(syntax) for syntax in NATIVE_SYNTAXES]))
def test_no_bytes_raise(data: bytes, syntax: str) -> None:
    assert isinstance(parse_identifier(data, syntax), Identifier | Fault)


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES[:3])
def test_a_response_is_read_by_others(syntax: str) -> None:
    answer = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小東"}]},
        "00080020": {"vr": "DA", "Value": ["20260101"]},
        "00080061": {"vr": "CS", "Value": ["CT", "MR"]},
        "00201206": {"vr": "IS", "Value": [3]},
        "00280010": {"vr": "US", "Value": [512]},
        "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
        "00400275": {"vr": "SQ", "Value": [{"00400009": {"vr": "SH", "Value": ["S1"]}}]},
        "00081030": {"vr": "LO"},
        "00280009": {"vr": "AT", "Value": ["00181063"]},
        "00420011": {"vr": "OB", "InlineBinary": "AAEC"},
    }
    data = encode_identifier(answer, syntax)
    response = read(data, str(syntax))
    assert str(response.PatientName) == "Wang^XiaoDong=王^小東"
    assert response.SpecificCharacterSet == "ISO_IR 192"
    assert list(response.ModalitiesInStudy) == ["CT", "MR"]
    assert (response.NumberOfStudyRelatedSeries, response.Rows, response.StudyInstanceUID) == (3, 512, "1.2.3")
    assert response.RequestAttributesSequence[0].ScheduledProcedureStepID == "S1"
    assert response.FrameIncrementPointer == 0x00181063
    assert response.EncapsulatedDocument == b"\0\1\2\0"
    assert [element.tag for element in response] == sorted(element.tag for element in response)


def test_the_character_set_is_named_only_where_it_is_needed() -> None:
    plain = {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]},
    }
    assert read(encode_identifier(plain, EXPLICIT), EXPLICIT).SpecificCharacterSet in ("", None)


@pytest.mark.parametrize(
    ("asked", "name", "answered"),
    [
        ("ISO_IR 100", "Müller^Jörg", "ISO_IR 100"),
        ("ISO_IR 100", "Müller^王", "ISO_IR 192"),
        ("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎", ["", "ISO 2022 IR 87"]),
        ("ISO_IR 144", "Люк", "ISO_IR 144"),
        ("", "Müller", "ISO_IR 192"),
        ("JUNK", "Müller", "ISO_IR 192"),
    ],
)
def test_a_response_is_in_the_character_set_of_the_request_where_that_has_all_of_it(
    asked: str, name: str, answered: object
) -> None:
    groups = dict(zip(("Alphabetic", "Ideographic"), name.split("="), strict=False))
    response = read(encode_identifier({"00100010": {"vr": "PN", "Value": [groups]}}, EXPLICIT, asked), EXPLICIT)
    assert str(response.PatientName) == name
    assert response.SpecificCharacterSet == answered


def test_the_character_set_of_a_request_is_read() -> None:
    identifier = parse_identifier(encoded(request(), EXPLICIT), EXPLICIT)
    assert isinstance(identifier, Identifier)
    assert identifier.character_set == "ISO_IR 100"
