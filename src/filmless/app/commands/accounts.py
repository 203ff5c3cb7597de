"""``filmless token`` and ``filmless user``."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from filmless.access import roles
from filmless.app.commands.command_error import CommandError
from filmless.app.commands.database import open_database
from filmless.database.accounts.accounts import Accounts
from filmless.database.accounts.tokens import Token, Tokens
from filmless.database.events import EventLog
from filmless.settings import Settings

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def create_token(settings: Settings, name: str, role: str, expires: str) -> str:
    """The text of a new bearer token; ``expires`` is a lifetime as 90d, 12h or 30m."""
    held = roles.role(role)
    lifetime = _lifetime(expires)
    with open_database(settings, may_begin=True) as database:
        return Tokens(database).create(name, held, created_by="local:token", lifetime=lifetime)


def list_tokens(settings: Settings) -> list[str]:
    """One line per token, newest first, fields separated by tabs: id, prefix, name, role, state, last use."""
    with open_database(settings) as database:
        return ["\t".join(_fields(token)) for token in Tokens(database).all()]


def revoke_token(settings: Settings, token_id: str) -> None:
    """End a token at once."""
    try:
        public_id = UUID(token_id)
    except ValueError:
        raise CommandError(f'"{token_id}" is no id of a token; filmless token list shows them.') from None
    with open_database(settings) as database:
        if not Tokens(database).revoke(public_id, actor="local:token"):
            raise CommandError(f"No token {token_id} is valid; filmless token list shows them.")


def check_role(role: str) -> None:
    """Refuse a role that does not exist, before a password is asked for."""
    roles.role(role)


def add_user(settings: Settings, name: str, role: str, password: str) -> None:
    """Make an account that may sign in at once."""
    held = roles.role(role)
    with open_database(settings, may_begin=True) as database:
        Accounts(database, EventLog(database)).add_user(name, held, password)


def _fields(token: Token) -> Iterator[str]:
    yield from (str(token.public_id), token.prefix, token.name, token.role)
    if token.revoked_at:
        yield f"revoked {_day(token.revoked_at)}"
    else:
        yield f"{'expired' if token.expires_at <= datetime.now(UTC) else 'valid until'} {_day(token.expires_at)}"
    yield f"last used {_day(token.last_used_at)}" if token.last_used_at else "never used"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _lifetime(text: str) -> timedelta:
    parts = re.fullmatch(r"(\d{1,5})([dhm])", text.strip())
    if parts is None or int(parts[1]) == 0:
        raise CommandError(f'"{text}" is no lifetime; give it as 90d, 12h or 30m.')
    return timedelta(**{_UNITS[parts[2]]: int(parts[1])})
