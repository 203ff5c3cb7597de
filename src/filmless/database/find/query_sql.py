"""A query and a scope become one statement: only the tables that are needed, counts only for the rows of the page."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from filmless.archive.errors import BadQuery
from filmless.archive.model import Level, Order, Query, StudyStatus
from filmless.archive.query.cursor import SortKind, SortValue
from filmless.archive.query.match_values import Exact
from filmless.archive.query.matching import (
    DEPTH_OF,
    STUDY_ARRIVAL_DATE,
    Condition,
    Criteria,
    Criterion,
    DateTimeCriterion,
    name_of,
)
from filmless.archive.scope import Scope
from filmless.database.edit_bytes import EDIT_OF
from filmless.database.find.query_conditions import ALIAS, Conditions
from filmless.database.find.reach import PATIENT_COUNT, STUDY_COUNT, Reach
from filmless.database.find.writing import Parameters, all_of, any_of, select


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its bound values."""

    sql: str
    values: dict[str, object]


@dataclass(frozen=True, slots=True)
class SortColumn:
    """What rows are sorted by; unknown values come last in both directions."""

    expression: str
    kind: SortKind
    level: Level
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Sorting:
    """A column and its direction."""

    column: SortColumn
    descending: bool


@dataclass(frozen=True, slots=True)
class Fields:
    """What the rows must hold beyond the identifiers of their level."""

    attributes: frozenset[Level]  # levels whose attributes are needed
    study_counts: bool = False
    study_sop_classes: bool = False
    patient_counts: bool = False
    placement: bool = False  # where the instance's bytes lie


_DATE = SortColumn("s.date_key", SortKind.DATE, Level.STUDY, nullable=True)
_TIME = SortColumn("s.time_key", SortKind.TIME, Level.STUDY, nullable=True)
_NAME = SortColumn("p.name_folded", SortKind.TEXT, Level.PATIENT)
_SERIES_NUMBER = SortColumn("e.series_number", SortKind.NUMBER, Level.SERIES, nullable=True)
_INSTANCE_NUMBER = SortColumn("i.instance_number", SortKind.NUMBER, Level.IMAGE, nullable=True)
_SERIES = SortColumn("e.id", SortKind.NUMBER, Level.SERIES)

SORT_COLUMNS: dict[int, tuple[SortColumn, ...]] = {
    0x00080020: (_DATE, _TIME),
    0x00080030: (_TIME,),
    0x00100010: (_NAME,),
    0x00100020: (SortColumn("p.patient_id", SortKind.TEXT, Level.PATIENT),),
    0x00080061: (SortColumn("s.modalities", SortKind.TEXTS, Level.STUDY),),
    0x00081030: (SortColumn("s.description_folded", SortKind.TEXT, Level.STUDY),),
    0x00080050: (SortColumn("s.accession_number", SortKind.TEXT, Level.STUDY),),
    STUDY_ARRIVAL_DATE: (SortColumn("s.last_received_at", SortKind.MOMENT, Level.STUDY),),
    0x00080060: (SortColumn("e.modality", SortKind.TEXT, Level.SERIES),),
    0x00200011: (_SERIES_NUMBER,),
    0x00200013: (_INSTANCE_NUMBER,),
}

_IDS = {level: SortColumn(f"{alias}.id", SortKind.NUMBER, level) for level, alias in ALIAS.items()}
_CAST = {
    SortKind.TEXT: "text",
    SortKind.NUMBER: "bigint",
    SortKind.DATE: "date",
    SortKind.TIME: "time",
    SortKind.MOMENT: "timestamptz",
    SortKind.TEXTS: "text[]",
}

