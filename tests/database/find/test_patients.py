"""Patients as pages show them: found in any script, told apart, offered where they may be one, with who looked."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID, uuid4

import pytest

from filmless.access.seal import KEY_BYTES, AesSivSeal
from filmless.archive.errors import BadQuery, NotFound
from filmless.archive.events import Event, EventKind
from filmless.archive.model import Level, Query
from filmless.archive.query.patients import Beware, Likeness, PatientPage
from filmless.archive.scope import Scope
from filmless.database.connect import Database
from filmless.database.events import EventLog
from filmless.database.find.patients import Patients
from index_rows import CT_IMAGE, Rows

ALL = Scope("user:ann", "10.0.0.7", everything=True)
NAME, PATIENT_ID, ISSUER, BIRTH_DATE = (0x00100010,), (0x00100020,), (0x00100021,), (0x00100030,)
REPORT = "1.2.840.10008.5.1.4.1.1.88.11"


@pytest.fixture
def log(database: Database) -> EventLog:
    return EventLog(database)


@pytest.fixture
def patients(database: Database, log: EventLog) -> Iterator[Patients]:
    """Eva over the years at one hospital, at another, and under a mistyped name; others beside her."""
    rows = Rows(database)
    eva = {"PatientName": "Novák^Eva", "PatientID": "P1", "IssuerOfPatientID": "H", "PatientBirthDate": "19610402"}
    rows.study(
        "1.1",
        {
            "1.1.2": {
                "Modality": "SR", "SeriesNumber": 9,
                "instances": [{"SOPInstanceUID": "1.1.2.1", "SOPClassUID": REPORT}],
            },
            "1.1.1": {
                "Modality": "CT", "SeriesNumber": 1, "SeriesDescription": "Axial", "BodyPartExamined": "CHEST",
                "instances": [
                    {"SOPInstanceUID": "1.1.1.2", "InstanceNumber": 2},
                    {"SOPInstanceUID": "1.1.1.1", "InstanceNumber": 1},
                ],
            },
        },
        StudyDate="20230201", StudyDescription="Chest", Allergies=["Iodine", " Latex"], PregnancyStatus=2,
        OtherPatientIDsSequence=[{"PatientID": "OLD-7", "IssuerOfPatientID": "MILL"}], **eva,
    )  # fmt: skip
    rows.study(
        "1.2", {"1.2.1": {"Modality": "MR", "instances": [{"SOPInstanceUID": "1.2.1.1"}]}},
        StudyDate="20260301", Allergies="IODINE", MedicalAlerts="Pacemaker", **eva,
    )  # fmt: skip
    rows.study("2.1", **(eva | {"PatientID": "X9", "IssuerOfPatientID": "K"}))
    rows.study("3.1", **(eva | {"PatientName": "Nowak^Ewa", "PatientBirthDate": "19610403"}))
    rows.study("4.1", PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう", PatientID="P1", IssuerOfPatientID="K")
    rows.study("5.1", PatientName="O'Brien^Sean", PatientID="a_b%c", PatientBirthDate="19600229")
    rows.study("6.1", PatientName="Meier^Ina", PatientID="OLD-7", IssuerOfPatientID="MILL")
    return Patients(database, AesSivSeal(bytes(KEY_BYTES)), log)


def asked(text: str = "", **more: str) -> Query:
    tags = {"name": NAME, "id": PATIENT_ID, "issuer": ISSUER, "birth_date": BIRTH_DATE}
    matches = tuple((tags[name], value) for name, value in more.items())
    return Query(Level.PATIENT, matches=matches, fuzzy=True, text=text or None, apart=True, limit=100)


def names(page: PatientPage) -> list[str | None]:
    return [entry.person.name for entry in page.entries]


def key(patients: Patients, **more: str) -> UUID:
    (entry,) = patients.page(asked(**more), ALL).entries
    return entry.person.public_id


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (asked("nova"), ["Novák^Eva", "Novák^Eva"]),
        (asked("eva novak p1"), ["Novák^Eva"]),
        (asked("山田"), ["Yamada^Tarou"]),
        (asked("太郎"), ["Yamada^Tarou"]),
        (asked("やまだ"), ["Yamada^Tarou"]),
        (asked("a_b%"), ["O'Brien^Sean"]),
        (asked("nobody"), []),
        (asked(id="P1"), ["Novák^Eva", "Nowak^Ewa", "Yamada^Tarou"]),
        (asked(id="P1", issuer="K"), ["Yamada^Tarou"]),
        (asked(birth_date="19600229"), ["O'Brien^Sean"]),
        (asked("novak", birth_date="19610402"), ["Novák^Eva", "Novák^Eva"]),
        (asked(name="mayer"), ["Meier^Ina"]),
    ],
)
def test_patients_are_found_by_name_in_any_script_identifier_and_birth_date(
    patients: Patients, query: Query, found: list[str]
) -> None:
    page = patients.page(query, ALL)
    assert names(page) == found
    assert (page.cursor, page.total.number, page.total.is_exact) == (None, len(found), True)


def test_an_entry_says_how_much_there_is_and_from_when(patients: Patients) -> None:
    (eva,) = patients.page(asked("novak p1"), ALL).entries
    assert (eva.studies, eva.first, eva.last) == (2, date(2023, 2, 1), date(2026, 3, 1))
    assert eva.modalities == ["CT", "MR", "SR"]
    assert (eva.person.patient_id, eva.person.issuer, eva.person.birth_date) == ("P1", "H", "19610402")


def test_pages_follow_each_other_to_the_end(patients: Patients) -> None:
    seen, cursor = [], None
    while True:
        page = patients.page(Query(Level.PATIENT, apart=True, limit=2, after=cursor), ALL)
        assert page.total.number == 6
        seen += names(page)
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == ["Meier^Ina", "Novák^Eva", "Novák^Eva", "Nowak^Ewa", "O'Brien^Sean", "Yamada^Tarou"]
    with pytest.raises(BadQuery):
        patients.page(Query(Level.PATIENT, apart=True, after="forged"), ALL)


def test_a_scope_hides_patients_and_studies_of_others(patients: Patients) -> None:
    one = Scope("user:ref", study_uids=frozenset(("1.2",)))
    (eva,) = patients.page(asked(), one).entries
    assert (eva.person.name, eva.studies) == ("Novák^Eva", 1)
    record = patients.one(eva.person.public_id, one)
    assert [study.study_uid for study in record.studies] == ["1.2"]
    assert record.alike == []
    with pytest.raises(NotFound):
        patients.one(key(patients, id="P1", issuer="K"), one)
    with pytest.raises(NotFound):
        patients.one(uuid4(), ALL)
    assert patients.page(asked(), Scope("nobody")).entries == []


def test_a_patient_has_all_studies_newest_first_with_series_and_documents(patients: Patients) -> None:
    record = patients.one(key(patients, text="novak p1"), ALL)
    newest, oldest = record.studies
    assert (newest.study_uid, newest.study_date, newest.instances) == ("1.2", "20260301", 1)
    assert (oldest.description, oldest.modalities, oldest.instances) == ("Chest", ["CT", "SR"], 3)
    axial, report = oldest.series
    assert (axial.description, axial.body_part, axial.first_instance) == ("Axial", "CHEST", "1.1.1.1")
    assert (axial.sop_class_uid, report.sop_class_uid) == (CT_IMAGE, REPORT)
    assert not record.is_cut


def test_warnings_are_told_once_by_the_newest_study_that_has_them(patients: Patients) -> None:
    record = patients.one(key(patients, text="novak p1"), ALL)
    assert [(each.kind, each.text, each.study_uid) for each in record.alerts] == [
        (Beware.ALLERGY, "IODINE", "1.2"),
        (Beware.ALLERGY, "Latex", "1.1"),
        (Beware.ALERT, "Pacemaker", "1.2"),
        (Beware.PREGNANCY, "possibly pregnant", "1.1"),
    ]


def test_who_may_be_the_same_person_is_offered_with_the_reason(patients: Patients) -> None:
    record = patients.one(key(patients, text="novak p1"), ALL)
    assert {(each.entry.person.name, each.entry.person.issuer, *each.reasons) for each in record.alike} == {
        ("Nowak^Ewa", "H", Likeness.SAME_KEY),
        ("Novák^Eva", "K", Likeness.SAME_NAME),
        ("Meier^Ina", "MILL", Likeness.OTHER_ID),
        ("Yamada^Tarou", "K", Likeness.SAME_ID),
    }
    assert [each.reasons[0] for each in record.alike] == [*Likeness]


def test_identifiers_are_told_with_their_issuers(patients: Patients) -> None:
    record = patients.one(key(patients, text="novak p1"), ALL)
    assert [(each.value, each.issuer, each.is_other) for each in record.identifiers] == [
        ("P1", "H", False), ("OLD-7", "MILL", True),
    ]  # fmt: skip


def test_who_looked_is_told_by_page_newest_first(patients: Patients, log: EventLog) -> None:
    eva = key(patients, text="novak p1")
    other = key(patients, id="P1", issuer="K")
    for event in (
        Event(EventKind.RETRIEVE, "user:bob", "10.0.0.8", study_uid="1.1", count=40),
        Event(EventKind.STUDY_ARRIVED, "ae:CT1", study_uid="1.1"),
        Event(EventKind.RETRIEVE, "user:eve", study_uid="4.1"),
    ):
        log.gather(event)
    patients.one(eva, ALL)
    assert log.flush()
    opened, retrieved = patients.readers(eva, ALL, 10)
    assert (opened.actor, opened.address, opened.kind, opened.study_uid) == ("user:ann", "10.0.0.7", "opened", None)
    assert (retrieved.actor, retrieved.count, retrieved.study_uid, retrieved.study_description) == (
        "user:bob", 40, "1.1", "Chest",
    )  # fmt: skip
    assert [each.actor for each in patients.readers(eva, ALL, 10, opened.number)] == ["user:bob"]
    assert [each.actor for each in patients.readers(other, ALL, 10)] == ["user:eve"]
    with pytest.raises(NotFound):
        patients.readers(eva, Scope("nobody"), 10)
