"""What is committed: what is there and whole, whether the index says so or not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, MRImageStorage

from archive_process import Process
from filmless.archive.commitment import Commitment, Proof, Request, State, Ticket, next_look, settle
from filmless.archive.commitment_desk import HELD, MOST_AT_ONCE, CommitmentDesk
from filmless.archive.model import Stored
from filmless.database.commitments import Commitments
from filmless.standards.data_set.references import Reference
from notes import note
from objects import ct_image, new_uid

WAITED = timedelta(hours=1)


class Desk:
    """The record of commitments beside an archive."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.record = Commitments(process.database, process.events)

    def ask(self, *references: Reference, transaction_uid: str | None = None, ae: str = "CT1") -> Commitment:
        uid = transaction_uid or new_uid()
        self.record.ask(Request(ae, "FILMLESS", "127.0.0.1", uid, references, datetime.now(UTC)))
        found = self.pending()
        assert found is not None
        return found

    def pending(self, back: int = 0) -> Commitment | None:
        (row,) = self.process.rows("select id, serial from commitment order by id desc limit 1 offset %s", back)
        return self.record.pending(int(str(row[0])), int(str(row[1])))

    def settled(self, commitment: Commitment, proof: Proof = Proof.HASH, *, after: timedelta = WAITED) -> Sequence[int]:
        moment = commitment.request.requested_at + after
        decided = settle(commitment, self.record, self.process.packs, proof, moment)
        assert decided is not None
        assert decided.failures is not None
        return decided.failures


@pytest.fixture
def desk(process: Process) -> Desk:
    return Desk(process)


def reference(image: Dataset, sop_class_uid: str = CTImageStorage) -> Reference:
    return Reference(sop_class_uid, image.SOPInstanceUID)


def stored(process: Process) -> Dataset:
    image = ct_image()
    assert isinstance(process.store(image), Stored)
    return image


def pack(process: Process) -> Path:
    ((name,),) = process.rows("select name from pack")
    return process.packs._root / str(name)


def test_what_is_kept_is_committed_and_what_is_not_is_named(process: Process, desk: Desk) -> None:
    image = stored(process)
    asked = desk.ask(reference(image), Reference(CTImageStorage, new_uid()), reference(image, MRImageStorage))
    assert list(desk.settled(asked)) == [0, 0x0112, 0x0119]
    assert list(desk.settled(asked, Proof.READ)) == [0, 0x0112, 0x0119]


def test_instances_that_have_not_come_are_waited_for(process: Process, desk: Desk) -> None:
    image = ct_image()
    asked = desk.ask(reference(image))
    now = asked.request.requested_at + timedelta(seconds=1)
    assert settle(asked, desk.record, process.packs, Proof.HASH, now) is None
    process.store(image)
    again = desk.pending()
    assert again is not None
    assert again.serial > asked.serial
    assert list(desk.settled(again, after=timedelta(seconds=2))) == [0]


def test_looks_come_less_often_and_end_when_it_was_waited_for_long_enough(desk: Desk) -> None:
    asked = desk.ask(Reference(CTImageStorage, new_uid()))
    start = asked.request.requested_at
    looks = [start]
    while (look := next_look(asked, looks[-1])) is not None:
        looks.append(look)
    pauses = [second - first for first, second in pairwise(looks)]
    assert looks[-1] == start + timedelta(minutes=10)
    assert pauses[0] == timedelta(seconds=1)
    assert max(pauses) <= timedelta(seconds=20)
    assert len(looks) < 60


def test_bytes_that_are_gone_are_not_committed_though_the_row_is_there(process: Process, desk: Desk) -> None:
    asked = desk.ask(reference(stored(process)))
    path = pack(process)
    path.rename(path.with_suffix(".elsewhere"))
    process.packs._reading.cache_clear()
    assert list(desk.settled(asked)) == [0x0112]


def test_a_pack_removed_while_it_is_read_is_gone(process: Process, desk: Desk) -> None:
    asked = desk.ask(reference(stored(process)))
    process.packs.read(str(process.rows("select name from pack")[0][0]), 0, 1)
    pack(process).unlink()
    assert list(desk.settled(asked)) == [0x0112]


def test_a_file_that_was_cut_is_not_committed(process: Process, desk: Desk) -> None:
    asked = desk.ask(reference(stored(process)))
    path = pack(process)
    with path.open("r+b") as file:
        file.truncate(2000)
    assert list(desk.settled(asked)) == [0x0112]


