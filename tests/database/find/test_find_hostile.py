"""Hostile keys, values, cursors and texts are refused or find nothing; they are never a fault, and never slow."""

import contextlib
import time

import pytest

from filmless.archive.errors import BadQuery
from filmless.archive.model import Level, Order, Query
from filmless.archive.scope import Scope
from filmless.database.connect import Database
from filmless.database.find.postgres import PostgresFind
from index_rows import Rows
from seals import SEAL

ALL = Scope("test", everything=True)
NAME, PATIENT_ID, DATE, TIME = 0x00100010, 0x00100020, 0x00080020, 0x00080030
UID, AGE, REFERRER, PROCEDURES = 0x0020000D, 0x00101010, 0x00080090, 0x00081032
SECONDS = 2.0  # far more than any of these takes, far less than the time limit of a statement

HOSTILE = [
    (PATIENT_ID, "' or '1'='1"),
    (PATIENT_ID, "'; drop table study; --"),
    (PATIENT_ID, "%"),
    (PATIENT_ID, "\\\\%"),
    (PATIENT_ID, "%(v0)s %s %%"),
    (PATIENT_ID, "\0"),
    (PATIENT_ID, "a\0b"),
    (PATIENT_ID, "\ud83d"),
    (PATIENT_ID, "💩" * 1000),
    (PATIENT_ID, "\\" * 4000),
    (NAME, "*?" * 300),
    (NAME, "a*" * 400),
    (NAME, "?" * 4000),
    (NAME, "=" * 4000),
    (NAME, "^" * 4000),
    (NAME, "💩"),
    (NAME, "\x1b$B"),
    (NAME, "{}[]$.\"'"),
    (DATE, "00000000-99999999"),
    (DATE, "00010101-99991231"),
    (DATE, "-"),
    (DATE, "x"),
    (TIME, "240000"),
    (TIME, "99"),
    (UID, "\\".join(f"1.2.{n}" for n in range(800))),
    (UID, "1.2.3' or true --"),
    (UID, "1" * 65),
    (AGE, "051Y\\\\\\"),
    (REFERRER, "a*" * 400),
    (REFERRER, "'\"$.Value[*] ? (@ == 1)"),
    (0x00201208, "9" * 40),
    (0x00201208, "1e999"),
    (0x00201208, "0x10"),
    (0xFFFFFFFF, "1"),
    (0x00000000, "1"),
    (-1, "1"),
    (1 << 40, "1"),
]


@pytest.fixture(scope="module")
def find(module_database: Database) -> PostgresFind:
    rows = Rows(module_database)
    rows.study("1.1", {"1.1.1": {"Modality": "CT", "instances": [{"SOPInstanceUID": "1.1.1.1"}]}},
               PatientName="a" * 500, PatientID="P1", ReferringPhysicianName="a" * 2000, StudyDate="20210110",
               PatientAge="051Y")  # fmt: skip
    return PostgresFind(module_database, SEAL)


def ask(find: PostgresFind, query: Query) -> None:
    """Ask by all ways; what is refused is a bad query."""
    began = time.monotonic()
    for way in (find.find, find.count, lambda *asked: list(find.stream(*asked))):
        with contextlib.suppress(BadQuery):
            way(query, ALL)
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize(("tag", "value"), HOSTILE, ids=[f"{tag:X}={value[:20]!a}" for tag, value in HOSTILE])
def test_a_hostile_value_does_no_harm(find: PostgresFind, tag: int, value: str) -> None:
    for level in Level:
        ask(find, Query(level, (((tag,), value),)))
    for path in ((PROCEDURES, tag), (PROCEDURES, PROCEDURES, tag), (tag, PROCEDURES)):
        ask(find, Query(Level.STUDY, ((path, value),)))
    ask(find, Query(Level.STUDY, text=value))
    ask(find, Query(Level.STUDY, after=value))
    ask(find, Query(Level.IMAGE, include=frozenset({tag}), include_all=True))
    ask(find, Query(Level.STUDY, (((tag,), value),), fuzzy=True, combined=True, order=(Order(tag),)))


def test_the_table_is_still_there(find: PostgresFind) -> None:
    assert find.count(Query(Level.STUDY), ALL).number == 1


def test_a_hostile_scope_reaches_nothing(find: PostgresFind) -> None:
    scope = Scope("test", study_uids=frozenset({"1.1' or true --"}), patient_keys=frozenset({("' or true --", "%")}))
    for level in Level:
        assert find.find(Query(level), scope).matches == []
