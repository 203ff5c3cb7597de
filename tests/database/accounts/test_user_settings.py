"""Settings of users as rows: a version for each change, so that two windows do not undo each other."""

import pytest

from filmless.access.roles import Role
from filmless.access.user_settings import Kept
from filmless.database.accounts.accounts import Accounts
from filmless.database.accounts.user_settings import UserSettingRows
from filmless.database.connect import Database
from filmless.database.events import EventLog


@pytest.fixture
def rows(database: Database) -> UserSettingRows:
    """Two users who have set nothing."""
    events = EventLog(database)
    for name in ("eva", "jonas"):
        Accounts(database, events).add_user(name, Role.RADIOLOGIST, "correct horse battery")
    return UserSettingRows(database, events)


def test_each_user_has_settings_of_their_own(rows: UserSettingRows) -> None:
    assert rows.read("eva") == Kept(0, {})
    assert rows.write("eva", {"theme": "light"}, 0, "") == 1
    assert rows.read("eva") == Kept(1, {"theme": "light"})
    assert rows.read("jonas") == Kept(0, {})


def test_what_was_read_before_another_change_is_not_written(rows: UserSettingRows) -> None:
    assert rows.write("eva", {"theme": "light"}, 0, "") == 1
    assert rows.write("eva", {"row_height": 28}, 0, "") is None
    assert rows.write("eva", {"theme": "light", "row_height": 28}, 1, "") == 2
    assert rows.write("eva", {}, 1, "") is None
    assert rows.read("eva") == Kept(2, {"theme": "light", "row_height": 28})


def test_of_nobody_nothing_is_kept(rows: UserSettingRows) -> None:
    assert rows.write("nobody", {"theme": "light"}, 0, "") is None
    assert rows.read("nobody") == Kept(0, {})


def test_a_change_is_recorded_without_its_values(rows: UserSettingRows, database: Database) -> None:
    rows.write("eva", {"views": [{"name": "Novák", "query": "text=nov"}]}, 0, "10.0.0.7")
    with database.connection() as connection:
        events = connection.execute(
            "select actor, address, details from event where kind = 'settings-changed'"
        ).fetchall()
    assert events == [("user:eva", "10.0.0.7", {"settings": ["views"]})]
