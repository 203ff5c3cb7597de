"""The job that settles studies to which nothing more comes: it makes the metadata bundles of their series."""

from collections.abc import Mapping
from datetime import timedelta

import structlog

from filmless.archive.metadata.series import SeriesNow, SeriesWriter, Unsettled
from filmless.archive.scope import Scope
from filmless.jobs.pauses import LONGEST_PAUSE, pause_after
from filmless.jobs.work import Work

BATCH = 32  # instances that one call does
TURN = timedelta(seconds=30)  # then the job ends, and is due again at the next look
SCOPE = Scope("local:job", everything=True)

log = structlog.get_logger()


async def settling(work: Work, _: Mapping[str, object]) -> None:
    """Settle what is due. What was done is found done, so that it may be broken off anywhere and begun anew."""
    end = work.now() + TURN
    while work.now() < end and (study := await work.call(work.metadata.waiting.next)) is not None:
        try:
            await _settle(work, study)
        except Exception as fault:  # noqa: BLE001  one study must not keep the others waiting
            log.warning("study_not_settled", study_uid=study.study_uid, reason=type(fault).__name__)
            pause = pause_after(study.failures + 1) or LONGEST_PAUSE
            await work.call(work.metadata.waiting.failed, study, pause)


async def _settle(work: Work, study: Unsettled) -> None:
    place = work.metadata
    settled: list[SeriesNow] = []
    for series_uid in await work.call(place.waiting.series, study):
        for series in await work.call(place.bundles.look, SCOPE, (study.study_uid, series_uid, None)):
            if series.bundle is None:
                await _make(work, series)
            settled.append(series)
    count = sum(series.count for series in settled)
    await work.call(place.waiting.settled, study, [series.series_id for series in settled], count)


async def _make(work: Work, series: SeriesNow) -> None:
    """Make the bundle of what was there when the series was looked at; of anything later it is none."""
    writer = SeriesWriter(work.metadata.read, work.metadata.root)
    for start in range(0, len(series.instances), BATCH):
        await work.call(writer.write, series.instances[start : start + BATCH])
    await work.call(writer.end)
    bundle = writer.bundle()
    if bundle is not None:
        await work.call(work.metadata.bundles.keep, series, bundle)
