"""What is asked every day is found by an index, however large the archive grows."""

import psycopg
import pytest

from filmless.archive.model import Level, Order, Query
from filmless.archive.query.matching import STUDY_ARRIVAL_DATE, read_query
from filmless.archive.scope import Scope
from filmless.database.connect import Database
from filmless.database.find.postgres import COUNTED
from filmless.database.find.query_sql import Compiler, Segment
from filmless.database.find.rows import answer_to

ALL = Scope("test", everything=True)
PATIENT_NAME, PATIENT_ID, STUDY_DATE, MODALITIES = 0x00100010, 0x00100020, 0x00080020, 0x00080061

FILL = """
insert into patient (patient_id, name_folded, attributes)
    select 'P' || n, md5(n::text) || '^ann', '{}' from generate_series(1, 20000) n;
insert into study
        (study_uid, patient_id, date_key, accession_number, description_folded, referrer_folded, attributes)
    select '1.' || id, id, date '2010-01-01' + (id % 5000)::int, 'A' || id, md5(id::text), md5(id::text),
        jsonb_build_object('00200010', jsonb_build_object('vr', 'SH', 'Value', jsonb_build_array('S' || id)))
    from patient;
insert into series (study_id, series_uid, modality, attributes)
    select id, '1.1.' || id, (array['CT', 'MR', 'US'])[1 + id % 3], '{}' from study;
analyze;
"""


@pytest.fixture(scope="module")
def filled(module_database: Database) -> Database:
    with psycopg.connect(module_database.dsn) as connection:  # no time limit: other work may slow it
        connection.execute(FILL.encode())
    return module_database


def study(*keys: tuple[int, str], text: str | None = None, order: tuple[Order, ...] = ()) -> Query:
    return Query(Level.STUDY, tuple(((tag,), value) for tag, value in keys), text=text, order=order, limit=100)


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
        pytest.param(study(text="ab77c"), id="text"),
        pytest.param(study(), id="newest"),
        pytest.param(study(order=(Order(STUDY_DATE),)), id="oldest"),
        pytest.param(study(order=(Order(PATIENT_NAME),)), id="by name"),
        pytest.param(study(order=(Order(PATIENT_NAME, descending=True),)), id="by name, backwards"),
        pytest.param(study(order=(Order(PATIENT_ID),)), id="by Patient ID"),
        pytest.param(study(order=(Order(MODALITIES),)), id="by modality"),
        pytest.param(study(order=(Order(0x00080050),)), id="by accession number"),
        pytest.param(study(order=(Order(0x00081030, descending=True),)), id="by description"),
        pytest.param(study(order=(Order(STUDY_ARRIVAL_DATE, descending=True),)), id="by arrival"),
        pytest.param(Query(Level.SERIES, (((0x0020000E,), "1.1.77"),), limit=10), id="a series"),
        pytest.param(Query(Level.SERIES, limit=10), id="all series"),
    ],
)
def test_no_table_is_read_whole(filled: Database, query: Query) -> None:
    criteria = read_query(query)
    fields = answer_to(query, criteria, headers=False).fields
    compiler = Compiler(query, criteria, ALL)
    statement = compiler.page(fields, Segment(), 101, among=COUNTED if compiler.is_narrowed else None)
    with filled.connection() as connection:
        plan = "\n".join(line for (line,) in connection.execute(b"explain " + statement.sql.encode(), statement.values))
    assert "Seq Scan" not in plan, plan
