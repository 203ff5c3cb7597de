"""What rules of coercion make of values, and what they may not say."""

from dataclasses import replace

import pytest

from filmless.archive.coercion.rules import Action, BadRule, Rule, Rules, checked, tag_named
from filmless.archive.model import Door, Source
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.dicom.dictionary import vr_of
from objects import ct_image, data_set_bytes

CT1 = Source(Door.C_STORE, calling_ae="CT1", called_ae="FILMLESS")
NAME, PATIENT_ID, ISSUER, SEX = 0x00100010, 0x00100020, 0x00100021, 0x00100040


def rule(tag: int, action: Action, value: str = "", **others: object) -> Rule:
    return checked(Rule("rule", tag, action, value, **others))


def changes(*rules: Rule, source: Source = CT1, **values: object) -> dict[int, str | None]:
    """What rules make of an image with these values; None of a value leaves the attribute out."""
    image = ct_image(**{keyword: value for keyword, value in values.items() if value is not None})
    for keyword in (keyword for keyword, value in values.items() if value is None):
        delattr(image, keyword)
    found = scan(data_set_bytes(image), "1.2.840.10008.1.2.1", Rules(rules).wanted)
    assert isinstance(found, Scan)
    return Rules(rules).changes(found, source)[0]


@pytest.mark.parametrize(
    ("applied", "before", "after"),
    [
        (rule(PATIENT_ID, Action.SET, "X"), "P1", "X"),
        (rule(PATIENT_ID, Action.SET, "X"), None, "X"),
        (rule(PATIENT_ID, Action.DEFAULT, "X"), "", "X"),
        (rule(PATIENT_ID, Action.DEFAULT, "X"), None, "X"),
        (rule(PATIENT_ID, Action.REMOVE), "P1", None),
        (rule(PATIENT_ID, Action.TRIM), "  P  1", "P 1"),
        (rule(PATIENT_ID, Action.PREFIX, "H1-"), "P1", "H1-P1"),
        (rule(PATIENT_ID, Action.REPLACE, r"\2-\1", pattern="(.)(.)"), "P1", "1-P"),
        (rule(PATIENT_ID, Action.REPLACE, pattern="^0+"), "00012", "12"),
        (rule(PATIENT_ID, Action.REPLACE, "x", pattern="(?i)p"), "P1", "x1"),
        (rule(PATIENT_ID, Action.REPLACE, "x", pattern="(a+)+$"), "a" * 60 + "!a", "a" * 60 + "!x"),  # at once
        (rule(PATIENT_ID, Action.MAP, table=(("P1", "Q1"),)), "P1", "Q1"),
    ],
)
def test_an_action_makes_the_new_value(applied: Rule, before: str | None, after: str | None) -> None:
    assert changes(applied, PatientID=before) == {PATIENT_ID: after}


@pytest.mark.parametrize(
    ("applied", "before"),
    [
        (rule(PATIENT_ID, Action.SET, "P1"), "P1"),
        (rule(PATIENT_ID, Action.DEFAULT, "X"), "P1"),
        (rule(PATIENT_ID, Action.REMOVE), None),
        (rule(PATIENT_ID, Action.TRIM), "P1"),
        (rule(PATIENT_ID, Action.TRIM), ""),
        (rule(PATIENT_ID, Action.PREFIX, "H1-"), "H1-P1"),
        (rule(PATIENT_ID, Action.PREFIX, "H1-"), None),
        (rule(PATIENT_ID, Action.REPLACE, "x", pattern="y"), "P1"),
        (rule(PATIENT_ID, Action.MAP, table=(("Z", "Q1"),)), "P1"),
    ],
)
def test_what_is_as_it_should_be_is_no_change(applied: Rule, before: str | None) -> None:
    assert changes(applied, PatientID=before) == {}


def test_names_are_trimmed_by_component_and_group() -> None:
    assert changes(rule(NAME, Action.TRIM), PatientName="Test ^ Anna  Maria^^= 山田 ^") == {
        NAME: "Test^Anna Maria=山田"
    }


