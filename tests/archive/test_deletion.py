"""The bin: what is deleted is kept, not served, not brought back by sending it again, and given back on demand."""

import pytest
from pydicom.dataset import Dataset

from archive_process import SCOPE, Process
from filmless.archive.check import Totals, check
from filmless.archive.errors import NoSpace, NotFound
from filmless.archive.model import Level, Query, Stored
from filmless.archive.scope import Scope
from filmless.database.deletions import Deletions
from filmless.database.index.check import IndexCheck
from filmless.storage.files import FreeSpace
from notes import note
from objects import ct_image, series

CURATOR = Scope("user:curator", "10.0.0.9", everything=True)


@pytest.fixture
def deletions(process: Process) -> Deletions:
    return process.bin


def served(process: Process, study_uid: str) -> set[str]:
    try:
        return {kept.instance_uid for kept in process.archive.instances(study_uid, scope=SCOPE)}
    except NotFound:
        return set()


def counts(process: Process, study_uid: str) -> list[tuple[object, object]]:
    """Series and instances of a study as a query tells them; nothing where it is not listed."""
    matches = process.archive.find(Query(Level.STUDY, matches=(((0x0020000D,), study_uid),)), SCOPE).matches
    return [(match["00201206"]["Value"], match["00201208"]["Value"]) for match in matches]


def stored(process: Process, images: list[Dataset]) -> str:
    futures = [process.submit(image) for image in images]
    assert all(isinstance(future.result(30), Stored) for future in futures)
    return str(images[0].StudyInstanceUID)


def test_a_study_is_gone_from_lists_and_comes_back_whole(process: Process, deletions: Deletions) -> None:
    images = series(3)
    study_uid = stored(process, images)
    assert deletions.delete((study_uid, None, None), "wrong patient", CURATOR) == 3
    assert (served(process, study_uid), counts(process, study_uid)) == (set(), [])
    (entry,) = deletions.all()
    assert (entry.reason, entry.actor, entry.instances, entry.restored_at) == ("wrong patient", CURATOR.actor, 3, None)
    shown = (entry.patient_name, entry.patient_id, entry.study_date, entry.study_description)
    assert shown == ("Test^Anna", "P1", "20260102", "Head")
    assert deletions.restore(entry.public_id, SCOPE) == 3
    assert counts(process, study_uid) == [([1], [3])]
    assert len(served(process, study_uid)) == 3
    (entry,) = deletions.all()
    assert entry.restored_by == SCOPE.actor
    assert deletions.restore(entry.public_id, SCOPE) is None


def test_a_series_and_an_instance_leave_the_rest(process: Process, deletions: Deletions) -> None:
    images = series(3)
    study_uid = stored(process, images)
    other = ct_image(StudyInstanceUID=study_uid)
    stored(process, [other])
    first = images[0]
    assert deletions.delete((study_uid, first.SeriesInstanceUID, first.SOPInstanceUID), "", CURATOR) == 1
    assert counts(process, study_uid) == [([2], [3])]
    assert deletions.delete((study_uid, first.SeriesInstanceUID, None), "", CURATOR) == 2
    assert served(process, study_uid) == {other.SOPInstanceUID}


@pytest.mark.parametrize("again", ["the same", "other content"])
def test_sending_again_never_revives(process: Process, deletions: Deletions, again: str) -> None:
    image = ct_image()
    study_uid = stored(process, [image])
    deletions.delete((study_uid, None, None), "", CURATOR)
    if again == "other content":
        image.PixelData = bytes(128)
    assert isinstance(process.store(image), Stored)
    assert served(process, study_uid) == set()
    assert counts(process, study_uid) == []


def test_what_is_not_there_or_gone_already_is_nothing_to_delete(process: Process, deletions: Deletions) -> None:
    study_uid = stored(process, [ct_image()])
    assert deletions.delete(("1.2.3", None, None), "", CURATOR) == 0
    assert deletions.delete((study_uid, "1.2.3", None), "", CURATOR) == 0
    deletions.delete((study_uid, None, None), "", CURATOR)
    assert deletions.delete((study_uid, None, None), "", CURATOR) == 0
    assert len(deletions.all()) == 1


def test_a_scope_that_does_not_reach_a_study_deletes_nothing_of_it(process: Process, deletions: Deletions) -> None:
    study_uid = stored(process, [ct_image()])
    assert deletions.delete((study_uid, None, None), "", Scope("user:narrow", study_uids=frozenset({"1.2.3"}))) == 0
    assert len(served(process, study_uid)) == 1


