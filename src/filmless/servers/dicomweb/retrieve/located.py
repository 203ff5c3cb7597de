"""Where the frames lie of the series that are being looked at: read from rows once a second, not once a frame."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from filmless.archive.errors import NotFound
from filmless.archive.frame_access import FrameAccess, StoredFrames
from filmless.archive.model import KeptInstance
from filmless.archive.ports import Located
from filmless.archive.scope import Scope
from filmless.servers.dicomweb.service import Service
from filmless.servers.http_messages import Problem, Request
from filmless.standards.dicom.uids import is_uid

LIFETIME = 1.0  # seconds that rows are believed where no process of this machine has hidden anything since
REMEMBERED = 10.0  # seconds after which it is forgotten that a series is being looked at
MAX_SERIES = 2000  # instances of a series that are remembered
MAX_REMEMBERED = 10_000  # instances in all
MAX_LONG_FRAMES = 100_000  # in long tables that are remembered: about 20 MB; the table read last is always kept

_Key = tuple[Scope, str, str]


@dataclass(slots=True)
class _Series:
    """What is remembered of a series within one scope."""

    read_at: float  # loop time
    hiding: int  # the latest one before the rows were read
    is_whole: bool
    rows: dict[str, Located]
    frames: dict[str, StoredFrames] = field(default_factory=dict)


def named_instance(request: Request) -> tuple[str, str, str]:
    """UIDs of study, series and instance in an address; ``Problem`` 400 for a malformed one."""
    study_uid, series_uid, instance_uid = (request.parameters[level] for level in ("study", "series", "instance"))
    if not is_uid(study_uid) or not is_uid(series_uid) or not is_uid(instance_uid):
        raise Problem(400, "A UID in the address is malformed.")
    return study_uid, series_uid, instance_uid


class LocatedFrames:
    """Finds the frames of instances; belongs to one event loop.

    The first instance of a series that is asked for is looked up alone; with the second, all of them are.
    """

    def __init__(self, service: Service, access: FrameAccess) -> None:
        self._service, self._access = service, access
        self._series: OrderedDict[_Key, _Series] = OrderedDict()  # the one read last comes last
        self._count = 0  # instances remembered, and one for each series
        self._reading: dict[tuple[_Key, str | None, int], asyncio.Future[_Series]] = {}
        self._long: OrderedDict[tuple[str, bytes], StoredFrames] = OrderedDict()

    async def find(self, scope: Scope, study_uid: str, series_uid: str, instance_uid: str) -> StoredFrames:
        """The frames of an instance; ``NotFound`` when there is none within the scope, or it has no frames."""
        series, row = await self._row(scope, study_uid, series_uid, instance_uid)
        frames = series.frames.get(instance_uid)
        if frames is None:
            frames = await self._frames(row)
            if row.table is not None or not row.has_table:  # the long ones are remembered apart, and fewer
                series.frames[instance_uid] = frames
        return frames

    async def expect(self, scope: Scope, study_uid: str, series_uid: str) -> None:
        """All of a series will be asked for: its rows are read at once."""
        series = self._series.get((scope, study_uid, series_uid))
        if series is None or not series.is_whole:
            await self._read((scope, study_uid, series_uid), None)

    async def instance(self, request: Request) -> KeptInstance:
        """The instance that an address names, with or without frames, recorded as given; ``NotFound``."""
        _, row = await self._row(request.scope, *named_instance(request))
        self._access.record(row.kept, 1, request.scope)
        return row.kept

    async def _row(self, scope: Scope, study_uid: str, series_uid: str, instance_uid: str) -> tuple[_Series, Located]:
        key = (scope, study_uid, series_uid)
        series = self._series.get(key)
        now = asyncio.get_running_loop().time()
        if series is not None and now < series.read_at + LIFETIME and series.hiding == self._access.latest_hiding():
            if instance_uid not in series.rows:
                series = await self._read(key, instance_uid if series.is_whole else None)
        else:
            series = await self._read(key, None if series is not None and series.is_whole else instance_uid)
        row = series.rows.get(instance_uid)
        if row is None:  # it has just come, or the series has more than are remembered
            series = await self._read(key, instance_uid)
            row = series.rows.get(instance_uid)
        if row is None:
            raise NotFound(instance_uid)
        return series, row

    async def _frames(self, row: Located) -> StoredFrames:
        frames = self._access.stored_frames_at_hand(row)
        if frames is not None:
            return frames
        key = (row.kept.instance_uid, row.kept.digest)
        frames = self._long.get(key)
        if frames is None:
            frames = await self._service.call(self._access.stored_frames, row)
            if row.table is None and row.has_table:
                self._remember_long(key, frames)
        return frames

    def _remember_long(self, key: tuple[str, bytes], frames: StoredFrames) -> None:
        self._long[key] = frames
        count = sum(each.count for each in self._long.values())
        while len(self._long) > 1 and count > MAX_LONG_FRAMES:
            _, oldest = self._long.popitem(last=False)
            count -= oldest.count

    async def _read(self, key: _Key, instance_uid: str | None) -> _Series:
        """Read the rows of a series, or of one instance; once for all who ask at once."""
        what = (key, instance_uid, self._access.latest_hiding())
        reading = self._reading.get(what)
        if reading is None:
            reading = self._reading[what] = asyncio.ensure_future(self._rows(*what))
            reading.add_done_callback(lambda _: self._reading.pop(what, None))
        return await asyncio.shield(reading)

    async def _rows(self, key: _Key, instance_uid: str | None, hiding: int) -> _Series:
        scope, study_uid, series_uid = key
        uids = (study_uid, series_uid, instance_uid)
        found = await self._service.call(self._access.locate, scope, uids, MAX_SERIES)
        rows = {each.kept.instance_uid: each for each in found}
        series = _Series(asyncio.get_running_loop().time(), hiding, instance_uid is None, rows)
        known = self._series.get(key)
        if known is None or not known.is_whole or series.is_whole:
            self._remember(key, series)
        return series

    def _remember(self, key: _Key, series: _Series) -> None:
        self._forget(key)
        self._series[key] = series
        self._count += len(series.rows) + 1
        while len(self._series) > 1 and self._is_due(next(iter(self._series.values())), series.read_at):
            self._forget(next(iter(self._series)))

    def _is_due(self, oldest: _Series, now: float) -> bool:
        return self._count > MAX_REMEMBERED or oldest.read_at + REMEMBERED < now

    def _forget(self, key: _Key) -> None:
        series = self._series.pop(key, None)
        if series is not None:
            self._count -= len(series.rows) + 1
