"""What the study list and the study page show beside what a query finds."""

from filmless.archive.findings import FindingKind
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
