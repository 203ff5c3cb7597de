"""Time to find 20 of N studies: the statement, and the whole search with its answer in DICOM JSON.

PYTHONPATH=src python bench/find.py [--sizes 1000,10000,100000,1000000] [--queries 200] [--plans]

Rows are made by COPY into an embedded server of its own; of the first thousand studies exactly 20 match each query.
"""

import argparse
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import psycopg

from filmless.access.seal import KEY_BYTES, AesSivSeal
from filmless.archive.model import Level, Order, Query
from filmless.archive.query.matching import STUDY_ARRIVAL_DATE, read_query
from filmless.archive.scope import Scope
from filmless.database.cluster.cluster import Cluster
from filmless.database.connect import Database
from filmless.database.find.postgres import COUNTED, PostgresFind
from filmless.database.find.query_sql import Compiler, Segment
from filmless.database.migrate import migrate

ROOT = "1.2.826.0.1.3680043.10.1519.7"
FAMILY = (
    "JONES", "BROWN", "TAYLOR", "DAVIES", "EVANS", "WILSON", "THOMAS", "ROBERTS", "LEWIS", "WALKER", "HALL",
    "GREEN", "WOOD", "CLARK", "MUELLER", "GARCIA", "ROSSI", "NOVAK", "KOWALSKI", "IVANOV", "TANAKA", "NGUYEN",
    "SILVA", "ANDERSEN", "DUBOIS",
)  # fmt: skip
GIVEN = (
    "JOHN", "MARY", "ANNA", "PETER", "PAUL", "LINDA", "JAMES", "SUSAN", "HANS", "MARIA", "OLGA", "KENJI",
)  # fmt: skip
ALL = Scope("bench", everything=True)


def study(*keys: tuple[int, str], **more: object) -> Query:
    return Query(Level.STUDY, tuple(((tag,), value) for tag, value in keys), limit=100, **more)  # type: ignore[arg-type]


QUERIES = {
    "PatientID": study((0x00100020, "PTWENTY")),
    "PatientName SM*": study((0x00100010, "SM*")),
    "date + modality": study((0x00080020, "20210110-20210114"), (0x00080061, "MR")),
    "StudyInstanceUID": study((0x0020000D, f"{ROOT}.17")),
    "list, newest": study(),
    "list, by name": study(order=(Order(0x00100010),)),
    "list, by modality": study(order=(Order(0x00080061),)),
    "list, by arrival": study(order=(Order(STUDY_ARRIVAL_DATE, descending=True),)),
    "text smith": study(text="smith"),
    "text jones 0000": study(text="jones john"),
    "text head (half)": study(text="head"),
    "text sm": study(text="sm"),
    "text mr, modality": study((0x00080061, "MR"), text="ta"),
    "nothing": study((0x00100020, "NOBODY")),
    "accession": study((0x00080050, "ACC00000017")),
    "fuzzy name": study((0x00100010, "studies twenty"), fuzzy=True),
    "date, other zone": study((0x00080020, "20210110"), (0x00080201, "+0200")),
    "series of a study": Query(Level.SERIES, (((0x0020000D,), f"{ROOT}.17"),), limit=100),
    "series UID": Query(Level.SERIES, (((0x0020000E,), f"{ROOT}.17.1"),), limit=100),
}


def facts(i: int) -> tuple[str, str, str, str]:
    """Patient ID, name, date and modality of study i."""
    name = f"{FAMILY[i % 25]}^{GIVEN[i // 25 % 12]}^{i:06d}"
    patient_id, modality = f"PID{i:08d}", ("CT", "MR")[i % 2]
    date = f"{2005 + i % 15}{1 + i // 15 % 12:02d}{1 + i // 180 % 28:02d}"
    if i < 1000 and i % 50 == 7:
        return "PTWENTY", "TWENTY^STUDIES", date, modality
    if i < 1000 and i % 50 == 19:
        name = f"SM{'ITH' if i % 100 == 19 else 'YTHE'}^{GIVEN[i // 50 % 12]}^{i:06d}"
    if i < 1000 and i % 50 in {30, 31}:
        date = f"202101{10 + i // 50 % 5:02d}"
    return patient_id, name, date, modality


def element(vr: str, value: object) -> dict[str, object]:
    return {"vr": vr, "Value": [value]}


def patients(first: int, last: int) -> Iterator[tuple[object, ...]]:
    for i in range(first, last):
        patient_id, name, *_ = facts(i)
        if patient_id == "PTWENTY" and i != 7:
            continue
        attributes = {
            "00100010": element("PN", {"Alphabetic": name}),
            "00100020": element("LO", patient_id),
            "00100030": element("DA", "19700101"),
            "00100040": element("CS", "F"),
        }
        yield i + 1, patient_id, name.lower(), "19700101", "F", orjson.dumps(attributes).decode()


