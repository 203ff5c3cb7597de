"""Sent metadata whose values are not what their VR says: refused with the tag, never taken by a guess."""

import json

import pytest

from bulk_data import DEEP, metadata, pixels_at, post, reason, stored
from filmless.standards.composing.metadata import metadata_of_json, metadata_of_xml
from filmless.standards.data_set.fault import BadBytes
from web_house import WebHouse


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


GOOD = [
    ("00080020", "DA", "20240229"), ("00080020", "DA", ""), ("00080030", "TM", "235960"), ("00080030", "TM", "07"),
    ("00080030", "TM", "101112.123456"), ("0008002A", "DT", "2024"), ("0008002A", "DT", "202402"),
    ("0008002A", "DT", "20240229101112.5+0130"), ("0008002A", "DT", "2024+0100"), ("00200013", "IS", "-7"),
    ("00200013", "IS", 7), ("00101030", "DS", "7.5e1"), ("00101030", "DS", 0.1), ("00101010", "AS", "042Y"),
    ("00181042", "TM", " 10 "), ("00091001", "DA", "20240101"), ("00080020", "UN", None),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "vr", "value"), GOOD)
def test_a_value_of_its_form_is_taken(house: WebHouse, tag: str, vr: str, value: object) -> None:
    attribute = {"vr": vr} if value is None else {"vr": vr, "Value": [value]}
    assert post(house, [{**metadata(), tag: attribute}]).status == 200


def test_a_number_has_no_more_digits_than_a_decimal_string_has(house: WebHouse) -> None:
    sent = {**metadata(), "00101030": {"vr": "DS", "Value": [0.1 + 0.2, -1.2345678901234567e-100]}}
    weight = stored(house, post(house, [sent]))[0x00101030]
    assert all(len(str(value)) <= 16 for value in weight.value)
    assert [float(value) for value in weight.value] == pytest.approx([0.3, -1.2345678901234567e-100])


BAD: list[tuple[str, dict[str, object], str]] = [
    ("00080020", {"vr": "DA", "Value": ["20240230"]}, "none of VR DA"),
    ("00080020", {"vr": "DA", "Value": ["2024.02.03"]}, "none of VR DA"),
    ("00080020", {"vr": "DA", "Value": ["2024-02-03"]}, "none of VR DA"),
    ("00080020", {"vr": "DA", "Value": ["20240101-20240201"]}, "none of VR DA"),
    ("00080020", {"vr": "DA", "Value": [20240203]}, "number where VR DA is text"),
    ("00080030", {"vr": "TM", "Value": ["25"]}, "none of VR TM"),
    ("00080030", {"vr": "TM", "Value": ["10:11:12"]}, "none of VR TM"),
    ("0008002A", {"vr": "DT", "Value": ["2024022"]}, "none of VR DT"),
    ("0008002A", {"vr": "DT", "Value": ["20241301"]}, "none of VR DT"),
    ("0008002A", {"vr": "DT", "Value": ["20240101250000"]}, "none of VR DT"),
    ("0008002A", {"vr": "DT", "Value": ["20240101T10"]}, "none of VR DT"),
    ("00081155", {"vr": "UI", "Value": ["1.2.x"]}, "none of VR UI"),
    ("00200013", {"vr": "IS", "Value": ["1.5"]}, "none of VR IS"),
    ("00200013", {"vr": "IS", "Value": [1.5]}, "none of VR IS"),
    ("00200013", {"vr": "IS", "Value": ["2147483648"]}, "none of VR IS"),
    ("00101030", {"vr": "DS", "Value": ["heavy"]}, "none of VR DS"),
    ("00101030", {"vr": "DS", "Value": ["1,5"]}, "none of VR DS"),
    ("00101030", {"vr": "DS", "Value": ["0.30000000000000004"]}, "none of VR DS"),
    ("00101010", {"vr": "AS", "Value": ["42"]}, "none of VR AS"),
    ("00280010", {"vr": "US", "Value": ["many"]}, "no number of its VR"),
    ("00280010", {"vr": "US", "Value": [1.5]}, "no number of its VR"),
    ("00280010", {"vr": "US", "Value": [70000]}, "no number of its VR"),
    ("00280009", {"vr": "AT", "Value": ["zz"]}, "no attribute tag"),
    ("00100020", {"vr": "LO", "Value": [7]}, "number where VR LO is text"),
    ("00100010", {"vr": "LO", "Value": ["Doe^Jane"]}, "is of VR PN, not LO"),
    ("00100020", {"Value": ["P1"]}, "has no VR"),
    ("00100020", {"vr": "ZZ", "Value": ["P1"]}, "has no VR"),
    ("00100020", {"vr": "LO", "Value": "P1"}, "no list"),
    ("00100020", {"vr": "LO", "InlineBinary": "UDE="}, "InlineBinary, which VR LO"),
    ("00420011", {"vr": "OB", "Value": ["UDE="]}, "a Value, which VR OB"),
    ("00420011", {"vr": "OB", "InlineBinary": "%%%"}, "not in base 64"),
    ("00420011", {"vr": "OB", "InlineBinary": "UDE=", "BulkDataURI": "p"}, "both BulkDataURI and InlineBinary"),
    ("00100020", {"vr": "LO", "Value": ["P1"], "BulkDataURI": "p"}, "both Value and BulkDataURI"),
]


