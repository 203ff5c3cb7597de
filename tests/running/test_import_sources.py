"""Where an import looks: everything below what was named, nothing outside it."""

import io
import os
import zipfile
from pathlib import Path

import pytest
from pydicom.fileset import FileSet

from filmless.app.commands import import_sources
from filmless.app.commands.import_files import Summary
from filmless.app.commands.import_sources import Item, Unreadable, items
from filmless.archive.model import Refusal, Refused
from objects import ct_image, part10_bytes, series, write_file


def read(item: Item) -> bytes | str:
    """The bytes of an item, or the reason why it has none."""
    try:
        stream = item.open()
    except Unreadable as reason:
        return str(reason)
    try:
        return b"".join(iter(lambda: stream.read(1000), b""))
    except Unreadable as reason:
        return str(reason)
    finally:
        stream.close()


def found(*paths: Path) -> dict[str, bytes | str]:
    """Last part of each name to its bytes, or to the reason why it is not read."""
    return {item.name.replace("!", "/").rpartition("/")[2]: read(item) for item in items(list(paths))}


def test_what_was_refused_is_told_in_the_words_of_the_archive() -> None:
    summary = Summary()
    summary.add("a.dcm", Refused(Refusal.NO_SPACE, "The archive has no space left"))
    assert summary.not_taken == [("a.dcm", "The archive has no space left")]


def test_folders_are_walked_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2", "a/9", "b/1", "c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    assert [read(item) for item in items([tmp_path])] == [b"a/9", b"b/1", b"b/2", b"c"]


def test_links_within_a_folder_are_named_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"outside")
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    assert set(found(root).values()) == {"is a link, which an import does not follow"}


def test_a_link_that_a_person_named_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"bytes")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert list(found(tmp_path / "link").values()) == [b"bytes"]


def test_pipes_and_devices_are_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert found(tmp_path, Path("/dev/null")) == {"pipe": "is not a regular file", "null": "is not a regular file"}


def test_what_does_not_exist_is_named(tmp_path: Path) -> None:
    assert found(tmp_path / "none") == {"none": "does not exist"}


def test_entries_of_a_zip_are_read_without_unpacking_to_disk(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "some.bin", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/one", b"1" * 5000)
        archive.writestr("two", b"2")
    assert found(tmp_path) == {"one": b"1" * 5000, "two": b"2"}


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "C:\\evil", "..\\evil"])
def test_names_in_a_zip_that_lead_outside_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"x")
    assert [read(item) for item in items([path])] == ["has a name that leads outside its folder"]


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "link.zip"
    entry = zipfile.ZipInfo("link")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert [read(item) for item in items([path])] == ["is not a regular file"]


def test_a_zip_bomb_ends_at_its_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_sources, "RATIO_FROM", 100_000)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(5_000_000))
    assert [read(item) for item in items([path])] == ["unpacks to more than 200 times its size"]


def test_sizes_that_a_zip_forges_are_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "forged.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one", os.urandom(5000))
    whole = bytearray(path.read_bytes())
    directory = whole.rindex(b"PK\x01\x02")
    whole[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    path.write_bytes(whole)
    (outcome,) = found(path).values()
    assert isinstance(outcome, str)
    assert outcome.startswith("cannot be unpacked")


def test_a_broken_zip_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(200))
    (outcome,) = found(tmp_path).values()
    assert isinstance(outcome, str)
    assert outcome.startswith("is a ZIP file that cannot be read")


