"""From what went wrong to what HTTP says: one table for all doors."""

from collections.abc import Callable

from filmless.access.accounts import BadName, NameTaken
from filmless.access.credentials import BadPassword
from filmless.access.roles import UnknownRole
from filmless.access.scope import NotAllowed
from filmless.archive.errors import BadQuery, Damaged, NotFound, Unavailable
from filmless.servers.http_messages import Problem

RETRY_SECONDS = 5

_RETRY = ((b"retry-after", str(RETRY_SECONDS).encode()),)

PROBLEMS: dict[type[Exception], Callable[[Exception], Problem]] = {
    BadQuery: lambda error: Problem(400, getattr(error, "reason", "")),
    BadName: lambda error: Problem(400, str(error)),
    NameTaken: lambda error: Problem(409, str(error)),
    BadPassword: lambda error: Problem(400, str(error)),
    UnknownRole: lambda error: Problem(400, str(error)),
    NotAllowed: lambda _: Problem(403, "Your role does not allow this."),
    NotFound: lambda _: Problem(404, "Nothing with these identifiers is kept."),
    Damaged: lambda _: Problem(500, "The stored object is damaged and is not served."),
    Unavailable: lambda _: Problem(503, "The archive cannot answer now. Try again.", _RETRY),
}


def problem_of(error: Exception) -> Problem | None:
    """What is answered for an error that this table knows; None for one that is a fault of ours."""
    if isinstance(error, Problem):
        return error
    for kind in type(error).__mro__:
        if kind in PROBLEMS:
            return PROBLEMS[kind](error)
    return None
