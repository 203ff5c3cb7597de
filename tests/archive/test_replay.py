"""Replay: what a start makes good, whatever was lost."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from archive_process import SCOPE, Process, policy, received
from filmless.archive.check import Fault, Totals, check
from filmless.archive.errors import Unavailable
from filmless.archive.findings import FindingKind
from filmless.archive.model import Door, DuplicatePolicy, Source, Stored
from filmless.database.index.check import IndexCheck
from filmless.standards.data_set.part10 import IMPLEMENTATION_CLASS_UID, write_head
from objects import ct_image, data_set_bytes, new_uid, series


@pytest.fixture
def dead(process: Process) -> Process:
    """A process that stored five instances of a series and was killed."""
    for image in series(5):
        assert isinstance(process.store(image), Stored)
    process.die()
    return process


def pack_of(process: Process) -> Path:
    (name,) = process.packs.lengths()
    return process.packs._root / name


def problems(process: Process) -> list[Fault]:
    return [problem.fault for problem in check(process.packs, IndexCheck(process.database), Totals())]


def counts(process: Process) -> tuple[object, ...]:
    (row,) = process.rows(
        "select (select count(*) from instance), (select sum(instance_count) from series),"
        " (select sum(members) from pack)"
    )
    return row


def test_a_pack_that_lost_nothing_is_sealed_and_nothing_else_changes(dead: Process) -> None:
    before = dead.rows("select * from instance order by id")

    found = dead.recover()

    assert (found.packs, found.instances, found.damaged) == (1, 0, 0)
    assert dead.rows("select * from instance order by id") == before
    assert pack_of(dead).read_bytes().endswith(bytes(1024))
    assert dead.recover().packs == 0
    assert problems(dead) == []


def test_the_newest_rows_come_back_though_the_mark_says_they_are_there(dead: Process) -> None:
    dead.execute("delete from instance where id > (select max(id) - 2 from instance)")

    assert dead.recover().instances == 2
    assert counts(dead) == (5, 5, 5)
    assert problems(dead) == []


def test_who_sent_a_series_comes_back_with_it(process: Process) -> None:
    sent, imported = ct_image(), ct_image()
    process.store(sent)
    process.archive.store(
        replace(received(imported), head=foreign_head(imported), source=Source(Door.IMPORT)), SCOPE
    ).result(30)
    sources = "select s.series_uid, s.source_ae from series s order by 1"
    before = process.rows(sources)
    assert sorted(row[1] for row in before) == ["", "TEST"]
    process.die()
    process.execute("truncate patient, study, series, kept_instance, pack, uid_code cascade")
    assert process.recover().instances == 2
    assert process.rows(sources) == before


def foreign_head(image: Dataset) -> bytes:
    """Written by another program, which says where it had the file from."""
    head = write_head(image.SOPClassUID, image.SOPInstanceUID, ExplicitVRLittleEndian, "ELSEWHERE")
    return head.replace(IMPLEMENTATION_CLASS_UID.encode(), IMPLEMENTATION_CLASS_UID.encode()[:-1] + b"9")


def test_the_newest_rows_of_a_sealed_pack_come_back(process: Process) -> None:
    for image in series(5):
        process.store(image)
    process.close()
    process.execute("delete from instance where id > (select max(id) - 2 from instance)")

    assert process.recover().instances == 2
    assert counts(process) == (5, 5, 5)


def test_a_mark_that_lost_its_latest_advance_changes_nothing(dead: Process) -> None:
    dead.execute("update pack set indexed_to = 0")

    assert dead.recover().instances == 0
    assert counts(dead) == (5, 5, 5)
    assert problems(dead) == []


def test_an_older_database_beside_newer_packs_gets_all_rows(dead: Process) -> None:
    dead.execute("truncate patient, study, series, kept_instance, pack, uid_code, event, finding cascade")

    assert dead.recover().instances == 5
    assert counts(dead) == (5, 5, 5)
    assert dead.rows("select kind, count(*) from event group by kind order by kind") == [
        ("series-arrived", 1),
        ("study-arrived", 1),
    ]
    assert problems(dead) == []


def test_the_first_content_stays_the_served_one_when_all_rows_are_lost(process: Process, tmp_path: Path) -> None:
    first = ct_image()
    identity = {keyword: getattr(first, keyword) for keyword in ("StudyInstanceUID", "SOPInstanceUID")}
    other = ct_image(**identity, SeriesInstanceUID=first.SeriesInstanceUID, StudyDescription="Other")
    third = ct_image(**identity, SeriesInstanceUID=new_uid(), StudyDescription="Third")
    process.store(first)
    process.store(other)
    process.store(third, source=policy(DuplicatePolicy.REPLACE))
    process.die()
    process.execute("truncate patient, study, series, kept_instance, pack, uid_code cascade")

    process.recover()

    (kept,) = process.archive.instances(first.StudyInstanceUID, scope=SCOPE)
    served = b"".join(process.archive.chunks(kept))[kept.placement.head_length :]
    assert served == data_set_bytes(third)
    assert len(process.archive.conflicts(SCOPE)) == 2
    assert problems(process) == []


@pytest.mark.parametrize("cut", [1, 511, 512, 700, 1536, 1537])
def test_a_torn_tail_is_cut_off(dead: Process, cut: int) -> None:
    dead.execute("delete from instance where id = (select max(id) from instance)")
    dead.execute("update pack set indexed_to = (select max(pack_offset) from instance), members = 4")
    dead.execute("update series set instance_count = 4")
    dead.execute("update pack set indexed_to = 0")
    pack = pack_of(dead)
    os.truncate(pack, pack.stat().st_size - cut)

    assert dead.recover().instances == 0
    assert counts(dead) == (4, 4, 4)
    assert problems(dead) == []


def test_a_member_whose_bytes_never_reached_the_disk_is_declared_void(dead: Process) -> None:
    ((offset, length),) = dead.rows("select pack_offset, length from instance order by id limit 1 offset 2")
    with pack_of(dead).open("r+b") as file:
        file.seek(offset + length - 100)
        file.write(bytes(50))
    dead.execute("truncate patient, study, series, kept_instance, pack, uid_code cascade")

    found = dead.recover()

    assert (found.instances, found.damaged) == (4, 1)
    assert problems(dead) == []
    assert dead.recover().packs == 0


def test_rows_without_bytes_are_reported_and_not_served(dead: Process) -> None:
    ((offset, study_uid),) = dead.rows(
        "select pack_offset, study_uid from instance i join series r on r.id = i.series_id"
        " join study s on s.id = r.study_id order by i.id limit 1 offset 2"
    )
    os.truncate(pack_of(dead), offset + 10)

    found = dead.recover()

    assert (found.missing, found.instances) == (3, 0)
    assert len(dead.archive.instances(study_uid, scope=SCOPE)) == 2
    assert [finding.kind for finding in dead.archive.findings(SCOPE)] == [FindingKind.MISSING_BYTES]
    assert dead.rows("select count(*) from missing_instance") == [(3,)]
    assert counts(dead) == (2, 2, 2)
    assert problems(dead) == []


def test_rows_come_back_with_the_bytes(dead: Process, tmp_path: Path) -> None:
    dead.recover()
    (name,) = dead.packs.lengths()
    other = Process(dead.database, dead.packs._root)
    other.store(ct_image())
    other.close()
    away = tmp_path / "away.tar"
    (dead.packs._root / name).rename(away)
    assert dead.recover().missing == 5

    away.rename(dead.packs._root / name)

    assert dead.recover().instances == 5
    assert problems(dead) == []


def test_a_start_without_the_disk_of_the_packs_changes_nothing(dead: Process) -> None:
    root = dead.packs._root
    (root / "ingest").rename(root / "elsewhere")

    with pytest.raises(Unavailable):
        dead.recover()
    assert counts(dead) == (5, 5, 5)


def test_a_pack_with_a_writer_is_left_alone(process: Process) -> None:
    process.store(ct_image())

    assert process.recover().packs == 0
    assert isinstance(process.store(ct_image()), Stored)


def test_a_large_object_that_was_cut_off_leaves_nothing(dead: Process) -> None:
    large = dead.packs.open_large("")
    large.write(bytes(3 << 20))
    large.leave()

    assert dead.recover().instances == 0
    assert len(dead.packs.lengths()) == 1


def test_the_check_finds_a_flipped_byte(dead: Process) -> None:
    dead.recover()
    ((offset,),) = dead.rows("select pack_offset + length - 3 from instance order by id limit 1")
    with pack_of(dead).open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff")

    assert problems(dead) == [Fault.DAMAGED]


def test_the_check_finds_a_wrong_count_and_a_member_without_row(dead: Process) -> None:
    dead.recover()
    dead.execute("delete from instance where id = (select max(id) from instance)")

    assert problems(dead) == [Fault.NO_ROW, Fault.WRONG_COUNT]
