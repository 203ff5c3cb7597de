"""What a query asks for is read as PS3.4 C.2.2.2 says, and what cannot be read is a bad query."""

from datetime import date, time
from decimal import Decimal

import pytest

from filmless.archive.errors import BadQuery
from filmless.archive.model import Level, Query
from filmless.archive.query.match_values import (
    Dates,
    Empty,
    Exact,
    Kind,
    Like,
    Moments,
    Name,
    Number,
    Sounds,
    Times,
    Wanted,
    name_key,
    read_value,
)
from filmless.archive.query.matching import (
    ATTRIBUTES,
    KEYS,
    Criterion,
    DateTimeCriterion,
    ItemCriterion,
    key_of,
    read_query,
)
from filmless.standards.dicom.dictionary import tag_of


def tag(keyword: str) -> int:
    found = tag_of(keyword)
    assert found is not None, keyword
    return found


def study_query(*keys: tuple[str, str], **more: object) -> Query:
    matches = tuple((tuple(tag(one) for one in path.split(".")), value) for path, value in keys)
    return Query(Level.STUDY, matches, **more)  # type: ignore[arg-type]


READ: list[tuple[str, Kind, str, tuple[Wanted, ...]]] = [
    ("a single value", Kind.TEXT, "PID 1 ", (Exact("PID 1"),)),
    ("values of several", Kind.TEXT, "A\\B\\", (Exact("A"), Exact("B"))),
    ("a comma is part of a text", Kind.TEXT, "A,B", (Exact("A,B"),)),
    ("a comma parts codes", Kind.CODE, "CT,MR\\PT", (Exact("CT"), Exact("MR"), Exact("PT"))),
    ("a backslash is part of a long text", Kind.LONG_TEXT, "a\\b", (Exact("a\\b"),)),
    ("UIDs with commas", Kind.UID, "1.2,1.3", (Exact("1.2"), Exact("1.3"))),
    ("UIDs with backslashes", Kind.UID, "1.2\\1.3\\1.2", (Exact("1.2"), Exact("1.3"))),
    ("a wild card", Kind.TEXT, "A*B?C", (Like("A*B?C"),)),
    ("runs of wild cards", Kind.TEXT, "A*?**?", (Like("A??*"),)),
    ("an empty value", Kind.TEXT, '""', (Empty(),)),
    ("a date", Kind.DATE, "20210110", (Dates(date(2021, 1, 10), date(2021, 1, 10)),)),
    ("a date with dots", Kind.DATE, "2021.01.10", (Dates(date(2021, 1, 10), date(2021, 1, 10)),)),
    ("dates between", Kind.DATE, "20210110-20210114", (Dates(date(2021, 1, 10), date(2021, 1, 14)),)),
    ("dates since", Kind.DATE, "20210110-", (Dates(date(2021, 1, 10), None),)),
    ("dates until", Kind.DATE, "-20210110", (Dates(None, date(2021, 1, 10)),)),
    ("an hour", Kind.TIME, "10", (Times(time(10), time(10, 59, 59, 999999)),)),
    ("a time with colons", Kind.TIME, "10:30:15.5", (Times(time(10, 30, 15, 500000), time(10, 30, 15, 599999)),)),
    ("times between", Kind.TIME, "1030-11", (Times(time(10, 30), time(11, 59, 59, 999999)),)),
    ("a leap second", Kind.TIME, "235960-", (Times(time(23, 59, 59), None),)),
    ("a moment", Kind.DATETIME, "202101", (Moments("20210101000000000000", "20210131235959999999"),)),
    ("moments between", Kind.DATETIME, "2020-2021", (Moments("20200101000000000000", "20211231235959999999"),)),
    ("a moment with offset", Kind.DATETIME, "2021-0500",
     (Moments("20210101050000000000", "20220101045959999999", is_utc=True),)),
    ("moments since, with offset", Kind.DATETIME, "20210101+0100-",
     (Moments("20201231230000000000", None, is_utc=True),)),
    ("a number", Kind.NUMBER, "+1.50", (Number(Decimal("1.5")),)),
    ("numbers", Kind.NUMBER, "1\\2", (Number(Decimal(1)), Number(Decimal(2)))),
    ("a name", Kind.NAME, "Müller^Jürgen^^", (Name(("muller^jurgen",), "Müller^Jürgen"),)),
    ("a name's begin", Kind.NAME, "Mü*", (Name(("mu*",), "Mü*"),)),
    ("groups of a name", Kind.NAME, "A^B=山田^太郎", (Name(("a^b", name_key("山田^太郎")), "A^B=山田^太郎"),)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "wanted"), [pytest.param(*row[1:], id=row[0]) for row in READ])
