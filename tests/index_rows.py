"""Puts rows into the index as ingest would, for tests of finding."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from filmless.archive.query.match_values import name_key
from filmless.database.connect import Connection, Database
from filmless.standards.dicom.dates import date_of, time_of
from filmless.standards.dicom.dictionary import tag_of, vr_of
from filmless.standards.dicom.text import fold, sounds
from filmless.standards.dicom.uids import uid_digest

RECEIVED = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
CT_IMAGE, EXPLICIT_LE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
GROUPS = ("Alphabetic", "Ideographic", "Phonetic")

Json = dict[str, dict[str, Any]]


def attributes(values: Mapping[str, Any]) -> Json:
    """DICOM JSON of keywords and values; a list is a sequence of such or several values."""
    found: Json = {}
    for keyword, value in values.items():
        tag = tag_of(keyword)
        assert tag is not None, keyword
        vr = vr_of(tag)
        many = value if isinstance(value, list) else [value]
        if vr == "SQ":
            many = [attributes(item) for item in many]
        elif vr == "PN":
            many = [{group: part for group, part in zip(GROUPS, one.split("="), strict=False) if part} for one in many]
        found[f"{tag:08X}"] = {"vr": vr, "Value": many} if value not in ("", []) else {"vr": vr}
    return found


class Rows:
    """Rows of one test's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def study(self, uid: str, series: Mapping[str, Any] | None = None, **values: Any) -> None:
        """A study with its patient; ``series`` maps a Series UID to its values, with ``instances`` a list of values."""
        patient = {key: values.pop(key) for key in list(values) if key.startswith("Patient") and key != "PatientAge"}
        patient |= {key: values.pop(key) for key in list(values) if key.startswith(("OtherPatient", "IssuerOfPatient"))}
        with self._database.connection() as connection:
            patient_id = self._patient(connection, uid, patient)
            day, moment = date_of(values.get("StudyDate", "")), time_of(values.get("StudyTime", ""))
            row = connection.execute(
                "insert into study (study_uid, patient_id, study_date, study_time, date_key, time_key,"
                " accession_number, description_folded, referrer_folded, attributes, first_received_at,"
                " last_received_at)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
                (uid, patient_id, values.get("StudyDate", ""), values.get("StudyTime", ""), day, moment,
                 values.get("AccessionNumber", ""), fold(values.get("StudyDescription", "")),
                 name_key(values.get("ReferringPhysicianName", "")),
                 _json({"StudyInstanceUID": uid} | values), RECEIVED, RECEIVED),
            ).fetchone()  # fmt: skip
            assert row is not None
            for series_uid, more in (series or {}).items():
                self._series(connection, row[0], series_uid, dict(more))

    def _patient(self, connection: Connection, uid: str, values: dict[str, Any]) -> int:
        name, patient_id = values.get("PatientName", ""), values.get("PatientID", "")
        facts = (values.get("IssuerOfPatientID", ""), patient_id, uid if not patient_id else name_key(name))
        known = connection.execute(
            "select id from patient where (issuer, patient_id, variant) = (%s, %s, %s)", facts
        ).fetchone()
        row = known or connection.execute(
            "insert into patient (issuer, patient_id, variant, name_folded, name_sounds, birth_date, sex, attributes)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s) returning id",
            (*facts, name_key(name), sounds(name), values.get("PatientBirthDate", ""), values.get("PatientSex", ""),
             _json(values)),
        ).fetchone()  # fmt: skip
        assert row is not None
        return int(row[0])

    def _series(self, connection: Connection, study_id: int, uid: str, values: dict[str, Any]) -> None:
        instances = values.pop("instances", [])
        row = connection.execute(
            "insert into series (study_id, series_uid, modality, series_number, attributes, instance_count)"
            " values (%s, %s, %s, %s, %s, %s) returning id",
            (study_id, uid, values.get("Modality", ""), values.get("SeriesNumber"),
             _json({"SeriesInstanceUID": uid} | values), len(instances)),
        ).fetchone()  # fmt: skip
        assert row is not None
        for instance in instances:
            self._instance(connection, row[0], instance)

    def _instance(self, connection: Connection, series_id: int, values: Mapping[str, Any]) -> None:
        uid = values["SOPInstanceUID"]
        connection.execute(
            "insert into instance (series_id, sop_class, transfer_syntax, instance_number, rows, columns, pack_id,"
            " pack_offset, length, head_length, received_at, uid_digest, instance_uid, head_sha256, data_set_sha256)"
            " values (%s, %s, %s, %s, %s, %s, %s, 1536, 1000, 300, %s, %s, %s, '\\x01', '\\x02')",
            (series_id, _code(connection, values.get("SOPClassUID", CT_IMAGE)), _code(connection, EXPLICIT_LE),
             values.get("InstanceNumber"), values.get("Rows"), values.get("Columns"), _pack(connection), RECEIVED,
             uid_digest(uid), uid),
        )  # fmt: skip


def _code(connection: Connection, uid: str) -> int:
    connection.execute("insert into uid_code (uid) values (%s) on conflict do nothing", (uid,))
    row = connection.execute("select id from uid_code where uid = %s", (uid,)).fetchone()
    assert row is not None
    return int(row[0])


def _pack(connection: Connection) -> int:
    connection.execute("insert into pack (name) values ('ingest/1.tar') on conflict do nothing")
    row = connection.execute("select id from pack").fetchone()
    assert row is not None
    return int(row[0])


def _json(values: Mapping[str, Any]) -> str:
    return orjson.dumps(attributes(values)).decode()
