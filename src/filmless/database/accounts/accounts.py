"""People's accounts: passwords as argon2id, logins throttled by rows, the one-time link for the first administrator."""

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from psycopg import errors

from filmless.access.accounts import NameTaken, TooManyFailures, User, check_name
from filmless.access.credentials import check_password, digest
from filmless.access.roles import Role
from filmless.access.throttle import MEMORY, Subject, subjects, wait
from filmless.archive.events import Event, EventKind, Outcome
from filmless.database.connect import Connection, Database
from filmless.database.events import EventLog

_HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)  # argon2id, 32 MiB
_KNOWN_FOR = timedelta(days=30)  # an address, since its last login
_AT_ONCE = threading.Semaphore(2)  # bounds the memory that hashing takes in one process


class Accounts:
    """Rows of users, of failed logins and of the setup link."""

    def __init__(self, database: Database, events: EventLog) -> None:
        self._database = database
        self._events = events

    def add_user(self, name: str, role: Role, password: str) -> User:
        """A new account; ``BadName``, ``BadPassword`` or ``NameTaken`` when it cannot be."""
        check_name(name)
        check_password(password, name)
        hashed = _hash(password)
        with self._database.connection() as connection:
            _insert(connection, name, role, hashed)
            self._events.record(connection, _made(name, role, "local:command"))
        return User(name, role)

    def all(self) -> list[User]:
        """Every account that is not disabled, by name."""
        with self._database.connection() as connection:
            rows = connection.execute("select name, role from user_account where disabled_at is null order by name")
            return [User(name, Role(role)) for name, role in rows]

    def log_in(self, name: str, password: str, address: str) -> User | TooManyFailures | None:
        """The user when the password is right; None, after the same time, for a wrong one or an unknown name.

        A try counts as failed before the password is looked at and is forgiven when it was right, so that
        parallel tries cannot outrun the count.
        """
        name = "".join(filter(str.isprintable, name))[:64]  # what PostgreSQL and the record can hold
        account = self._account(name, address)
        counted = subjects(name, address, is_known=account is not None and account.is_known)
        delay = self._count_try(counted)
        if delay:
            self._record(name, address, Outcome.DENIED)
            return TooManyFailures(delay)
        right = _verify(account.password_hash if account else _nobody(), password)
        if account is None or not right:
            self._record(name, address, Outcome.FAILURE)
            return None
        self._let_in(account, address, counted)
        return account.user

    def trust(self, name: str, address: str) -> User | TooManyFailures | None:
        """The user of a name that somebody we trust has vouched for; None when there is none. Recorded as a login."""
        name = "".join(filter(str.isprintable, name))[:64]
        with self._database.connection() as connection:
            row = connection.execute(
                "select name, role from user_account where name = %s and disabled_at is null", (name,)
            ).fetchone()
        self._record(name, address, Outcome.SUCCESS if row else Outcome.FAILURE)
        return User(row[0], Role(row[1])) if row else None

    def distrust(self, address: str) -> None:
        """Record that somebody came with proof that is none."""
        self._record("", address, Outcome.FAILURE)

    def make_setup_token(self) -> str | None:
        """The one-time token that makes the first administrator; None when there is one. A former token ends."""
        token = secrets.token_urlsafe(32)
        with self._database.connection() as connection:
            connection.execute("lock table setup_link in exclusive mode")
            connection.execute("delete from setup_link")
            if _has_administrator(connection):
                return None
            connection.execute("insert into setup_link (sha256) values (%s)", (digest(token),))
        return token

    def set_up(self, token: str, name: str, password: str) -> User | None:
        """Make the first administrator; None when the token is not, or no longer, the one that was given out."""
        check_name(name)
        check_password(password, name)
        hashed = _hash(password)
        with self._database.connection() as connection:
            connection.execute("lock table setup_link in exclusive mode")
            used = connection.execute("delete from setup_link where sha256 = %s", (digest(token),)).rowcount
            if not used or _has_administrator(connection):
                return None
            _insert(connection, name, Role.ADMINISTRATOR, hashed)
            self._events.record(connection, _made(name, Role.ADMINISTRATOR, "local:setup-link"))
        return User(name, Role.ADMINISTRATOR)

    def _account(self, name: str, address: str) -> "_Account | None":
        with self._database.connection() as connection:
            row = connection.execute(
                """
                select u.id, u.name, u.role, u.password_hash, coalesce(a.last_at > now() - %s::interval, false)
                from user_account u left join login_address a on a.user_id = u.id and a.address = %s
                where u.name = %s and u.disabled_at is null
                """,
                (_KNOWN_FOR, address, name),
            ).fetchone()
        return _Account(row[0], User(row[1], Role(row[2])), row[3], row[4]) if row else None

    def _count_try(self, counted: Sequence[Subject]) -> timedelta:
        """Count a try against its subjects; the time to wait when one has too many."""
        now = datetime.now(UTC)
        longest = timedelta(0)
        with self._database.connection() as connection:
            for subject in counted:  # in one order, so that two tries never wait for each other
                connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (subject.key,))
                rows = connection.execute(
                    "select failed_at from login_failure where subject = %s and failed_at > %s order by failed_at",
                    (subject.key, now - MEMORY),
                ).fetchall()
                longest = max(longest, wait([moment for (moment,) in rows], now, subject.free))
            if not longest:
                connection.execute("delete from login_failure where failed_at < %s", (now - MEMORY,))
                connection.execute(
                    "insert into login_failure (subject, failed_at) select unnest(%s::text[]), %s",
                    ([subject.key for subject in counted], now),
                )
        return longest

    def _let_in(self, account: "_Account", address: str, counted: Sequence[Subject]) -> None:
        """Forget the failures of the name, of the address the try that was right, and remember where it was."""
        name, *others = counted
        with self._database.connection() as connection:
            connection.execute("delete from login_failure where subject = %s", (name.key,))
            for other in others:
                connection.execute(
                    """
                    delete from login_failure where ctid in
                        (select ctid from login_failure where subject = %s order by failed_at desc limit 1)
                    """,
                    (other.key,),
                )
            connection.execute("delete from login_address where last_at < now() - %s::interval", (_KNOWN_FOR,))
            connection.execute(
                """
                insert into login_address (user_id, address) values (%s, %s)
                on conflict (user_id, address) do update set last_at = now()
                """,
                (account.id, address),
            )
            self._events.record(
                connection, Event(EventKind.LOGIN, f"user:{account.user.name}", address, Outcome.SUCCESS)
            )

    def _record(self, name: str, address: str, outcome: Outcome) -> None:
        with self._database.connection() as connection:
            self._events.record(connection, Event(EventKind.LOGIN, f"user:{name}", address, outcome))


