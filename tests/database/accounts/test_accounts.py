"""Accounts, the throttle of logins and the link for the first administrator, on a real database."""

from datetime import timedelta

import pytest

from filmless.access.accounts import BadName, NameTaken, TooManyFailures, User
from filmless.access.credentials import BadPassword
from filmless.access.roles import Role
from filmless.access.throttle import FREE_OF_ADDRESS
from filmless.database.accounts.accounts import Accounts
from filmless.database.connect import Database
from filmless.database.events import EventLog

GOOD = "plum-jacket-orbit"


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database, EventLog(database))


def events(database: Database, kind: str) -> list[tuple[str, str, str]]:
    with database.connection() as connection:
        rows = connection.execute("select actor, address, outcome from event where kind = %s order by id", (kind,))
        return [tuple(row) for row in rows]  # type: ignore[misc]


def test_the_right_password_lets_in_and_is_recorded(accounts: Accounts, database: Database) -> None:
    accounts.add_user("anna", Role.RADIOLOGIST, GOOD)
    assert accounts.log_in("anna", GOOD, "10.0.0.1") == User("anna", Role.RADIOLOGIST)
    assert events(database, "login") == [("user:anna", "10.0.0.1", "success")]


def test_no_password_is_stored_as_text(accounts: Accounts, database: Database) -> None:
    accounts.add_user("anna", Role.RADIOLOGIST, GOOD)
    with database.connection() as connection:
        (stored,) = connection.execute("select password_hash from user_account").fetchone() or ("",)
    assert stored.startswith("$argon2id$")
    assert GOOD not in stored


@pytest.mark.parametrize(
    ("name", "password"), [("anna", "wrong-password-1"), ("nobody", GOOD), ("an\0na", GOOD), ("", "")]
)
def test_a_wrong_password_and_an_unknown_name_are_answered_alike_and_recorded(
    accounts: Accounts, database: Database, name: str, password: str
) -> None:
    accounts.add_user("anna", Role.RADIOLOGIST, GOOD)
    if name == "an\0na":
        name = "an\0nb"
    assert accounts.log_in(name, password, "10.0.0.1") is None
    assert [outcome for _, _, outcome in events(database, "login")] == ["failure"]


def test_after_ten_failures_not_even_the_right_password_is_looked_at(accounts: Accounts) -> None:
    accounts.add_user("anna", Role.RADIOLOGIST, GOOD)
    for _ in range(10):
        assert accounts.log_in("anna", "wrong-password-1", "10.0.0.1") is None
    refused = accounts.log_in("anna", GOOD, "10.0.0.1")
    assert isinstance(refused, TooManyFailures)
    assert timedelta(seconds=30) < refused.retry_after <= timedelta(minutes=1)


def test_an_attack_on_one_name_does_not_lock_out_others_elsewhere(accounts: Accounts) -> None:
    accounts.add_user("anna", Role.RADIOLOGIST, GOOD)
    for _ in range(12):
        accounts.log_in("victim", "wrong-password-1", "10.0.0.66")
    assert accounts.log_in("anna", GOOD, "10.0.0.1") == User("anna", Role.RADIOLOGIST)


def test_an_attack_from_the_same_address_does_not_lock_out_others(accounts: Accounts) -> None:
    accounts.add_user("anna", Role.RADIOLOGIST, GOOD)
    for _ in range(12):
        accounts.log_in("victim", "wrong-password-1", "10.0.0.1")
    assert accounts.log_in("anna", GOOD, "10.0.0.1") == User("anna", Role.RADIOLOGIST)


def test_an_attack_on_a_name_does_not_lock_its_owner_out_where_she_signs_in(accounts: Accounts) -> None:
    accounts.add_user("anna", Role.RADIOLOGIST, GOOD)
    assert accounts.log_in("anna", GOOD, "10.0.0.1") == User("anna", Role.RADIOLOGIST)
    for _ in range(12):
        accounts.log_in("anna", "wrong-password-1", "10.0.0.66")
    assert isinstance(accounts.log_in("anna", GOOD, "10.0.0.66"), TooManyFailures)
    assert accounts.log_in("anna", GOOD, "10.0.0.1") == User("anna", Role.RADIOLOGIST)


