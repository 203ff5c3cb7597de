"""The index finds exactly what a plain reading of the standard finds in pydicom data sets, on random data."""

import fnmatch
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from filmless.archive.model import Level, Query
from filmless.archive.scope import Scope
from filmless.database.connect import Database
from filmless.database.find.postgres import PostgresFind
from filmless.standards.dicom.dictionary import tag_of
from index_rows import Rows
from seals import SEAL

ALL = Scope("test", everything=True)

FAMILIES = ["Smith", "SMYTHE", "smith", "Müller", "O'Neil", "de la Cruz", "100%", "A_B", "Sm*"]
GIVENS = ["Anna", "ANNE", "Jö", "", "B"]
IDS = ["P1", "p1", "P10", "A_1", "A%1", "A'1", "", "Ü1", "P 1"]
DATES = ["20210110", "20210111", "20210201", "2021.01.11", "", "20211301", "unknown"]
TIMES = ["10", "1030", "103015", "103015.5", "10:30:15", "", "9"]
TEXTS = ["Head", "head", "Head CT", "C", "50% dose", "a_b", ""]
NUMBERS = ["S1", "1", "01", ""]


def studies() -> list[dict[str, str]]:
    """All values of each attribute, in mixtures that repeat each with many others."""
    made = []
    for n in range(60):
        name = f"{FAMILIES[n % 9]}^{GIVENS[n // 3 % 5]}"
        made.append(
            {
                "StudyInstanceUID": f"1.2.{n}",
                "PatientName": name.rstrip("^") if n % 2 else name,
                "PatientID": IDS[n // 2 % 9],
                "StudyDate": DATES[n % 7],
                "StudyTime": TIMES[n // 5 % 7],
                "StudyDescription": TEXTS[n // 4 % 7],
                "StudyID": NUMBERS[n % 4],
                "ReferringPhysicianName": f"{FAMILIES[n // 7 % 9]}^{GIVENS[n % 5]}",
            }
        )
    return made


STUDIES = studies()


@pytest.fixture(scope="module")
def find(module_database: Database) -> PostgresFind:
    rows = Rows(module_database)
    for study in STUDIES:
        values = dict(study)
        rows.study(values.pop("StudyInstanceUID"), **values)
    return PostgresFind(module_database, SEAL)


@pytest.fixture(scope="module")
def data_sets() -> list[Dataset]:
    made = []
    for study in STUDIES:
        data_set = Dataset()
        for keyword, value in study.items():
            if keyword not in {"StudyDate", "StudyTime"}:  # pydicom warns of what is not one
                setattr(data_set, keyword, value)
        made.append(data_set)
    return made


def wild(pattern: str, text: str) -> bool:
    """Wild card matching (PS3.4 C.2.2.2.4); an empty value is matched by none but the universal key."""
    translated = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(translated, text, re.DOTALL) is not None


def plain(text: str) -> str:
    accents = str.maketrans("üöÜÖ", "uouo")
    return text.translate(accents).lower().rstrip("^ ")


def date_of(text: str) -> str | None:
    digits = text.replace(".", "")
    return digits if re.fullmatch(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", digits) else None


def time_of(text: str) -> str | None:
    digits = text.replace(":", "").replace(".", "")
    return digits.ljust(12, "0") if len(digits) >= 2 and digits[:2].isdigit() else None


Expected = Callable[[str, str], bool]


def ranged(read: Callable[[str], str | None], last: str) -> Expected:
    def matches(asked: str, text: str) -> bool:
        low, hyphen, high = asked.partition("-")
        value = read(text)
        if value is None:
            return False
        digits = (high if hyphen else low).replace(".", "").replace(":", "")
        low, high = read(low) or "", digits + last[len(digits) :] if digits else "~"
        return low <= value <= high

    return matches


MATCHES: dict[str, Expected] = {
    "PatientName": lambda asked, text: wild(plain(asked), plain(text)),
    "ReferringPhysicianName": lambda asked, text: wild(plain(asked), plain(text)),
    "PatientID": wild,
    "StudyDescription": wild,
    "StudyID": wild,
    "StudyDate": ranged(date_of, "99999999"),
    "StudyTime": ranged(time_of, "235959999999"),
}


def pieces(values: list[str]) -> st.SearchStrategy[str]:
    """Parts of values between wild cards, so that many keys find something."""
    whole = st.sampled_from([value for value in values if value])
    part = st.builds(lambda value, a, b: value[a : a + b], whole, st.integers(0, 4), st.integers(0, 4))
    wild_card = st.sampled_from(["*", "?", "*?", ""])
    return st.one_of(whole, st.builds(lambda a, x, b, y: a + x + b + y, wild_card, part, wild_card, part))


def ranges(values: list[str]) -> st.SearchStrategy[str]:
    one = st.sampled_from(values)
    return st.one_of(one, st.builds("{}-{}".format, one, one), one.map("{}-".format), one.map("-{}".format))


KEYS = st.one_of(
    st.tuples(st.sampled_from(["PatientName", "ReferringPhysicianName"]), pieces([f"{f}^Anna" for f in FAMILIES])),
    st.tuples(st.just("PatientID"), pieces(IDS)),
    st.tuples(st.just("StudyDescription"), pieces(TEXTS)),
    st.tuples(st.just("StudyID"), pieces(NUMBERS)),
    st.tuples(st.just("StudyDate"), ranges(["20210110", "20210111", "20210131", "20200101"])),
    st.tuples(st.just("StudyTime"), ranges(["10", "1030", "103015", "103015.5", "11"])),
)


@given(keys=st.lists(KEYS, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_study_is_found_exactly_when_a_plain_reading_finds_it(
    find: PostgresFind, data_sets: list[Dataset], keys: list[tuple[str, str]]
) -> None:
    keys = [(keyword, value) for keyword, value in keys if value.strip("*^ ")]
    wanted = {
        study["StudyInstanceUID"]
        for study, data_set in zip(STUDIES, data_sets, strict=True)
        if all(MATCHES[keyword](value.strip(), str(data_set.get(keyword, study[keyword]))) for keyword, value in keys)
    }
    matches = tuple(((tag_of(keyword) or 0,), value) for keyword, value in keys)
    query = Query(Level.STUDY, matches)
    found = {str(match["0020000D"]["Value"][0]) for match in find.find(query, ALL).matches}  # type: ignore[index]
    assert found == wanted
    assert find.count(query, ALL).number == len(wanted)


@given(keys=st.lists(KEYS, max_size=2), text=st.sampled_from(["", "smi", "sm", "p1 head", "an müll"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_scope_only_takes_away(find: PostgresFind, keys: list[tuple[str, str]], text: str) -> None:
    query = Query(Level.STUDY, tuple(((tag_of(keyword) or 0,), value) for keyword, value in keys), text=text)
    some = frozenset(study["StudyInstanceUID"] for study in STUDIES[::3])
    found, within = (
        {str(match["0020000D"]["Value"][0]) for match in find.find(query, scope).matches}  # type: ignore[index]
        for scope in (ALL, Scope("test", study_uids=some))
    )
    assert within == found & some


def test_the_plain_reading_is_the_one_of_the_shell_where_both_have_a_meaning() -> None:
    for text in TEXTS:
        for pattern in ("H*", "?ead", "*", "h?a*"):
            assert wild(pattern, text) == fnmatch.fnmatchcase(text, pattern)
