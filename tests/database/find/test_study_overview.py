"""What the study list and the study page show beside what a query finds."""

from filmless.archive.findings import FindingKind, Standing
from filmless.archive.scope import Scope
from filmless.database.connect import Database
from filmless.database.find.study_overview import StudyOverview
from filmless.database.index.findings import add_finding
from index_rows import CT_IMAGE, Rows

ALL = Scope("test", everything=True)
FIRST = {
    "1.1.1": {
        "instances": [
            {"SOPInstanceUID": "1.1.1.3"},
            {"SOPInstanceUID": "1.1.1.2", "InstanceNumber": 2},
            {"SOPInstanceUID": "1.1.1.1", "InstanceNumber": 1},
        ]
    },
    "1.1.2": {"instances": [{"SOPInstanceUID": "1.1.2.1"}]},
}


def test_open_findings_are_counted_by_study_within_the_scope(database: Database) -> None:
    rows = Rows(database)
    for uid in ("1.1", "1.2", "1.3"):
        rows.study(uid, PatientID="P1")
    with database.connection() as connection:
        ids = dict(connection.execute("select study_uid, id from study").fetchall())
        for uid, subject in (("1.1", "a"), ("1.1", "b"), ("1.2", "a"), ("1.3", "a")):
            add_finding(connection, FindingKind.CONFLICT_VERSION, ids[uid], subject, {})
        connection.execute("update finding set settled_at = now() where study_id = %s", (ids["1.3"],))
    overview = StudyOverview(database)
    assert overview.warnings(ALL, ["1.1", "1.2", "1.3", "9.9"]) == {"1.1": 2, "1.2": 1}
    assert overview.warnings(Scope("test", study_uids=frozenset(("1.2",))), ["1.1", "1.2"]) == {"1.2": 1}
    assert overview.warnings(ALL, []) == {}


def test_the_first_instance_of_each_series_has_the_lowest_number(database: Database) -> None:
    Rows(database).study("1.1", FIRST, PatientID="P1")
    overview = StudyOverview(database)
    assert overview.first_instances(ALL, "1.1") == {"1.1.1": ("1.1.1.1", CT_IMAGE), "1.1.2": ("1.1.2.1", CT_IMAGE)}
    assert overview.first_instances(Scope("nobody"), "1.1") == {}


def test_a_study_is_arriving_until_it_is_settled_and_says_what_it_shows(database: Database) -> None:
    parts = {
        "1.1.1": {
            "BodyPartExamined": "CHEST",
            "InstitutionName": "St. Anna",
            "instances": [{"SOPInstanceUID": "1.1.1.1"}],
        },
        "1.1.2": {"BodyPartExamined": "ABDOMEN", "instances": [{"SOPInstanceUID": "1.1.2.1"}]},
    }
    Rows(database).study("1.1", parts, PatientID="P1")
    overview = StudyOverview(database)
    with database.connection() as connection:
        connection.execute("update study set last_received_at = now()")
    assert overview.standings(ALL, ["1.1"]) == {
        "1.1": Standing(is_arriving=True, body_parts=("ABDOMEN", "CHEST"), institutions=("St. Anna",))
    }
    with database.connection() as connection:
        connection.execute("delete from settling")
    assert not overview.standings(ALL, ["1.1"])["1.1"].is_arriving
    assert overview.standings(Scope("nobody"), ["1.1"]) == {}


def test_what_can_be_chosen_is_what_a_scope_reaches(database: Database) -> None:
    rows = Rows(database)
    for uid, part, site in (("1.1", "CHEST", "St. Anna"), ("1.2", "HEAD", "St. Anna"), ("1.3", "", "Nord")):
        series = {"BodyPartExamined": part, "InstitutionName": site, "instances": [{"SOPInstanceUID": f"{uid}.1.1"}]}
        rows.study(uid, {f"{uid}.1": series}, PatientID=uid)
    overview = StudyOverview(database)
    assert overview.choices(ALL) == (["CHEST", "HEAD"], ["Nord", "St. Anna"])
    assert overview.choices(Scope("test", study_uids=frozenset(("1.2",)))) == (["HEAD"], ["St. Anna"])
    assert overview.choices(Scope("nobody")) == ([], [])
