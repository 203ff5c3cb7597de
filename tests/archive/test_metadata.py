"""Metadata bundles: what they give is what the headers say now, whatever happened since they were made."""

import asyncio
import gzip
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from pydicom.dataset import Dataset

from archive_process import SCOPE, Process, policy
from filmless.archive.errors import NotFound, Unavailable
from filmless.archive.metadata import series as metadata_series
from filmless.archive.metadata.deflated import HEAD, Measure, gzip_tail, stored
from filmless.archive.metadata.series import SeriesMetadata, SeriesNow, Uids, Unsettled
from filmless.archive.model import DuplicatePolicy, KeptInstance
from filmless.archive.scope import Scope, View
from filmless.database.metadata import bundles as bundle_rows
from filmless.database.metadata.bundles import MetadataBundles
from filmless.database.metadata.settling import Settling
from filmless.jobs.settling import settling
from filmless.jobs.work import Metadata, Work
from notes import note
from objects import ct_image, new_uid, series

ROOT = "http://127.0.0.1:8080/dicomweb"
OTHER_ROOT = "https://pacs.example.org/dicomweb"


class House:
    """One process, and the parts of jobs and doors that have to do with metadata."""

    def __init__(self, process: Process, quiet: timedelta = timedelta(0)) -> None:
        self.process = process
        self.bundles = MetadataBundles(process.database)
        self.settling = Settling(process.database, process.events, quiet)
        self.metadata = SeriesMetadata(self.bundles, process.archive.read, process.events)

    def later(self) -> None:
        """Let the moments pass in which a further arrival is not noted at its study."""
        self.process.execute("update study set last_received_at = last_received_at")

    def settle(self, bundles: MetadataBundles | None = None) -> None:
        """Run the job once."""
        place = Metadata(self.settling, bundles or self.bundles, self.process.archive.read, ROOT)
        with ThreadPoolExecutor(1) as executor:
            work = cast(Work, _Work(place, executor))
            asyncio.run(settling(work, {}))

    def look(self, image: Dataset, scope: Scope = SCOPE, *, level: str = "series") -> list[SeriesNow]:
        uids: Uids = (image.StudyInstanceUID, image.SeriesInstanceUID if level == "series" else None, None)
        return self.metadata.look(uids, scope)

    def is_settled(self, image: Dataset, scope: Scope = SCOPE) -> bool:
        """Whether all of the study would be sent as it is kept."""
        return all(one.bundle is not None for one in self.look(image, scope, level="study"))

    def given(self, image: Dataset, scope: Scope = SCOPE, root: str = ROOT) -> list[dict[str, Any]]:
        """The metadata of a study as a door gives them."""
        texts = [self._text(one, root) for one in self.look(image, scope, level="study")]
        found: list[dict[str, Any]] = json.loads(b"[" + b",".join(texts) + b"]")
        return found

    def _text(self, one: SeriesNow, root: str) -> bytes:
        if one.bundle is not None:
            return b"".join(self.metadata.text(one, one.bundle, root))
        return self.metadata.writer(root).write(one.instances)[0]

    def is_waiting(self) -> bool:
        return self.process.rows("select count(*) from settling") != [(0,)]


class _Work:
    def __init__(self, metadata: Metadata, executor: ThreadPoolExecutor) -> None:
        self.metadata, self._executor = metadata, executor

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def call(self, function: Any, *arguments: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)


@pytest.fixture
def house(process: Process) -> House:
    return House(process)


def stored_series(house: House, count: int = 3, **values: object) -> list[Dataset]:
    images = series(count, **values)
    for image in images:
        house.process.store(image)
    return images


def uids(found: Sequence[dict[str, Any]]) -> list[str]:
    return [each["00080018"]["Value"][0] for each in found]


def test_a_settled_series_is_what_its_headers_say(house: House) -> None:
    images = stored_series(house)
    made = house.given(images[0])
    assert not house.is_settled(images[0])
    house.settle()
    assert house.is_settled(images[0])
    assert house.given(images[0]) == made
    assert uids(made) == [image.SOPInstanceUID for image in images]
    assert made[0]["7FE00010"]["BulkDataURI"].startswith(f"{ROOT}/studies/{images[0].StudyInstanceUID}/series/")
    assert not house.is_waiting()


