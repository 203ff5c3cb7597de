"""DICOMDIR: the directory of a File-set that holds one study (PS3.3 F, PS3.10 8.6)."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby

from filmless.standards.data_set.elements import Encoding
from filmless.standards.data_set.fault import BadBytes
from filmless.standards.data_set.part10 import write_head
from filmless.standards.dicom.dictionary import vr_of
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from filmless.standards.editing.encode import Encoder, NotInCharacterSet
from filmless.standards.media.record_types import (
    KEYS,
    OPTIONAL_KEYS,
    PATIENT_KEYS,
    SERIES_KEYS,
    STUDY_KEYS,
    record_type,
)

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
KEY_TAGS = frozenset((*PATIENT_KEYS, *STUDY_KEYS, *SERIES_KEYS, *(tag for keys in KEYS.values() for tag in keys)))

_UTF_8 = "ISO_IR 192"
_IN_USE = 0xFFFF
_ITEM_HEAD = 8  # bytes
_SEQUENCE_HEAD = 12  # bytes
_NEXT, _LOWER = 0x00041400, 0x00041420

Attributes = Mapping[str, Mapping[str, object]]  # DICOM JSON model


@dataclass(frozen=True, slots=True)
class FileOfInstance:
    """An instance of the File-set: its file's components, and its attributes as DICOM JSON."""

    file_id: Sequence[str]  # at most 8 components of at most 8 of A-Z, 0-9 and _ (PS3.10 8.2)
    sop_class_uid: str
    instance_uid: str
    transfer_syntax_uid: str
    series_uid: str
    attributes: Attributes


@dataclass(slots=True)
class _Record:
    """A directory record, before it is known where it lies."""

    kind: str
    keys: bytes  # encoded elements behind those of group 0004
    file: bytes = b""  # encoded elements that name the file
    lower: list["_Record"] = field(default_factory=list)
    at: int = 0  # bytes from the start of the file

    def content(self, next_at: int) -> bytes:
        """The elements of the item."""
        lower_at = self.lower[0].at if self.lower else 0
        links = (_ul(_NEXT, next_at), _us(0x00041410, _IN_USE), _ul(_LOWER, lower_at), _text(0x00041430, self.kind))
        return b"".join(links) + self.file + self.keys


def dicomdir(files: Sequence[FileOfInstance], file_set_id: str = "") -> bytes:
    """The directory of the files of one study, which come series by series; the same files give the same bytes."""
    root = _study(files)
    identity = sha256("\0".join((file_set_id, *(each.instance_uid for each in files))).encode()).digest()
    head = write_head(MEDIA_STORAGE_DIRECTORY, f"2.25.{int.from_bytes(identity[:15])}", EXPLICIT_VR_LITTLE_ENDIAN)
    at = root_at = len(head) + len(_file_set(file_set_id, 0)) + _SEQUENCE_HEAD
    records = list(_depth_first([root]))
    for record, _ in records:
        record.at = at
        at += _ITEM_HEAD + len(record.content(0))
    items = b"".join(_ENCODER.item(record.content(following.at if following else 0)) for record, following in records)
    return head + _file_set(file_set_id, root_at) + _ENCODER.raw_element(0x00041220, "SQ", items)


def _file_set(file_set_id: str, root_at: int) -> bytes:
    """The elements before the records, of which one is a root: it is the first and the last."""
    roots = _ul(0x00041200, root_at) + _ul(0x00041202, root_at)
    return _text(0x00041130, file_set_id) + roots + _us(0x00041212, 0)


def _study(files: Sequence[FileOfInstance]) -> _Record:
    """The records of one patient with one study."""
    first = files[0].attributes
    study = _Record("STUDY", _keys(STUDY_KEYS, first))
    for _, group in groupby(files, lambda each: each.series_uid):
        of_series = list(group)
        series = _Record("SERIES", _keys(SERIES_KEYS, of_series[0].attributes))
        series.lower = [_instance(each) for each in of_series]
        study.lower.append(series)
    return _Record("PATIENT", _keys(PATIENT_KEYS, first), lower=[study])


def _instance(file: FileOfInstance) -> _Record:
    kind = record_type(file.sop_class_uid)
    named = (
        _text(0x00041500, "\\".join(file.file_id)),
        _text(0x00041510, file.sop_class_uid, "UI"),
        _text(0x00041511, file.instance_uid, "UI"),
        _text(0x00041512, file.transfer_syntax_uid, "UI"),
    )
    return _Record(kind, _keys(KEYS[kind], file.attributes), b"".join(named))


def _depth_first(records: Sequence[_Record]) -> Iterable[tuple[_Record, _Record | None]]:
    """Each record with the one beside it that follows; the tree is four levels deep."""
    for record, following in zip(records, [*records[1:], None], strict=False):
        yield record, following
        yield from _depth_first(record.lower)


def _keys(tags: Sequence[int], attributes: Attributes) -> bytes:
    found = ((tag, attributes.get(f"{tag:08X}")) for tag in sorted(tags))
    elements = [_key(tag, attribute or {}) for tag, attribute in found if attribute or tag not in OPTIONAL_KEYS]
    character_set = b"" if b"".join(elements).isascii() else _text(0x00080005, _UTF_8)
    return character_set + b"".join(elements)


def _key(tag: int, attribute: Mapping[str, object]) -> bytes:
    """One key; a value that cannot be written is none."""
    vr = vr_of(tag)
    try:
        return _ENCODER.element(tag, {**attribute, "vr": vr})
    except (BadBytes, NotInCharacterSet):
        return _ENCODER.element(tag, {"vr": vr})


_ENCODER = Encoder(Encoding(), _UTF_8.encode())


def _text(tag: int, text: str, vr: str = "CS") -> bytes:
    return _ENCODER.element(tag, {"vr": vr, "Value": [text]} if text else {"vr": vr})


def _ul(tag: int, number: int) -> bytes:
    return _ENCODER.raw_element(tag, "UL", struct.pack("<I", number))


def _us(tag: int, number: int) -> bytes:
    return _ENCODER.raw_element(tag, "US", struct.pack("<H", number))
