"""Reading rows: where instances lie, their frames, findings, conflict versions, and how far packs are indexed."""

from collections.abc import Sequence
from sys import intern
from typing import Any

from filmless.archive.findings import ConflictVersion, Finding, FindingKind
from filmless.archive.model import KeptInstance, Placement, edited
from filmless.archive.ports import Located
from filmless.archive.query.selection import Selection
from filmless.archive.scope import Scope
from filmless.database.connect import Connection, Database
from filmless.database.edit_bytes import EDIT_OF, unpacked_edit
from filmless.database.find.reach import Reach
from filmless.database.find.writing import Parameters
from filmless.database.index.frame_bytes import unpack_fragments
from filmless.standards.data_set.frames import FrameTable
from filmless.standards.dicom.uids import uid_digest

SHORT_TABLE = 4096  # bytes of a packed frame table that come with the row of its instance

_LOCATE = """
select {edit}, s.study_uid, r.series_uid, i.instance_uid, c.uid, t.uid, k.name, i.pack_offset, i.length, i.head_length,
       i.head_sha256, i.data_set_sha256, i.pixel_offset, i.received_at{also}
from study s join patient p on p.id = s.patient_id join series r on r.study_id = s.id
     join instance i on i.series_id = r.id join uid_code c on c.id = i.sop_class
     join uid_code t on t.id = i.transfer_syntax join pack k on k.id = i.pack_id{joined}
where {condition} order by r.series_number nulls last, r.id, i.instance_number nulls last, i.id"""
_LOCATE_FRAMES = _LOCATE.replace(
    "{also}",
    f""", f.first_frame, f.frame_size, f.frames,
       case when octet_length(f.fragments) <= {SHORT_TABLE} then f.fragments end""",
).replace("{joined}", " left join frame_table f on f.instance_id = i.id")
_LOCATE = _LOCATE.replace("{also}", "").replace("{joined}", "")
_FRAMES = """
select f.first_frame, f.frame_size, f.frames, f.fragments
from instance i join frame_table f on f.instance_id = i.id where i.uid_digest = %s"""
_FINDINGS = """
select f.kind, s.study_uid, f.subject, f.details, f.found_at
from finding f join study s on s.id = f.study_id join patient p on p.id = s.patient_id
where f.settled_at is null and s.is_shown and {condition} order by f.found_at desc, f.id desc limit 1000"""
_CONFLICTS = """
select s.study_uid, r.series_uid, i.instance_uid, t.uid, k.name, v.pack_offset, v.length, v.head_length,
       v.head_sha256, v.data_set_sha256, v.received_at
from conflict_version v join instance i on i.id = v.instance_id join series r on r.id = i.series_id
     join study s on s.id = r.study_id join patient p on p.id = s.patient_id
     join uid_code t on t.id = v.transfer_syntax join pack k on k.id = v.pack_id
where {condition} order by v.received_at desc, v.id desc limit 1000"""


