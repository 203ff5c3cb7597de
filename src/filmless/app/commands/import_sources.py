"""Where an import finds files: single ones, folders, ZIP files and DICOM media; never outside the named place.

No name inside a folder, ZIP or DICOMDIR leads elsewhere: no link is followed and nothing is unpacked to a named file. A
ZIP file within a ZIP file passes through a file without a name; one within that is not opened. Sizes are counted while
bytes come, never believed from a header.
"""

import contextlib
import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, cast

MAX_ZIP_ENTRIES = 500_000
MAX_ZIP_RATIO = 200  # unpacked to packed bytes of one entry
RATIO_FROM = 64 << 20  # bytes that an entry may unpack to whatever its ratio
MAX_INNER_ZIP = 4 << 30  # bytes that a ZIP file within a ZIP file may unpack to
IN_MEMORY = 16 << 20  # bytes of it; a larger one lies on disk, without a name
DICOMDIR = "DICOMDIR"
_CHUNK = 1 << 20  # bytes


class Unreadable(Exception):
    """A file cannot be taken; the text says why."""


class Stream(Protocol):
    """Bytes of one file, read from the front."""

    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class Item(Protocol):
    """One file that an import found."""

    @property
    def name(self) -> str: ...
    def open(self) -> Stream:
        """Its bytes; ``Unreadable`` says why not."""


@dataclass(frozen=True, slots=True)
class FileItem:
    """A regular file on disk."""

    path: Path

    @property
    def name(self) -> str:
        """The path as it was found."""
        return str(self.path)

    def open(self) -> IO[bytes]:
        """The file, never through a link and never a device."""
        try:
            # Non-blocking, so that a pipe without writer does not hold us before it is told apart.
            number = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise Unreadable((error.strerror or "cannot be opened").lower()) from None
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise Unreadable("is not a regular file")
        return os.fdopen(number, "rb", buffering=0)