def test_a_bundle_becomes_one_gzip_member_without_being_inflated(house: House) -> None:
    images = stored_series(house)
    house.settle()
    (one,) = house.look(images[0])
    assert one.bundle is not None
    measure = Measure().with_text(b"[").followed_by(one.bundle.measure).with_text(b"]")
    member = HEAD + stored(b"[") + b"".join(house.metadata.piece(one, one.bundle)) + stored(b"]", is_last=True)
    assert json.loads(gzip.decompress(member + gzip_tail(measure))) == house.given(images[0])


def test_a_late_instance_is_there_at_once(house: House) -> None:
    images = stored_series(house)
    house.settle()
    late = ct_image(
        StudyInstanceUID=images[0].StudyInstanceUID, SeriesInstanceUID=images[0].SeriesInstanceUID, InstanceNumber=2
    )
    house.process.store(late)
    assert not house.is_settled(images[0])
    one, two, three = (image.SOPInstanceUID for image in images)
    assert uids(house.given(images[0])) == [one, two, late.SOPInstanceUID, three]
    house.later()
    house.settle()
    assert house.is_settled(images[0])
    assert uids(house.given(images[0])) == [one, two, late.SOPInstanceUID, three]


def test_a_late_series_leaves_the_bundles_of_the_others(house: House) -> None:
    images = stored_series(house)
    house.settle()
    late = ct_image(StudyInstanceUID=images[0].StudyInstanceUID, SeriesNumber=2)
    house.process.store(late)
    first, second = house.look(images[0], level="study")
    assert first.bundle is not None
    assert (second.bundle, second.instances[0].instance_uid) == (None, late.SOPInstanceUID)


def test_what_a_rejection_note_hides_is_never_sent_again(house: House) -> None:
    images = stored_series(house)
    house.settle()
    house.process.store(note(images[:1]))
    assert images[0].SOPInstanceUID not in uids(house.given(images[0]))
    house.settle()
    assert house.is_settled(images[0])
    assert images[0].SOPInstanceUID not in uids(house.given(images[0]))


def test_a_deleted_instance_and_a_deleted_study_are_given_no_more_though_a_bundle_was_kept(house: House) -> None:
    images = stored_series(house)
    other = ct_image()
    house.process.store(other)
    house.settle()
    assert house.is_settled(images[0])
    study_uid, first = images[0].StudyInstanceUID, images[0]
    house.process.bin.delete((study_uid, first.SeriesInstanceUID, first.SOPInstanceUID), "", SCOPE)
    assert set(uids(house.given(first))) == {image.SOPInstanceUID for image in images[1:]}
    house.process.bin.delete((study_uid, None, None), "", SCOPE)
    for _ in range(2):
        with pytest.raises(NotFound):
            house.look(first, level="study")
        house.settle()
    assert uids(house.given(other)) == [other.SOPInstanceUID]
    for entry in house.process.bin.all():
        house.process.bin.restore(entry.public_id, SCOPE)
    assert set(uids(house.given(first))) == {image.SOPInstanceUID for image in images}


def test_a_series_that_is_hidden_whole_leaves_no_bundle(house: House) -> None:
    images = stored_series(house)
    house.settle()
    house.process.store(note(images))
    with pytest.raises(NotFound):
        house.look(images[0])
    house.settle()
    kept = house.process.rows("select count(*) from metadata_bundle b join series r on r.id = b.series_id"
                              " where r.series_uid = %s", images[0].SeriesInstanceUID)  # fmt: skip
    assert kept == [(0,)]


def test_what_is_shown_again_is_sent_again(house: House) -> None:
    images = stored_series(house)
    house.process.store(note(images[:1]))
    house.settle()
    house.process.execute("update kept_instance set hidden = false")
    assert images[0].SOPInstanceUID in uids(house.given(images[0]))
    assert house.is_waiting()


def test_another_content_takes_the_place_of_the_first(house: House) -> None:
    images = stored_series(house)
    house.settle()
    images[1].SeriesDescription = "replaced"
    house.process.store(images[1], source=policy(DuplicatePolicy.REPLACE))
    assert not house.is_settled(images[0])
    assert [each["0008103E"]["Value"] for each in house.given(images[0])] == [["Axial"], ["replaced"], ["Axial"]]
    house.settle()
    assert house.is_settled(images[0])
    assert [each["0008103E"]["Value"] for each in house.given(images[0])] == [["Axial"], ["replaced"], ["Axial"]]


def test_a_conflict_version_changes_nothing(house: House) -> None:
    images = stored_series(house)
    house.settle()
    images[1].SeriesDescription = "conflict"
    house.process.store(images[1])
    assert house.is_settled(images[0])
    assert [each["0008103E"]["Value"] for each in house.given(images[0])] == [["Axial"]] * 3