@pytest.mark.parametrize(("tag", "attribute", "words"), BAD)
@pytest.mark.parametrize("is_within", [False, True], ids=["of the data set", "of an item"])
def test_a_value_that_is_none_is_refused_with_its_tag(
    house: WebHouse, tag: str, attribute: dict[str, object], words: str, *, is_within: bool
) -> None:
    sent = {**metadata(), tag: attribute}
    if is_within:
        sent = {**metadata(), "00081115": {"vr": "SQ", "Value": [{tag: attribute}]}}
    code, comment = reason(post(house, [sent], ("application/octet-stream", "p", DEEP.tobytes())))
    assert code == 0xC000
    assert words in comment
    assert comment.startswith(f"({tag[:4]},{tag[4:]}) ") or is_within
    assert len(comment) <= 64


@pytest.mark.parametrize(
    "text",
    [
        '{"00100020": {"vr": "LO", "Value": ["A"]}, "00100020": {"vr": "LO", "Value": ["B"]}}',
        '{"0020000d": {"vr": "UI", "Value": ["1"]}, "0020000D": {"vr": "UI", "Value": ["2"]}}',
        '{"00100020": {"vr": "LO", "Value": ["A"], "Value": ["B"]}}',
        '{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "A", "Alphabetic": "B"}]}}',
    ],
)
def test_json_that_says_something_twice_is_refused(text: str) -> None:
    with pytest.raises(BadBytes, match="twice"):
        metadata_of_json(text.encode())


def test_json_that_says_everything_once_is_taken() -> None:
    assert metadata_of_json(json.dumps([pixels_at("a"), pixels_at("b")]).encode())[1]["7FE00010"]["BulkDataURI"] == "b"


ATTRIBUTE = "<DicomAttribute tag='00100020' vr='LO'>"


@pytest.mark.parametrize(
    "text",
    [
        f"<NativeDicomModel>{ATTRIBUTE}<DicomAttribute tag='00100021' vr='LO'/></DicomAttribute></NativeDicomModel>",
        f"<NativeDicomModel>{ATTRIBUTE}<Value number='1'><Value number='1'>A</Value></Value></DicomAttribute>"
        "</NativeDicomModel>",
        f"<NativeDicomModel>{ATTRIBUTE}<Value number='1'>A</Value><Value number='1'>B</Value></DicomAttribute>"
        "</NativeDicomModel>",
        "<NativeDicomModel><DicomAttribute tag='00420011' vr='OB'><BulkData uri='a'/><BulkData uri='b'/>"
        "</DicomAttribute></NativeDicomModel>",
        "<NativeDicomModel><Item number='1'/></NativeDicomModel>",
        "<NativeDicomModel><NativeDicomModel/></NativeDicomModel>",
        "<NativeDicomModel><Patient/></NativeDicomModel>",
        "<DataSet/>",
        f"{ATTRIBUTE}</DicomAttribute>",
    ],
)
def test_xml_with_elements_at_wrong_places_or_twice_is_refused(text: str) -> None:
    with pytest.raises(BadBytes):
        metadata_of_xml(text.encode())