_TABLE = {Level.PATIENT: "patient p", Level.STUDY: "study s", Level.SERIES: "series e", Level.IMAGE: "instance i"}
_JOIN = (  # upwards from the instance
    (Level.SERIES, "join series e on e.id = i.series_id"),
    (Level.STUDY, "join study s on s.id = e.study_id"),
    (Level.PATIENT, "join patient p on p.id = s.patient_id"),
)
_COLUMNS = {
    Level.PATIENT: ("p.issuer",),
    Level.STUDY: ("s.study_uid", "s.last_received_at"),
    Level.SERIES: ("e.series_uid", "e.instance_count"),
    Level.IMAGE: (
        "i.instance_uid", "i.instance_number", "i.rows", "i.columns", "i.bits_allocated", "i.frame_count",
        "sop.uid as sop_class_uid", "syntax.uid as transfer_syntax_uid",
    ),
}  # fmt: skip
_LEVELS_TO = {level: tuple(Level)[: DEPTH_OF[level] + 1] for level in Level}
_CODES = ("join uid_code sop on sop.id = i.sop_class", "join uid_code syntax on syntax.id = i.transfer_syntax")
_SOP_CLASSES = (
    "distinct code.uid from series c join instance n on n.series_id = c.id join uid_code code on code.id = n.sop_class"
    " where c.study_id = s.id"
)
_SHOWN = {  # what has nothing left that is served is not shown; the instances of queries are those that are served
    Level.PATIENT: ("exists (select from study c where c.patient_id = p.id and c.is_shown)",),
    Level.STUDY: ("s.is_shown",),
    Level.SERIES: ("e.is_shown",),
}
_OF_STATUS = {  # of a study that is settling for another reason than arrival, nothing need be awaited
    StudyStatus.ARRIVING: (
        "s.last_received_at > now() - interval '10 minutes' and exists (select from settling w where w.study_id = s.id)"
    ),
    StudyStatus.FINDINGS: "exists (select from finding f where f.study_id = s.id and f.settled_at is null)",
}
_PLACEMENT = (
    "pack.name as pack", "i.pack_offset", "i.length", "i.head_length", "i.head_sha256", "i.data_set_sha256",
    "i.pixel_offset", "i.received_at", f"{EDIT_OF} as edit",
)  # fmt: skip


