"""What PostgreSQL tells of studies and sessions, and what a scope is told of it."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from filmless.access.credentials import digest
from filmless.access.roles import Role
from filmless.archive.scope import Scope
from filmless.database.accounts.accounts import Accounts
from filmless.database.accounts.sessions import Sessions
from filmless.database.changes import Seen, StudyChanges
from filmless.database.connect import Database
from filmless.database.events import EventLog
from index_rows import Rows

ALL = Scope("test", everything=True)
SERIES = {"1.1.1": {"instances": [{"SOPInstanceUID": "1.1.1.1"}]}}


def heard(database: Database, act: Callable[[], object], until: str) -> list[str]:
    """The notices that come while ``act`` runs, up to ``until``."""

    async def listen() -> list[str]:
        notices: list[str] = []
        async with asyncio.timeout(20), aclosing(StudyChanges(database).follow()) as following:
            async for notice in following:
                if not notice:
                    await asyncio.to_thread(act)
                    continue
                notices.append(notice)
                if notice == until:
                    return notices
        return notices

    return asyncio.run(listen())


def execute(database: Database, statement: str) -> Callable[[], None]:
    def act() -> None:
        with database.connection() as connection:
            connection.execute(statement.encode())

    return act


def test_a_study_is_told_of_when_it_comes_grows_and_settles(database: Database) -> None:
    assert "new 1.1" in heard(database, lambda: Rows(database).study("1.1", SERIES, PatientID="P"), "new 1.1")
    for statement in (
        "update study set last_received_at = now()",
        "update study set is_shown = false",
        "delete from settling",
    ):
        assert heard(database, execute(database, statement), "changed 1.1") == ["changed 1.1"]


def test_the_end_of_a_session_is_told_by_the_digest_of_its_secret(database: Database) -> None:
    Accounts(database, EventLog(database)).add_user("eva", Role.RADIOLOGIST, "correct horse battery")
    sessions = Sessions(database)
    secret = sessions.open("eva", "")
    ended = f"session {digest(secret).hex()}"
    assert heard(database, lambda: sessions.close(secret, ""), ended) == [ended]


def test_a_scope_is_told_of_nothing_that_it_does_not_reach(database: Database) -> None:
    rows = Rows(database)
    for uid in ("1.1", "1.2"):
        rows.study(uid, {f"{uid}.1": {"instances": [{"SOPInstanceUID": f"{uid}.1.1"}]}}, PatientID=uid)
    changes = StudyChanges(database)
    only = Scope("test", study_uids=frozenset(("1.2",)))
    assert {seen.study_uid for seen in changes.look(ALL, ["1.1", "1.2", "9.9"])[1]} == {"1.1", "1.2"}
    assert changes.look(only, ["1.1", "1.2"])[1] == [Seen("1.2", is_shown=True, is_new=False)]
    assert changes.look(Scope("nobody"), ["1.1", "1.2"])[1] == []
    execute(database, "update study set is_shown = false, last_received_at = now(), first_received_at = now()")()
    assert changes.look(only, ["1.1", "1.2"])[1] == [Seen("1.2", is_shown=False, is_new=False)]
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert changes.since(only, hour_ago, 10)[1] == [Seen("1.2", is_shown=False, is_new=True)]
    assert changes.since(Scope("nobody"), hour_ago, 10)[1] == []


def test_who_was_away_is_told_what_changed_meanwhile(database: Database) -> None:
    rows = Rows(database)
    for uid in ("1.1", "1.2", "1.3"):
        rows.study(uid, {f"{uid}.1": {"instances": [{"SOPInstanceUID": f"{uid}.1.1"}]}}, PatientID=uid)
    long_ago = "now() - interval '2 days'"
    execute(database, f"update study set last_received_at = {long_ago}, first_received_at = {long_ago}")()
    execute(database, "update study set last_received_at = now() where study_uid = '1.2'")()
    execute(database, "insert into deletion (study_uid, reason, actor, instances) values ('1.3', '', 'user:eva', 1)")()
    changes = StudyChanges(database)
    moment = datetime.now(UTC) - timedelta(hours=1)
    now, seen = changes.since(ALL, moment, 10)
    assert now > moment
    assert {one.study_uid: one.is_new for one in seen or ()} == {"1.2": False, "1.3": False}
    assert changes.since(ALL, moment, 1)[1] is None  # more than it can be told of one by one
    assert changes.since(ALL, None, 10)[1] == []
