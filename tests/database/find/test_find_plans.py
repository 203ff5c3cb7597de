"""What is asked every day is found by an index, however large the archive grows."""

import re
from typing import Any

import psycopg
import pytest

from filmless.archive.model import Level, Order, Query, StudyStatus
from filmless.archive.query.matching import STUDY_ARRIVAL_DATE, read_query
from filmless.archive.scope import Scope
from filmless.database.connect import Database
from filmless.database.find.postgres import COUNTED
from filmless.database.find.query_sql import Compiler, Segment
from filmless.database.find.rows import answer_to
from filmless.database.find.study_overview import VALUES, StudyOverview

ALL = Scope("test", everything=True)
CT = "1.2.840.10008.5.1.4.1.1.2"
PATIENT_NAME, PATIENT_ID, STUDY_DATE, MODALITIES = 0x00100010, 0x00100020, 0x00080020, 0x00080061
BODY_PART, INSTITUTION = 0x00180015, 0x00080080

FILL = """
insert into patient (patient_id, name_folded, attributes)
    select 'P' || n, md5(n::text) || '^ann', '{}' from generate_series(1, 20000) n;
insert into study
        (study_uid, patient_id, date_key, accession_number, description_folded, referrer_folded, attributes)
    select '1.' || id, id, date '2010-01-01' + (id % 5000)::int, 'A' || id, md5(id::text), md5(id::text),
        jsonb_build_object('00200010', jsonb_build_object('vr', 'SH', 'Value', jsonb_build_array('S' || id)))
    from patient;
insert into series (study_id, series_uid, modality, attributes)
    select id, '1.1.' || id, (array['CT', 'MR', 'US'])[1 + id % 3], jsonb_build_object(
        '00180015', jsonb_build_object('vr', 'CS', 'Value', jsonb_build_array('PART' || id % 200)),
        '00080080', jsonb_build_object('vr', 'LO', 'Value', jsonb_build_array('SITE' || id % 100))) from study;
delete from settling where study_id % 500 > 0;
update study set last_received_at = now() - interval '1 day' where id % 400 > 0;
insert into finding (kind, study_id, settled_at)
    select 'conflict-version', id, case when id % 300 > 0 then now() end from study;
insert into uid_code (uid) values ('1.2.840.10008.5.1.4.1.1.2'), ('1.2.840.10008.1.2.1');
insert into pack (name) values ('ingest/1.tar');
insert into instance (series_id, sop_class, transfer_syntax, instance_number, pack_id, pack_offset, length, head_length,
        uid_digest, instance_uid, head_sha256, data_set_sha256)
    select id, (select min(id) from uid_code), (select max(id) from uid_code), 1, (select id from pack), id, 1000, 300,
        substr(encode(sha256(('1.1.1.' || id)::bytea), 'hex'), 1, 32)::uuid, '1.1.1.' || id, '\\x01', '\\x02'
    from series;
analyze;
"""


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Database:
    with psycopg.connect(module_database.dsn) as connection:  # no time limit: other work may slow it
        connection.execute(FILL.encode())
    return module_database