def test_each_of_several_values_is_changed() -> None:
    names = rule(0x00081048, Action.PREFIX, "Dr ")
    assert changes(names, PhysiciansOfRecord=["A", "B"]) == {0x00081048: "Dr A\\Dr B"}
    comments = rule(0x00104000, Action.PREFIX, "! ")
    assert changes(comments, PatientComments="a\\b") == {0x00104000: "! a\\b"}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"calling_ae": "CT1"}, True),
        ({"calling_ae": "CT*"}, True),
        ({"calling_ae": "C?1"}, True),
        ({"calling_ae": "MR*"}, False),
        ({"called_ae": "FILMLESS"}, True),
        ({"called_ae": "OTHER"}, False),
        ({"conditions": ((0x00080060, "CT"),)}, True),
        ({"conditions": ((0x00080060, "MR"),)}, False),
        ({"conditions": ((0x00080016, "1.2.840.10008.5.1.4.1.1.2"),)}, True),
        ({"conditions": ((0x00081010, ""),)}, True),
        ({"conditions": ((PATIENT_ID, ""),)}, False),
        ({"conditions": ((PATIENT_ID, "P*"), (SEX, "F"))}, True),
        ({"conditions": ((PATIENT_ID, "P*"), (SEX, "M"))}, False),
    ],
)
def test_a_rule_is_for_what_its_conditions_name(condition: dict[str, object], holds: bool) -> None:
    assert bool(changes(rule(ISSUER, Action.SET, "H1", **condition))) is holds


def test_a_later_rule_sees_what_an_earlier_one_made() -> None:
    first = rule(SEX, Action.MAP, table=(("F", "O"),))
    second = rule(ISSUER, Action.SET, "H1", conditions=((SEX, "O"),))
    back = rule(SEX, Action.SET, "F")

    assert changes(first, second, back) == {ISSUER: "H1"}


def test_every_character_set_is_read() -> None:
    image_values = {"SpecificCharacterSet": ["", "ISO 2022 IR 87"], "PatientName": "Yamada^Tarou=山田^太郎"}
    assert changes(rule(NAME, Action.REPLACE, "鈴木", pattern="山田"), **image_values) == {
        NAME: "Yamada^Tarou=鈴木^太郎"
    }


GOOD = Rule("rule", PATIENT_ID, Action.SET, "X")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (replace(GOOD, name="no good"), "name of a rule"),
        (replace(GOOD, tag=0x0020000D), "never coerced"),
        (replace(GOOD, tag=0x00080016), "never coerced"),
        (replace(GOOD, tag=0x00080005), "cannot be coerced"),
        (replace(GOOD, tag=0x04000561), "cannot be coerced"),
        (replace(GOOD, tag=0x7FE00010), "cannot be coerced"),
        (replace(GOOD, tag=0x00020010), "never coerced"),
        (replace(GOOD, tag=0x00280004), "how the object is to be read"),
        (replace(GOOD, tag=0x00111001), "only be removed"),
        (replace(GOOD, tag=0x00081140), "only be removed"),
        (replace(GOOD, value="x" * 65), "at most 64 characters"),
        (replace(GOOD, tag=SEX, value="f"), "capital letters"),
        (replace(GOOD, tag=0x00100030, value="yesterday"), "a date"),
        (replace(GOOD, tag=0x00080020, value="20209999"), "a date"),
        (replace(GOOD, tag=0x00080030, value="2460"), "a time"),
        (replace(GOOD, tag=0x0008002A, value="20200230101010"), "a moment"),
        (replace(GOOD, action=Action.PREFIX, value=""), "needs --value"),
        (replace(GOOD, action=Action.TRIM), "takes no --value"),
        (replace(GOOD, action=Action.REPLACE), "needs --pattern"),
        (replace(GOOD, action=Action.REPLACE, pattern="("), "is wrong"),
        (replace(GOOD, action=Action.REPLACE, pattern="a", value=r"\1"), "is wrong"),
        (replace(GOOD, action=Action.MAP, value=""), "needs --map"),
        (replace(GOOD, action=Action.MAP, value="", tag=SEX, table=(("X", "female"),)), "capital letters"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_a_sentence(wrong: Rule, says: str) -> None:
    with pytest.raises(BadRule, match=says):
        checked(wrong)


def test_attributes_are_named_by_keyword_or_digits() -> None:
    assert tag_named("PatientID") == tag_named("00100020") == tag_named("(0010,0020)") == PATIENT_ID
    with pytest.raises(BadRule, match="no attribute"):
        tag_named("PatientNumber")
    assert vr_of(tag_named("PatientName")) == "PN"