class IndexRead:
    """The reading half of the index; any thread may use it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def locate(self, scope: Scope, uids: tuple[str, str | None, str | None]) -> list[KeptInstance]:
        """Instances of a study, of one of its series, or one instance, in the order of their numbers."""
        study_uid, series_uid, instance_uid = uids
        bound = Parameters()
        conditions = [Reach(scope, bound).rows(series="r"), f"s.study_uid = {bound.bind(study_uid)}"]
        if series_uid is not None:
            conditions.append(f"r.series_uid = {bound.bind(series_uid)}")
        if instance_uid is not None:
            conditions.append(f"i.uid_digest = {bound.bind(uid_digest(instance_uid))}")
        return self._located(conditions, bound)

    def locate_frames(self, scope: Scope, uids: tuple[str, str, str | None], limit: int) -> list[Located]:
        """An instance of a series, or as many as the limit, with frame tables that are short."""
        study_uid, series_uid, instance_uid = uids
        bound = Parameters()
        conditions = [Reach(scope, bound).rows(series="r"), f"s.study_uid = {bound.bind(study_uid)}"]
        conditions.append(f"r.series_uid = {bound.bind(series_uid)}")
        if instance_uid is not None:
            conditions.append(f"i.uid_digest = {bound.bind(uid_digest(instance_uid))}")
        rows = self._rows(f"{_LOCATE_FRAMES} limit {limit:d}", conditions, bound)
        return [_located(row) for row in rows]

    def select(self, selection: Selection, scope: Scope) -> list[KeptInstance]:
        """Instances that have all of these keys, in the order of their numbers."""
        bound = Parameters()
        conditions = [Reach(scope, bound).rows(series="r")]
        if selection.patient_id:
            conditions.append(f"p.patient_id = {bound.bind(selection.patient_id)}")
        digests = [uid_digest(uid) for uid in selection.instance_uids]
        listed = (
            ("s.study_uid", selection.study_uids),
            ("r.series_uid", selection.series_uids),
            ("i.uid_digest", digests),
        )
        conditions += [f"{column} = any({bound.bind(list(values))})" for column, values in listed if values]
        return self._located(conditions, bound)

    def frames(self, instance_uid: str) -> FrameTable | None:
        """The frame table of an instance whose frames are not found by arithmetic."""
        with self._database.connection() as connection:
            row = connection.execute(_FRAMES, (uid_digest(instance_uid),)).fetchone()
        return FrameTable(row[2], row[0], row[1], unpack_fragments(row[3])) if row else None

    def findings(self, scope: Scope, study_uid: str | None) -> list[Finding]:
        """What waits for a person, newest first, at most 1000."""
        rows = self._rows(_FINDINGS, *_within(scope, study_uid, series=None))
        return [Finding(FindingKind(kind), *others) for kind, *others in rows]

    def conflicts(self, scope: Scope, study_uid: str | None) -> list[ConflictVersion]:
        """Contents kept beside the served ones, newest first, at most 1000."""
        rows = self._rows(_CONFLICTS, *_within(scope, study_uid, series="r"))
        return [_version(row) for row in rows]

    def _located(self, conditions: Sequence[str], bound: Parameters) -> list[KeptInstance]:
        with self._database.connection() as connection:
            return located(connection, " and ".join(conditions), bound)

    def _rows(self, statement: str, conditions: Sequence[str], bound: Parameters) -> list[Any]:
        sql = statement.format(condition=" and ".join(conditions), edit=EDIT_OF)
        with self._database.connection() as connection:
            return connection.execute(sql.encode(), bound.values).fetchall()


def located(connection: Connection, condition: str, bound: Parameters) -> list[KeptInstance]:
    """Instances that meet a condition, in the order of their series' and their own numbers."""
    sql = _LOCATE.format(condition=condition, edit=EDIT_OF)
    rows = connection.execute(sql.encode(), bound.values, binary=True).fetchall()  # a third less work than as texts
    return [_kept(row) for row in rows]


def _within(scope: Scope, study_uid: str | None, series: str | None) -> tuple[list[str], Parameters]:
    bound = Parameters()
    conditions = [Reach(scope, bound).rows(series=series)]
    if study_uid is not None:
        conditions.append(f"s.study_uid = {bound.bind(study_uid)}")
    return conditions, bound


def _kept(row: Sequence[Any]) -> KeptInstance:
    """The instance of a row; texts that many share are kept once."""
    edit, *uids = row[:6]
    study_uid, series_uid, instance_uid, sop_class_uid, transfer_syntax_uid = uids
    pack, *place, pixel_offset, received_at = row[6:]
    kept = KeptInstance(
        study_uid=intern(study_uid),
        series_uid=intern(series_uid),
        instance_uid=instance_uid,
        sop_class_uid=intern(sop_class_uid),
        transfer_syntax_uid=intern(transfer_syntax_uid),
        placement=Placement(intern(pack), *place),
        pixel_offset=pixel_offset,
        received_at=received_at,
    )
    return edited(kept, unpacked_edit(edit))


def _located(row: Sequence[Any]) -> Located:
    first, size, frames, fragments = row[-4:]
    table = None if fragments is None else FrameTable(frames, first, size, unpack_fragments(fragments))
    return Located(_kept(row[:-4]), table, frames is not None)


def _version(row: Sequence[Any]) -> ConflictVersion:
    study_uid, series_uid, instance_uid, transfer_syntax_uid, *place, received_at = row
    return ConflictVersion(study_uid, series_uid, instance_uid, transfer_syntax_uid, Placement(*place), received_at)