def test_an_overlay_that_comes_or_goes_shows_at_once(house: House) -> None:
    images = stored_series(house)
    house.settle()
    plain = house.given(images[0])
    description = images[0].SeriesDescription.encode()
    (kept,) = house.process.archive.instances(images[0].StudyInstanceUID, None, images[0].SOPInstanceUID, scope=SCOPE)
    at = house.process.archive.read(kept, kept.head_length).index(description)
    packed = _packed(at, at + len(description), b"OTHER ")
    house.process.execute(
        "insert into overlay (instance_id, record, edit)"
        " select id, '{}', %s from kept_instance where instance_uid = %s",
        packed,
        images[0].SOPInstanceUID,
    )
    house.process.execute("update study set correction_version = correction_version + 1")
    assert house.given(images[0]) != plain
    assert house.is_waiting()
    house.settle()
    assert house.is_settled(images[0])
    assert house.given(images[0]) != plain
    house.process.execute("delete from overlay")
    assert house.given(images[0]) == plain


def _packed(start: int, stop: int, new: bytes) -> bytes:
    from filmless.database.edit_bytes import packed_edit
    from filmless.standards.editing.splice import Edit, Splice

    return packed_edit(Edit((Splice(start, stop, new[: stop - start].ljust(stop - start)),)))


def test_rows_that_are_lost_are_not_sent(house: House) -> None:
    images = stored_series(house)
    house.settle()
    house.process.execute("delete from kept_instance where instance_uid = %s", images[0].SOPInstanceUID)
    assert uids(house.given(images[0])) == [image.SOPInstanceUID for image in images[1:]]
    assert house.is_waiting()


def test_only_series_that_are_reached_are_sent(house: House) -> None:
    images = stored_series(house)
    house.process.store(ct_image(StudyInstanceUID=images[0].StudyInstanceUID, Modality="PT", SeriesNumber=2))
    house.settle()
    view = replace(SCOPE, view=View(modalities=frozenset({"CT"})))
    assert house.is_settled(images[0], view)
    assert uids(house.given(images[0], view)) == [image.SOPInstanceUID for image in images]
    with pytest.raises(NotFound):
        house.look(images[0], Scope("user:nobody"))


def test_the_addresses_are_those_that_hold_for_who_asks(house: House) -> None:
    images = stored_series(house, SeriesDescription=ROOT)
    house.settle()
    found = house.given(images[0], root=OTHER_ROOT)
    assert [each["0008103E"]["Value"] for each in found] == [[ROOT]] * 3
    assert all(each["7FE00010"]["BulkDataURI"].startswith(f"{OTHER_ROOT}/studies/") for each in found)


def test_what_another_version_of_the_program_made_is_not_used(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    images = stored_series(house)
    house.settle()
    monkeypatch.setattr(bundle_rows, "__version__", "another")
    assert not house.is_settled(images[0])


def test_a_bundle_of_what_was_there_before_is_never_found(house: House) -> None:
    images = stored_series(house)
    (before,) = house.look(images[0])
    writer = house.metadata.writer(ROOT)
    writer.write(before.instances)
    writer.end()
    late = ct_image(StudyInstanceUID=images[0].StudyInstanceUID, SeriesInstanceUID=images[0].SeriesInstanceUID)
    house.process.store(late)
    bundle = writer.bundle()
    assert bundle is not None
    house.metadata.keep(before, bundle)
    assert not house.is_settled(images[0])
    assert late.SOPInstanceUID in uids(house.given(images[0]))


def test_a_bundle_that_is_made_anew_while_it_is_sent_breaks_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    images = stored_series(house)
    house.settle()
    monkeypatch.setattr(bundle_rows, "HELD", 0)
    monkeypatch.setattr(metadata_series, "PART", 16)
    (one,) = house.look(images[0])
    assert one.bundle is not None
    parts = house.metadata.piece(one, one.bundle)
    assert len(next(parts)) == 16
    house.process.execute("delete from metadata_bundle")
    house.process.execute("insert into settling select id from study on conflict do nothing")
    house.settle()
    with pytest.raises(Unavailable):
        next(parts)
    (again,) = house.look(images[0])
    assert again.bundle is not None
    assert house.given(images[0]) == json.loads(b"[" + b"".join(house.metadata.text(again, again.bundle, ROOT)) + b"]")


def test_what_comes_while_a_study_is_settled_keeps_it_unsettled(house: House) -> None:
    images = stored_series(house)
    late = ct_image(StudyInstanceUID=images[0].StudyInstanceUID, SeriesInstanceUID=images[0].SeriesInstanceUID)

    waiting = house.settling.next()
    assert waiting is not None
    house.process.store(late)
    house.later()
    house.settling.settled(waiting, [], 3)
    assert house.is_waiting()
    again = house.settling.next()
    assert again is not None
    assert again.serial != waiting.serial


class Killed(Exception):
    """The process ends here."""


@pytest.mark.parametrize("step", ["next", "look", "keep", "settled"])
def test_wherever_the_job_is_killed_the_answer_is_right_and_it_is_done_at_last(house: House, step: str) -> None:
    images = stored_series(house)
    right = house.given(images[0])
    place = Metadata(_Killed(house.settling, step), _Killed(house.bundles, step), house.process.archive.read, ROOT)
    with ThreadPoolExecutor(1) as executor:
        work = cast(Work, _Work(place, executor))
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(settling(work, {}))
    assert house.given(images[0]) == right
    assert house.is_waiting() is (step != "settled")
    house.settle()
    assert house.is_settled(images[0])
    assert house.given(images[0]) == right


class _Killed:
    """Does a step, and its process is killed before it hears of it."""

    def __init__(self, real: Any, step: str) -> None:
        self._real, self._step = real, step

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)

        def call(*arguments: object) -> object:
            outcome = method(*arguments)
            if name == self._step:
                raise KeyboardInterrupt
            return outcome

        return call


