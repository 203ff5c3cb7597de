"""Large objects: streamed, hashed and read as they pass."""

import tracemalloc
from datetime import UTC, datetime

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless

from archive_process import SCOPE, SOURCE, Process
from filmless.archive.errors import Damaged, NoSpace, Unavailable
from filmless.archive.model import Refusal, Refused, Stored, StoredAs
from filmless.archive.receive.large import PREFIX, LargeStore
from filmless.standards.data_set.part10 import write_head
from objects import ct_image, data_set_bytes

CHUNK = 1 << 20


def begin(process: Process, image: Dataset, syntax: str = ExplicitVRLittleEndian) -> LargeStore:
    head = write_head(image.SOPClassUID, image.SOPInstanceUID, syntax, "TEST")
    return process.archive.store_large(SOURCE, syntax, None, None, SCOPE, datetime.now(UTC), head)


def stream(process: Process, image: Dataset, syntax: str = ExplicitVRLittleEndian, *, chunk: int = CHUNK) -> object:
    large, data_set = begin(process, image, syntax), data_set_bytes(image, syntax)
    for start in range(0, len(data_set), chunk):
        large.write(data_set[start : start + chunk])
    return large.finish().result(30)


def served(process: Process, image: Dataset) -> bytes:
    (kept,) = process.archive.instances(image.StudyInstanceUID, None, image.SOPInstanceUID, scope=SCOPE)
    return b"".join(process.archive.chunks(kept))[kept.placement.head_length :]


def test_a_streamed_object_comes_back_and_lies_in_a_sealed_pack_of_its_own(process: Process) -> None:
    image = ct_image(Rows=2048, Columns=2048, PixelData=bytes(2048 * 2048 * 2))

    assert stream(process, image).stored_as is StoredAs.NEW

    assert served(process, image) == data_set_bytes(image)
    process.store(ct_image())
    assert process.rows("select count(*) from pack where sealed_at is not null") == [(1,)]
    assert process.recover().packs == 0


@pytest.mark.parametrize("chunk", [700, 65_536, CHUNK])
def test_frames_are_found_however_the_bytes_were_cut(process: Process, chunk: int) -> None:
    frames = [bytes([number]) * (500 + 2 * number) for number in range(20)]
    image = ct_image(NumberOfFrames=20, PixelData=encapsulate(frames))
    image["PixelData"].VR = "OB"
    image["PixelData"].is_undefined_length = True

    stream(process, image, JPEG2000Lossless, chunk=chunk)

    (kept,) = process.archive.instances(image.StudyInstanceUID, scope=SCOPE)
    table = process.archive.frames(kept, SCOPE)
    head = kept.placement.head_length
    read = [
        b"".join(process.archive.read(kept, head + start, head + start + size) for start, size in fragments)
        for fragments in table.fragments
    ]
    assert read == frames


def test_a_header_longer_than_what_is_kept_in_memory_is_read_from_the_disk(process: Process) -> None:
    image = ct_image(EncapsulatedDocument=b"%PDF" * (PREFIX // 2))
    del image.PixelData

    assert stream(process, image).stored_as is StoredAs.NEW
    assert served(process, image) == data_set_bytes(image)


def test_the_same_object_again_leaves_one_pack(process: Process) -> None:
    image = ct_image(Rows=1024, Columns=1024, PixelData=bytes(1 << 21))

    outcomes = [stream(process, image).stored_as for _ in range(2)]

    assert outcomes == [StoredAs.NEW, StoredAs.SAME]
    assert len(process.packs.lengths()) == 1


def test_another_content_of_a_large_object_is_a_conflict_with_a_name_of_its_own(process: Process) -> None:
    image = ct_image(Rows=1024, Columns=1024, PixelData=bytes(1 << 21))
    stream(process, image)
    image.PixelData = bytes([1]) * (1 << 21)

    assert stream(process, image).stored_as is StoredAs.CONFLICT

    (version,) = process.archive.conflicts(SCOPE)
    (label,) = [member.label for member in process.packs.members(version.placement.pack, 1 << 30)]
    assert ".conflict-" in label.path


def test_what_is_no_data_set_is_refused_early_and_leaves_nothing(process: Process) -> None:
    large = begin(process, ct_image())
    for _ in range(3):
        large.write(b"\x08\0\x05\0SQ\0\0\xff\xff\xff\x7f" * 50_000)

    assert isinstance(large.finish().result(30), Refused)
    assert process.packs.lengths() == {}


def test_an_aborted_object_leaves_nothing(process: Process) -> None:
    large = begin(process, ct_image())
    large.write(bytes(5 << 20))
    large.abort()

    assert process.packs.lengths() == {}


def test_a_full_disk_is_told_at_the_end(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_issuer: str) -> None:
        raise NoSpace("full")

    monkeypatch.setattr(process.packs, "open_large", full)
    large = begin(process, ct_image())
    large.write(bytes(100))

    assert large.finish().result(30).refusal is Refusal.NO_SPACE


def test_memory_does_not_grow_with_the_object(process: Process) -> None:
    image = ct_image(Rows=1024, Columns=1024, PixelData=b"")
    del image.PixelData
    start = data_set_bytes(image) + b"\xe0\x7f\x10\0OW\0\0" + (64 << 20).to_bytes(4, "little")
    chunk = bytes(CHUNK)
    large = begin(process, image)
    large.write(start)
    tracemalloc.start()
    for _ in range(64):
        large.write(chunk)
    outcome = large.finish().result(60)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert isinstance(outcome, Stored)
    assert peak < 4 << 20


def test_what_was_checked_lately_is_checked_again_once_its_pack_was_written_to(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("filmless.storage.reading.QUIET_NS", -1)
    image = ct_image()
    process.store(image)
    (kept,) = process.archive.instances(image.StudyInstanceUID, scope=SCOPE)
    place = kept.placement
    before = b"".join(process.archive.chunks(kept, SCOPE))
    assert not process.packs.check(place).is_due
    assert b"".join(process.archive.chunks(kept, SCOPE)) == before

    pack = process.packs._root / place.pack
    changed = pack.stat().st_ctime_ns
    while pack.stat().st_ctime_ns == changed:  # the steps in which the file system tells the time
        with pack.open("r+b") as file:
            file.seek(place.offset + place.length - 1)
            file.write(b"\xff")

    with pytest.raises(Damaged):
        b"".join(process.archive.chunks(kept, SCOPE))


def test_a_check_right_after_a_write_is_not_remembered(process: Process) -> None:
    image = ct_image()
    process.store(image)
    (kept,) = process.archive.instances(image.StudyInstanceUID, scope=SCOPE)
    b"".join(process.archive.chunks(kept, SCOPE))

    assert process.packs.check(kept.placement).is_due


def test_a_flipped_byte_is_an_error_and_an_event_and_never_served_silently(process: Process) -> None:
    image = ct_image()
    process.store(image)
    (kept,) = process.archive.instances(image.StudyInstanceUID, scope=SCOPE)
    with (process.packs._root / kept.placement.pack).open("r+b") as pack:
        pack.seek(kept.placement.offset + kept.placement.length - 1)
        pack.write(b"\xff")

    with pytest.raises(Damaged):
        list(process.archive.chunks(kept))
    process.events.flush()
    assert process.rows("select outcome from event where kind = 'damage-found'") == [("failure",)]


def test_a_pack_that_vanished_is_unavailable(process: Process) -> None:
    image = ct_image()
    process.store(image)
    (kept,) = process.archive.instances(image.StudyInstanceUID, scope=SCOPE)
    (process.packs._root / kept.placement.pack).unlink()

    with pytest.raises(Unavailable):
        process.archive.read(kept)
