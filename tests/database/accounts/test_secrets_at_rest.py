"""Tokens and sessions: found by their secret, kept as digests, ended at their time; and the AE registry."""

from datetime import timedelta

import pytest

from filmless.access.peers import Peer
from filmless.access.roles import Role
from filmless.access.scope import Kind
from filmless.archive.model import DuplicatePolicy
from filmless.database.accounts.accounts import Accounts
from filmless.database.accounts.sessions import Sessions
from filmless.database.accounts.tokens import Tokens
from filmless.database.ae_titles import AeTitles
from filmless.database.connect import Database
from filmless.database.events import EventLog


@pytest.fixture
def tokens(database: Database) -> Tokens:
    return Tokens(database)


@pytest.fixture
def sessions(database: Database) -> Sessions:
    Accounts(database, EventLog(database)).add_user("anna", Role.RADIOLOGIST, "plum-jacket-orbit")
    return Sessions(database)


def age(database: Database, statement: bytes) -> None:
    with database.connection() as connection:
        connection.execute(statement)


def test_a_token_speaks_for_its_name_and_role(tokens: Tokens) -> None:
    text = tokens.create("bench", Role.SERVICE, created_by="local:command")
    principal = tokens.find(text, "10.0.0.1")
    assert principal is not None
    assert (principal.kind, principal.name, principal.role) == (Kind.TOKEN, "bench", Role.SERVICE)
    assert principal.actor == "token:bench"


def test_a_token_is_not_stored_as_text(tokens: Tokens, database: Database) -> None:
    text = tokens.create("bench", Role.SERVICE, created_by="local:command")
    with database.connection() as connection:
        (row,) = connection.execute("select token::text from token").fetchone() or ("",)
    assert text not in row
    assert text[:12] in row


def test_a_listed_token_shows_its_prefix_its_expiry_and_its_last_use(tokens: Tokens) -> None:
    text = tokens.create("bench", Role.SERVICE, created_by="user:root")
    (unused,) = tokens.all()
    assert (unused.prefix, unused.last_used_at, unused.created_by) == (text[:12], None, "user:root")
    assert timedelta(days=89) < unused.expires_at - unused.created_at < timedelta(days=91)
    tokens.find(text, "")
    (first,) = tokens.all()
    tokens.find(text, "")
    (second,) = tokens.all()
    assert first.last_used_at is not None
    assert second.last_used_at == first.last_used_at  # written at most once a minute


def test_a_revoked_token_is_known_no_more(tokens: Tokens) -> None:
    text = tokens.create("bench", Role.SERVICE, created_by="local:command")
    assert tokens.revoke(tokens.all()[0].public_id, actor="user:root")
    assert tokens.find(text, "") is None
    assert not tokens.revoke(tokens.all()[0].public_id, actor="user:root")


def test_an_expired_token_is_known_no_more(tokens: Tokens) -> None:
    assert tokens.find(tokens.create("t", Role.SERVICE, created_by="x", lifetime=timedelta(0)), "") is None


@pytest.mark.parametrize("text", ["", "null", "flm_", "flm_" + "a" * 43])
def test_what_is_no_token_is_nobody(tokens: Tokens, text: str) -> None:
    assert tokens.find(text, "") is None


def test_a_session_is_its_user_until_it_is_closed(sessions: Sessions, database: Database) -> None:
    secret = sessions.open("anna", "10.0.0.1")
    principal = sessions.find(secret, "10.0.0.2")
    assert principal is not None
    assert (principal.actor, principal.role, principal.address) == ("user:anna", Role.RADIOLOGIST, "10.0.0.2")
    sessions.close(secret, "10.0.0.1")
    assert sessions.find(secret, "10.0.0.1") is None
    with database.connection() as connection:
        assert connection.execute("select actor from event where kind = 'logout'").fetchone() == ("user:anna",)


@pytest.mark.parametrize(
    "statement",
    [
        b"update session set last_seen_at = now() - interval '16 minutes'",
        b"update session set created_at = now() - interval '13 hours'",
        b"update user_account set disabled_at = now()",
    ],
)
def test_a_session_ends_when_idle_when_old_and_with_its_user(
    sessions: Sessions, database: Database, statement: bytes
) -> None:
    secret = sessions.open("anna", "")
    age(database, statement)
    assert sessions.find(secret, "") is None


def test_use_keeps_a_session_from_going_idle(sessions: Sessions, database: Database) -> None:
    secret = sessions.open("anna", "")
    for _ in range(3):
        age(database, b"update session set last_seen_at = last_seen_at - interval '14 minutes'")
        assert sessions.find(secret, "") is not None


def test_a_peer_is_added_changed_found_and_removed(database: Database) -> None:
    registry = AeTitles(database)
    peer = Peer(
        "CT1",
        "10.0.4.11",
        104,
        allow=frozenset({"echo", "store"}),
        duplicates=DuplicatePolicy.REFUSE,
        issuer="HOSPITAL",
        transfer_syntaxes=("1.2.840.10008.1.2.1",),
    )
    registry.add(peer)
    assert registry.find(" CT1 ") == peer
    moved = Peer("CT1", "10.0.4.12", 105)
    registry.add(moved)
    assert registry.all() == [moved]
    registry.seen("CT1")
    assert registry.all()[0].last_seen_at is not None
    assert registry.remove("CT1")
    assert not registry.remove("CT1")
    assert registry.find("CT1") is None
