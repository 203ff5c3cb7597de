"""Rejection notes: what they name is kept and not served, whatever comes when, and nothing brings it back."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from archive_process import SCOPE, Process, policy, received
from filmless.archive.errors import NotFound
from filmless.archive.model import DuplicatePolicy, Level, Outcome, Query, Refusal, Refused, Stored, StoredAs
from filmless.database.connect import Database
from filmless.database.index.rejections import hide
from filmless.database.rejections import Rejections
from notes import note
from objects import ct_image, new_uid, series
from serving import wait_until

EXPIRING = replace(SCOPE, may_expire=True)


def found(process: Process, level: Level, study_uid: str) -> list[dict[str, object]]:
    """What a query for a study finds at a level, as values by tag."""
    page = process.archive.find(
        Query(level, matches=(((0x0020000D,), study_uid),), include=frozenset({0x00080061})), SCOPE
    )
    return [{tag: attribute.get("Value") for tag, attribute in match.items()} for match in page.matches]


def served(process: Process, study_uid: str) -> set[str]:
    """UIDs of the instances of a study that can be retrieved."""
    try:
        return {kept.instance_uid for kept in process.archive.instances(study_uid, scope=SCOPE)}
    except NotFound:
        return set()


def store_all(process: Process, images: list[Dataset]) -> None:
    futures = [process.submit(image) for image in images]
    assert all(isinstance(future.result(30), Stored) for future in futures)


def expire(process: Process, images: list[Dataset]) -> Outcome:
    return process.archive.store(received(note(images, "113039")), EXPIRING).result(30)


@pytest.mark.parametrize("title", ["113001", "113037", "113038"])
def test_a_note_hides_what_it_names_and_is_found_itself(process: Process, title: str) -> None:
    images = series(3)
    study_uid = images[0].StudyInstanceUID
    store_all(process, images)
    rejecting = note(images[:2], title)
    assert isinstance(process.store(rejecting), Stored)
    assert served(process, study_uid) == {images[2].SOPInstanceUID, rejecting.SOPInstanceUID}
    by_modality = {str(match["00080060"]): match["00201209"] for match in found(process, Level.SERIES, study_uid)}
    assert by_modality == {"['CT']": [1], "['KO']": [1]}
    (study,) = found(process, Level.STUDY, study_uid)
    assert (study["00201206"], study["00201208"]) == ([2], [2])


def test_a_note_before_its_instances_hides_them_when_they_come(process: Process) -> None:
    images = series(3)
    process.store(note(images[:2]))
    study_uid = images[0].StudyInstanceUID
    assert found(process, Level.STUDY, study_uid) == []
    store_all(process, images)
    (study,) = found(process, Level.STUDY, study_uid)
    assert images[0].SOPInstanceUID not in served(process, study_uid)
    assert len(served(process, study_uid)) == 2
    assert study["00080061"] == ["CT", "KO"]


def test_a_note_among_its_instances_hides_them(process: Process) -> None:
    images = series(20)
    store_all(process, [*images[:10], note(images), *images[10:]])
    assert len(served(process, images[0].StudyInstanceUID)) == 1
    assert process.rows("select count(*) from kept_instance where hidden") == [(20,)]


def test_a_study_without_anything_else_left_is_not_shown(process: Process) -> None:
    images = series(2)
    study_uid = images[0].StudyInstanceUID
    store_all(process, images)
    process.store(note(images))
    assert found(process, Level.STUDY, study_uid) == []
    assert [match["00080060"] for match in found(process, Level.SERIES, study_uid)] == [["KO"]]
    patients = process.archive.find(Query(Level.PATIENT), SCOPE).matches
    assert patients == []
    store_all(process, [ct_image(StudyInstanceUID=study_uid)])
    (study,) = found(process, Level.STUDY, study_uid)
    assert study["00201208"] == [2]


def test_a_series_without_anything_left_is_not_shown_nor_its_modality(process: Process) -> None:
    kept, gone = ct_image(), ct_image(Modality="MR")
    gone.StudyInstanceUID = kept.StudyInstanceUID
    store_all(process, [kept, gone])
    process.store(note([gone]))
    (study,) = found(process, Level.STUDY, kept.StudyInstanceUID)
    assert study["00080061"] == ["CT", "KO"]
    with pytest.raises(NotFound):
        process.archive.instances(gone.StudyInstanceUID, gone.SeriesInstanceUID, scope=SCOPE)


def test_sending_again_never_revives(process: Process) -> None:
    image = ct_image()
    process.store(image)
    process.store(note([image]))
    again = process.store(image)
    assert isinstance(again, Stored)
    assert again.stored_as is StoredAs.SAME
    image.PixelData = bytes(128)
    assert isinstance(process.store(image), Stored)
    assert isinstance(process.store(image, source=policy(DuplicatePolicy.REPLACE)), Stored)
    assert image.SOPInstanceUID not in served(process, image.StudyInstanceUID)
    assert process.rows("select instance_count from series where modality = 'CT'") == [(0,)]


def test_expired_retention_needs_its_right_and_leaves_nothing_to_be_seen(process: Process) -> None:
    images = series(2)
    store_all(process, images)
    refused = process.store(note(images, "113039"))
    assert isinstance(refused, Refused)
    assert refused.refusal is Refusal.NOT_ALLOWED
    assert "expire" in refused.comment
    assert len(served(process, images[0].StudyInstanceUID)) == 2
    assert isinstance(expire(process, images), Stored)
    assert served(process, images[0].StudyInstanceUID) == set()
    assert found(process, Level.SERIES, images[0].StudyInstanceUID) == []


@pytest.mark.parametrize(
    "values",
    [{"title": "113000"}, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"}],
    ids=["another title", "another SOP class"],
)
def test_other_documents_reject_nothing(process: Process, values: dict[str, str]) -> None:
    image = ct_image()
    store_all(process, [image, note([image], **values)])
    assert image.SOPInstanceUID in served(process, image.StudyInstanceUID)


def test_rejections_are_derived_again_from_the_packs(process: Process, database: Database, tmp_path: Path) -> None:
    images = series(3)
    store_all(process, images)
    process.store(note(images[:1]))
    assert isinstance(expire(process, images[1:2]), Stored)
    process.die()
    process.execute("truncate patient, study, series, kept_instance, pack, uid_code, rejection_note cascade")
    process.recover()
    assert process.rows("select count(*) from rejection_note") == [(2,)]
    assert images[2].SOPInstanceUID in served(process, images[0].StudyInstanceUID)
    assert len(served(process, images[0].StudyInstanceUID)) == 2
    assert process.recover().instances == 0


def test_what_was_recorded_while_the_note_was_is_hidden_by_its_job(process: Process) -> None:
    image = ct_image()
    process.store(note([image]))
    process.store(image)
    process.execute("update kept_instance set hidden = false where instance_uid = %s", image.SOPInstanceUID)
    process.execute("update series set instance_count = 1 where modality = 'CT'")
    assert image.SOPInstanceUID in served(process, image.StudyInstanceUID)
    ((job,),) = process.rows("select args->>'note' from procrastinate_jobs where task_name = 'rejection'")
    with process.database.connection() as connection:
        assert hide(connection, int(str(job))) == 1
    assert image.SOPInstanceUID not in served(process, image.StudyInstanceUID)
    assert process.rows("select instance_count from series where modality = 'CT'") == [(0,)]


def test_two_notes_that_hide_the_last_series_of_a_study_at_one_moment_take_it_off_the_list(process: Process) -> None:
    first, second = ct_image(), ct_image()
    second.StudyInstanceUID = first.StudyInstanceUID
    store_all(process, [first, second])
    process.store(note([first]))
    process.store(note([second]))
    process.execute("update kept_instance set hidden = false")
    process.execute("update series set instance_count = 1")
    assert len(found(process, Level.STUDY, first.StudyInstanceUID)) == 1
    (one,), (other,) = process.rows("select id from rejection_note order by id")
    with ThreadPoolExecutor(1) as executor, process.database.connection() as connection:
        assert hide(connection, int(str(one))) == 1
        later = executor.submit(Rejections(process.database).hide, int(str(other)))
        wait_until(lambda: later.done() or process.rows("select from pg_locks where not granted") != [])
        connection.commit()
        assert later.result(30) == 1
    assert found(process, Level.STUDY, first.StudyInstanceUID) == []


def test_people_see_what_was_rejected_and_the_record_keeps_it(process: Process) -> None:
    images = series(2)
    process.store(images[0])
    rejecting = note(images, "113037")
    process.store(rejecting)
    (entry,) = Rejections(process.database).all()
    assert (entry.note_uid, entry.title, entry.instances, entry.hidden) == (rejecting.SOPInstanceUID, "113037", 2, 1)
    assert (entry.actor, entry.meaning) == ("ae:TEST", "Rejected for Patient Safety Reasons")
    assert process.rows("select count, actor from event where kind = 'rejected'") == [(2, "ae:TEST")]


def test_a_note_that_comes_twice_rejects_once(process: Process) -> None:
    image = ct_image()
    process.store(image)
    rejecting = note([image])
    assert isinstance(process.store(rejecting), Stored)
    assert isinstance(process.store(rejecting), Stored)
    assert process.rows("select count(*) from rejection_note") == [(1,)]


def test_a_second_note_about_the_same_changes_no_count(process: Process) -> None:
    images = series(3)
    store_all(process, images)
    process.store(note(images[:2]))
    process.store(note(images[:2], "113037"))
    assert process.rows("select instance_count from series where modality = 'CT'") == [(1,)]


def test_a_note_without_readable_references_is_kept_as_any_object(process: Process) -> None:
    image = ct_image(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.59", Modality="KO")
    assert isinstance(process.store(image), Stored)
    assert served(process, image.StudyInstanceUID) == {image.SOPInstanceUID}
    assert new_uid() not in served(process, image.StudyInstanceUID)


def test_what_lies_elsewhere_than_the_note_says_is_not_hidden(process: Process) -> None:
    early, late = ct_image(), ct_image()
    process.store(early)
    for image in (early, late):
        process.store(note([ct_image(SOPInstanceUID=image.SOPInstanceUID)]))
    process.store(late)
    assert served(process, early.StudyInstanceUID) == {early.SOPInstanceUID}
    assert served(process, late.StudyInstanceUID) == {late.SOPInstanceUID}
    for image in (early, late):
        process.store(note([image]))
        assert image.SOPInstanceUID not in served(process, image.StudyInstanceUID)


@pytest.mark.parametrize("first", ["the named", "the naming"])
def test_a_note_is_not_hidden_by_another_nor_by_itself(process: Process, first: str) -> None:
    image = ct_image()
    process.store(image)
    named = note([image])
    naming = note([named, image])
    itself = note([image], "113037")
    reference = itself.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    reference.SeriesInstanceUID = itself.SeriesInstanceUID
    reference.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = itself.SOPInstanceUID
    for one in (named, naming) if first == "the named" else (naming, named):
        assert isinstance(process.store(one), Stored)
    assert isinstance(process.store(itself), Stored)
    uids = {one.SOPInstanceUID for one in (named, naming, itself)}
    assert served(process, image.StudyInstanceUID) == uids
    (study,) = process.rows("select sum(instance_count), sum(note_count), bool_or(is_shown) from series")
    assert study == (3, 3, True)
    assert isinstance(expire(process, [image, named, naming, itself]), Stored)
    assert served(process, image.StudyInstanceUID) == set()


def test_a_note_holds_though_its_uid_is_another_objects(process: Process, database: Database) -> None:
    images = series(3)
    study_uid = images[0].StudyInstanceUID
    store_all(process, images)
    first = note([images[0]])
    second = note([images[1]], SOPInstanceUID=first.SOPInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID)
    process.store(first)
    outcome = process.store(second)
    assert isinstance(outcome, Stored)
    assert outcome.stored_as is StoredAs.CONFLICT
    assert served(process, study_uid) == {images[2].SOPInstanceUID, first.SOPInstanceUID}
    (entry,) = Rejections(database).all()
    assert (entry.instances, entry.hidden) == (2, 2)
