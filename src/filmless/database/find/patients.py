"""Patients as their pages show them: lists by name, one with all studies, who may be the same, who looked."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from filmless.archive.errors import NotFound
from filmless.archive.events import Event, EventKind
from filmless.archive.model import Count, Query
from filmless.archive.ports import History
from filmless.archive.query.cursor import Seal, read_cursor, write_cursor
from filmless.archive.query.patients import (
    AlikePatient,
    Beware,
    Likeness,
    PatientEntry,
    PatientPage,
    PatientRecord,
    PatientSeries,
    PatientStudy,
    Person,
    Reading,
    mentioned,
)
from filmless.archive.scope import Scope
from filmless.database.connect import Database
from filmless.database.find.postgres import COUNTED, Cursor, KeySearch, open_cursor
from filmless.database.find.reach import Reach
from filmless.database.find.writing import Parameters, all_of, select

MAX_STUDIES = 1000  # of one patient, the newest
MAX_ALIKE = 20  # patients who may be the same person
READ_KINDS = tuple(kind.value for kind in (EventKind.OPENED, EventKind.QUERY, EventKind.RETRIEVE, EventKind.EXPORT))

_NAME = "p.attributes #>> '{00100010,Value,0,%s}'"
_PERSON = f"""
p.id, p.public_id, {_NAME % "Alphabetic"} as name, {_NAME % "Ideographic"} as name_ideographic,
nullif(p.patient_id, '') as patient_id, nullif(p.issuer, '') as issuer, nullif(p.birth_date, '') as birth_date,
nullif(p.sex, '') as sex"""
_ENTRIES = """
select {person}, n.studies, n.modalities, n.first, n.last{also}
from patient p cross join lateral (
    select count(distinct s.id) as studies, min(s.date_key) as first, max(s.date_key) as last,
           coalesce(array_agg(distinct m order by m) filter (where m is not null), '{{}}') as modalities
    from study s left join lateral unnest({modalities}) m on true
    where s.patient_id = p.id and s.is_shown and {scope}
) n where n.studies > 0 and {condition}"""
_ONE = """
select {person}, p.attributes, p.variant, p.name_folded
from patient p where p.public_id = {wanted}
and exists (select from study s where s.patient_id = p.id and s.is_shown and {scope})"""
_BEWARE = ", ".join(f"'{kind.value}', s.attributes -> '{kind.value}'" for kind in Beware)
_STUDIES = """
select s.id, s.study_uid, nullif(s.study_date, '') as study_date, nullif(s.study_time, '') as study_time,
       s.attributes #>> '{{00081030,Value,0}}' as description, nullif(s.accession_number, '') as accession_number,
       {modalities} as modalities, jsonb_strip_nulls(jsonb_build_object({beware})) as attributes,
       (select count(*) from finding f where f.study_id = s.id and f.settled_at is null) as findings
from study s join patient p on p.id = s.patient_id
where s.patient_id = {wanted} and s.is_shown and {scope}
order by s.date_key desc nulls last, s.time_key desc nulls last, s.id desc limit {most}"""
_ALL_STUDIES = {"beware": _BEWARE, "most": str(MAX_STUDIES + 1)}
_SERIES = """
select r.study_id, r.series_uid, r.series_number as number, nullif(r.modality, '') as modality,
       r.attributes #>> '{{0008103E,Value,0}}' as description, r.attributes #>> '{{00180015,Value,0}}' as body_part,
       r.instance_count as instances, i.instance_uid as first_instance, c.uid as sop_class_uid
from series r join study s on s.id = r.study_id join patient p on p.id = s.patient_id
     cross join lateral (select instance_uid, sop_class from instance where series_id = r.id
                         order by instance_number nulls last, id limit 1) i
     join uid_code c on c.id = i.sop_class
