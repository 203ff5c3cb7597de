"""What a user may set for the pages: known keys, each with its rule; anything else is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import orjson

MAX_BYTES = 64 << 10  # of all settings of a user, as JSON
MAX_VIEWS = 50
MAX_NAME = 60  # characters
MAX_ADDRESS = 2000  # characters of a view's query string
NARROWEST, WIDEST = 40, 1200  # CSS pixels of a column

COLUMNS = frozenset((
    "name", "patient_id", "birth_date", "modality", "description", "body_part", "date", "series", "images",
    "accession", "referrer", "institution", "received", "warnings",
))  # fmt: skip
THEMES = frozenset(("dark", "light"))
ROW_HEIGHTS = frozenset((28, 32, 40))  # CSS pixels
KEY_PROFILES = frozenset(("filmless", "ohif", "weasis", "horos"))

UserSettings = Mapping[str, object]


@dataclass(eq=False)
class BadSettings(Exception):
    """Settings that are not what they may be; ``str()`` says which and what is right."""

    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Kept:
    """A user's settings and their version; 0 when nothing was ever set."""

    version: int
    settings: UserSettings


NOTHING_KEPT = Kept(0, MappingProxyType({}))


def read_settings(value: object) -> dict[str, object]:
    """The settings in a JSON value; ``BadSettings`` for an unknown key, a wrong value, or too much."""
    if not isinstance(value, dict):
        raise BadSettings("Settings are a JSON object.")
    for name, one in value.items():
        rule = _RULES.get(name)
        if rule is None:
            raise BadSettings(f"{name[:MAX_NAME]} is no setting. Settings are: {', '.join(sorted(_RULES))}.")
        rule(one)
    if len(orjson.dumps(value)) > MAX_BYTES:
        raise BadSettings(f"The settings are larger than {MAX_BYTES >> 10} KiB.")
    return value


def _one_of(name: str, choices: frozenset[str] | frozenset[int]) -> Callable[[object], None]:
    def rule(value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, str | int) or value not in choices:
            raise BadSettings(f"{name} is one of {', '.join(map(str, sorted(choices)))}.")

    return rule


def _columns(value: object) -> None:
    """Columns in their order; those that are not named are not shown."""
    columns = _items("columns", value, len(COLUMNS))
    ids = [one.get("id") for one in columns]
    if not ids or not all(isinstance(one, str) and one in COLUMNS for one in ids) or len(set(ids)) < len(ids):
        raise BadSettings(
            f"columns is a list of objects, each with an id of its own out of {', '.join(sorted(COLUMNS))}."
        )
    for column in columns:
        if set(column) - {"id", "width"} or not _is_width(column.get("width", NARROWEST)):
            raise BadSettings(f"A column has an id, and may have a width of {NARROWEST} to {WIDEST}.")


def _views(value: object) -> None:
    """Saved views in their order: a name, and the query string of the list's address."""
    views = _items("views", value, MAX_VIEWS)
    for view in views:
        texts = [(view.get("name"), MAX_NAME), (view.get("query"), MAX_ADDRESS)]
        if set(view) != {"name", "query"} or not all(_is_text(text, longest) for text, longest in texts):
            raise BadSettings(f"A view has a name of up to {MAX_NAME} characters and a query of up to {MAX_ADDRESS}.")
        if not str(view["name"]).strip():
            raise BadSettings("A view has a name.")
    if len({str(view["name"]) for view in views}) < len(views):
        raise BadSettings("Two views have one name.")


def _items(name: str, value: object, most: int) -> list[dict[str, object]]:
    if not isinstance(value, list) or len(value) > most or not all(isinstance(one, dict) for one in value):
        raise BadSettings(f"{name} is a list of up to {most} objects.")
    return value


def _is_width(value: object) -> bool:
    return isinstance(value, int) and NARROWEST <= value <= WIDEST


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest and "\0" not in value


_RULES: Mapping[str, Callable[[object], None]] = {
    "theme": _one_of("theme", THEMES),
    "row_height": _one_of("row_height", ROW_HEIGHTS),
    "key_profile": _one_of("key_profile", KEY_PROFILES),
    "columns": _columns,
    "views": _views,
}