def studies(first: int, last: int) -> Iterator[tuple[object, ...]]:
    for i in range(first, last):
        patient_id, _, date, _ = facts(i)
        description = ("head without contrast", "abdomen and pelvis")[i // 2 % 2]
        attributes = {
            "0020000D": element("UI", f"{ROOT}.{i}"),
            "00080020": element("DA", date),
            "00080030": element("TM", f"{i % 24:02d}3015"),
            "00080050": element("SH", f"ACC{i:08d}"),
            "00080090": element("PN", {"Alphabetic": "REFERRER^RITA"}),
            "00081030": element("LO", description),
            "00200010": element("SH", f"S{i}"),
            "00101010": element("AS", "051Y"),
        }
        key = 8 if patient_id == "PTWENTY" else i + 1
        iso = f"{date[:4]}-{date[4:6]}-{date[6:]}"
        text = orjson.dumps(attributes).decode()
        yield i + 1, f"{ROOT}.{i}", key, iso, f"{i % 24:02d}:30:15", f"ACC{i:08d}", description, text


def series(first: int, last: int) -> Iterator[tuple[object, ...]]:
    for i in range(first, last):
        modality = facts(i)[3]
        attributes = {"0020000E": element("UI", f"{ROOT}.{i}.1"), "00080060": element("CS", modality)}
        yield i + 1, i + 1, f"{ROOT}.{i}.1", modality, 1, 1, orjson.dumps(attributes).decode()


TABLES = {
    "patient (id, patient_id, name_folded, birth_date, sex, attributes)": patients,
    "study (id, study_uid, patient_id, date_key, time_key, accession_number, description_folded, attributes)": studies,
    "series (id, study_id, series_uid, modality, series_number, instance_count, attributes)": series,
}


def fill(dsn: str, first: int, last: int) -> float:
    """Add studies; gives the seconds it took."""
    started = time.perf_counter()
    with psycopg.connect(dsn, autocommit=True) as connection, connection.cursor() as cursor:
        for table, rows in TABLES.items():
            with cursor.copy(f"copy {table} from stdin".encode()) as copy:
                for row in rows(first, last):
                    copy.write_row(row)
        cursor.execute("vacuum analyze")
    return time.perf_counter() - started


def percentiles(seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1000:7.3f} ms  p99 {cuts[98] * 1000:7.3f} ms"


def measure(dsn: str, size: int, repeats: int, *, plans: bool) -> None:
    database = Database(dsn)
    find = PostgresFind(database, AesSivSeal(bytes(KEY_BYTES)))
    for name, query in QUERIES.items():
        criteria = read_query(query)
        compiler = Compiler(query, criteria, ALL)
        statement = compiler.keys(Segment(), 101, among=COUNTED if compiler.is_narrowed else None)
        bare, whole, counted, hits = [], [], [], 0
        with database.connection() as connection:
            for _ in range(repeats):
                began = time.perf_counter()
                connection.execute(statement.sql.encode(), statement.values, prepare=False).fetchall()
                bare.append(time.perf_counter() - began)
            if plans:
                plan = connection.execute(b"explain (analyze, buffers) " + statement.sql.encode(), statement.values)
                print("\n".join(line for (line,) in plan))
        for _ in range(repeats):
            began = time.perf_counter()
            hits = len(find.find(query, ALL).matches)
            whole.append(time.perf_counter() - began)
        for _ in range(repeats // 10):
            began = time.perf_counter()
            find.count(query, ALL)
            counted.append(time.perf_counter() - began)
        print(f"{size:8} {name:18} {hits:4} hits  statement {percentiles(bare)}  find {percentiles(whole)}", end="  ")
        print(f"count {percentiles(counted)}", flush=True)
    streamed(find, size)
    database.close()


def streamed(find: PostgresFind, size: int) -> None:
    """Read every study, as a C-FIND without keys does: rate, and how far the memory grew after the first thousand."""
    matches = find.stream(Query(Level.STUDY), ALL)
    began = time.perf_counter()
    for _ in itertools.islice(matches, 1000):
        pass
    before, count = resident(), 1000
    for _ in matches:
        count += 1
    rate = count / (time.perf_counter() - began)
    print(
        f"{size:8} {'all, streamed':18} {count} hits  {rate:.0f}/s  memory +{(resident() - before) >> 20} MB",
        flush=True,
    )


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sizes", default="1000,10000,100000,1000000")
    arguments.add_argument("--queries", type=int, default=200)
    arguments.add_argument("--plans", action="store_true")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        cluster = Cluster(Path(folder))
        dsn = cluster.start()
        try:
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("create database bench")
            dsn += " dbname=bench"
            migrate(dsn)
            have = 0
            for size in map(int, asked.sizes.split(",")):
                print(f"filled to {size} in {fill(dsn, have, size):.1f} s", file=sys.stderr)
                have = size
                measure(dsn, size, asked.queries, plans=asked.plans)
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