def test_what_a_note_rejected_meanwhile_stays_hidden(process: Process, deletions: Deletions) -> None:
    images = series(2)
    study_uid = stored(process, images)
    deletions.delete((study_uid, None, None), "", CURATOR)
    rejecting = note(images[:1])
    process.store(rejecting)
    assert deletions.restore(deletions.all()[0].public_id, CURATOR) == 1
    assert served(process, study_uid) == {images[1].SOPInstanceUID, rejecting.SOPInstanceUID}


def test_a_note_that_is_deleted_with_its_study_comes_back_with_it(process: Process, deletions: Deletions) -> None:
    images = series(2)
    study_uid = stored(process, images)
    process.store(note(images[:1]))
    before = counts(process, study_uid)
    assert deletions.delete((study_uid, None, None), "", CURATOR) == 2
    assert counts(process, study_uid) == []
    deletions.restore(deletions.all()[0].public_id, CURATOR)
    assert counts(process, study_uid) == before


def test_who_deleted_and_who_gave_back_is_in_the_record_without_the_reason(
    process: Process, deletions: Deletions
) -> None:
    study_uid = stored(process, [ct_image()])
    deletions.delete((study_uid, None, None), "Anna asked for it", CURATOR)
    deletions.restore(deletions.all()[0].public_id, SCOPE)
    rows = process.rows(
        "select kind, actor, details::text from event where kind in ('deleted', 'restored') order by id"
    )
    assert [row[:2] for row in rows] == [("deleted", CURATOR.actor), ("restored", SCOPE.actor)]
    assert not any("Anna" in str(row[2]) for row in rows)


def lose_the_database(process: Process) -> None:
    """Every row is gone, with who was deleted, when and why; the packs are there."""
    process.die()
    process.execute("truncate patient, pack, deletion restart identity cascade")


def test_a_rebuild_from_the_packs_knows_what_lies_in_the_bin(process: Process, deletions: Deletions) -> None:
    images = series(3)
    study_uid = stored(process, images)
    first = images[0]
    deletions.delete((study_uid, first.SeriesInstanceUID, first.SOPInstanceUID), "wrong patient", CURATOR)
    deletions.delete((study_uid, None, None), "", SCOPE)
    late = ct_image(StudyInstanceUID=study_uid)
    stored(process, [late])
    before = deletions.all()
    lose_the_database(process)
    assert process.recover().instances == 4
    assert served(process, study_uid) == {late.SOPInstanceUID}
    assert deletions.all() == before
    assert deletions.restore(before[1].public_id, CURATOR) == 1
    assert served(process, study_uid) == {first.SOPInstanceUID, late.SOPInstanceUID}


def test_a_rebuild_shows_what_was_given_back(process: Process, deletions: Deletions) -> None:
    images = series(2)
    study_uid = stored(process, images)
    deletions.delete((study_uid, None, None), "", CURATOR)
    deletions.restore(deletions.all()[0].public_id, SCOPE)
    before = deletions.all()
    lose_the_database(process)
    process.recover()
    assert len(served(process, study_uid)) == 2
    assert counts(process, study_uid) == [([1], [2])]
    assert deletions.all() == before


def test_a_replay_changes_nothing_that_is_known(process: Process, deletions: Deletions) -> None:
    study_uid = stored(process, series(2))
    deletions.delete((study_uid, None, None), "", CURATOR)
    deletions.restore(deletions.all()[0].public_id, SCOPE)
    deletions.delete((study_uid, None, None), "again", CURATOR)
    before = deletions.all()
    process.die()
    for _ in range(2):
        process.recover()
        assert deletions.all() == before
        assert (served(process, study_uid), counts(process, study_uid)) == (set(), [])


def test_a_deletion_that_cannot_be_written_beside_the_instances_is_none(
    process: Process, deletions: Deletions, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_uid = stored(process, [ct_image()])
    monkeypatch.setattr(process.journal, "_space", FreeSpace(1.0))
    with pytest.raises(NoSpace):
        deletions.delete((study_uid, None, None), "", CURATOR)
    assert len(served(process, study_uid)) == 1
    assert deletions.all() == []


def test_the_record_of_a_decision_is_no_member_of_its_pack(process: Process, deletions: Deletions) -> None:
    study_uid = stored(process, [ct_image()])
    deletions.delete((study_uid, None, None), "", CURATOR)
    process.die()
    process.recover()
    assert list(check(process.packs, IndexCheck(process.database), Totals())) == []