def test_ten_failures_are_free_also_where_the_owner_signs_in(accounts: Accounts) -> None:
    accounts.add_user("anna", Role.RADIOLOGIST, GOOD)
    accounts.log_in("anna", GOOD, "10.0.0.1")
    for _ in range(10):
        assert accounts.log_in("anna", "wrong-password-1", "10.0.0.1") is None
    assert isinstance(accounts.log_in("anna", GOOD, "10.0.0.1"), TooManyFailures)


def test_an_address_that_tries_many_names_waits_and_those_who_sign_in_there_do_not(
    accounts: Accounts, database: Database
) -> None:
    accounts.add_user("anna", Role.RADIOLOGIST, GOOD)
    accounts.log_in("anna", GOOD, "10.0.0.66")
    with database.connection() as connection:  # what as many tries of as many names leave
        connection.execute(
            "insert into login_failure (subject) select 'address:10.0.0.66' from generate_series(1, %s)",
            (FREE_OF_ADDRESS - 1,),
        )
    assert accounts.log_in("name-100", "wrong-password-1", "10.0.0.66") is None
    assert isinstance(accounts.log_in("name-101", "wrong-password-1", "10.0.0.66"), TooManyFailures)
    assert accounts.log_in("anna", GOOD, "10.0.0.66") == User("anna", Role.RADIOLOGIST)


def test_a_right_password_forgives_the_failures_before_it(accounts: Accounts) -> None:
    accounts.add_user("anna", Role.RADIOLOGIST, GOOD)
    for _ in range(3):
        for _ in range(3):
            assert accounts.log_in("anna", "wrong-password-1", "10.0.0.1") is None
        assert isinstance(accounts.log_in("anna", GOOD, "10.0.0.1"), User)


def test_a_name_is_given_once(accounts: Accounts) -> None:
    accounts.add_user("anna", Role.RADIOLOGIST, GOOD)
    with pytest.raises(NameTaken):
        accounts.add_user("anna", Role.AUDITOR, GOOD)


@pytest.mark.parametrize("name", ["", " anna", "a\nb", "x" * 65])
def test_a_name_that_cannot_be_written_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(BadName):
        accounts.add_user(name, Role.RADIOLOGIST, GOOD)


def test_a_weak_password_is_refused_and_makes_no_account(accounts: Accounts) -> None:
    with pytest.raises(BadPassword):
        accounts.add_user("anna", Role.RADIOLOGIST, "password")
    assert accounts.all() == []


def test_the_setup_link_makes_one_administrator_once(accounts: Accounts) -> None:
    token = accounts.make_setup_token()
    assert token is not None
    with pytest.raises(BadPassword):
        accounts.set_up(token, "root", "short")
    assert accounts.set_up(token, "root", GOOD) == User("root", Role.ADMINISTRATOR)
    assert accounts.set_up(token, "root2", GOOD) is None
    assert accounts.make_setup_token() is None


def test_each_start_ends_the_setup_link_of_the_start_before(accounts: Accounts) -> None:
    former = accounts.make_setup_token()
    current = accounts.make_setup_token()
    assert former is not None
    assert current is not None
    assert accounts.set_up(former, "root", GOOD) is None
    assert accounts.set_up(current, "root", GOOD) is not None


def test_the_setup_link_ends_when_an_administrator_was_made_otherwise(accounts: Accounts) -> None:
    token = accounts.make_setup_token()
    assert token is not None
    accounts.add_user("boss", Role.ADMINISTRATOR, GOOD)
    assert accounts.set_up(token, "root", GOOD) is None
