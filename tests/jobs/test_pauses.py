"""How long failed jobs wait."""

from datetime import timedelta
from itertools import count

from filmless.jobs.pauses import pause_after


def test_pauses_grow_and_end_after_a_day() -> None:
    pauses = []
    for failures in count(1):
        pause = pause_after(failures)
        if pause is None:
            break
        pauses.append(pause)
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=10)
    assert timedelta(hours=24) <= sum(pauses, start=timedelta(0)) <= timedelta(hours=25)