def test_a_value_is_read(kind: Kind, value: str, wanted: tuple[Wanted, ...]) -> None:
    assert read_value("Key", kind, value) == wanted


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.DATE, "notadate"),
        (Kind.DATE, "00000000-99999999"),
        (Kind.DATE, "20210230"),
        (Kind.DATE, "2021-01-10"),
        (Kind.DATE, "-"),
        (Kind.TIME, "25"),
        (Kind.TIME, "10-61x"),
        (Kind.DATETIME, "20"),
        (Kind.DATETIME, "yesterday-"),
        (Kind.NUMBER, "abc"),
        (Kind.NUMBER, "1e9999999"),
        (Kind.NUMBER, "NaN"),
        (Kind.NUMBER, "１"),
        (Kind.UID, "1.2.*"),
        (Kind.UID, "1.2' or '1'='1"),
        (Kind.UID, "1." * 40 + "1"),
        (Kind.TEXT, "a\0b"),
        (Kind.TEXT, "\ud800"),
        (Kind.TEXT, "x" * 5_000),
        (Kind.NAME, "\u0301\u0301"),
    ],
)
def test_a_value_that_cannot_be_is_a_bad_query_that_names_the_key(kind: Kind, value: str) -> None:
    with pytest.raises(BadQuery) as refused:
        read_value("StudyKey", kind, value)
    assert "StudyKey" in refused.value.reason


def test_every_key_of_the_table_and_every_attribute_kept_is_known() -> None:
    assert all(key_of(tag) is key for tag, key in KEYS.items())
    kept = {tag for tags in ATTRIBUTES.values() for tag in tags}
    assert {tag for tag in kept if key_of(tag) is None} == set()


def test_unknown_keys_and_keys_of_a_level_below_are_reported_and_not_matched() -> None:
    criteria = read_query(
        Query(
            Level.STUDY,
            (
                ((tag("SliceThickness"),), "1"),
                ((0x00090010,), "ACME"),
                ((tag("Modality"),), "CT"),
                ((tag("PatientID"), tag("PatientName")), "X"),
                ((tag("ProcedureCodeSequence"),), "X"),
            ),
        )
    )
    assert criteria.all_of == ()
    assert criteria.unsupported == (
        "SliceThickness",
        "00090010",
        "Modality",
        "PatientID.PatientName",
        "ProcedureCodeSequence",
    )


def test_universal_values_and_values_about_the_answer_are_no_conditions() -> None:
    criteria = read_query(
        study_query(
            ("PatientID", ""),
            ("PatientName", "*"),
            ("StudyDate", "  "),
            ("SpecificCharacterSet", "ISO_IR 100"),
            ("InstanceAvailability", "ONLINE"),
        )
    )
    assert criteria.all_of == ()
    assert criteria.unsupported == ()
    assert criteria.returned == {tag("PatientID"), tag("PatientName"), tag("StudyDate")}


def test_what_is_asked_of_items_of_one_sequence_stays_together() -> None:
    criteria = read_query(
        study_query(
            ("ProcedureCodeSequence.CodeValue", "P1"),
            ("StudyID", "7"),
            ("ProcedureCodeSequence.CodingSchemeDesignator", "99X"),
        )
    )
    study_id, item = criteria.all_of
    assert isinstance(study_id, Criterion)
    assert isinstance(item, ItemCriterion)
    assert [one.any_of for one in item.all_of if isinstance(one, Criterion)] == [(Exact("P1"),), (Exact("99X"),)]


def test_study_date_and_time_are_one_range_where_that_is_asked_for() -> None:
    keys = (("StudyDate", "20210110-20210114"), ("StudyTime", "1030-"), ("StudyID", "7"))
    apart, combined = read_query(study_query(*keys)), read_query(study_query(*keys, combined=True))
    assert len(apart.all_of) == 3
    moment = next(one for one in combined.all_of if isinstance(one, DateTimeCriterion))
    assert moment == DateTimeCriterion((date(2021, 1, 10), time(10, 30)), (date(2021, 1, 14), time.max))
    assert len(combined.all_of) == 2


def test_fuzzy_matching_adds_the_sound_of_the_patients_name_alone() -> None:
    criteria = read_query(study_query(("PatientName", "smyth*"), ("ReferringPhysicianName", "smyth"), fuzzy=True))
    name, referrer = (one.any_of for one in criteria.all_of if isinstance(one, Criterion))
    assert any(isinstance(one, Sounds) for one in name)
    assert not any(isinstance(one, Sounds) for one in referrer)


def test_a_text_is_cut_into_folded_words() -> None:
    assert read_query(study_query(text=" Müller^Anna  ct,HEAD ")).words == ("muller", "anna", "ct", "head")


@pytest.mark.parametrize(
    "query",
    [
        study_query(*[("PatientID", "1")] * 300),
        Query(Level.STUDY, (((), "1"),)),
        Query(Level.STUDY, (((tag("ProcedureCodeSequence"),) * 20, "1"),)),
        study_query(text="a " * 20),
        study_query(text="a\0"),
    ],
)
def test_queries_beyond_all_measure_are_refused(query: Query) -> None:
    with pytest.raises(BadQuery):
        read_query(query)