where r.study_id = any({wanted}) and r.is_shown and {scope}
order by r.study_id, r.series_number nulls last, r.id"""
# What each likeness is found by: the conditions name the other patient p and values of this one.
_ALIKE = {
    Likeness.SAME_KEY: "(p.issuer = {issuer} and p.patient_id = {patient_id} and {patient_id} <> '')",
    Likeness.OTHER_ID: """(p.patient_id = any({ids}::text[]) and exists (
        select from unnest({ids}::text[], {issuers}::text[]) as other (id, issuer)
        where other.id = p.patient_id and other.issuer in ('', p.issuer)))""",
    Likeness.SAME_NAME: """(p.name_folded = {name} and p.birth_date = {birth_date} and {name} <> ''
        and {birth_date} <> '')""",
    Likeness.SAME_ID: "(p.patient_id = {patient_id} and p.issuer <> {issuer} and {patient_id} <> '')",
}
_READERS = """
select e.id, e.occurred_at, e.actor, e.address, e.kind, e.outcome, e.count, s.study_uid,
       nullif(s.study_date, ''), s.attributes #>> '{{00081030,Value,0}}'
from event e left join study s on s.id = e.study_id
where e.patient_id = {wanted} and e.kind = any({kinds}) and ({before}::bigint is null or e.id < {before})
order by e.id desc limit {limit}"""

Row = Mapping[str, Any]


class Patients:
    """Reads rows and records who asked; any thread may use it."""

    def __init__(self, database: Database, seal: Seal, history: History) -> None:
        self._database, self._seal, self._history = database, seal, history

    def page(self, query: Query, scope: Scope) -> PatientPage:
        """Patients within the scope, by name; ``BadQuery`` for what cannot be understood."""
        search = KeySearch(query, scope, headers=False)
        after = read_cursor(query, search.kinds, self._seal)
        limit = query.limit or COUNTED
        with open_cursor(self._database) as cursor:
            keys = search.keys(cursor, after, limit + 1, 0)
            ids = [row[f"sort{len(search.kinds) - 1}"] for row in keys[:limit]]
            entries = _entries(cursor, scope, ids)
            is_all = after is None and len(keys) <= limit
            total = Count(len(entries), is_exact=True) if is_all else search.count(cursor)
        self._history.gather(Event(EventKind.QUERY, scope.actor, scope.address))
        more = write_cursor(query, search.sort_values(keys[limit - 1]), self._seal) if len(keys) > limit else None
        return PatientPage(entries, more, total)

    def one(self, public_id: UUID, scope: Scope) -> PatientRecord:
        """All that is shown of a patient; ``NotFound`` where the scope reaches none of the studies."""
        with open_cursor(self._database) as cursor:
            row = self._row(cursor, public_id, scope)
            studies = _studies(cursor, scope, row["id"])
            alike = _alike(cursor, scope, row)
        self._history.gather(Event(EventKind.OPENED, scope.actor, scope.address, patient=public_id))
        is_cut = len(studies) > MAX_STUDIES
        return PatientRecord(_person(row), row["attributes"], studies[:MAX_STUDIES], is_cut, alike)

    def readers(self, public_id: UUID, scope: Scope, limit: int, before: int | None = None) -> list[Reading]:
        """Who looked at a patient or a study of theirs, newest first; looking this up is told there, too."""
        with open_cursor(self._database) as cursor:
            bound = Parameters()
            wanted = bound.bind(self._row(cursor, public_id, scope)["id"])
            statement = _READERS.format(
                wanted=wanted, kinds=bound.bind(list(READ_KINDS)), before=bound.bind(before), limit=bound.bind(limit)
            )
            rows = cursor.execute(statement.encode(), bound.values).fetchall()
        self._history.gather(Event(EventKind.OPENED, scope.actor, scope.address, patient=public_id))
        return [Reading(*row.values()) for row in rows]

    @staticmethod
    def _row(cursor: Cursor, public_id: UUID, scope: Scope) -> Row:
        rows = _fetched(cursor, scope, _ONE, lambda bound: {"wanted": bound.bind(public_id)})
        if not rows:
            raise NotFound(str(public_id))
        return rows[0]


def _fetched(
    cursor: Cursor,
    scope: Scope,
    statement: str,
    values: Callable[[Parameters], Mapping[str, str]],
    series: str | None = None,
) -> list[Row]:
    """Run a statement within a scope; ``values`` binds what it names."""
    bound = Parameters()
    reach = Reach(scope, bound)
    named = {"scope": reach.rows(series=series), "modalities": reach.modalities(), "person": _PERSON}
    sql = statement.format(**named, **values(bound))
    rows: list[Row] = cursor.execute(sql.encode(), bound.values).fetchall()
    return rows


def _entries(cursor: Cursor, scope: Scope, ids: Sequence[int]) -> list[PatientEntry]:
    """Patients by their keys, in that order; one may be gone since."""
    rows = _fetched(
        cursor,
        scope,
        _ENTRIES,
        lambda bound: {"condition": f"p.id = any({bound.bind(list(ids))}::bigint[])", "also": ""},
    )
    found = {row["id"]: row for row in rows}
    return [_entry(found[one]) for one in ids if one in found]


def _studies(cursor: Cursor, scope: Scope, patient: int) -> list[PatientStudy]:
    rows = _fetched(cursor, scope, _STUDIES, lambda bound: {"wanted": bound.bind(patient), **_ALL_STUDIES})
    ids = [row["id"] for row in rows]
    series: dict[int, list[PatientSeries]] = defaultdict(list)
    for row in _fetched(cursor, scope, _SERIES, lambda bound: {"wanted": bound.bind(ids)}, series="r"):
        values = dict(row)
        series[values.pop("study_id")].append(PatientSeries(**values))
    studies = []
    for row in rows:
        values = dict(row)
        own = series[values.pop("id")]
        studies.append(PatientStudy(**values, instances=sum(each.instances for each in own), series=own))
    return studies


def _alike(cursor: Cursor, scope: Scope, row: Row) -> list[AlikePatient]:
    """Patients who may be the same person: those with most reasons first."""
    others = mentioned(row["attributes"])

    def values(bound: Parameters) -> dict[str, str]:
        named = {
            "issuer": bound.bind(row["issuer"] or ""),
            "patient_id": bound.bind(row["patient_id"] or ""),
            "name": bound.bind(row["name_folded"]),
            "birth_date": bound.bind(row["birth_date"] or ""),
            "ids": bound.bind([one for _, one in others]),
            "issuers": bound.bind([issuer for issuer, _ in others]),
        }
        conditions = [condition.format(**named) for condition in _ALIKE.values()]
        told = "".join(f', {condition} as "{kind.value}"' for kind, condition in zip(_ALIKE, conditions, strict=True))
        this = f"p.id <> {bound.bind(row['id'])}"
        # each condition by its own index, then the rows by their keys
        keys = " union ".join(select(f"p.id from patient p where {all_of((this, each))}") for each in conditions)
        some = select(f"id from ({keys} limit {10 * MAX_ALIKE}) found")
        return {"condition": f"p.id in ({some})", "also": told}

    rows = _fetched(cursor, scope, _ENTRIES, values)
    found = [AlikePatient(_entry(each), [kind for kind in _ALIKE if each[kind.value]]) for each in rows]
    found.sort(
        key=lambda each: (-len(each.reasons), list(Likeness).index(each.reasons[0]), each.entry.person.name or "")
    )
    return found[:MAX_ALIKE]


def _person(row: Row) -> Person:
    names = ("public_id", "name", "name_ideographic", "patient_id", "issuer", "birth_date", "sex")
    return Person(*(row[name] for name in names))


def _entry(row: Row) -> PatientEntry:
    return PatientEntry(_person(row), row["studies"], row["modalities"], row["first"], row["last"])
