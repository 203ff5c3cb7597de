"""Which process takes the next association."""

from filmless.app.shares import TOGETHER, Share, Shares


def takers(*counts: int) -> list[int]:
    """The processes that accept, of some with so many associations each."""
    shares = Shares(len(counts))
    for number, count in enumerate(counts):
        shares.set(number, count)
    return [number for number in range(len(counts)) if _view(shares, number, counts[number]).is_next()]


def _view(shares: Shares, number: int, count: int) -> Share:
    share = shares.of(number)
    share.say(count)
    return share


def test_one_process_is_filled_before_another_begins() -> None:
    assert takers(0, 0) == [0]
    assert takers(0, 3) == [1]
    assert takers(TOGETHER, 2) == [1]


def test_in_a_burst_nobody_waits_for_another_until_he_is_far_ahead() -> None:
    assert takers(TOGETHER, TOGETHER) == [0, 1]
    assert takers(20, 20 + TOGETHER - 1) == [0, 1]
    assert takers(20, 20 + TOGETHER, 21) == [0, 2]


def test_whatever_process_stores_ends_the_rest_of_all() -> None:
    moments = iter((100.0, 107.0, 108.0, 108.5))
    shares = Shares(2, now=lambda: next(moments))
    assert shares.rest() == 7.0
    shares.of(1).shares.note_work()
    assert shares.rest() == 0.5