@dataclass(frozen=True, slots=True)
class ZipItem:
    """An entry of a ZIP file."""

    archive: zipfile.ZipFile
    entry: zipfile.ZipInfo
    place: str  # the name of the ZIP file

    @property
    def name(self) -> str:
        """The ZIP file's name and the entry's."""
        return f"{self.place}!{self.entry.filename}"

    def open(self) -> Stream:
        """The entry, unpacked as it is read."""
        if _leads_outside(self.entry.filename):
            raise Unreadable("has a name that leads outside its folder")
        if stat.S_IFMT(self.entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise Unreadable("is not a regular file")
        if self.entry.flag_bits & 1:
            raise Unreadable("is encrypted")
        try:
            return _Unpacking(self.archive.open(self.entry), self.entry.compress_size)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise Unreadable(f"cannot be unpacked: {error}") from None


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that cannot be opened at all, with the reason: what a DICOMDIR names and nobody has, a link."""

    name: str
    reason: str

    def open(self) -> Stream:
        """Raises ``Unreadable``."""
        raise Unreadable(self.reason)


class _Unpacking:
    """Reads an entry and counts what comes out against what went in."""

    def __init__(self, source: IO[bytes], packed: int) -> None:
        self._source = source
        self._most = max(RATIO_FROM, packed * MAX_ZIP_RATIO)
        self._count = 0

    def read(self, size: int, /) -> bytes:
        try:
            chunk = self._source.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError) as error:
            raise Unreadable(f"cannot be unpacked: {error}") from None
        self._count += len(chunk)
        if self._count > self._most:
            raise Unreadable(f"unpacks to more than {MAX_ZIP_RATIO} times its size")
        return chunk

    def close(self) -> None:
        self._source.close()


def items(paths: list[Path]) -> Iterator[Item]:
    """Every file below the given paths, in the order of their names."""
    for path in paths:
        if path.is_dir():
            yield from _folder(path)
        elif not path.exists():
            yield Missing(str(path), "does not exist")
        else:
            # The path that a person named may itself be a link; what it holds may not.
            yield from _file(path.resolve(), is_named=True)


def _folder(folder: Path) -> Iterator[Item]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Missing(str(folder), (error.strerror or "cannot be read").lower())
        return
    for entry in entries:
        path = folder / entry.name
        if entry.is_symlink():
            yield Missing(str(path), "is a link, which an import does not follow")
        elif entry.is_dir(follow_symlinks=False):
            yield from _folder(path)
        else:
            yield from _file(path, is_named=False)


def _file(path: Path, *, is_named: bool) -> Iterator[Item]:
    """A file; of a ZIP its entries; of a DICOMDIR what it names and a walk of the folder does not find."""
    if path.name.upper().partition(".")[0] == DICOMDIR:
        yield from _media(path, take_all=is_named)
    elif _is_zip(path):
        yield from _zip(path)
    else:
        yield FileItem(path)


def _is_zip(path: Path) -> bool:
    try:
        with FileItem(path).open() as file:
            start = file.read(132)
    except Unreadable:
        return False
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06")) and start[128:132] != b"DICM"


def _zip(path: Path) -> Iterator[Item]:
    yield from _entries(lambda: zipfile.ZipFile(path), str(path), _inner_zip)


def _entries(
    opened: Callable[[], zipfile.ZipFile], place: str, zip_within: Callable[[ZipItem], Iterator[Item]]
) -> Iterator[Item]:
    """Every entry of a ZIP file; of those that are ZIP files themselves what ``zip_within`` says."""
    try:
        archive = opened()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        yield Missing(place, f"is a ZIP file that cannot be read: {error}")
        return
    entries = archive.infolist()
    if len(entries) > MAX_ZIP_ENTRIES:
        archive.close()
        yield Missing(place, f"is a ZIP file with more than {MAX_ZIP_ENTRIES} entries")
        return
    for entry in sorted(entries, key=lambda entry: entry.filename):
        if entry.is_dir():
            continue
        item = ZipItem(archive, entry, place)  # entries wait for their turn: the last one lets go of the file
        if entry.filename.lower().endswith(".zip"):
            yield from zip_within(item)
        else:
            yield item


def _inner_zip(item: ZipItem) -> Iterator[Item]:
    try:
        file = _unpacked(item)
    except Unreadable as reason:
        yield Missing(item.name, str(reason))
        return
    yield from _entries(lambda: _InnerZip(file), item.name, _too_deep)


def _too_deep(item: ZipItem) -> Iterator[Item]:
    yield Missing(item.name, "is a ZIP file two ZIP files deep: unpack the outer one and import that")


class _InnerZip(zipfile.ZipFile):
    """A ZIP file that has its file to itself."""

    def __init__(self, file: IO[bytes]) -> None:
        self._own = file
        super().__init__(file)

    def close(self) -> None:
        super().close()
        self._own.close()


def _unpacked(item: ZipItem) -> IO[bytes]:
    file = cast("IO[bytes]", tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115  its ZIP file closes it
    try:
        with contextlib.closing(item.open()) as stream:
            while chunk := stream.read(_CHUNK):
                file.write(chunk)
                if file.tell() > MAX_INNER_ZIP:
                    raise Unreadable(f"is a ZIP file of more than {MAX_INNER_ZIP >> 30} GiB within a ZIP file")
    except OSError as error:
        file.close()
        raise Unreadable(f"cannot be unpacked: {(error.strerror or 'no room').lower()}") from None
    except Unreadable:
        file.close()
        raise
    return file


def _media(path: Path, *, take_all: bool) -> Iterator[Item]:
    """What a DICOMDIR refers to (PS3.3 F.3.2.2): all of it, or only what is missing."""
    for parts in _referenced(path):
        name = str(path.parent.joinpath(*parts))
        if _leads_outside("/".join(parts)):
            yield Missing(name, "is named by the DICOMDIR and leads outside its folder")
            continue
        found = _beside(path.parent, parts)
        if found is None:
            yield Missing(name, "is named by the DICOMDIR and is missing")
        elif take_all:
            yield FileItem(found)


def _referenced(path: Path) -> list[tuple[str, ...]]:
    from pydicom import config, dcmread  # noqa: PLC0415 - only media need it, and it costs 0.3 s
    from pydicom.errors import InvalidDicomError  # noqa: PLC0415

    config.settings.reading_validation_mode = config.IGNORE
    found: list[tuple[str, ...]] = []
    try:
        with FileItem(path).open() as file:
            directory = dcmread(file, specific_tags=["DirectoryRecordSequence"])
            for record in directory.get("DirectoryRecordSequence") or []:
                value = record.get("ReferencedFileID")
                if value:
                    found.append((value,) if isinstance(value, str) else tuple(map(str, value)))
    except (InvalidDicomError, Unreadable, EOFError, ValueError, KeyError, AttributeError, TypeError):
        return []  # a file of that name that is no DICOMDIR
    return list(dict.fromkeys(found))


def _beside(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The file of these name components; CDs are read with names in either case and with a version behind."""
    place = folder
    for part in parts:
        try:
            names = {_plain(entry.name): entry.name for entry in os.scandir(place) if not entry.is_symlink()}
        except OSError:
            return None
        name = part if part in names.values() else names.get(_plain(part))
        if name is None:
            return None
        place /= name
    return place if place.is_file() else None


def _plain(name: str) -> str:
    return name.upper().partition(";")[0].rstrip(".")


def _leads_outside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or "\0" in name or name[1:2] == ":"
