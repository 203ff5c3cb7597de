"""Members of packs as tar reads them, and as replay finds them."""

import io
import tarfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.archive.ports import Label
from filmless.storage import tar

LONGEST = "/".join(["1." + "2" * 62] * 3) + ".conflict-0123456789abcdef.dcm"


def label(path: str = "1/2/3.dcm", issuer: str = "", replaces: bool = False) -> Label:
    return Label(path, b"a" * 32, b"b" * 32, datetime(2026, 1, 2, 3, 4, 5, 678, UTC), issuer, replaces)


def archive(*members: tuple[Label, bytes]) -> bytes:
    return b"".join(tar.header(each, len(file)) + file + tar.padding(len(file)) for each, file in members) + tar.END


def walk(data: bytes) -> list[tar.Found]:
    return list(tar.walk(lambda start, stop: data[start:stop], 0, len(data)))


@pytest.mark.parametrize("path", ["1/2/3.dcm", LONGEST])
@pytest.mark.parametrize("issuer", ["", "HOSPITAL A", "Ä" * 64])
@pytest.mark.parametrize("replaces", [False, True])
def test_tar_reads_every_label(path: str, issuer: str, replaces: bool) -> None:
    data = archive((label(path, issuer, replaces), b"hello"))

    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        (member,) = opened.getmembers()
        file = opened.extractfile(member)

    assert file is not None
    assert (member.name, file.read(), member.mode) == (path, b"hello", 0o644)
    assert [found.label for found in walk(data)] == [label(path, issuer, replaces)]


@given(issuer=st.text(max_size=64), size=st.sampled_from([0, 1, 512, 8**11 - 1, 8**11, 9 << 30]))
def test_the_length_of_a_header_depends_on_the_issuer_alone(issuer: str, size: int) -> None:
    lengths = {len(tar.header(label(path, issuer), size)) for path in ("1/2/3.dcm", LONGEST)}

    assert lengths == {tar.header_length(issuer)}


@pytest.mark.parametrize("cut", range(0, 5000, 97))
def test_a_cut_never_yields_half_a_member(cut: int) -> None:
    data = archive(*((label(f"1/2/{number}.dcm"), bytes(range(256)) * 4) for number in range(3)))[:cut]

    found = walk(data)

    assert all(each.end <= cut for each in found)
    assert len(found) == min(cut // 2560, 3)


@given(noise=st.binary(max_size=3000), at=st.integers(0, 3000))
def test_damage_never_raises(noise: bytes, at: int) -> None:
    data = archive((label(), b"hello"), (label(), b"world"))

    walk(data[:at] + noise + data[at + len(noise) :])


def test_a_void_member_and_its_record_are_left_out() -> None:
    first = archive((label("1/2/3.dcm"), b"hello"))[: -len(tar.END)]
    offset = tar.header_length("")
    data = first + archive((tar.void_label(offset, b"x" * 32, datetime.now(UTC)), b"why"), (label("1/2/4.dcm"), b"x"))

    found = tar.members(lambda start, stop: data[start:stop], 0, len(data))

    assert [member.label.path for member in found] == ["1/2/4.dcm"]