def test_a_study_that_cannot_be_settled_waits_and_keeps_no_other_waiting(house: House) -> None:
    images, others = stored_series(house), stored_series(house)

    class Failing(MetadataBundles):
        def look(self, scope: Scope, uids: Uids) -> list[SeriesNow]:
            if uids[0] == images[0].StudyInstanceUID:
                raise Unavailable("the disk is gone")
            return super().look(scope, uids)

    house.settle(Failing(house.process.database))
    assert house.is_settled(others[0])
    assert house.process.rows("select failures, not_before > now() from settling") == [(1, True)]
    house.later()
    house.settle()
    assert house.is_settled(images[0])


def test_a_study_is_settled_when_it_is_quiet(process: Process) -> None:
    house = House(process, quiet=timedelta(seconds=60))
    stored_series(house)
    house.settling.find_due()
    assert (house.settling.next(), _jobs(process)) == (None, 0)
    process.execute("update settling set changed_at = now() - interval '61 seconds'")
    house.settling.find_due()
    house.settling.find_due()
    assert _jobs(process) == 1
    assert isinstance(house.settling.next(), Unsettled)


def _jobs(process: Process) -> object:
    return process.rows("select count(*) from procrastinate_jobs where task_name = 'settling'")[0][0]


def test_rows_that_are_made_again_from_packs_get_new_bundles(house: House) -> None:
    images = stored_series(house)
    right = house.given(images[0])
    house.settle()
    house.process.die()
    house.process.execute("truncate patient, study, series, kept_instance, pack cascade")
    assert house.process.rows("select count(*) from metadata_bundle") == [(0,)]
    house.process.recover()
    assert house.given(images[0]) == right
    assert house.is_waiting()
    house.settle()
    assert house.is_settled(images[0])
    assert house.given(images[0]) == right


def test_settling_is_in_the_record(house: House) -> None:
    stored_series(house)
    house.settle()
    assert house.process.rows("select kind, count from event where kind = 'study-settled'") == [("study-settled", 3)]


def test_a_bundle_that_is_too_large_is_not_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    images = stored_series(house)
    monkeypatch.setattr(metadata_series, "MAX_BUNDLE", 10)
    house.settle()
    assert not house.is_settled(images[0])
    assert not house.is_waiting()


def test_one_instance_of_a_series_is_given_alone(house: House) -> None:
    images = stored_series(house)
    house.settle()
    first = images[0]
    (one,) = house.metadata.look((first.StudyInstanceUID, first.SeriesInstanceUID, first.SOPInstanceUID), SCOPE)
    assert one.bundle is None
    assert [kept.instance_uid for kept in cast("list[KeptInstance]", one.instances)] == [first.SOPInstanceUID]
    with pytest.raises(NotFound):
        house.metadata.look((first.StudyInstanceUID, first.SeriesInstanceUID, new_uid()), SCOPE)
