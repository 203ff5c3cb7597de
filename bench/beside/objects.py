"""Deterministic objects to send: the same arguments always give the same bytes."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = "2.25.77301"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
LONG_VRS = {"OB", "OW", "SQ", "UN", "UT"}


@dataclass(frozen=True)
class Kind:
    """What one workload sends."""

    sop_class_uid: str
    modality: str
    rows: int
    columns: int
    frames: int
    per_series: int


KINDS = {
    "ct": Kind("1.2.840.10008.5.1.4.1.1.2", "CT", 512, 512, 1, 100),
    "mr": Kind("1.2.840.10008.5.1.4.1.1.4", "MR", 64, 64, 1, 100),
    "tomo": Kind("1.2.840.10008.5.1.4.1.1.13.1.3", "MG", 4096, 3072, 8, 1),
}


def element(tag: int, vr: str, value: bytes | str | int) -> bytes:
    """One Explicit VR Little Endian element (PS3.5 7.1.2)."""
    if isinstance(value, int):
        value = struct.pack("<H", value)
    elif isinstance(value, str):
        value = value.encode()
    value += (b"\0" if vr in {"UI", "OB"} else b" ") * (len(value) & 1)
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    return head + (struct.pack("<HI", 0, len(value)) if vr in LONG_VRS else struct.pack("<H", len(value))) + value


def sequence(tag: int, *items: bytes) -> bytes:
    """A sequence of defined length (PS3.5 7.5)."""
    return element(tag, "SQ", b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(item)) + item for item in items))


def code(value: str, meaning: str) -> bytes:
    """A code item (PS3.3 8.8)."""
    return element(0x00080100, "SH", value) + element(0x00080102, "SH", "99BENCH") + element(0x00080104, "LO", meaning)


def header(kind: Kind, number: int) -> tuple[str, bytes]:
    """SOP Instance UID and data set up to Pixel Data: about 110 elements, sequences and private blocks among them."""
    study, series, slice_number = number // (2 * kind.per_series), number // kind.per_series, number % kind.per_series
    study_uid = f"{ROOT}.{kind.rows}.{study + 1}"
    series_uid = f"{study_uid}.{series + 1}"
    instance_uid = f"{series_uid}.{slice_number + 1}"
    text = [
        (0x00080005, "CS", "ISO_IR 100"),
        (0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"),
        (0x00080016, "UI", kind.sop_class_uid),
        (0x00080018, "UI", instance_uid),
        *((0x00080020 + i, "DA", "20260110") for i in range(4)),
        *((0x00080030 + i, "TM", "101112.000") for i in range(4)),
        (0x00080050, "SH", f"A{study:08d}"),
        (0x00080060, "CS", kind.modality),
        (0x00080070, "LO", "Bench Medical"),
        (0x00080080, "LO", "St Example Hospital"),
        (0x00080090, "PN", "REFER^DOCTOR"),
        (0x00081010, "SH", "SCANNER1"),
        (0x00081030, "LO", "STUDY DESCRIPTION"),
        (0x0008103E, "LO", f"SERIES {series}"),
        (0x00081090, "LO", "Bench 9000"),
        (0x00090010, "LO", "BENCH_IDENT"),
        *((0x00091001 + i, "LO", f"private {i}") for i in range(12)),
        (0x00100010, "PN", f"BENCH^PATIENT{study}"),
        (0x00100020, "LO", f"BENCH{study:05d}"),
        (0x00100021, "LO", "BENCHISSUER"),
        (0x00100030, "DA", "19500101"),
        (0x00100040, "CS", "F"),
        (0x00101010, "AS", "076Y"),
        (0x00180015, "CS", "CHEST"),
        *((0x00181100 + i, "DS", f"{i}.25") for i in range(30)),
        (0x0020000D, "UI", study_uid),
        (0x0020000E, "UI", series_uid),
        (0x00200010, "SH", f"S{study}"),
        (0x00200011, "IS", str(series + 1)),
        (0x00200013, "IS", str(slice_number + 1)),
        (0x00200032, "DS", f"-250\\-250\\{slice_number * 0.625:.3f}"),
        (0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
        (0x00200052, "UI", f"{study_uid}.77"),
        (0x00210010, "LO", "BENCH_RELA"),
        *((0x00211001 + i, "LO", str(i)) for i in range(8)),
        (0x00280002, "US", 1),
        (0x00280004, "CS", "MONOCHROME2"),
        *([(0x00280008, "IS", str(kind.frames))] if kind.frames > 1 else []),
        (0x00280010, "US", kind.rows),
        (0x00280011, "US", kind.columns),
        (0x00280030, "DS", "0.976\\0.976"),
        (0x00280100, "US", 16),
        (0x00280101, "US", 16),
        (0x00280102, "US", 15),
        (0x00280103, "US", 1),
        (0x00281050, "DS", "40"),
        (0x00281051, "DS", "400"),
        (0x00281052, "DS", "-1024"),
        (0x00281053, "DS", "1"),
    ]
    elements = {tag: element(tag, vr, value) for tag, vr, value in text}
    elements[0x00081032] = sequence(0x00081032, code("P1", "Procedure"))
    reference = element(0x00081150, "UI", kind.sop_class_uid) + element(0x00081155, "UI", f"{series_uid}.7000")
    elements[0x00081140] = sequence(0x00081140, *[reference + sequence(0x0040A170, code("121311", "Localizer"))] * 3)
    elements[0x00400275] = sequence(0x00400275, element(0x00400009, "SH", "S1") + element(0x00401001, "SH", "R1"))
    return instance_uid, b"".join(elements[tag] for tag in sorted(elements))


def file_head(kind: Kind, instance_uid: str) -> bytes:
    """Preamble, DICM and group 0002 (PS3.10 7.1)."""
    meta = (
        element(0x00020001, "OB", b"\0\1")
        + element(0x00020002, "UI", kind.sop_class_uid)
        + element(0x00020003, "UI", instance_uid)
        + element(0x00020010, "UI", EXPLICIT_VR_LITTLE_ENDIAN)
        + element(0x00020012, "UI", f"{ROOT}.0")
    )
    return bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<I", len(meta))) + meta


def objects(name: str, count: int) -> Iterator[tuple[str, bytes, bytes]]:
    """(SOP Instance UID, file head, data set) of ``count`` objects of a kind; every one has other pixels."""
    kind = KINDS[name]
    random = np.random.default_rng(1)
    base = random.normal(40, 300, kind.rows * kind.columns * kind.frames).astype("<i2")
    for number in range(count):
        instance_uid, data_set = header(kind, number)
        pixels = np.roll(base, number * 977).tobytes()
        yield instance_uid, file_head(kind, instance_uid), data_set + element(0x7FE00010, "OW", pixels)


def write(folder: Path, name: str, count: int) -> list[Path]:
    """The files of a workload, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:06d}.dcm" for number in range(count)]
    if not paths[-1].exists():
        for path, (_, head, data_set) in zip(paths, objects(name, count), strict=True):
            path.write_bytes(head + data_set)
    return paths
