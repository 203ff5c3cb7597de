"""The rules of coercion: what they may say, and what they make of the values of an object."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache, partial

import re2

from filmless.archive.header import WANTED
from filmless.archive.model import Source
from filmless.standards.data_set.scanner import SPECIFIC_CHARACTER_SET, Scan
from filmless.standards.dicom.dates import date_of, time_of
from filmless.standards.dicom.dictionary import KEYWORD, tag_of, vr_of
from filmless.standards.dicom.text import decode

SOP_CLASS, MODALITY = 0x00080016, 0x00080060

_FIRST_PIXEL_TAG = 0x7FE00000
_PIXEL_DESCRIPTION = range(0x00280000, 0x00281050)  # says how pixels are to be read (PS3.3 C.7.6.3)
_ORIGINAL_ATTRIBUTES = 0x04000561
_SET_VRS = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UT"))
_ONE_TEXT = frozenset(("LT", "ST", "UT"))  # a backslash is a character of these (PS3.5 6.2)
_LONGEST_VALUE = 1024  # characters of a value that a rule looks at; longer ones stay as they are
_LONGEST_PATTERN = 200  # characters
_GROUP = re.compile(r"\\([0-9])")  # in the value of replace
_LIKE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)

# What a value of a rule may be, of the VRs that allow little (PS3.5 6.2): form, and how it is said.
_FORMS = {
    "AE": (re.compile(r"[ -\[\]-~]{0,16}", re.ASCII), "an AE title of at most 16 characters"),
    "AS": (re.compile(r"(\d{3}[DWMY])?", re.ASCII), "an age as 045Y"),
    "CS": (re.compile(r"[A-Z0-9_ ]{0,16}", re.ASCII), "at most 16 capital letters, digits, blanks and underscores"),
    "DA": (re.compile(r"(\d{8})?", re.ASCII), "a date as 20260131"),
    "DS": (re.compile(r"([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)?", re.ASCII), "a number of at most 16 characters"),
    "DT": (re.compile(r"(\d{4}(\d{2}){0,5}(\.\d{1,6})?([+-]\d{4})?)?", re.ASCII), "a moment as 20260131101500"),
    "IS": (re.compile(r"([+-]?\d{1,11})?", re.ASCII), "a whole number"),
    "LO": (re.compile(r"[^\x00-\x1f]{0,64}"), "at most 64 characters"),
    "PN": (re.compile(r"[^\x00-\x1f=]{0,64}(=[^\x00-\x1f=]{0,64}){0,2}"), "a name, each group at most 64 characters"),
    "SH": (re.compile(r"[^\x00-\x1f]{0,16}"), "at most 16 characters"),
    "TM": (re.compile(r"(\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?)?", re.ASCII), "a time as 101500"),
}
_ANY_TEXT = (re.compile(r"[^\x00\x1b]{0,1024}"), "at most 1024 characters")


class Action(StrEnum):
    """What a rule does to its attribute."""

    SET = "set"  # the value, whatever there was
    DEFAULT = "default"  # the value where there is none
    REMOVE = "remove"
    TRIM = "trim"  # no blanks around values and the components of names, one between words
    PREFIX = "prefix"  # the value before each that does not begin with it
    REPLACE = "replace"  # what the pattern matches, by the value
    MAP = "map"  # values of the table by what stands beside them


@dataclass(eq=False)
class BadRule(Exception):
    """A rule cannot be what was asked for; the text is a sentence."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Wildcards are ``*`` and ``?``; a condition with an empty pattern holds for a value that is missing."""

    name: str
    tag: int
    action: Action
    value: str = ""  # of set, default, prefix; what replace puts in
    pattern: str = ""  # of replace, a regular expression as RE2 has them
    table: tuple[tuple[str, str], ...] = ()  # of map
    calling_ae: str = "*"
    called_ae: str = "*"
    conditions: tuple[tuple[int, str], ...] = ()  # tag and wildcard pattern; all must hold


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a site, in their order, and the tags that a scan must bring for them."""

    rules: tuple[Rule, ...] = ()
    wanted: frozenset[int] = field(init=False, default=WANTED)

    def __post_init__(self) -> None:
        tags = {rule.tag for rule in self.rules}
        tags |= {tag for rule in self.rules for tag, _ in rule.conditions}
        object.__setattr__(self, "wanted", WANTED | tags)

    def texts(self, found: Scan) -> dict[int, str | None]:
        """What an object says now of the attributes that the rules change."""
        values = _Values(found)
        return {rule.tag: values.get(rule.tag) for rule in self.rules}

    def changes(self, found: Scan, source: Source) -> tuple[dict[int, str | None], tuple[str, ...]]:
        """What the rules make of an object: tag to its new text, None for one to be removed; and which rules did.

        A rule sees what the rules before it have made. What is as it was is no change.
        """
        names = []
        values = _Values(found)
        for rule in self.rules:
            if _is_for(rule, source) and all(_is_like(values.get(tag), like) for tag, like in rule.conditions):
                before = values.get(rule.tag)
                after = _applied(rule, before)
                if after != before:
                    values.put(rule.tag, after)
                    names.append(rule.name)
        return values.changed(), tuple(names)


class _Values:
    """The texts of an object as they are changed."""

    def __init__(self, found: Scan) -> None:
        self._found = found
        self._new: dict[int, str | None] = {}

    def get(self, tag: int) -> str | None:
        """The text of an attribute; None where it is missing. Of a sequence or a number that is there: empty."""
        return self._new[tag] if tag in self._new else self._original(tag)

    def put(self, tag: int, text: str | None) -> None:
        self._new[tag] = text

    def changed(self) -> dict[int, str | None]:
        return {tag: text for tag, text in self._new.items() if text != self._original(tag)}

    def _original(self, tag: int) -> str | None:
        raw = self._found.values.get(tag)
        if raw is None:
            return "" if tag in self._found.sequences else None
        character_set = self._found.values.get(SPECIFIC_CHARACTER_SET)
        vr = vr_of(tag)
        return decode(raw, character_set, vr).rstrip(" \0") if vr in _SET_VRS or vr == "UI" else ""


def _is_for(rule: Rule, source: Source) -> bool:
    return _is_like(source.calling_ae, rule.calling_ae) and _is_like(source.called_ae, rule.called_ae)


def _is_like(text: str | None, pattern: str) -> bool:
    if not pattern:
        return not text
    return _wildcard(pattern).fullmatch(text or "") is not None


@lru_cache(1024)
def _wildcard(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _applied(rule: Rule, text: str | None) -> str | None:
    if rule.action in _WHOLE:
        return _WHOLE[rule.action](rule, text)
    if not text or len(text) > _LONGEST_VALUE:
        return text
    change = _EACH[rule.action]
    if vr_of(rule.tag) in _ONE_TEXT:
        return change(rule, text)
    return "\\".join(change(rule, value) if value else value for value in text.split("\\"))


def _trimmed(rule: Rule, text: str) -> str:
    if vr_of(rule.tag) in _ONE_TEXT:
        return text.strip()
    if vr_of(rule.tag) != "PN":
        return " ".join(text.split())
    groups = ("^".join(" ".join(part.split()) for part in group.split("^")) for group in text.split("="))
    return "=".join(group.rstrip("^") for group in groups)


@lru_cache(256)
def _compiled(pattern: str) -> "re.Pattern[str]":
    """A pattern whose search takes time in proportion to the text, whatever a rule or a sender thought of."""
    options = re2.Options()
    options.log_errors = False
    compiled: re.Pattern[str] = re2.compile(pattern, options=options)
    return compiled


def _put_in(value: str, found: "re.Match[str]") -> str:
    """What takes the place of a match: the value with the groups that it names."""
    return _GROUP.sub(lambda named: found.group(int(named[1])) or "", value)


_WHOLE: Mapping[Action, Callable[[Rule, str | None], str | None]] = {
    Action.SET: lambda rule, _: rule.value,
    Action.DEFAULT: lambda rule, text: text if text and text.strip() else rule.value,
    Action.REMOVE: lambda _rule, _text: None,
}
_EACH: Mapping[Action, Callable[[Rule, str], str]] = {
    Action.TRIM: _trimmed,
    Action.PREFIX: lambda rule, text: text if text.startswith(rule.value) else rule.value + text,
    Action.REPLACE: lambda rule, text: _compiled(rule.pattern).sub(partial(_put_in, rule.value), text),
    Action.MAP: lambda rule, text: dict(rule.table).get(text.strip(), text),
}


def checked(rule: Rule) -> Rule:
    """A rule that can be applied, or ``BadRule``."""
    if not _LIKE_NAME.fullmatch(rule.name):
        raise BadRule("The name of a rule is 1 to 64 letters, digits, dots, hyphens and underscores.")
    _check_tag(rule.tag, rule.action)
    _check_arguments(rule)
    if rule.action in (Action.SET, Action.DEFAULT):
        _check_value(rule.tag, rule.value)
    for _, value in rule.table:
        _check_value(rule.tag, value)
    return rule


def tag_named(name: str) -> int:
    """The tag of a keyword (``PatientID``) or of eight digits (``00100020``); ``BadRule`` when it is neither."""
    tag = tag_of(name)
    if tag is not None:
        return tag
    digits = re.sub(r"[(), ]", "", name)
    if not re.fullmatch(r"[0-9A-Fa-f]{8}", digits):
        raise BadRule(f'"{name}" is no attribute: give its keyword, as PatientID, or its tag, as 00100020.')
    return int(digits, 16)


def shown_tag(tag: int) -> str:
    """The keyword of a tag, or its digits."""
    return KEYWORD.get(tag) or f"{tag:08X}"


def _check_tag(tag: int, action: Action) -> None:
    vr = vr_of(tag)
    if vr == "UI":
        raise BadRule(f"{shown_tag(tag)} is a UID: what objects are and belong to is never coerced.")
    if tag >> 16 < 0x0008 or tag >= _FIRST_PIXEL_TAG or tag in (SPECIFIC_CHARACTER_SET, _ORIGINAL_ATTRIBUTES):
        raise BadRule(f"{shown_tag(tag)} cannot be coerced.")
    if tag in _PIXEL_DESCRIPTION or tag & 0xFFFF == 0:
        raise BadRule(f"{shown_tag(tag)} says how the object is to be read, and cannot be coerced.")
    if action is not Action.REMOVE and (tag & 0x10000 or vr not in _SET_VRS):
        raise BadRule(f"{shown_tag(tag)} can only be removed: its values are no text (VR {vr}).")


def _check_arguments(rule: Rule) -> None:
    given = {"value": bool(rule.value), "pattern": bool(rule.pattern), "map": bool(rule.table)}
    needed, allowed = _ARGUMENTS[rule.action]
    for name in needed:
        if not given[name]:
            raise BadRule(f"The action {rule.action} needs --{name}.")
    for name, is_given in given.items():
        if is_given and name not in needed | allowed:
            raise BadRule(f"The action {rule.action} takes no --{name}.")
    if rule.action is not Action.REPLACE:
        return
    if len(rule.pattern) > _LONGEST_PATTERN:
        raise BadRule(f"A pattern has at most {_LONGEST_PATTERN} characters.")
    try:
        groups = _compiled(rule.pattern).groups
    except re2.error as error:
        raise BadRule(f'The pattern "{rule.pattern}" is wrong: {error.args[0].decode()}.') from None
    if any(int(named[1]) > groups for named in _GROUP.finditer(rule.value)):
        raise BadRule(f'The value "{rule.value}" is wrong: the pattern "{rule.pattern}" has {groups} groups.')


_NOTHING: frozenset[str] = frozenset()
_ARGUMENTS: Mapping[Action, tuple[frozenset[str], frozenset[str]]] = {  # needed, allowed
    Action.SET: (_NOTHING, frozenset(("value",))),
    Action.DEFAULT: (frozenset(("value",)), _NOTHING),
    Action.REMOVE: (_NOTHING, _NOTHING),
    Action.TRIM: (_NOTHING, _NOTHING),
    Action.PREFIX: (frozenset(("value",)), _NOTHING),
    Action.REPLACE: (frozenset(("pattern",)), frozenset(("value",))),
    Action.MAP: (frozenset(("map",)), _NOTHING),
}


def _check_value(tag: int, text: str) -> None:
    vr = vr_of(tag)
    form, said = _FORMS.get(vr, _ANY_TEXT)
    for value in _split(vr, text):
        if not form.fullmatch(value) or (value and not _is_in_time(vr, value)):
            raise BadRule(f'"{value}" is no value of {shown_tag(tag)}: it is {said} (VR {vr}).')


def _is_in_time(vr: str, value: str) -> bool:
    """Whether a date or a time is one of the calendar and the clock; what is neither has no such bounds."""
    if vr == "DA":
        return date_of(value) is not None
    if vr == "TM":
        return time_of(value) is not None
    digits = re.match(r"\d+", value) if vr == "DT" else None
    return digits is None or _is_moment(digits[0])


def _is_moment(digits: str) -> bool:
    """Whether digits, which may end after any part, are a moment (PS3.5 6.2 DT)."""
    whole = digits + "00000101000000"[len(digits) :]
    return len(whole) == 14 and date_of(whole[:8]) is not None and time_of(whole[8:]) is not None


def _split(vr: str, text: str) -> Iterable[str]:
    return [text] if vr in _ONE_TEXT else text.split("\\")
