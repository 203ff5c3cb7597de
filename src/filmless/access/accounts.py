"""What comes of accounts and logins, as facts that doors translate."""

from dataclasses import dataclass
from datetime import timedelta

from filmless.access.roles import Role


@dataclass(frozen=True, slots=True)
class User:
    """An account, without its secret."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class TooManyFailures:
    """No password is looked at until ``retry_after`` has passed."""

    retry_after: timedelta


@dataclass(eq=False)
class NameTaken(Exception):
    """An account of this name exists."""

    name: str

    def __str__(self) -> str:
        return f'There is already a user "{self.name}".'


class BadName(Exception):
    """A name that no account can have."""

    def __str__(self) -> str:
        return "A user name has 1 to 64 printable characters and no space at its ends."


def check_name(name: str) -> None:
    """Refuse with ``BadName`` what cannot be written in lists and records."""
    if not 1 <= len(name) <= 64 or not name.isprintable() or name != name.strip():
        raise BadName
