"""``filmless token create`` and ``filmless user add``."""

import re
from datetime import timedelta

from filmless.access import roles
from filmless.app.command_error import CommandError
from filmless.app.data_folder import reached_database
from filmless.database.accounts import Accounts
from filmless.database.connect import Database
from filmless.database.events import EventLog
from filmless.database.tokens import Tokens
from filmless.settings import Settings

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def create_token(settings: Settings, name: str, role: str, expires: str) -> str:
    """The text of a new bearer token; ``expires`` is a lifetime as 90d, 12h or 30m."""
    held = roles.role(role)
    lifetime = _lifetime(expires)
    with reached_database(settings.data, settings.database_url) as reached:
        database = Database(reached.dsn, connections=1)
        try:
            return Tokens(database).create(name, held, created_by="local:token", lifetime=lifetime)
        finally:
            database.close()


def check_role(role: str) -> None:
    """Refuse a role that does not exist, before a password is asked for."""
    roles.role(role)


def add_user(settings: Settings, name: str, role: str, password: str) -> None:
    """Make an account that may sign in at once."""
    held = roles.role(role)
    with reached_database(settings.data, settings.database_url) as reached:
        database = Database(reached.dsn, connections=1)
        try:
            Accounts(database, EventLog(database)).add_user(name, held, password)
        finally:
            database.close()


def _lifetime(text: str) -> timedelta:
    parts = re.fullmatch(r"(\d{1,5})([dhm])", text.strip())
    if parts is None or int(parts[1]) == 0:
        raise CommandError(f'"{text}" is no lifetime; give it as 90d, 12h or 30m.')
    return timedelta(**{_UNITS[parts[2]]: int(parts[1])})
