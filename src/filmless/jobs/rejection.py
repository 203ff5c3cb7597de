"""The job that hides what a rejection note named while somebody else was recording it."""

from collections.abc import Mapping

from filmless.jobs.work import Work


async def rejection(work: Work, arguments: Mapping[str, object]) -> None:
    """Hide instances of the ``note`` that are still served."""
    await work.call(work.rejections.hide, int(str(arguments["note"])))
