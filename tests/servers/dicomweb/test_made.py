"""What is made once for all who ask at once."""

import asyncio

import pytest

from filmless.servers.dicomweb.made import Made


class Work:
    """Something that is made when it is told to be."""

    def __init__(self) -> None:
        self.begun, self.is_cancelled = 0, False
        self.go = asyncio.Event()

    async def __call__(self) -> bytes:
        self.begun += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise
        return b"made"


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_two_ask_for_is_made_once_and_goes_on_when_one_of_them_leaves() -> None:
    async def run() -> None:
        made, work = Made(100), Work()
        one, other = (asyncio.ensure_future(made.get("key", work)) for _ in range(2))
        await _turns()
        one.cancel()
        await _turns()
        work.go.set()
        assert await other == b"made"
        assert await made.get("key", work) == b"made"
        assert (work.begun, work.is_cancelled) == (1, False)

    asyncio.run(run())


def test_what_nobody_waits_for_any_more_is_not_made_and_made_anew_for_who_asks_then() -> None:
    async def run() -> None:
        made, left, again = Made(100), Work(), Work()
        asking = asyncio.ensure_future(made.get("key", left))
        await _turns()
        asking.cancel()
        await asyncio.sleep(0)
        other = asyncio.ensure_future(made.get("key", again))
        with pytest.raises(asyncio.CancelledError):
            await asking
        again.go.set()
        assert await other == b"made"
        assert left.is_cancelled

    asyncio.run(run())
