"""What is found is what was asked for, at each level, in order, and within the scope."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from filmless.archive.errors import BadQuery, Damaged
from filmless.archive.model import Count, DicomJson, KeptInstance, Level, Order, Query
from filmless.archive.query.matching import STUDY_ARRIVAL_DATE
from filmless.archive.scope import Scope, View
from filmless.database.connect import Database
from filmless.database.find.postgres import PostgresFind
from filmless.standards.dicom.dictionary import tag_of
from index_rows import CT_IMAGE, EXPLICIT_LE, Rows
from seals import SEAL
from serving import wait_until

ALL = Scope("test", everything=True)
STUDY_UID, SERIES_UID, INSTANCE_UID = "0020000D", "0020000E", "00080018"


def tag(keyword: str) -> int:
    found = tag_of(keyword)
    assert found is not None, keyword
    return found


def query(level: Level = Level.STUDY, *, more: dict[str, Any] | None = None, **keys: str) -> Query:
    matches = tuple((tuple(tag(one) for one in path.split("__")), value) for path, value in keys.items())
    return Query(level, matches, **(more or {}))


def values(match: DicomJson, key: str) -> Any:
    return match[key].get("Value", [])


@pytest.fixture
def rows(database: Database) -> Rows:
    return Rows(database)


@pytest.fixture
def find(database: Database) -> PostgresFind:
    return PostgresFind(database, SEAL)


@pytest.fixture(scope="module")
def people(module_database: Database) -> PostgresFind:
    """Four studies of as many people, which no test changes."""
    rows = Rows(module_database)
    rows.study(
        "1.1",
        {
            "1.1.1": {
                "Modality": "CT",
                "SeriesNumber": 2,
                "instances": [
                    {"SOPInstanceUID": "1.1.1.2", "InstanceNumber": 2},
                    {"SOPInstanceUID": "1.1.1.1", "InstanceNumber": 1, "Rows": 512},
                ],
            },
            "1.1.2": {
                "Modality": "SR",
                "SeriesNumber": 1,
                "SeriesDescription": "Dose",
                "instances": [{"SOPInstanceUID": "1.1.2.1"}],
                "RequestAttributesSequence": [
                    {"RequestedProcedureID": "R1", "ScheduledProcedureStepID": "S1"},
                    {"RequestedProcedureID": "R2", "ScheduledProcedureStepID": "S2"},
                ],
            },
        },
        PatientName="Smith^John",
        PatientID="P1",
        PatientBirthDate="19700102",
        PatientSex="M",
        IssuerOfPatientID="HOSP",
        StudyDate="20210110",
        StudyTime="1030",
        AccessionNumber="A1",
        StudyDescription="Head & Neck 100%_x",
        ReferringPhysicianName="Müller^Anna",
        StudyID="S1",
        PatientAge="051Y",
        ProcedureCodeSequence=[
            {"CodeValue": "P1", "CodingSchemeDesignator": "99A"},
            {"CodeValue": "P2", "CodingSchemeDesignator": "99B"},
        ],
    )
    rows.study(
        "1.2",
        {
            "1.2.1": {
                "Modality": "MR",
                "SeriesNumber": 1,
                "InstitutionName": "North",
                "instances": [{"SOPInstanceUID": "1.2.1.1"}],
            }
        },
        PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう",
        PatientID="P2",
        StudyDate="20210112",
        StudyTime="101530.25",
        AccessionNumber="A2",
        StudyDescription="Knee",
        StudyID="s1",
        ReferringPhysicianName="Yamamoto^Ken=山本^健",
    )
    rows.study("1.3", {"1.3.1": {"Modality": "CT"}}, PatientName="Smythe^Ann", PatientID="P1", StudyDate="20210112")
    rows.study("1.4", PatientName="Müller^Jürgen^^Dr", PatientID="", StudyDate="before")
    return PostgresFind(module_database, SEAL)


def uids(find: PostgresFind, asked: Query, scope: Scope = ALL, key: str = STUDY_UID) -> list[str]:
    page = find.find(asked, scope)
    found = [values(match, key)[0] for match in page.matches]
    assert found == [values(match, key)[0] for match in find.stream(asked, scope)]
    assert find.count(asked, scope) == Count(len(found), is_exact=True)
    return found


FOUND: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["1.2", "1.3", "1.1", "1.4"]),
    ({"PatientID": "P1"}, ["1.3", "1.1"]),
    ({"PatientID": "p1"}, []),
    ({"PatientID": "P?"}, ["1.2", "1.3", "1.1"]),
    ({"PatientID": "%"}, []),
    ({"PatientID": "P_"}, []),
    ({"PatientID": "P1\\P2"}, ["1.2", "1.3", "1.1"]),
    ({"PatientID": '""'}, ["1.4"]),
    ({"IssuerOfPatientID": "HOSP"}, ["1.1"]),
    ({"PatientName": "smith^john"}, ["1.1"]),
    ({"PatientName": "SM*"}, ["1.3", "1.1"]),
    ({"PatientName": "*TH^J*"}, ["1.1"]),
    ({"PatientName": "sm?th*"}, ["1.3", "1.1"]),
    ({"PatientName": "smith"}, []),
    ({"PatientName": "MULLER^jurgen^^DR"}, ["1.4"]),
    ({"PatientName": "Müll*"}, ["1.4"]),
    ({"PatientName": "山田*"}, ["1.2"]),
    ({"PatientName": "Yamada^Tarou"}, ["1.2"]),
    ({"PatientName": "yamada*=山田^太郎"}, ["1.2"]),
    ({"PatientName": "yamada*=田^太郎"}, []),
    ({"PatientName": "*=*=やまだ*"}, ["1.2"]),
    ({"PatientName": "やまだ^たろう"}, ["1.2"]),
    ({"PatientName": "^"}, ["1.2", "1.3", "1.1", "1.4"]),
    ({"PatientBirthDate": "19700102"}, ["1.1"]),
    ({"PatientBirthDate": "19700101-19711231"}, ["1.1"]),
    ({"PatientSex": "M"}, ["1.1"]),
    ({"StudyInstanceUID": "1.1,1.4\\1.9"}, ["1.1", "1.4"]),
    ({"StudyDate": "20210112"}, ["1.2", "1.3"]),
    ({"StudyDate": "20210101-20210111"}, ["1.1"]),
    ({"StudyDate": "-20210110"}, ["1.1"]),
    ({"StudyDate": "20210111-"}, ["1.2", "1.3"]),
    ({"StudyDate": '""'}, ["1.4"]),
    ({"StudyTime": "10"}, ["1.2", "1.1"]),
    ({"StudyTime": "1015-1020"}, ["1.2"]),
    ({"AccessionNumber": "A1"}, ["1.1"]),
    ({"StudyDescription": "Head*"}, ["1.1"]),
    ({"StudyDescription": "head*"}, []),
    ({"StudyDescription": "*100%_x"}, ["1.1"]),
    ({"StudyDescription": "Knee"}, ["1.2"]),
    ({"StudyID": "S1"}, ["1.1"]),
    ({"PatientAge": "051Y"}, ["1.1"]),
    ({"ReferringPhysicianName": "muller*"}, ["1.1"]),
    ({"ReferringPhysicianName": "Müller^Anna"}, ["1.1"]),
    ({"ReferringPhysicianName": "*ann?"}, ["1.1"]),
    ({"ReferringPhysicianName": "山*"}, ["1.2"]),
    ({"ReferringPhysicianName": "*=山*"}, ["1.2"]),
    ({"ReferringPhysicianName": '""'}, ["1.3", "1.4"]),
    ({"ModalitiesInStudy": "CT"}, ["1.3", "1.1"]),
    ({"ModalitiesInStudy": "SR,MR"}, ["1.2", "1.1"]),
    ({"ModalitiesInStudy": "?R"}, ["1.2", "1.1"]),
    ({"ModalitiesInStudy": '""'}, ["1.4"]),
    ({"NumberOfStudyRelatedSeries": "2"}, ["1.1"]),
    ({"NumberOfStudyRelatedInstances": "3"}, ["1.1"]),
    ({"NumberOfStudyRelatedInstances": "99999999999999999999"}, []),
    ({"ProcedureCodeSequence__CodeValue": "P1"}, ["1.1"]),
    ({"ProcedureCodeSequence__CodeValue": "P1", "ProcedureCodeSequence__CodingSchemeDesignator": "99B"}, []),
    ({"ProcedureCodeSequence__CodeValue": "P*", "ProcedureCodeSequence__CodingSchemeDesignator": "99B"}, ["1.1"]),
    ({"PatientID": "P1", "ModalitiesInStudy": "SR"}, ["1.1"]),
]


@pytest.mark.parametrize(("keys", "wanted"), [pytest.param(*row, id=str(row[0])) for row in FOUND])
def test_studies_are_found(people: PostgresFind, keys: dict[str, str], wanted: list[str]) -> None:
    assert uids(people, query(**keys)) == wanted


def test_date_and_time_are_one_range_where_that_is_asked_for(people: PostgresFind) -> None:
    keys = {"StudyDate": "20210110-20210112", "StudyTime": "1100-1020"}
    assert uids(people, query(**keys)) == []
    assert uids(people, query(**keys, more={"combined": True})) == ["1.2", "1.3"]


def test_fuzzy_matching_finds_names_that_sound_alike(people: PostgresFind) -> None:
    assert uids(people, query(PatientName="smeth")) == []
    assert uids(people, query(PatientName="smeth", more={"fuzzy": True})) == ["1.3", "1.1"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("smith", ["1.1"]),
        ("john smith", ["1.1"]),
        ("ohn mit", ["1.1"]),
        ("sm", ["1.3", "1.1"]),
        ("p1 neck", ["1.1"]),
        ("a2", ["1.2"]),
        ("山田", ["1.2"]),
        ("jürg", ["1.4"]),
        ("100%", ["1.1"]),
        ("smith knee", []),
        ("  ", ["1.2", "1.3", "1.1", "1.4"]),
    ],
)
def test_one_search_box_searches_name_id_accession_and_description(
    people: PostgresFind, text: str, wanted: list[str]
) -> None:
    assert uids(people, query(more={"text": text})) == wanted


def test_a_study_is_answered_with_what_ps3_18_requires(people: PostgresFind) -> None:
    (match,) = people.find(query(StudyInstanceUID="1.1"), ALL).matches
    assert list(match) == sorted(match)
    assert {key: values(match, key) for key in match} == {
        "00080005": ["ISO_IR 192"],
        "00080020": ["20210110"],
        "00080030": ["1030"],
        "00080050": ["A1"],
        "00080056": ["ONLINE"],
        "00080061": ["CT", "SR"],
        "00080090": [{"Alphabetic": "Müller^Anna"}],
        "00080201": [],
        "00081030": ["Head & Neck 100%_x"],
        "00100010": [{"Alphabetic": "Smith^John"}],
        "00100020": ["P1"],
        "00100030": ["19700102"],
        "00100040": ["M"],
        "0020000D": ["1.1"],
        "00200010": ["S1"],
        "00201206": [2],
        "00201208": [3],
    }


def test_more_is_answered_where_it_is_asked_for(people: PostgresFind) -> None:
    asked = query(
        StudyInstanceUID="1.1", more={"include": frozenset({tag("PatientAge"), STUDY_ARRIVAL_DATE, 0x00100021})}
    )
    (match,) = people.find(asked, ALL).matches
    assert values(match, "00101010") == ["051Y"]
    assert values(match, "00321040") == ["20260301"]
    assert values(match, "00100021") == ["HOSP"]
    (everything,) = people.find(query(StudyInstanceUID="1.1", more={"include_all": True}), ALL).matches
    assert set(match) <= set(everything) | {"00321040"}
    assert "00081032" in everything


def test_series_of_a_study_come_by_number(people: PostgresFind) -> None:
    page = people.find(query(Level.SERIES, StudyInstanceUID="1.1"), ALL)
    assert [values(match, SERIES_UID) for match in page.matches] == [["1.1.2"], ["1.1.1"]]
    first = page.matches[0]
    assert values(first, "00201209") == [1]
    assert values(first, "0008103E") == ["Dose"]
    assert values(first, "00400275")[1]["00401001"]["Value"] == ["R2"]
    assert "00100010" not in first


def test_a_relational_query_finds_across_studies_and_tells_of_the_levels_above(people: PostgresFind) -> None:
    assert uids(people, query(Level.SERIES, Modality="CT"), key=SERIES_UID) == ["1.3.1", "1.1.1"]
    (match,) = people.find(query(Level.SERIES, SeriesInstanceUID="1.1.1"), ALL).matches
    assert values(match, STUDY_UID) == ["1.1"]
    assert values(match, "00100020") == ["P1"]
    assert values(match, "00201208") == [3]
    (instance,) = people.find(query(Level.IMAGE, SOPInstanceUID="1.1.1.1"), ALL).matches
    assert values(instance, STUDY_UID) == ["1.1"]
    assert values(instance, "00080060") == ["CT"]
    assert values(instance, "00201208") == [3]


def test_instances_come_by_series_and_instance_number(people: PostgresFind) -> None:
    study, series = query(Level.IMAGE, StudyInstanceUID="1.1"), query(Level.IMAGE, SeriesInstanceUID="1.1.1")
    assert uids(people, study, key=INSTANCE_UID) == ["1.1.2.1", "1.1.1.1", "1.1.1.2"]
    assert uids(people, series, key=INSTANCE_UID) == ["1.1.1.1", "1.1.1.2"]
    match = people.find(study, ALL).matches[1]
    assert values(match, "00080016") == [CT_IMAGE]
    assert values(match, "00083002") == [EXPLICIT_LE]
    assert values(match, "00280010") == [512]
    assert values(match, "00200013") == [1]
    assert uids(people, query(Level.IMAGE, SOPClassUID=CT_IMAGE, Rows="512"), key=INSTANCE_UID) == ["1.1.1.1"]
    assert uids(people, query(Level.IMAGE, SOPClassUID="1.2.3"), key=INSTANCE_UID) == []


def test_patients_are_counted_within_the_scope(people: PostgresFind) -> None:
    page = people.find(query(Level.PATIENT, PatientID="P1"), ALL)
    assert [values(match, "00100010")[0]["Alphabetic"] for match in page.matches] == ["Smith^John", "Smythe^Ann"]
    assert [values(page.matches[0], key) for key in ("00201200", "00201202", "00201204")] == [[1], [2], [3]]
    one = Scope("test", study_uids=frozenset({"1.2"}))
    (match,) = people.find(query(Level.PATIENT), one).matches
    assert values(match, "00100020") == ["P2"]
    assert people.find(query(Level.PATIENT, NumberOfPatientRelatedStudies="1"), one).matches == [match]
    assert people.count(query(Level.PATIENT), one) == Count(1, is_exact=True)


def test_one_patient_answers_for_all_who_came_under_a_key(find: PostgresFind, rows: Rows, database: Database) -> None:
    for number, name in enumerate(("Adams^A", "Baker^B", "Clark^C")):
        rows.study(f"1.{number}", {f"1.{number}.1": {"Modality": "CT"}}, PatientID="SAME", PatientName=name)
        rows.study(f"2.{number}", PatientID="", PatientName=name)
    with database.connection() as connection:
        connection.execute("update patient set variant = '' where name_folded = 'adams^a' and patient_id = 'SAME'")
    (first,) = people_of(find, query(Level.PATIENT, PatientID="SAME"))
    assert values(first, "00100010")[0]["Alphabetic"] == "Adams^A"
    assert [values(first, key) for key in ("00201200", "00201202")] == [[3], [3]]
    (named,) = people_of(find, query(Level.PATIENT, PatientID="SAME", PatientName="baker*"))
    assert values(named, "00100010")[0]["Alphabetic"] == "Baker^B"
    assert len(people_of(find, query(Level.PATIENT))) == 4
    assert find.count(query(Level.PATIENT), ALL).number == 4
    assert len(find.find(query(PatientID="SAME"), ALL).matches) == 3
    scope = Scope("test", study_uids=frozenset({"1.1"}))
    (reached,) = find.find(query(Level.PATIENT, PatientID="SAME"), scope).matches
    assert values(reached, "00100010")[0]["Alphabetic"] == "Baker^B"


def people_of(find: PostgresFind, asked: Query) -> list[DicomJson]:
    return list(find.stream(asked, ALL))


@pytest.mark.parametrize("level", list(Level))
def test_a_scope_is_obeyed_at_every_level(people: PostgresFind, level: Level) -> None:
    nothing = Scope("test")
    study = Scope("test", study_uids=frozenset({"1.1"}))
    patient = Scope("test", patient_keys=frozenset({("HOSP", "P1")}))
    both = Scope("test", study_uids=frozenset({"1.2"}), patient_keys=frozenset({("HOSP", "P1"), ("", "P9")}))
    key = "00100020" if level is Level.PATIENT else STUDY_UID
    found = [set(uids(people, query(level), scope, key)) for scope in (nothing, study, patient, both)]
    if level is Level.PATIENT:
        assert found == [set(), {"P1"}, {"P1"}, {"P1", "P2"}]
    else:
        assert found == [set(), {"1.1"}, {"1.1"}, {"1.1", "1.2"}]


SHOWN: list[tuple[View, dict[Level, set[str]]]] = [
    (View(), {Level.STUDY: {"1.1", "1.2", "1.3", "1.4"}}),
    (
        View(modalities=frozenset({"CT"})),
        {Level.PATIENT: {"P1"}, Level.STUDY: {"1.1", "1.3"}, Level.SERIES: {"1.1.1", "1.3.1"}},
    ),
    (View(modalities=frozenset({"SR"})), {Level.STUDY: {"1.1"}, Level.SERIES: {"1.1.2"}, Level.IMAGE: {"1.1.2.1"}}),
    (
        View(issuers=frozenset({"HOSP"})),
        {Level.PATIENT: {"P1"}, Level.STUDY: {"1.1"}, Level.SERIES: {"1.1.1", "1.1.2"}},
    ),
    (View(institutions=frozenset({"North"})), {Level.STUDY: {"1.2"}, Level.IMAGE: {"1.2.1.1"}}),
    (View(source_aes=frozenset({"CT9"})), {Level.STUDY: set(), Level.PATIENT: set()}),
    (View(frozenset({"CT", "SR"}), issuers=frozenset({"HOSP"})), {Level.SERIES: {"1.1.1", "1.1.2"}}),
]


@pytest.mark.parametrize(("view", "shown"), SHOWN)
def test_a_view_shows_the_series_that_meet_it_and_nothing_of_others(
    people: PostgresFind, view: View, shown: dict[Level, set[str]]
) -> None:
    scope = Scope("ae:X", everything=True, view=view)
    keys = {Level.PATIENT: "00100020", Level.STUDY: STUDY_UID, Level.SERIES: SERIES_UID, Level.IMAGE: INSTANCE_UID}
    for level, found in shown.items():
        assert set(uids(people, query(level), scope, keys[level])) == found


def test_counts_and_modalities_of_a_view_are_those_of_its_series(people: PostgresFind) -> None:
    scope = Scope("ae:X", everything=True, view=View(modalities=frozenset({"CT"})))
    asked = query(StudyInstanceUID="1.1", SOPClassesInStudy="", NumberOfPatientRelatedSeries="")
    (match,) = people.find(asked, scope).matches
    assert values(match, "00080061") == ["CT"]
    assert [values(match, key) for key in ("00201206", "00201208", "00201202")] == [[1], [2], [1]]
    assert uids(people, query(ModalitiesInStudy="SR"), scope) == []
    assert uids(people, query(NumberOfStudyRelatedSeries="1"), scope) == ["1.3", "1.1"]
    assert people.find(query(Level.IMAGE, SOPInstanceUID="1.1.2.1"), scope).matches == []


def test_a_view_narrows_what_else_is_reached(people: PostgresFind) -> None:
    view = View(modalities=frozenset({"CT"}))
    scope = Scope("ae:X", study_uids=frozenset({"1.1", "1.2"}), view=view)
    assert uids(people, query(), scope) == ["1.1"]
    assert uids(people, query(Level.SERIES), scope, SERIES_UID) == ["1.1.1"]


def test_a_stored_object_is_read_only_for_what_no_row_holds(people: PostgresFind) -> None:
    read: list[str] = []

    def read_header(kept: KeptInstance) -> DicomJson:
        read.append(kept.instance_uid)
        if kept.instance_uid == "1.1.1.2":
            raise Damaged(kept.instance_uid)
        assert (kept.placement.pack, kept.placement.length) == ("ingest/1.tar", 1000)
        return {"00180050": {"vr": "DS", "Value": [1.5]}, "00281052": {"vr": "DS", "Value": [0]}}

    series = {"SeriesInstanceUID": "1.1.1"}
    people.find(query(Level.IMAGE, **series, more={"include": frozenset({tag("Modality")})}), ALL, read_header)
    assert read == []
    asked = query(Level.IMAGE, **series, more={"include": frozenset({tag("SliceThickness")})})
    first, second = people.find(asked, ALL, read_header).matches
    assert read == ["1.1.1.1", "1.1.1.2"]
    assert values(first, "00180050") == [1.5]
    assert "00281052" not in first
    assert "00180050" not in second
    everything = people.find(query(Level.IMAGE, **series, more={"include_all": True}), ALL, read_header).matches[0]
    assert values(everything, "00281052") == [0]


@pytest.mark.parametrize(
    ("keyword", "ascending", "descending"),
    [
        ("StudyDate", ["1.1", "1.2", "1.3", "1.4"], ["1.2", "1.3", "1.1", "1.4"]),
        ("StudyTime", ["1.2", "1.1", "1.3", "1.4"], ["1.1", "1.2", "1.4", "1.3"]),
        ("PatientName", ["1.4", "1.1", "1.3", "1.2"], ["1.2", "1.3", "1.1", "1.4"]),
        ("PatientID", ["1.4", "1.1", "1.3", "1.2"], ["1.2", "1.3", "1.1", "1.4"]),
        ("ModalitiesInStudy", ["1.4", "1.3", "1.1", "1.2"], ["1.2", "1.1", "1.3", "1.4"]),
        ("StudyDescription", ["1.3", "1.4", "1.1", "1.2"], ["1.2", "1.1", "1.4", "1.3"]),
        ("AccessionNumber", ["1.3", "1.4", "1.1", "1.2"], ["1.2", "1.1", "1.4", "1.3"]),
        ("StudyArrivalDate", ["1.1", "1.2", "1.3", "1.4"], ["1.4", "1.3", "1.2", "1.1"]),
    ],
)
def test_lists_are_sorted_both_ways_unknown_last_and_paged_without_a_row_lost_or_twice(
    people: PostgresFind, keyword: str, ascending: list[str], descending: list[str]
) -> None:
    for wanted, order in ((ascending, Order(tag(keyword))), (descending, Order(tag(keyword), descending=True))):
        assert uids(people, query(more={"order": (order,)})) == wanted
        for size in (1, 2, 3):
            paged: list[str] = []
            cursor = None
            while True:
                page = people.find(query(more={"order": (order,), "limit": size, "after": cursor}), ALL)
                paged += [values(match, STUDY_UID)[0] for match in page.matches]
                assert len(page.matches) <= size
                cursor = page.cursor
                if cursor is None:
                    break
            assert paged == wanted


def test_offset_and_limit_cut_the_list(people: PostgresFind) -> None:
    page = people.find(query(more={"limit": 2, "offset": 1}), ALL)
    assert [values(match, STUDY_UID)[0] for match in page.matches] == ["1.3", "1.1"]
    assert [values(m, STUDY_UID)[0] for m in people.stream(query(more={"limit": 2, "offset": 1}), ALL)] == [
        "1.3",
        "1.1",
    ]
    assert people.find(query(more={"limit": 0}), ALL).matches == []
    assert people.find(query(more={"offset": 99_999_999_999_999_999_999}), ALL).matches == []
    for bad in ({"limit": -1}, {"offset": -1}):
        with pytest.raises(BadQuery):
            people.find(query(more=bad), ALL)


def test_a_cursor_serves_its_own_query_alone(people: PostgresFind) -> None:
    cursor = people.find(query(more={"limit": 1}), ALL).cursor
    assert cursor is not None
    assert people.find(query(more={"limit": 3, "after": cursor}), ALL).cursor is None
    foreign = [
        query(PatientID="P1", more={"after": cursor}),
        query(Level.SERIES, more={"after": cursor}),
        query(more={"after": cursor, "order": (Order(tag("PatientName")),)}),
        query(more={"after": cursor, "text": "smith"}),
        query(more={"after": cursor[:-3]}),
        query(more={"after": cursor[:20] + "AAAA" + cursor[24:]}),
        query(more={"after": "*"}),
        query(more={"after": "é"}),
        query(more={"after": ""}),
        query(more={"after": "A" * 100_000}),
    ]
    for one in foreign:
        with pytest.raises(BadQuery):
            people.find(one, ALL)
        with pytest.raises(BadQuery):
            people.stream(one, ALL)


def test_a_sort_key_that_is_repeated_counts_once(people: PostgresFind) -> None:
    order = tuple(Order(tag(keyword), descending=True) for keyword in ("StudyDate", "StudyTime", "StudyDate"))
    page = people.find(query(more={"order": order, "limit": 2}), ALL)
    rest = people.find(query(more={"order": order, "after": page.cursor}), ALL)
    assert [values(match, STUDY_UID)[0] for match in (*page.matches, *rest.matches)] == ["1.2", "1.3", "1.1", "1.4"]


def test_sorting_by_what_the_level_does_not_have_is_a_bad_query(find: PostgresFind) -> None:
    for level, keyword in ((Level.STUDY, "Modality"), (Level.STUDY, "SliceThickness"), (Level.PATIENT, "StudyDate")):
        with pytest.raises(BadQuery):
            find.find(query(level, more={"order": (Order(tag(keyword)),)}), ALL)


def test_a_long_list_streams_in_order_and_lets_go_of_the_connection(find: PostgresFind, rows: Rows) -> None:
    days = [f"2021{1 + n // 28 % 12:02d}{1 + n % 28:02d}" if n % 7 else "" for n in range(450)]
    for number, day in enumerate(days):
        rows.study(f"1.{number}", PatientID=f"P{number}", StudyDate=day)
    streamed = [values(match, STUDY_UID)[0] for match in find.stream(query(), ALL)]
    assert streamed == [values(match, STUDY_UID)[0] for match in find.find(query(), ALL).matches]
    assert len(set(streamed)) == 450
    limited = find.stream(query(more={"limit": 300}), ALL)
    assert [values(match, STUDY_UID)[0] for match in limited] == streamed[:300]
    begun = [find.stream(query(), ALL) for _ in range(20)]  # more than the pool has connections
    for matches in begun:
        for _ in range(250):
            next(matches)


def test_a_statement_that_runs_is_broken_off_at_once(find: PostgresFind, rows: Rows, database_dsn: str) -> None:
    rows.study("1.1", PatientID="P1")
    matches = find.stream(query(), ALL)
    with psycopg.connect(database_dsn) as other, ThreadPoolExecutor(1) as executor:
        other.execute("lock table study in access exclusive mode")
        reading = executor.submit(list, matches)
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        wait_until(lambda: other.execute(waiting).fetchone() == (1,))
        matches.cancel()
        assert reading.result(5) == []
    assert list(matches) == []
    assert len(find.find(query(), ALL).matches) == 1


def test_of_several_values_one_must_be_there_or_each_where_that_is_asked_for(people: PostgresFind) -> None:
    assert uids(people, query(ModalitiesInStudy="CT\\SR")) == ["1.3", "1.1"]
    assert uids(people, query(ModalitiesInStudy="CT\\SR", more={"all_values": True})) == ["1.1"]
    assert uids(people, query(PatientID="P1\\P2", more={"all_values": True})) == ["1.2", "1.3", "1.1"]


def test_sop_classes_of_a_study_are_found_and_answered(people: PostgresFind) -> None:
    assert uids(people, query(SOPClassesInStudy=CT_IMAGE)) == ["1.2", "1.1"]
    assert uids(people, query(SOPClassesInStudy="1.2.3\\1.2.4")) == []
    (match,) = people.find(query(StudyInstanceUID="1.1", SOPClassesInStudy=""), ALL).matches
    assert values(match, "00080062") == [CT_IMAGE]
    (empty,) = people.find(query(StudyInstanceUID="1.4", SOPClassesInStudy=""), ALL).matches
    assert values(empty, "00080062") == []


def test_counts_are_exact_to_ten_thousand_and_beyond_on_demand(find: PostgresFind, database: Database) -> None:
    with database.connection() as connection:
        connection.execute("insert into patient (patient_id, attributes) values ('P', '{}')")
        connection.execute(
            "insert into study (study_uid, patient_id, attributes)"
            " select '1.' || n, (select id from patient), '{}' from generate_series(1, 10050) n"
        )
    assert find.count(query(), ALL) == Count(10_000, is_exact=False)
    assert find.count(query(), ALL, exact=True) == Count(10_050, is_exact=True)
    assert find.count(query(StudyInstanceUID="1.7"), ALL) == Count(1, is_exact=True)
