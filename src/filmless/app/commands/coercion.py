"""``filmless coercion add``, ``list``, ``remove`` and ``test``."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filmless.app.commands.command_error import CommandError
from filmless.app.data_folder import reached_database
from filmless.app.tables import as_json, as_table
from filmless.archive.coercion.overlay import coerced
from filmless.archive.coercion.rules import MODALITY, SOP_CLASS, Action, Rule, Rules, shown_tag, tag_named
from filmless.archive.model import Door, Received, Source
from filmless.database.coercion_rules import CoercionRules
from filmless.database.connect import Database
from filmless.database.events import EventLog
from filmless.settings import Settings
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.part10 import read_head
from filmless.standards.data_set.scanner import scan

TAKEN_UP_SECONDS = 2.0  # after which every process of a server has read the rules anew


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule as the command line names it."""

    name: str
    attribute: str
    action: str
    value: str
    pattern: str
    table: tuple[str, ...]  # OLD=NEW
    calling_ae: str
    called_ae: str
    conditions: tuple[str, ...]  # ATTRIBUTE=VALUE


def add_rule(settings: Settings, wish: Wish, sop_class: str, modality: str) -> None:
    """Put a rule into force: when this returns, a running server applies it."""
    try:
        action = Action(wish.action)
    except ValueError:
        raise CommandError(f"An action is one of: {', '.join(Action)}.") from None
    conditions = [(tag_named(name), like) for name, like in map(_pair, wish.conditions)]
    conditions += [(tag, like) for tag, like in ((SOP_CLASS, sop_class), (MODALITY, modality)) if like != "*"]
    rule = Rule(
        wish.name,
        tag_named(wish.attribute),
        action,
        value=wish.value,
        pattern=wish.pattern,
        table=tuple(map(_pair, wish.table)),
        calling_ae=wish.calling_ae,
        called_ae=wish.called_ae,
        conditions=tuple(conditions),
    )
    with _rules(settings, may_begin=True) as rules:
        rules.put(rule)


def list_rules(settings: Settings, *, json: bool) -> Iterable[str]:
    """The rules in the order in which they are applied."""
    with _rules(settings, is_changing=False) as stored:
        rules = [_fields(rule) for rule in stored.refresh().rules]
    if json:
        return [as_json(rules)]
    headings = ("NAME", "ATTRIBUTE", "ACTION", "ARGUMENTS", "CONDITIONS")
    return as_table(headings, [[_shown(value) for value in rule.values()] for rule in rules])


def _shown(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def remove_rule(settings: Settings, name: str) -> None:
    """Take a rule away: when this returns, a running server does not apply it any more."""
    with _rules(settings) as rules:
        if not rules.remove(name):
            raise CommandError(f"There is no rule {name}.")


def test_rules(settings: Settings, path: Path, titles: tuple[str, str], *, json: bool) -> Iterable[str]:
    """What the rules would make of a file that came with these calling and called AE titles."""
    with _rules(settings, is_changing=False) as stored:
        rules = stored.refresh()
    try:
        file = path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {(error.strerror or 'no file').lower()}.") from None
    head = read_head(file)
    if isinstance(head, Fault):
        raise CommandError(f"{path}: {head.reason}.")
    source = Source(Door.C_STORE, *titles)
    data_set = memoryview(file)[head.head_length :]
    received = Received(file[: head.head_length], data_set, head.transfer_syntax_uid, source, datetime.now(UTC))
    found = list(_outcome(path, received, rules))
    if json:
        return [as_json(found)]
    headings = ("attribute", "before", "after")
    return as_table([name.upper() for name in headings], [[one[name] or "" for name in headings] for one in found])


def _outcome(path: Path, received: Received, rules: Rules) -> Iterator[dict[str, str | None]]:
    found = scan(received.data_set, received.transfer_syntax_uid, rules.wanted)
    if isinstance(found, Fault):
        raise CommandError(f"{path}: {found.reason}.")
    overlay = coerced(received.data_set, found, received, rules)
    if isinstance(overlay, Fault):
        raise CommandError(f"{path} would be refused: {overlay.reason}.")
    before, after = rules.texts(found), rules.changes(found, received.source)[0]
    for tag, text in after.items():
        yield {"attribute": shown_tag(tag), "before": before.get(tag), "after": text}


def _pair(text: str) -> tuple[str, str]:
    left, is_pair, right = text.partition("=")
    if not is_pair or not left:
        raise CommandError(f'"{text}" is no pair: write it as NAME=VALUE.')
    return left, right


def _fields(rule: Rule) -> dict[str, object]:
    titles = (("calling-ae", rule.calling_ae), ("called-ae", rule.called_ae))
    given = [f"{name}={text}" for name, text in (("pattern", rule.pattern), ("value", rule.value)) if text]
    conditions = [f"{name}={like}" for name, like in titles if like != "*"]
    return {
        "name": rule.name,
        "attribute": shown_tag(rule.tag),
        "action": rule.action.value,
        "arguments": [*given, *(f"{before}={after}" for before, after in rule.table)],
        "conditions": [*conditions, *(f"{shown_tag(tag)}={like}" for tag, like in rule.conditions)],
    }


@contextmanager
def _rules(settings: Settings, *, is_changing: bool = True, may_begin: bool = False) -> Iterator[CoercionRules]:
    with reached_database(settings.data, settings.database_url, may_begin=may_begin) as reached:
        database = Database(reached.dsn, connections=1)
        try:
            yield CoercionRules(database, EventLog(database))
        finally:
            database.close()
        if is_changing and (reached.is_served or settings.database_url):
            time.sleep(TAKEN_UP_SECONDS)
