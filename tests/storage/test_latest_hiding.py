"""The latest hiding is known to all processes that were forked."""

import multiprocessing

from filmless.storage.latest_hiding import LatestHiding


def test_another_process_tells() -> None:
    latest = LatestHiding()
    numbers = [latest.number()]
    for _ in range(3):
        process = multiprocessing.get_context("fork").Process(target=latest.tell)
        process.start()
        process.join(30)
        numbers.append(latest.number())
    assert len(set(numbers)) == 4
