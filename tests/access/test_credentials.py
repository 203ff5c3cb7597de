"""Passwords that are refused, the form of tokens, and what follows from a session's secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.access.credentials import BadPassword, check_password, csrf_token, digest, is_token, token_text


@pytest.mark.parametrize(
    "password",
    ["short", "elevenchars", "passwordpassword", "Administrator", "aaaaaaaaaaaaaa", "annaannaanna", "x" * 2000, ""],
)
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(BadPassword):
        check_password(password, "anna")


@pytest.mark.parametrize("password", ["plum-jacket-orbit", "Zwölf Zeichen!", "絵と音と光と風と水と土と"])
def test_a_long_uncommon_password_is_taken(password: str) -> None:
    check_password(password, "anna")


@given(st.binary(min_size=32, max_size=32))
def test_every_token_has_the_form_of_a_token(bits: bytes) -> None:
    assert is_token(token_text(bits))
    assert len(token_text(bits)) == 47


@pytest.mark.parametrize("text", ["", "flm_", "flm_" + "a" * 42, "flm_" + "a" * 44, "xyz_" + "a" * 43, "null"])
def test_anything_else_is_no_token(text: str) -> None:
    assert not is_token(text)


def test_the_token_for_state_changes_follows_from_the_session_and_is_neither_it_nor_its_digest() -> None:
    assert csrf_token("secret") == csrf_token("secret") != csrf_token("other")
    assert "secret" not in csrf_token("secret")
    assert digest("secret").hex() not in csrf_token("secret")