def zipped(**entries: bytes) -> bytes:
    """A ZIP file of these names and bytes; of a name's last underscore a dot is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(".".join(name.rsplit("_", 1)), content)
    return buffer.getvalue()


@pytest.mark.parametrize("in_memory", [0, 1 << 20])
def test_a_zip_within_a_zip_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int) -> None:
    monkeypatch.setattr(import_sources, "IN_MEMORY", in_memory)
    content = os.urandom(3000)
    (tmp_path / "outer.zip").write_bytes(zipped(a_dcm=b"a", inner_zip=zipped(one_dcm=content, two_dcm=b"2")))
    names = [item.name.removeprefix(str(tmp_path)) for item in items([tmp_path])]
    assert names == ["/outer.zip!a.dcm", "/outer.zip!inner.zip!one.dcm", "/outer.zip!inner.zip!two.dcm"]
    assert [read(item) for item in items([tmp_path])] == [b"a", content, b"2"]


def test_a_zip_two_zips_deep_is_named_and_not_opened(tmp_path: Path) -> None:
    (tmp_path / "outer.zip").write_bytes(zipped(b_zip=zipped(c_zip=zipped(d_dcm=b"d"))))
    assert found(tmp_path) == {"c.zip": "is a ZIP file two ZIP files deep: unpack the outer one and import that"}


def test_a_zip_within_a_zip_has_the_same_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_sources, "RATIO_FROM", 100_000)
    bomb = zipped(bomb_dcm=bytes(5_000_000))
    (tmp_path / "outer.zip").write_bytes(zipped(a_zip=bomb, b_zip=bytes(5_000_000), c_zip=b"PK" + os.urandom(500)))
    outcomes = found(tmp_path)
    assert outcomes["bomb.dcm"] == outcomes["b.zip"] == "unpacks to more than 200 times its size"
    assert str(outcomes["c.zip"]).startswith("is a ZIP file that cannot be read")
    monkeypatch.setattr(import_sources, "MAX_INNER_ZIP", 100)
    assert str(found(tmp_path)["a.zip"]).startswith("is a ZIP file of more than")


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A DICOM medium with two images."""
    files = FileSet()
    for image in series(2):
        files.add(write_file(tmp_path, image))
    folder = tmp_path / "media"
    files.write(folder)
    files._stage["t"].cleanup()  # otherwise left to the collector, with a warning
    return folder


def test_a_dicomdir_brings_the_files_it_names(media: Path) -> None:
    outcomes = found(media / "DICOMDIR")
    assert len(outcomes) == 2
    assert all(isinstance(outcome, bytes) and outcome[128:132] == b"DICM" for outcome in outcomes.values())


def test_names_of_a_dicomdir_are_found_in_lower_case_and_with_versions(media: Path) -> None:
    for path in sorted(media.rglob("*"), key=lambda path: -len(path.parts)):
        if path.name != "DICOMDIR":
            path.rename(path.with_name(path.name.lower() + (";1" if path.is_file() else "")))
    assert all(isinstance(outcome, bytes) for outcome in found(media / "DICOMDIR").values())


def test_a_folder_with_a_dicomdir_names_what_is_missing_from_it(media: Path) -> None:
    first, *_ = (path for path in sorted(media.rglob("*")) if path.is_file() and path.name != "DICOMDIR")
    first.unlink()
    (media / "unlisted").write_bytes(part10_bytes(ct_image()))
    outcomes = list(found(media).values())
    assert outcomes.count("is named by the DICOMDIR and is missing") == 1
    assert sum(isinstance(outcome, bytes) for outcome in outcomes) == 2


def test_a_dicomdir_cannot_lead_outside(media: Path) -> None:
    (media.parent / "SECRET").write_bytes(b"outside")
    raw = (media / "DICOMDIR").read_bytes()
    start = raw.index(b"\x04\x00\x00\x15CS")  # Referenced File ID of the first image
    length = int.from_bytes(raw[start + 6 : start + 8], "little")
    (media / "DICOMDIR").write_bytes(raw[: start + 8] + b"..\\SECRET".ljust(length) + raw[start + 8 + length :])
    reasons = [outcome for outcome in found(media / "DICOMDIR").values() if isinstance(outcome, str)]
    assert reasons == ["is named by the DICOMDIR and leads outside its folder"]


def test_a_file_called_dicomdir_that_is_none_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "DICOMDIR").write_bytes(b"nothing")
    assert found(tmp_path) == {}


def test_entries_of_a_zip_are_read_after_all_have_been_listed(tmp_path: Path) -> None:
    path = tmp_path / "media.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(50):
            archive.writestr(f"IMAGE{number:02d}", bytes([number]) * 1000)
    listed = list(items([path]))
    assert len(listed) == 50
    for number, item in enumerate(listed):
        stream = item.open()
        assert stream.read(2000) == bytes([number]) * 1000
        stream.close()
