"""Group commit: what waits together is committed together, and everybody is answered."""

import threading
from collections.abc import Sequence
from concurrent.futures import wait
from itertools import chain

import pytest

from filmless.archive.errors import NoSpace
from filmless.storage.group_commit import GroupCommitter


def as_it_is(item: int) -> int:
    """Nothing to prepare."""
    return item


class Groups:
    """Commits when it may, and remembers the groups."""

    def __init__(self) -> None:
        self.may, self.began, self.groups = threading.Event(), threading.Event(), []

    def commit(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        self.began.set()
        self.may.wait(10)
        return [item * 2 for item in items]


def test_all_that_waits_is_one_group_and_each_gets_its_own_answer() -> None:
    groups = Groups()
    committer = GroupCommitter(as_it_is, groups.commit)
    futures = [committer.submit(number, 1) for number in range(10)]
    groups.may.set()

    assert [future.result(10) for future in futures] == [number * 2 for number in range(10)]
    committer.close()
    assert len(groups.groups) <= 3
    assert list(chain.from_iterable(groups.groups)) == list(range(10))


def test_more_than_the_bound_is_refused_and_taken_again_later() -> None:
    groups = Groups()
    committer = GroupCommitter(as_it_is, groups.commit, max_waiting=100)
    first = committer.submit(1, 90)

    with pytest.raises(NoSpace):
        committer.submit(2, 20)
    groups.may.set()
    first.result(10)
    committer.close()
    with pytest.raises(NoSpace):
        committer.submit(3, 1)


def test_a_fault_answers_its_group_and_the_next_is_served() -> None:
    def commit(items: Sequence[int]) -> list[int]:
        if 0 in items:
            raise ZeroDivisionError
        return list(items)

    committer = GroupCommitter(as_it_is, commit)
    with pytest.raises(ZeroDivisionError):
        committer.submit(0, 1).result(10)
    assert committer.submit(1, 1).result(10) == 1
    committer.close()


def test_a_cancelled_store_is_left_out() -> None:
    groups = Groups()
    committer = GroupCommitter(as_it_is, groups.commit)
    first = committer.submit(1, 1)
    others = [committer.submit(number, 1) for number in (2, 3)]
    cancelled = [future.cancel() for future in others]
    groups.may.set()
    wait([first])
    committer.close()

    assert len(list(chain.from_iterable(groups.groups))) == 3 - sum(cancelled)


def test_as_many_are_waited_for_as_came_together_before() -> None:
    groups = Groups()
    committer = GroupCommitter(as_it_is, groups.commit, linger=30)
    futures = [committer.submit(0, 1)]
    groups.began.wait(10)
    futures += [committer.submit(1, 1), committer.submit(2, 1)]  # three are under way at once
    groups.may.set()
    assert futures[0].result(10) == 0
    futures.append(committer.submit(3, 1))  # the first comes again, and is not late
    assert [future.result(10) for future in futures] == [0, 2, 4, 6]
    committer.close()

    assert groups.groups == [[0], [1, 2, 3]]


def test_a_group_does_not_wait_long_for_who_does_not_come() -> None:
    groups = Groups()
    first = GroupCommitter(as_it_is, groups.commit, linger=0.01)
    futures = [first.submit(number, 1) for number in range(5)]
    groups.may.set()
    assert [future.result(10) for future in futures] == [0, 2, 4, 6, 8]
    assert first.submit(7, 1).result(10) == 14
    first.close()


def test_who_cannot_be_prepared_has_his_fault_and_the_others_their_answers() -> None:
    groups = Groups()
    groups.may.set()
    committer = GroupCommitter(lambda item: 1 // item, groups.commit)
    bad, good = committer.submit(0, 1), committer.submit(1, 1)
    with pytest.raises(ZeroDivisionError):
        bad.result(10)
    assert good.result(10) == 2
    committer.close()
