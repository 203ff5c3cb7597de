"""How long a login waits after failures."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from filmless.access.throttle import LONGEST_DELAY, MEMORY, wait

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
