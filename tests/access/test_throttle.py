"""How long a login waits after failures."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from filmless.access.throttle import FREE_OF_ADDRESS, LONGEST_DELAY, MEMORY, subjects, wait

START = datetime(2026, 3, 1, tzinfo=UTC)


def test_nine_failures_cost_nothing_and_the_tenth_costs_a_minute() -> None:
    assert wait([START] * 9, START) == timedelta(0)
    assert wait([START] * 10, START) == timedelta(minutes=1)


def test_the_delay_grows_with_every_ten_and_has_an_end() -> None:
    delays = [wait([START] * (10 * strikes), START) for strikes in range(1, 12)]
    assert delays == sorted(delays)
    assert delays[1] == timedelta(minutes=2)
    assert delays[-1] == LONGEST_DELAY


@given(st.lists(st.integers(0, 20), min_size=1, max_size=300))
def test_no_minute_ever_holds_more_than_ten_failures(gaps: list[int]) -> None:
    now, failures = START, list[datetime]()
    for gap in gaps:
        now += timedelta(seconds=gap)
        if not wait([each for each in failures if each > now - MEMORY], now):
            failures.append(now)
    for each in failures:
        assert sum(each <= other < each + timedelta(minutes=1) for other in failures) <= 10


def test_a_try_where_the_owner_signs_in_counts_apart_from_all_others() -> None:
    (owner,) = subjects("anna", "10.0.0.1", is_known=True)
    elsewhere = subjects("anna", "10.0.0.66", is_known=False)
    others = subjects("otto", "10.0.0.1", is_known=False)
    assert owner not in (*elsewhere, *others)


def test_of_an_unknown_place_the_name_and_the_address_are_counted() -> None:
    account, address = subjects("anna", "10.0.0.66", is_known=False)
    assert account == subjects("anna", "10.0.0.67", is_known=False)[0]
    assert address == subjects("otto", "10.0.0.66", is_known=False)[1]
    assert wait([START] * (FREE_OF_ADDRESS - 1), START, address.free) == timedelta(0)
    assert wait([START] * FREE_OF_ADDRESS, START, address.free) == timedelta(minutes=1)


def test_an_ipv6_host_cannot_change_its_address_to_be_let_through() -> None:
    first, second, other = (
        subjects("anna", address, is_known=False)[1] for address in ("2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1")
    )
    assert first == second != other