def study(*keys: tuple[int, str], **more: Any) -> Query:
    return Query(Level.STUDY, tuple(((tag,), value) for tag, value in keys), limit=100, **more)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(study((PATIENT_ID, "P77")), id="Patient ID"),
        pytest.param(study((PATIENT_ID, "P777*")), id="the begin of a Patient ID"),
        pytest.param(study((PATIENT_NAME, "AB7*")), id="the begin of a name"),
        pytest.param(study((PATIENT_NAME, "*AB77C*")), id="a part of a name"),
        pytest.param(study((STUDY_DATE, "20120101-20120103"), (MODALITIES, "MR")), id="dates and modality"),
        pytest.param(study((0x00080050, "A77")), id="accession number"),
        pytest.param(study((0x00081030, "*ab77c*")), id="a part of a description"),
        pytest.param(study((0x0020000D, "1.77")), id="UID"),
        pytest.param(study((0x00200010, "S77")), id="Study ID"),
        pytest.param(study((0x00080090, "AB7*")), id="the begin of a referrer's name"),
        pytest.param(study((0x00080090, "*b77c*")), id="a part of a referrer's name"),
        pytest.param(study(text="ab77c"), id="text"),
        pytest.param(study(within=((BODY_PART, "PART7"),)), id="a body part"),
        pytest.param(study(within=((INSTITUTION, "SITE7\\SITE8"),)), id="institutions"),
        pytest.param(study(within=((BODY_PART, "PART7"), (INSTITUTION, "SITE7"))), id="a body part at a site"),
        pytest.param(
            study((MODALITIES, "MR"), (STUDY_DATE, "20120101-20120131"), within=((BODY_PART, "PART7"),)),
            id="a body part, modality and dates",
        ),
        pytest.param(study(status=StudyStatus.ARRIVING), id="what is arriving"),
        pytest.param(study(status=StudyStatus.FINDINGS), id="what has findings"),
        pytest.param(study(), id="newest"),
        pytest.param(study(order=(Order(STUDY_DATE),)), id="oldest"),
        pytest.param(study(order=(Order(PATIENT_NAME),)), id="by name"),
        pytest.param(study(order=(Order(PATIENT_NAME, descending=True),)), id="by name, backwards"),
        pytest.param(study(order=(Order(PATIENT_ID),)), id="by Patient ID"),
        pytest.param(study(order=(Order(MODALITIES),)), id="by modality"),
        pytest.param(study(order=(Order(0x00080050),)), id="by accession number"),
        pytest.param(study(order=(Order(0x00081030, descending=True),)), id="by description"),
        pytest.param(study(order=(Order(STUDY_ARRIVAL_DATE, descending=True),)), id="by arrival"),
        pytest.param(study((PATIENT_ID, "P77\\P78")), id="several Patient IDs"),
        pytest.param(study((PATIENT_ID, "P77"), (PATIENT_NAME, "*ann")), id="Patient ID and a part of a name"),
        pytest.param(study((0x0020000D, "1.77\\1.78\\1.79")), id="list of UID"),
        pytest.param(study((STUDY_DATE, "20120101-20120103"), (0x00080030, "10-11")), id="dates and times"),
        pytest.param(
            study((STUDY_DATE, "20120101-20120103"), (0x00080030, "10-11"), combined=True), id="one range of both"
        ),
        pytest.param(study((STUDY_DATE, "20120101"), (0x00080201, "+0100")), id="a date at another offset"),
        pytest.param(
            study((STUDY_DATE, "20120101-20120103"), (0x00080030, "10-11"), (0x00080201, "+0100"), combined=True),
            id="one range at another offset",
        ),
        pytest.param(study((PATIENT_NAME, "ab77c ann"), fuzzy=True), id="a fuzzy name"),
        pytest.param(study((0x00080090, "ab77c"), fuzzy=True), id="a fuzzy referrer"),
        pytest.param(study((STUDY_DATE, "20120101"), (0x00080062, CT)), id="a date and SOP classes"),
        pytest.param(study((PATIENT_ID, "P77"), (0x00201208, "1")), id="Patient ID and a count"),
        pytest.param(Query(Level.PATIENT, (((PATIENT_ID,), "P77"),)), id="a patient"),
        pytest.param(Query(Level.PATIENT, (((PATIENT_NAME,), "AB7*"),)), id="patients by name"),
        pytest.param(
            Query(Level.PATIENT, (((PATIENT_ID,), "P77"),), frozenset({0x00201204})), id="counts of a patient"
        ),
        pytest.param(Query(Level.SERIES, (((0x0020000D,), "1.77"),)), id="the series of a study"),
        pytest.param(
            Query(Level.SERIES, (((PATIENT_ID,), "P77"), ((0x0020000D,), "1.77"), ((0x00080060,), "CT"))),
            id="series below a patient and a study",
        ),
        pytest.param(Query(Level.SERIES, (((0x0020000E,), "1.1.77"),), limit=10), id="a series"),
        pytest.param(Query(Level.SERIES, limit=10), id="all series"),
        pytest.param(
            Query(Level.IMAGE, (((0x0020000D,), "1.77"), ((0x0020000E,), "1.1.77"))), id="the instances of a series"
        ),
        pytest.param(Query(Level.IMAGE, (((0x0020000D,), "1.77"),)), id="the instances of a study"),
        pytest.param(Query(Level.IMAGE, (((0x00080018,), "1.1.1.77"),)), id="an instance"),
    ],
)
def test_no_table_is_read_whole(filled: Database, query: Query) -> None:
    """Neither for a page nor for a count; the few codes of UIDs, and packs, may be."""
    criteria = read_query(query)
    fields = answer_to(query, criteria, headers=False).fields
    compiler = Compiler(query, criteria, ALL)
    keys = compiler.keys(Segment(), 101, among=COUNTED if compiler.is_narrowed else None)
    rows = compiler.rows(fields, range(1, 101))
    for statement in (keys, rows, compiler.count(COUNTED)) if compiler.is_narrowed else (keys, rows):
        with filled.connection() as connection:
            plan = "\n".join(
                line for (line,) in connection.execute(b"explain " + statement.sql.encode(), statement.values)
            )
        whole = set(re.findall(r"Seq Scan on (\w+)", plan))
        assert whole <= {"uid_code", "pack"}, plan


@pytest.mark.parametrize("column", ["body_part", "institution"])
def test_the_values_to_choose_from_are_found_without_reading_every_series(filled: Database, column: str) -> None:
    statement = VALUES.format(column=column, limit="300")
    with filled.connection() as connection:
        plan = "\n".join(line for (line,) in connection.execute(b"explain " + statement.encode()))
    assert f"series_by_{column}" in plan
    assert "Seq Scan" not in plan
    choices = StudyOverview(filled).choices(ALL)
    assert (len(choices[0]), len(choices[1])) == (200, 100)
