"""What pages show beside what a query finds: findings and patients of studies, the first instance of each series."""

from collections.abc import Sequence
from typing import Any

from filmless.archive.findings import Standing
from filmless.archive.scope import Scope
from filmless.database.connect import Database
from filmless.database.find.reach import Reach
from filmless.database.find.writing import Parameters

_WARNINGS = """
select s.study_uid, count(*) from finding f join study s on s.id = f.study_id join patient p on p.id = s.patient_id
where f.settled_at is null and s.is_shown and {scope} and s.study_uid = any({wanted}) group by s.study_uid"""
_PATIENTS = """
select s.study_uid, p.public_id::text from study s join patient p on p.id = s.patient_id
where s.is_shown and {scope} and s.study_uid = any({wanted})"""
_FIRST_INSTANCES = """
select r.series_uid, i.instance_uid, c.uid
from study s join patient p on p.id = s.patient_id join series r on r.study_id = s.id
     cross join lateral (select instance_uid, sop_class from instance where series_id = r.id
                         order by instance_number nulls last, id limit 1) i
     join uid_code c on c.id = i.sop_class
where {scope} and s.study_uid = {wanted}"""


_STANDINGS = """
select s.study_uid,
       s.last_received_at > now() - interval '10 minutes'
           and exists (select from settling w where w.study_id = s.id),
       array(select distinct r.body_part from series r where r.study_id = s.id and r.is_shown and r.body_part <> ''
             order by 1),
       array(select distinct r.institution from series r where r.study_id = s.id and r.is_shown and r.institution <> ''
             order by 1)
from study s join patient p on p.id = s.patient_id where {scope} and s.study_uid = any({wanted})"""
# Each value is found behind the one before it, by the index: as many steps as there are values.
VALUES = """
with recursive found as (
    (select {column} as value from series where {column} > '' order by 1 limit 1)
    union all
    select (select {column} from series where {column} > found.value order by 1 limit 1) from found
    where found.value is not null
) select value from found where value is not null limit {limit}"""
_VALUES_REACHED = """
select distinct r.{column} from study s join patient p on p.id = s.patient_id join series r on r.study_id = s.id
where r.{column} <> '' and s.is_shown and {scope} order by 1 limit {limit}"""
_MOST_VALUES = 300


class StudyOverview:
    """Reads rows; any thread may use it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def warnings(self, scope: Scope, study_uids: Sequence[str]) -> dict[str, int]:
        """How many findings wait for a person, of each of these studies that has any."""
        return dict(self._rows(_WARNINGS, scope, list(study_uids))) if study_uids else {}

    def patients(self, scope: Scope, study_uids: Sequence[str]) -> dict[str, str]:
        """Public ids of the patients of these studies."""
        return dict(self._rows(_PATIENTS, scope, list(study_uids))) if study_uids else {}

    def standings(self, scope: Scope, study_uids: Sequence[str]) -> dict[str, Standing]:
        """How far these studies are, what they show and where they were made."""
        rows = self._rows(_STANDINGS, scope, list(study_uids)) if study_uids else []
        return {uid: Standing(is_arriving, tuple(parts), tuple(places)) for uid, is_arriving, parts, places in rows}

    def choices(self, scope: Scope) -> tuple[list[str], list[str]]:
        """The body parts and the institutions that there are to choose from, at most 300 of each."""
        return self._values("body_part", scope), self._values("institution", scope)

    def _values(self, column: str, scope: Scope) -> list[str]:
        bound = Parameters()
        limit = bound.bind(_MOST_VALUES)
        if scope.is_unbounded:
            sql = VALUES.format(column=column, limit=limit)
        else:
            sql = _VALUES_REACHED.format(column=column, limit=limit, scope=Reach(scope, bound).rows(series="r"))
        with self._database.connection() as connection:
            return [value for (value,) in connection.execute(sql.encode(), bound.values)]

    def first_instances(self, scope: Scope, study_uid: str) -> dict[str, tuple[str, str]]:
        """Series Instance UID to (SOP Instance UID, SOP Class UID) of the instance with the lowest number."""
        rows = self._rows(_FIRST_INSTANCES, scope, study_uid, series="r")
        return {series_uid: (instance_uid, sop_class_uid) for series_uid, instance_uid, sop_class_uid in rows}

    def _rows(self, statement: str, scope: Scope, wanted: str | list[str], series: str | None = None) -> list[Any]:
        bound = Parameters()
        sql = statement.format(scope=Reach(scope, bound).rows(series=series), wanted=bound.bind(wanted))
        with self._database.connection() as connection:
            return connection.execute(sql.encode(), bound.values).fetchall()