def test_damage_is_found_by_reading_again(process: Process, desk: Desk) -> None:
    asked = desk.ask(reference(stored(process)))
    ((offset, length),) = process.rows("select pack_offset, length from instance")
    with pack(process).open("r+b") as file:
        file.seek(int(str(offset)) + int(str(length)) - 4)
        file.write(b"\xff\xff")
    assert list(desk.settled(asked, Proof.READ)) == [0x0110]


def test_a_label_that_is_another_is_damage_without_reading(process: Process, desk: Desk) -> None:
    asked = desk.ask(reference(stored(process)))
    process.execute("update instance set data_set_sha256 = sha256('other')")
    assert list(desk.settled(asked)) == [0x0110]


def test_the_same_request_again_is_one_commitment_and_is_carried_out_again(process: Process, desk: Desk) -> None:
    image, uid = stored(process), new_uid()
    first = desk.ask(reference(image), transaction_uid=uid)
    desk.record.decided(first, desk.settled(first))
    desk.record.reported(first)
    second = desk.ask(reference(image), transaction_uid=uid)
    assert (second.key, second.failures, second.is_duplicate) == (first.key, None, False)
    assert desk.record.pending(first.key, first.serial) is None


def test_another_list_under_the_same_transaction_uid_is_refused_whole(process: Process, desk: Desk) -> None:
    image, uid = stored(process), new_uid()
    first = desk.ask(reference(image), transaction_uid=uid)
    other = desk.ask(reference(stored(process)), reference(image), transaction_uid=uid)
    assert list(desk.settled(other)) == [0x0131, 0x0131]
    assert list(desk.settled(first)) == [0]
    assert not desk.ask(reference(image), transaction_uid=uid, ae="OTHER").is_duplicate


def test_people_see_the_state_and_can_have_it_tried_again(process: Process, desk: Desk) -> None:
    asked = desk.ask(reference(stored(process)), Reference(CTImageStorage, new_uid()))
    settled = desk.pending()
    assert settled is not None
    desk.settled(settled)
    desk.record.failed(settled, datetime.now(UTC) + timedelta(minutes=1), "it does not answer")
    (entry,) = desk.record.all()
    assert (entry.state, entry.instances, entry.committed, entry.attempts) == (State.REPORTING, 2, 1, 1)
    assert entry.last_error == "it does not answer"
    desk.record.given_up(desk.pending() or asked, "it does not answer")
    assert desk.record.all()[0].state is State.GIVEN_UP
    assert desk.record.retry(entry.public_id, "user:anna")
    assert desk.record.all()[0].state is State.WAITING
    kinds = [
        row[0]
        for row in process.rows("select kind || ' ' || outcome from event where kind like 'commitment%%' order by id")
    ]
    assert kinds == ["commitment-asked success", "commitment-reported failure", "commitment-asked success"]


def test_a_door_goes_on_with_what_can_be_looked_at_at_once(process: Process, desk: Desk) -> None:
    image, now = stored(process), datetime.now(UTC)
    proofs = {"THOROUGH": Proof.READ}
    door = CommitmentDesk(desk.record, process.packs, lambda title: proofs.get(title, Proof.HASH))

    def ask(*references: Reference, ae: str = "CT1") -> Ticket | None:
        return door.ask(Request(ae, "FILMLESS", "127.0.0.1", new_uid(), references, now))

    assert ask(reference(image), ae="THOROUGH") is None
    assert ask(*[reference(image)] * (MOST_AT_ONCE + 1)) is None
    absent = ask(Reference(CTImageStorage, new_uid()))
    assert absent is not None
    assert door.settle(absent, now) is None
    ticket = ask(reference(image))
    assert ticket is not None
    ((due,),) = process.rows("select scheduled_at from procrastinate_jobs order by id desc limit 1")
    assert due == now + HELD
    decided = door.settle(ticket, now)
    assert decided is not None
    assert decided.failures == (0,)
    door.let_go(decided)
    assert door.settle(ticket, now) is None
    ((due,),) = process.rows("select scheduled_at from procrastinate_jobs order by id desc limit 1")
    assert due is None
    (entry, *_) = desk.record.all()
    assert (entry.state, entry.committed, entry.attempts) == (State.REPORTING, 1, 0)
    door.reported(decided)
    assert desk.record.all()[0].state is State.REPORTED


def test_a_rejected_instance_is_not_committed(process: Process, desk: Desk) -> None:
    image = stored(process)
    process.store(note([image]))
    assert list(desk.settled(desk.ask(reference(image)))) == [0x0112]
