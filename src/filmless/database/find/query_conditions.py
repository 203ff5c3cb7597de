"""Conditions of a query as SQL; every value is a bound parameter, every name comes from the tables here."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

from filmless.archive.model import Level
from filmless.archive.query.match_values import (
    Dates,
    Empty,
    Exact,
    Kind,
    Like,
    Moments,
    Name,
    Number,
    Sounds,
    Times,
    Wanted,
    Words,
)
from filmless.archive.query.matching import Condition, Criterion, DateTimeCriterion, ItemCriterion, Key
from filmless.database.find.moments import STUDY_DATE, is_moment, moment_of, near, time_of_day
from filmless.database.find.reach import PATIENT_COUNT, STUDY_COUNT, Reach
from filmless.database.find.writing import Parameters, all_of, any_of, select
from filmless.standards.dicom.text import fold, is_latin
from filmless.standards.dicom.uids import uid_digest

ALIAS = {Level.PATIENT: "p", Level.STUDY: "s", Level.SERIES: "e", Level.IMAGE: "i"}

COLUMN = {
    "patient_id": "p.patient_id",
    "issuer": "p.issuer",
    "birth_date": "p.birth_date",
    "sex": "p.sex",
    "study_uid": "s.study_uid",
    "study_date": "s.date_key",
    "study_time": "s.time_key",
    "accession_number": "s.accession_number",
    "study_number": "s.study_number",
    "series_uid": "e.series_uid",
    "modality": "e.modality",
    "series_number": "e.series_number",
    "body_part": "e.body_part",
    "institution": "e.institution",
    "series_instances": "e.instance_count",
    "instance_number": "i.instance_number",
    "frame_count": "i.frame_count",
    "rows": "i.rows",
    "columns": "i.columns",
    "bits_allocated": "i.bits_allocated",
}
_CODE_COLUMN = {"sop_class_uid": "i.sop_class", "transfer_syntax_uid": "i.transfer_syntax"}
_APART = "translate({}, '=^,.-''', '      ')"  # what parts the words of a name
_NAME_COLUMNS = ("p.name_alphabetic", "p.name_ideographic", "p.name_phonetic")
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")  # of a name in JSON (PS3.18 F.2.2)
_NOTHING = "false"


class Conditions:
    """Writes conditions into one statement."""

    def __init__(self, bound: Parameters, reach: Reach, zone: int | None) -> None:
        self._bound = bound
        self._reach = reach
        self._zone = zone  # minutes east of UTC
        self._aliases = 0

    def condition(self, condition: Condition) -> str:
        """Write one condition of a query."""
        if isinstance(condition, DateTimeCriterion):
            return self._moment_range(condition)
        if self._zone is not None and isinstance(condition, Criterion) and is_moment(condition.key.tag):
            return any_of(self._at_zone(condition.key, one, self._zone) for one in condition.any_of)
        return self._as_sent(condition)

    def _as_sent(self, condition: Criterion | ItemCriterion) -> str:
        if isinstance(condition, Criterion) and condition.key.field is not None:
            return any_of(self._field(condition.key, condition.key.field, condition.any_of))
        return self._attribute(condition, f"{ALIAS[condition.key.level]}.attributes")

    def word(self, word: str, level: Level) -> str:
        """Find a word of a free text: anywhere from three letters on, else where a word begins."""
        pattern = f"%{escaped(word)}%" if len(word) >= 3 else f"% {escaped(word)}%"
        searched = ALIAS[Level.PATIENT if level is Level.PATIENT else Level.STUDY]
        return f"{searched}.search_text like {self._bound.bind(pattern)}"

    def _field(self, key: Key, field: str, wanted: Sequence[Wanted]) -> list[str]:
        """Write alternatives for what the index holds apart."""
        if field == "patient_name":
            return [self._in_its_script(key, one, self._patient_name(one)) for one in wanted]
        if field == "study_description":
            return [self._description(key, one) for one in wanted]
        if field == "referrer":
            return [self._in_its_script(key, one, self._referrer(one)) for one in wanted]
        texts = [one.text for one in wanted if isinstance(one, Exact)]
        others = [one for one in wanted if not isinstance(one, Exact)]
        if field == "modalities":
            return ([f"{self._reach.modalities()} && {self._bound.bind(texts)}::text[]"] if texts else []) + [
                self._modalities(one) for one in others
            ]
        equal = [self._equal(field, texts)] if texts else []
        return equal + [self._column(field, key.kind, one) for one in others]

    def _equal(self, field: str, texts: list[str]) -> str:
        if field == "instance_uid":
            digests = self._bound.bind([uid_digest(uid) for uid in texts])
            uids = self._bound.bind(texts)
            return f"(i.uid_digest = any({digests}::uuid[]) and i.instance_uid = any({uids}::text[]))"
        if field in _CODE_COLUMN or field == "sop_classes":
            codes = select(f"id from uid_code where uid = any({self._bound.bind(texts)}::text[])")
            if field in _CODE_COLUMN:
                return f"{_CODE_COLUMN[field]} in ({codes})"
            instances = "from series c join instance n on n.series_id = c.id where c.study_id = s.id"
            shown = self._reach.series("c")
            return f"exists ({select(f'{instances} and {shown} and n.sop_class in ({codes})')})"
        if len(texts) == 1:
            return f"{COLUMN[field]} = {self._bound.bind(texts[0])}"
        return f"{COLUMN[field]} = any({self._bound.bind(texts)}::text[])"

    def _column(self, field: str, kind: Kind, wanted: Wanted) -> str:
        if field in PATIENT_COUNT:
            column = f"({self._reach.patient_counts(PATIENT_COUNT[field])})"
        elif field in STUDY_COUNT:
            column = f"({self._reach.study_counts(STUDY_COUNT[field])})"
        else:
            column = COLUMN.get(field, "")
        if not column:
            return _NOTHING
        if isinstance(wanted, Number):
            return self._whole_number(column, wanted.value)
        if isinstance(wanted, Empty):
            known_as_text = {Kind.TEXT, Kind.CODE, Kind.UID}
            return f"{column} = ''" if kind in known_as_text or field == "birth_date" else f"{column} is null"
        if field != "birth_date" and isinstance(wanted, Dates | Times):
            return self._between(column, wanted.low, wanted.high)
        return self._text(column, wanted)

    def _whole_number(self, column: str, value: Decimal) -> str:
        """Columns hold whole numbers of 32 bits, counts of 64."""
        if abs(value) >= 1 << 63 or value != int(value):
            return _NOTHING
        return f"{column} = {self._bound.bind(int(value))}::bigint"

    def _between(self, column: str, low: date | time | str | None, high: date | time | str | None) -> str:
        ends = [f"{column} >= {self._bound.bind(low)}"] if low is not None else []
        ends += [f"{column} <= {self._bound.bind(high)}"] if high is not None else []
        return f"({all_of(ends)})"

    def _moment_range(self, asked: DateTimeCriterion) -> str:
        """Compare dates alone first, which an index does; a study without time is at the begin of its day."""
        zone = None if self._zone is None else self._bound.bind(self._zone)
        moment, ends = moment_of(STUDY_DATE, zone), ["s.date_key is not null"]
        for sign, end in ((">=", asked.low), ("<=", asked.high)):
            if end is not None:
                ends += [
                    f"s.date_key {sign} {self._bound.bind(near(end[0], sign, zone))}",
                    f"{moment} {sign} {self._bound.bind(datetime.combine(*end))}::timestamp",
                ]
        return all_of(ends)

    def _at_zone(self, key: Key, wanted: Wanted, minutes: int) -> str:
        """Compare a date or a time at the offset that the query names."""
        zone = self._bound.bind(minutes)
        match wanted:
            case Dates():
                near_by = [
                    f"s.date_key {sign} {self._bound.bind(near(end, sign, zone))}"
                    for sign, end in ((">=", wanted.low), ("<=", wanted.high))
                    if end is not None and key.tag == STUDY_DATE
                ]
                return all_of([*near_by, self._between(f"{moment_of(key.tag, zone)}::date", wanted.low, wanted.high)])
            case Times():
                return self._between(f"{time_of_day(key.tag, zone)}::time", wanted.low, wanted.high)
            case _:
                return self._as_sent(Criterion(key, (wanted,)))

    def _modalities(self, wanted: Wanted) -> str:
        if isinstance(wanted, Like):
            like = f"modality like {self._bound.bind(like_pattern(wanted.pattern))}"
            return f"exists ({select(f'from unnest({self._reach.modalities()}) modality where {like}')})"
        return f"{self._reach.modalities()} = '{{}}'"

    def _description(self, key: Key, wanted: Wanted) -> str:
        """Narrow by the searched text, which an index does, before the value itself is compared."""
        exact = self._attribute(Criterion(key, (wanted,)), "s.attributes")
        words = words_within(wanted)
        narrowed = [f"s.search_text like {self._bound.bind(f'%{escaped(word)}%')}" for word in words]
        return f"({all_of([*narrowed, exact])})"

    def _patient_name(self, wanted: Wanted) -> str:
        if isinstance(wanted, Words):
            return self._words("p.name_folded", wanted)
        if isinstance(wanted, Sounds):
            return f"p.name_sounds @> {self._bound.bind(list(wanted.codes))}::text[]"
        if isinstance(wanted, Empty) or not isinstance(wanted, Name):
            return "p.name_folded = ''"
        if not any(wanted.groups):
            return "true"
        groups = list(zip(_NAME_COLUMNS, wanted.groups, strict=False))
        if len(groups) > 1:
            return f"({all_of(self._name_group(column, group) for column, group in groups if group)})"
        pattern = wanted.groups[0]
        alternatives = any_of(self._name_group(column, pattern) for column in _NAME_COLUMNS)
        pieces = _pieces(pattern)
        if pattern[:1] not in {"*", "?"} or not pieces:
            return alternatives
        longest = self._bound.bind(f"%{escaped(max(pieces, key=len))}%")
        return f"(p.name_folded like {longest} and {alternatives})"  # one index finds a part of any group

    def _words(self, name: str, wanted: Words) -> str:
        """Find each word at the begin of a word; an index finds it anywhere first."""
        found = []
        for word in wanted.words:
            found.append(f"{name} like {self._bound.bind(f'%{escaped(word)}%')}")
            found.append(f"' ' || {_APART.format(name)} like {self._bound.bind(f'% {escaped(word)}%')}")
        return f"({all_of(found)})"

    def _in_its_script(self, key: Key, wanted: Wanted, found: str) -> str:
        """Letters find names in Latin letters and in their own script; what is folded knows Latin letters alone."""
        if not isinstance(wanted, Name) or is_latin(wanted.text):
            return found
        return f"({found} and {self._attribute(Criterion(key, (wanted,)), f'{ALIAS[key.level]}.attributes')})"

    def _referrer(self, wanted: Wanted) -> str:
        """Compare a name that is one column; a key in Latin letters is one of the first group."""
        if isinstance(wanted, Words):
            return self._words("s.referrer_folded", wanted)
        if not isinstance(wanted, Name):
            return "s.referrer_folded = ''"
        if not any(wanted.groups):
            return "true"
        pattern = wanted.groups[0]
        pieces = [piece for group in wanted.groups for piece in _pieces(group)]
        found = f"%{escaped(max(pieces, key=len))}%" if pieces else "%"  # an index finds it, or the begin
        if len(wanted.groups) > 1:
            compared = all_of(self._referrer_group(number, one) for number, one in enumerate(wanted.groups, 1) if one)
        elif not wanted.text.isascii():
            compared = any_of(self._referrer_group(number, pattern) for number in (1, 2, 3))
        else:
            compared = self._referrer_group(1, pattern)
            found = f"{escaped(_begin(pattern))}%" if _begin(pattern) else found
        return f"(s.referrer_folded like {self._bound.bind(found)} and {compared})"

    def _referrer_group(self, number: int, pattern: str) -> str:
        return f"split_part(s.referrer_folded, '=', {number}) like {self._bound.bind(like_pattern(pattern))}"

    def _name_group(self, column: str, pattern: str) -> str:
        like = f"{column} like {self._bound.bind(like_pattern(pattern))}"
        return like if column == _NAME_COLUMNS[0] else f"({column} <> '' and {like})"

    def _attribute(self, condition: Criterion | ItemCriterion, attributes: str) -> str:
        """Compare with the values of an attribute in DICOM JSON."""
        path = f"""'$."{condition.key.tag:08X}".Value[*]'"""
        value = self._alias()
        values = f"from jsonb_path_query({attributes}, {path}) {value} where "
        if isinstance(condition, ItemCriterion):
            return f"exists ({select(values)}{all_of(self._attribute(one, value) for one in condition.all_of)})"
        alternatives = []
        for one in condition.any_of:
            if isinstance(one, Empty):
                alternatives.append(f"not exists ({select(values)}{value} <> 'null')")
            else:
                alternatives.append(f"exists ({select(values)}{self._json_value(value, one)})")
        return any_of(alternatives)

    def _json_value(self, value: str, wanted: Wanted) -> str:
        if isinstance(wanted, Number):
            return f"{value} = to_jsonb({self._bound.bind(wanted.value)}::numeric)"
        if isinstance(wanted, Name):
            return self._json_name(value, wanted)
        if isinstance(wanted, Words):
            groups = ", ".join(f"{value} ->> '{name}'" for name in _GROUPS)
            return self._words(f"lower(unaccent(concat_ws('=', {groups})))", wanted)
        return self._text(f"({value} #>> '{{}}')", wanted)

    def _json_name(self, value: str, wanted: Name) -> str:
        """Compare a name that is kept as it came: in whatever case, with or without accents."""
        asked = list(zip(wanted.groups, wanted.text.split("="), strict=False))
        places: Sequence[Sequence[str]] = [_GROUPS] if len(asked) == 1 else [[group] for group in _GROUPS[: len(asked)]]
        groups = []
        for (folded, text), names in zip(asked, places, strict=True):
            if folded:
                pattern = folded if is_latin(text) else unicodedata.normalize("NFKC", text)
                great, small = (self._bound.bind(letters) for letters in _cases(pattern))
                plain = f"translate(lower(unaccent({{}})), {great}, {small})"
                like = f"like {plain.format(self._bound.bind(like_pattern(pattern)))}"
                kept = [f"normalize(rtrim({value} ->> '{name}', '^ '), NFKC)" for name in names]
                groups.append(any_of(f"{plain.format(one)} {like}" for one in kept))
        return all_of(groups)

    def _text(self, text: str, wanted: Wanted) -> str:
        """Compare a text as received: dates, times and moments by their digits."""
        match wanted:
            case Exact():
                return f"{text} = {self._bound.bind(wanted.text)}"
            case Like():
                return f"{text} like {self._bound.bind(like_pattern(wanted.pattern))}"
            case Dates():
                ends = [end and end.isoformat().replace("-", "") for end in (wanted.low, wanted.high)]
                digits = f"replace({text}, '.', '')"
                return f"({digits} ~ '^[0-9]{{8}}$' and {self._between(digits, *ends)})"
            case Times():
                ends = [None if end is None else end.strftime("%H%M%S%f") for end in (wanted.low, wanted.high)]
                digits = f"rpad(translate({text}, ':.', ''), 12, '0')"
                return f"({text} ~ '^[0-9]{{2}}[0-9:]*([.][0-9]+)?$' and {self._between(digits, *ends)})"
            case Moments():
                digits = f"replace(regexp_replace({text}, '[+-][0-9]{{4}}$', ''), '.', '')"
                whole = f"({digits} || substr('00000101000000000000', length({digits}) + 1))"
                whole = f"utc_digits({text})" if wanted.is_utc else whole
                return f"({text} ~ '^[0-9]{{4}}' and {self._between(whole, wanted.low, wanted.high)})"
            case _:
                return _NOTHING

    def _alias(self) -> str:
        self._aliases += 1
        return f"value{self._aliases}"


def escaped(text: str) -> str:
    """Write a text so that LIKE takes each character for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def like_pattern(pattern: str) -> str:
    """Translate DICOM's wild cards into those of LIKE."""
    return escaped(pattern).replace("*", "%").replace("?", "_")


def words_within(wanted: Wanted) -> list[str]:
    """Give folded texts that must be in the searched text of a description that matches."""
    pattern = wanted.text if isinstance(wanted, Exact) else wanted.pattern if isinstance(wanted, Like) else ""
    pieces = [pattern] if isinstance(wanted, Exact) else _pieces(pattern)
    return [word for piece in pieces if (word := fold(piece).strip())]


def _cases(pattern: str) -> tuple[str, str]:
    """Give the capital and the small forms of the letters that ``lower`` does not know without a locale."""
    letters = {base for letter in pattern for base in (letter, unicodedata.normalize("NFD", letter)[0])}
    pairs = sorted((letter.upper(), letter.lower()) for letter in letters if not letter.isascii())
    pairs = [pair for pair in pairs if len(pair[0]) == len(pair[1]) == 1]
    return "".join(great for great, _ in pairs), "".join(small for _, small in pairs)


def _begin(pattern: str) -> str:
    """Give what stands before the first wild card."""
    return re.split(r"[*?]", pattern, maxsplit=1)[0]


def _pieces(pattern: str) -> list[str]:
    return [piece for piece in pattern.replace("?", "*").split("*") if piece]
