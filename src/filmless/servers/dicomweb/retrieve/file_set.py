"""A study, a series or an instance as a ZIP file that is a DICOM File-set: with a DICOMDIR (PS3.10 8, PS3.12 V)."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import orjson

from filmless.archive.archive import Archive
from filmless.archive.metadata.instance import header_of
from filmless.archive.model import KeptInstance
from filmless.servers.dicomweb.retrieve.contents import Contents
from filmless.servers.dicomweb.retrieve.zip_writer import Member, ZipWriter
from filmless.servers.transcoding import syntax_given
from filmless.standards.media.dicomdir import KEY_TAGS, FileOfInstance, dicomdir
from filmless.standards.models.dicom_json import data_set_json

DIRECTORY = "DICOMDIR"
FOLDER = "DICOM"

_KEYS = frozenset(f"{tag:08X}" for tag in KEY_TAGS)


def file_ids(kept: Sequence[KeptInstance]) -> list[tuple[str, str, str]]:
    """The name of each file, series by series: three components of at most 8 characters (PS3.10 8.2, 8.5)."""
    series: dict[str, int] = {}
    counts: dict[str, int] = {}
    names = []
    for each in kept:
        number = series.setdefault(each.series_uid, len(series) + 1)
        counts[each.series_uid] = counts.get(each.series_uid, 0) + 1
        names.append((FOLDER, f"S{number:07d}", f"I{counts[each.series_uid]:07d}"))
    return names


def file_set(archive: Archive, kept: Sequence[KeptInstance], transfer_syntax_uid: str | None) -> bytes:
    """The DICOMDIR of instances, which come series by series; ``transfer_syntax_uid`` where all are to be in one."""
    files = []
    for each, file_id in zip(kept, file_ids(kept), strict=True):
        attributes = orjson.loads(data_set_json(header_of(archive.read, each), each.transfer_syntax_uid, None))
        keys = {tag: attribute for tag, attribute in attributes.items() if tag in _KEYS}
        syntax = syntax_given(each, transfer_syntax_uid) if transfer_syntax_uid else each.transfer_syntax_uid
        files.append(FileOfInstance(file_id, each.sop_class_uid, each.instance_uid, syntax, each.series_uid, keys))
    return dicomdir(files)


def file_set_members(directory: bytes, kept: Sequence[KeptInstance]) -> list[Member]:
    """The members of the ZIP file of instances as they are stored: the DICOMDIR, then one for each."""
    files = [Member("/".join(name), each.length) for each, name in zip(kept, file_ids(kept), strict=True)]
    return [Member(DIRECTORY, len(directory)), *files]


async def zipped(directory: bytes, contents: Contents) -> AsyncGenerator[bytes]:
    """The ZIP file of instances of which some are converted."""
    writer = ZipWriter()
    first = Member(DIRECTORY, len(directory))
    yield writer.head(first) + writer.passed(directory) + writer.tail(first)
    names = iter(file_ids(contents.kept))
    async with aclosing(contents.files()) as files:
        async for _, length, chunks in files:
            member = Member("/".join(next(names)), length)
            yield writer.head(member)
            async for chunk in chunks:
                yield writer.passed(bytes(chunk))
            yield writer.tail(member)
    yield writer.end()
