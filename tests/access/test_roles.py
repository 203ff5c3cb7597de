"""The table of roles and rights, cell by cell, and the scope that follows from it."""

from datetime import UTC, datetime, timedelta

import pytest

from filmless.access.roles import Right, Role, UnknownRole, role
from filmless.access.scope import Kind, NotAllowed, Principal, scope

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

# The matrix as it is documented: x everything, r what the principal is related to, . nothing.
MATRIX = """
                session store find retrieve expire delete review administer audit
administrator   x       x     x    x        x      x      x      x          x
radiologist     x       x     x    x        .      .      x      .          .
technologist    x       x     x    x        .      x      x      .          .
clinician       r       .     r    r        .      .      .      .          .
referrer        r       .     r    r        .      .      .      .          .
patient         r       .     r    r        .      .      .      .          .
researcher      r       .     r    r        .      .      .      .          .
physicist       x       .     x    x        .      .      .      .          .
auditor         x       .     .    .        .      .      .      .          x
service         x       x     x    x        .      .      .      .          .
"""
_HEAD, *_LINES = [line.split() for line in MATRIX.strip().splitlines()]
CELLS = [(line[0], right, cell) for line in _LINES for right, cell in zip(_HEAD, line[1:], strict=True)]


def test_the_matrix_names_every_role_and_every_right() -> None:
    assert {name for name, _, _ in CELLS} == set(Role)
    assert set(_HEAD) == set(Right)


@pytest.mark.parametrize(("name", "right", "cell"), CELLS)
def test_a_role_reaches_what_its_cell_says(name: str, right: str, cell: str) -> None:
    principal = Principal(Kind.USER, "somebody", Role(name), "10.0.0.1", patient_keys=frozenset({("", "P1")}))
    if cell == ".":
        with pytest.raises(NotAllowed):
            scope(principal, Right(right), NOW)
        return
    reached = scope(principal, Right(right), NOW)
    assert reached.everything is (cell == "x")
    assert reached.patient_keys == (frozenset() if cell == "x" else {("", "P1")})
    assert (reached.actor, reached.address) == ("user:somebody", "10.0.0.1")


def test_a_related_role_without_relations_reaches_nothing() -> None:
    reached = scope(Principal(Kind.USER, "r", Role.REFERRER), Right.FIND, NOW)
    assert (reached.everything, reached.study_uids, reached.patient_keys) == (False, frozenset(), frozenset())


@pytest.mark.parametrize("seconds", [0, 1])
def test_a_principal_holds_until_its_moment_and_no_longer(seconds: int) -> None:
    principal = Principal(Kind.TOKEN, "t", Role.SERVICE, until=NOW - timedelta(seconds=seconds))
    with pytest.raises(NotAllowed):
        scope(principal, Right.FIND, NOW)


def test_an_unknown_role_is_refused_with_the_list_of_roles() -> None:
    with pytest.raises(UnknownRole) as refused:
        role("superuser")
    assert all(each in str(refused.value) for each in Role)


def test_a_role_is_found_in_any_case() -> None:
    assert role(" Radiologist ") is Role.RADIOLOGIST