def sorting_of(query: Query, criteria: Criteria) -> tuple[Sorting, ...]:
    """Give the order of a query, the row's id last; raises ``BadQuery`` for a key that is not sorted by."""
    asked = [sorting for order in query.order for sorting in _ordered(order, query.level)]
    once = {sorting.column: sorting for sorting in reversed(asked)}  # of a column asked for twice the first counts
    chosen = [sorting for sorting in asked if once[sorting.column] is sorting] or _default(query, criteria)
    last = Sorting(_IDS[query.level], chosen[0].descending if chosen else True)
    return (*chosen, last)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the list that one index range holds."""

    behind: tuple[SortValue, ...] | None = None  # sort values of the row before it
    unknown: bool = False  # rows whose first sort value is unknown: the end of the list


def segments(sortings: Sequence[Sorting], after: Sequence[SortValue] | None) -> list[Segment]:
    """Cut what follows a row: an index range ends where unknown values begin."""
    if after is None:
        return [Segment()]
    rest = [Segment(unknown=True)] if sortings[0].column.nullable and after[0] is not None else []
    return [Segment(tuple(after)), *rest]


class Compiler:
    """Compiles the statements of one query within one scope; raises ``BadQuery`` for what cannot be sorted by."""

    def __init__(self, query: Query, criteria: Criteria, scope: Scope) -> None:
        self._query = query
        self._criteria = criteria
        self._scope = scope
        self.sortings = sorting_of(query, criteria)

    @property
    def is_narrowed(self) -> bool:
        """Whether rows are left out by more than the index that gives the order."""
        conditions = self._criteria.all_of
        if self._criteria.words or self._criteria.within or self._criteria.status or not self._scope.is_unbounded:
            return True
        return bool(conditions) and not (
            self.sortings[0].column is _DATE and all(_asks_for_date(condition) for condition in conditions)
        )

    def keys(self, segment: Segment, limit: int, offset: int = 0, *, among: int | None = None) -> Statement:
        """Compile which rows of a segment match, in order: what they are sorted by, the row's id last.

        The planner takes matches for evenly spread; where they are few and old, reading from the newest on would
        never end. With ``among``, up to that many matches and one more are found first, by whatever index narrows
        most, and then put in order; column ``found`` says how many there were: beyond ``among`` the page is not it.
        """
        bound = Parameters()
        level = self._query.level
        conditions = all_of([*self._filter(bound), *_keyset(self.sortings, segment, bound)])
        needed = self._filtered_levels() | {sorting.column.level for sorting in self.sortings}
        keys = ", ".join(f"{sorting.column.expression} as sort{n}" for n, sorting in enumerate(self.sortings))
        rows = select(f"{keys} from {_from(level, needed)} where {conditions}")
        cut = f"limit {bound.bind(limit)}::bigint offset {bound.bind(offset)}::bigint"
        if among is None:
            order = ", ".join(_order(sorting.column.expression, sorting) for sorting in self.sortings)
            return Statement(f"{rows} order by {order} {cut}", bound.values)
        found = f"with found as materialized ({rows} limit {bound.bind(among + 1)}::bigint)"
        order = ", ".join(_order(f"sort{n}", sorting) for n, sorting in enumerate(self.sortings))
        total = select("count(*) from found")
        page = select(f"found.*, ({total}) as found from found order by {order} {cut}")
        return Statement(f"{found} {page}", bound.values)

    def rows(self, fields: Fields, ids: Sequence[int]) -> Statement:
        """Compile what is shown of rows, by their ids and in any order.

        It is one text for all queries of a kind, and goes by key: its plan can be kept.
        """
        level, bound = self._query.level, Parameters()
        wanted = bound.bind(f"{{{','.join(map(str, ids))}}}")  # as text: adapting a list costs twenty times as much
        shown = self._shown(fields, bound)
        return Statement(f"{select(shown)} where {ALIAS[level]}.id = any({wanted}::bigint[])", bound.values)

    def count(self, ceiling: int | None) -> Statement:
        """Compile how many rows there are, counted no further than the ceiling."""
        bound = Parameters()
        conditions = all_of(self._filter(bound))
        rows = select(f"from {_from(self._query.level, self._filtered_levels())} where {conditions}")
        if ceiling is not None:
            rows += f" limit {bound.bind(ceiling)}::bigint"
        return Statement(select(f"count(*) from ({rows}) hits"), bound.values)

    def _filter(self, bound: Parameters) -> list[str]:
        reach = Reach(self._scope, bound)
        conditions = Conditions(bound, reach, self._criteria.zone)
        written = [conditions.condition(condition) for condition in self._criteria.all_of]
        written += [conditions.word(word, self._query.level) for word in self._criteria.words]
        if self._criteria.within:
            met = [conditions.condition(condition) for condition in self._criteria.within]
            which = all_of(["e.is_shown", reach.series("e"), *met])
            written.append(f"s.id in ({select(f'e.study_id from series e where {which}')})")
        if self._criteria.status is not None:
            written.append(_OF_STATUS[self._criteria.status])
        written += _SHOWN.get(self._query.level, ())
        if self._query.level is Level.PATIENT:
            if not self._scope.is_unbounded:
                within = f"from study c where c.patient_id = p.id and {reach.rows(study='c')}"
                written.append(f"exists ({select(within)})")
            return written if self._query.apart else [*written, _first_of_key(all_of(written))]
        if self._scope.is_unbounded:
            return written
        return [*written, reach.rows(series=None if self._query.level is Level.STUDY else "e")]

    def _filtered_levels(self) -> frozenset[Level]:
        levels = {_level_of(condition) for condition in self._criteria.all_of}
        if self._criteria.zone is not None and Level.SERIES in levels:
            levels.add(Level.STUDY)  # it says at which offset its sender was
        if self._criteria.words:
            levels.add(Level.STUDY)
        if not self._scope.is_unbounded:
            levels |= {Level.PATIENT, Level.STUDY, Level.SERIES} & set(_LEVELS_TO[self._query.level])
        return frozenset(levels - {Level.STUDY} if self._query.level is Level.PATIENT else levels)

    def _shown(self, fields: Fields, bound: Parameters) -> str:
        """Give the columns of an answer and the tables that they are from."""
        level, reach = self._query.level, Reach(self._scope, bound)
        above = {one for one in (Level.STUDY, Level.SERIES) if DEPTH_OF[one] <= DEPTH_OF[level]} | fields.attributes
        joined = [_TABLE[level], *_joins(level, above)]
        columns = [f"{ALIAS[level]}.id"]
        columns += [column for one in Level if one in above | {level} for column in _COLUMNS[one]]
        columns += [f"{ALIAS[one]}.attributes::text as {one.lower()}_attributes" for one in fields.attributes]
        if Level.STUDY in above:
            columns.append(f"{reach.modalities()} as modalities")
        if level is Level.IMAGE:
            joined += _CODES
        if fields.placement:
            columns += _PLACEMENT
            joined.append("join pack on pack.id = i.pack_id")
        if fields.study_counts:
            columns += ["study_count.series as study_series", "study_count.instances as study_instances"]
            counted = ", ".join(f"{count} as {name.removeprefix('study_')}" for name, count in STUDY_COUNT.items())
            joined.append(f"cross join lateral ({reach.study_counts(counted)}) study_count")
        if fields.study_sop_classes:
            classes = select(f"{_SOP_CLASSES} and {reach.series('c')} order by 1")
            columns.append(f"array({classes}) as study_sop_classes")
        if fields.patient_counts:
            names = ("studies", "series", "instances")
            columns += [f"patient_count.{name} as patient_{name}" for name in names]
            counted = ", ".join(f"{PATIENT_COUNT[f'patient_{name}']} as {name}" for name in names)
            joined.append(f"cross join lateral ({reach.patient_counts(counted)}) patient_count")
        return f"{', '.join(columns)} from {' '.join(joined)}"


def _from(level: Level, needed: Set[Level]) -> str:
    return " ".join([_TABLE[level], *_joins(level, needed)])


def _joins(level: Level, needed: Set[Level]) -> list[str]:
    """Give the joins from a level up to the highest that is needed."""
    highest = min((DEPTH_OF[one] for one in needed), default=DEPTH_OF[level])
    return [join for above, join in _JOIN if highest <= DEPTH_OF[above] < DEPTH_OF[level]]


def _first_of_key(conditions: str) -> str:
    """Leave one patient of each issuer and Patient ID: no two entities of a level have one unique key (PS3.4 C.2.2).

    Where another name, birth date or sex came under a key, the first holder of it answers, or who meets the
    conditions if he does not. All names in the conditions are from tables here, so an alias can be told in them.
    """
    holder = re.sub(r"\bp\.", "h.", conditions)
    same = "h.issuer = p.issuer and h.patient_id = p.patient_id and h.variant = ''"
    others = f"exists ({select(f'from patient h where {same} and {holder}')})"
    return f"(p.variant = '' or p.patient_id = '' or not {others})"


def _asks_for_date(condition: Condition) -> bool:
    return isinstance(condition, DateTimeCriterion) or condition.key.field == "study_date"


def _level_of(condition: Condition) -> Level:
    return Level.STUDY if isinstance(condition, DateTimeCriterion) else condition.key.level


def _order(expression: str, sorting: Sorting) -> str:
    if not sorting.descending:
        return expression
    return f"{expression} desc nulls last" if sorting.column.nullable else f"{expression} desc"


def _keyset(sortings: Sequence[Sorting], segment: Segment, bound: Parameters) -> list[str]:
    """Say what lies behind a row: beyond it in one column, and equal to it in those before."""
    first = sortings[0].column.expression
    if segment.unknown:
        return [f"{first} is null"]
    if segment.behind is None:
        return []
    equal: list[str] = []
    beyond: list[str] = []
    for sorting, value in zip(sortings, segment.behind, strict=True):
        expression = sorting.column.expression
        if value is None:
            equal.append(f"{expression} is null")
            continue
        limit = f"{bound.bind(value)}::{_CAST[sorting.column.kind]}"
        further = f"{expression} {'<' if sorting.descending else '>'} {limit}"
        if equal and sorting.column.nullable:
            further = any_of([further, f"{expression} is null"])
        beyond.append(f"({all_of([*equal, further])})")
        equal.append(f"{expression} = {limit}")
        if len(equal) == 1:  # the range in which an index begins to read
            start = f"{expression} {'<=' if sorting.descending else '>='} {limit}"
    if segment.behind[0] is None:
        start = f"{first} is null"
    return [start, any_of(beyond)]


def _ordered(order: Order, level: Level) -> list[Sorting]:
    columns = SORT_COLUMNS.get(order.tag, ())
    if not columns or any(DEPTH_OF[column.level] > DEPTH_OF[level] for column in columns):
        raise BadQuery(f"{name_of(order.tag)}: not sorted by at this level")
    return [Sorting(column, order.descending) for column in columns]


def _default(query: Query, criteria: Criteria) -> list[Sorting]:
    """Give the order in which a person reads the level; across studies what came last is first."""
    one_study, one_series = _is_single(criteria, "study_uid"), _is_single(criteria, "series_uid")
    match query.level:
        case Level.PATIENT:
            return [Sorting(_NAME, descending=False)]
        case Level.STUDY:
            return [Sorting(_DATE, descending=True), Sorting(_TIME, descending=True)]
        case Level.SERIES:
            columns = [_SERIES_NUMBER] if one_study else []
        case Level.IMAGE:
            columns = [_INSTANCE_NUMBER] if one_series else [_SERIES_NUMBER, _SERIES, _INSTANCE_NUMBER]
            columns = columns if one_study or one_series else []
    return [Sorting(column, descending=False) for column in columns]


def _is_single(criteria: Criteria, field: str) -> bool:
    found = [one.any_of for one in criteria.all_of if isinstance(one, Criterion) and one.key.field == field]
    return any(len(wanted) == 1 and isinstance(wanted[0], Exact) for wanted in found)