@dataclass(frozen=True, slots=True)
class _Account:
    """A row of an account, as one address finds it."""

    id: int
    user: User
    password_hash: str
    is_known: bool  # signed in from this address lately


@cache
def _nobody() -> str:
    """A hash that is verified for unknown names, so that they take the same time; made once, not at start."""
    return _hash(secrets.token_urlsafe(16))


def _hash(password: str) -> str:
    with _AT_ONCE:
        return _HASHER.hash(password)


def _verify(hashed: str, password: str) -> bool:
    with _AT_ONCE:
        try:
            return _HASHER.verify(hashed, password[:1024])
        except Argon2Error:
            return False


def _insert(connection: Connection, name: str, role: Role, hashed: str) -> None:
    try:
        connection.execute(
            "insert into user_account (name, role, password_hash) values (%s, %s, %s)", (name, role.value, hashed)
        )
    except errors.UniqueViolation:
        raise NameTaken(name) from None


def _made(name: str, role: Role, actor: str) -> Event:
    return Event(EventKind.USER_CHANGED, actor, details={"user": name, "role": role.value})


def _has_administrator(connection: Connection) -> bool:
    row = connection.execute(
        "select 1 from user_account where role = %s and disabled_at is null limit 1", (Role.ADMINISTRATOR.value,)
    ).fetchone()
    return row is not None
