"""The rules of coercion as rows: a change holds in every process within two seconds, without a restart."""

from collections.abc import Mapping
from typing import Any

import orjson

from filmless.archive.coercion.rules import Action, Rule, Rules, checked
from filmless.archive.events import Event, EventKind
from filmless.database.connect import Database
from filmless.database.events import EventLog

LOCAL = "local:command"  # who changes the rules by a command on this machine

_PUT = """
insert into coercion_rule (name, rule) values (%s, %s)
on conflict (name) do update set rule = excluded.rule, changed_at = now()"""
_ALL = "select name, rule from coercion_rule order by position"


class CoercionRules:
    """Rows of rules, and what of them was last read."""

    def __init__(self, database: Database, events: EventLog) -> None:
        self._database, self._events = database, events
        self._current = Rules()

    def current(self) -> Rules:
        """The rules as they were when they were last refreshed; waits for nothing."""
        return self._current

    def refresh(self) -> Rules:
        """Read the rules anew."""
        with self._database.connection() as connection:
            rows = connection.execute(_ALL).fetchall()
        rules = tuple(_rule(name, row) for name, row in rows)
        if rules != self._current.rules:
            self._current = Rules(rules)
        return self._current

    def put(self, rule: Rule, *, actor: str = LOCAL) -> None:
        """Add a rule behind the others, or change the one of this name where it stands; raises ``BadRule``."""
        checked(rule)
        with self._database.connection() as connection:
            connection.execute(_PUT, (rule.name, orjson.dumps(_columns(rule)).decode()))
            details = {"rule": rule.name, "tag": f"{rule.tag:08X}", "action": rule.action.value}
            self._events.record(connection, Event(EventKind.COERCION_CHANGED, actor, details=details))

    def remove(self, name: str, *, actor: str = LOCAL) -> bool:
        """Take a rule away; False when there is none of this name."""
        with self._database.connection() as connection:
            is_removed = connection.execute("delete from coercion_rule where name = %s", (name,)).rowcount == 1
            if is_removed:
                self._events.record(connection, Event(EventKind.COERCION_CHANGED, actor, details={"removed": name}))
        return is_removed


def _columns(rule: Rule) -> dict[str, object]:
    return {
        "tag": rule.tag,
        "action": rule.action.value,
        "value": rule.value,
        "pattern": rule.pattern,
        "table": rule.table,
        "calling_ae": rule.calling_ae,
        "called_ae": rule.called_ae,
        "conditions": rule.conditions,
    }


def _rule(name: str, row: Mapping[str, Any]) -> Rule:
    return Rule(
        name,
        tag=row["tag"],
        action=Action(row["action"]),
        value=row["value"],
        pattern=row["pattern"],
        table=tuple((before, after) for before, after in row["table"]),
        calling_ae=row["calling_ae"],
        called_ae=row["called_ae"],
        conditions=tuple((tag, like) for tag, like in row["conditions"]),
    )
