"""Faults of the disk: nothing is acknowledged that was not synced, and the next store works."""

import errno
import mmap
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from filmless.archive.errors import NoSpace, Unavailable
from filmless.archive.model import Margins
from filmless.archive.ports import Label, NewMember
from filmless.storage.files import FreeSpace
from filmless.storage.folder import PackFolder


def member(name: str, size: int = 5000) -> NewMember:
    head, data_set = b"h" * 300, os.urandom(size)
    label = Label(f"1/2/{name}.dcm", sha256(head).digest(), sha256(data_set).digest(), datetime.now(UTC))
    return NewMember(label, head, data_set)


def with_margins(plain: NewMember) -> NewMember:
    """The same member as the network door leaves it: with room around, in memory that direct I/O takes."""
    memory = mmap.mmap(-1, 64 << 10)
    start = 8 * 512 + len(plain.head) % 512
    stop = start + len(plain.data_set)
    memory[start:stop] = bytes(plain.data_set)
    view = memoryview(memory)
    return replace(plain, data_set=view[start:stop], margins=Margins(view, start, stop))


@pytest.fixture
def folder(tmp_path: Path) -> PackFolder:
    return PackFolder(tmp_path, space=FreeSpace(0, 0))


def names(folder: PackFolder) -> list[str]:
    """Members of all packs after a start has looked at them."""
    found = []
    folder.leave()
    for pack in sorted(folder.lengths()):
        with folder.claim(pack) as reader:
            assert reader is not None
            found += [member.label.path for member in reader.members(0)]
            reader.seal()
    return found


def failing(monkeypatch: pytest.MonkeyPatch, call: str, number: int, when: Callable[[], bool] = lambda: True) -> None:
    """Let one system call fail once."""
    real, failed = getattr(os, call), []

    def fail_once(*arguments: object) -> object:
        if not failed and when():
            failed.append(True)
            raise OSError(number, os.strerror(number))
        return real(*arguments)

    monkeypatch.setattr(os, call, fail_once)


@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, NoSpace), (errno.EIO, Unavailable)])
def test_a_failed_write_is_taken_back(
    folder: PackFolder, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    folder.append([member("1")])
    failing(monkeypatch, "pwritev", number)

    with pytest.raises(error):
        folder.append([member("2")])
    folder.append([member("3")])

    assert names(folder) == ["1/2/1.dcm", "1/2/3.dcm"]


@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, NoSpace), (errno.EIO, Unavailable)])
def test_after_a_failed_sync_the_pack_is_given_up(
    folder: PackFolder, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    first = folder.append([member("1")])
    failing(monkeypatch, "fdatasync", number)

    with pytest.raises(error):
        folder.append([member("2")])
    later = folder.append([member("3")])

    assert later.pack != first.pack
    assert sorted(names(folder)) == ["1/2/1.dcm", "1/2/3.dcm"]


def test_a_new_pack_whose_name_cannot_be_synced_holds_nothing(
    folder: PackFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.append([member("1")])
    folder.leave()
    failing(monkeypatch, "fsync", errno.EIO)

    with pytest.raises(Unavailable):
        folder.append([member("2")])
    folder.append([member("3")])

    assert sorted(names(folder)) == ["1/2/1.dcm", "1/2/3.dcm"]


def test_a_write_that_is_cut_short_is_continued(folder: PackFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwritev
    monkeypatch.setattr(os, "pwritev", lambda file, pieces, offset: real(file, [pieces[0][:512]], offset))
    whole, others = member("1", 100_000), [with_margins(member(number, 5000)) for number in "23"]

    appended = folder.append([whole, *others])

    assert folder.read(appended.pack, appended.offsets[0], appended.end)[300:100_300] == whole.data_set
    assert names(folder) == ["1/2/1.dcm", "1/2/2.dcm", "1/2/3.dcm"]


def test_members_written_from_where_they_lie_are_as_all_others(folder: PackFolder) -> None:
    plain = [member(str(number), 1000 + number) for number in range(6)]
    mixed = [with_margins(each) if number % 3 else each for number, each in enumerate(plain)]

    one, two = folder.append(plain), folder.append(mixed)

    begin, end = one.offsets[0], one.end
    first = folder.read(one.pack, begin, end)
    second = folder.read(two.pack, two.offsets[0], two.end)
    assert first == second
    assert [at - two.offsets[0] for at in two.offsets] == [at - begin for at in one.offsets]


def test_a_data_set_without_room_around_it_is_copied(folder: PackFolder) -> None:
    narrow = member("1", 3000)
    data_set = memoryview(bytearray(narrow.data_set))

    folder.append([replace(narrow, margins=Margins(data_set, 0, len(data_set)))])

    assert names(folder) == ["1/2/1.dcm"]


def test_a_disk_that_takes_no_direct_writes_is_written_through_the_cache(
    folder: PackFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "pwritev", errno.EINVAL)

    folder.append([member("1")])

    assert names(folder) == ["1/2/1.dcm"]


def test_below_the_free_space_mark_nothing_is_taken_and_all_is_read(tmp_path: Path) -> None:
    roomy = PackFolder(tmp_path, space=FreeSpace(0, 0))
    appended = roomy.append([member("1")])
    full = PackFolder(tmp_path, space=FreeSpace(1.0, 0))

    with pytest.raises(NoSpace):
        full.append([member("2")])
    with pytest.raises(NoSpace):
        full.open_large("")
    assert len(full.read(appended.pack, appended.offsets[0], appended.end)) > 5000


def test_a_full_pack_is_sealed_and_another_begun(tmp_path: Path) -> None:
    folder = PackFolder(tmp_path, space=FreeSpace(0, 0), seal_at=20_000)

    packs = [folder.append([member(str(number))]).pack for number in range(8)]

    assert len(set(packs)) > 1
    assert list(folder.sealed()) == packs[:: packs.count(packs[0])][: len(set(packs)) - 1]
    assert folder.sealed() == []


def test_a_pack_is_locked_as_long_as_it_is_written(folder: PackFolder) -> None:
    pack = folder.append([member("1")]).pack

    with folder.claim(pack) as reader:
        assert reader is None
    folder.leave()
    with folder.claim(pack) as reader:
        assert reader is not None
