"""Pieces of SQL: bound values and what joins conditions."""

from collections.abc import Iterable

_NOTHING = "false"


class Parameters:
    """Values of a statement, each bound under a name of its own."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}

    def bind(self, value: object) -> str:
        """Give the placeholder of a value."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"%({name})s"


def select(what: str) -> str:
    """Begin a statement or a query within one."""
    return "select " + what


def any_of(conditions: Iterable[str]) -> str:
    """Join alternatives; none is nothing."""
    return f"({' or '.join(conditions) or _NOTHING})"


def all_of(conditions: Iterable[str]) -> str:
    """Join what must hold together; none is everything."""
    return " and ".join(conditions) or "true"
