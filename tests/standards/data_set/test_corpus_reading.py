"""Every public file is read as pydicom and DCMTK read it; where they differ, the reason stands here."""

import io
import json
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from filmless.archive.header import WANTED
from filmless.standards.data_set.elements import UNDEFINED
from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.frames import FragmentReader, locate_frames
from filmless.standards.data_set.part10 import Head, read_head, write_head
from filmless.standards.data_set.same import same_elements
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax
from filmless.standards.models.dicom_json import bulk_value, data_set_json, level_json
from native import encoded

pytestmark = pytest.mark.filterwarnings("ignore")  # pydicom's about the malformed files

REFUSED = {
    "GH1339.dcm": "ends within a fragment: pydicom reads nothing of it, DCMTK refuses it",
    "no_meta.dcm": "both byte orders within its first element",
}
NOT_COMPARED = {
    "rtplan_truncated.dcm": "ends within a value, of which pydicom gives the part that is there",
    "FreezePattern.dcm": "stray items between elements, which pydicom does not read over",
}
CHARACTER_SET, PIXEL_DATA = "00080005", "7FE00010"


@dataclass(frozen=True)
class File:
    path: Path
    head: Head
    data_set: bytes

    @property
    def syntax(self) -> str:
        return self.head.transfer_syntax_uid

    def pydicom(self) -> Dataset:
        return dcmread(io.BytesIO(self.path.read_bytes()), force=True)


@lru_cache(maxsize=1)
def read_all(corpus: Path) -> tuple[File, ...]:
    files = []
    for path in sorted(corpus.rglob("*")):
        if not path.is_file() or path.suffix in (".md", ".tsv") or path.name in REFUSED:
            continue
        content = path.read_bytes()
        head = read_head(content)
        assert isinstance(head, Head), path
        files.append(File(path, head, content[head.head_length :]))
    return tuple(files)


@pytest.fixture
def files(corpus: Path) -> tuple[File, ...]:
    return read_all(corpus)


def test_every_file_is_accepted_but_those_that_nobody_can_read(corpus: Path, files: tuple[File, ...]) -> None:
    assert len(files) > 500
    for file in files:
        assert isinstance(scan(file.data_set, file.syntax, WANTED), Scan), file.path
    for name in REFUSED:
        (path,) = corpus.rglob(name)
        content = path.read_bytes()
        head = read_head(content)
        assert isinstance(head, Fault) or isinstance(
            scan(content[head.head_length :], head.transfer_syntax_uid, WANTED), Fault
        )


def test_values_are_those_that_pydicom_finds(files: tuple[File, ...]) -> None:
    for file in files:
        scanned = scan(memoryview(file.data_set), file.syntax, WANTED)
        assert isinstance(scanned, Scan)
        expected = file.pydicom()
        for tag in WANTED:
            element = expected.get_item(tag)
            if tag in scanned.values:
                assert element is not None, (file.path, hex(tag))
                raw = getattr(element, "value", None)
                if isinstance(raw, bytes):
                    assert scanned.values[tag] == raw, (file.path, hex(tag))
            elif tag not in scanned.sequences:
                assert element is None or file.path.name in NOT_COMPARED, (file.path, hex(tag))


def normal(value: object) -> object:
    """Brings both ways of writing one thing together: empty values, trailing spaces of names, where bytes are."""
    if not isinstance(value, dict):
        return None if value == "" else value
    if "vr" not in value:
        return {name: normal(attribute) for name, attribute in value.items() if name[4:] != "0000"}
    vr = value["vr"]
    values = [normal(each) for each in value.get("Value") or []]
    if vr == "PN":
        names = [{group: text.rstrip() for group, text in (name or {}).items() if text} for name in values]
        values = [name or None for name in names]
    if vr in ("CS", "LO", "SH"):
        values = [each.rstrip(" \0") or None if isinstance(each, str) else each for each in values]
    if values == [None]:
        values = []
    is_binary = value.get("InlineBinary") or "BulkDataURI" in value
    return {"vr": vr, **({"Value": values} if values else {}), **({"binary": True} if is_binary else {})}


def differences(ours: dict, theirs: dict, path: str = "") -> Iterator[tuple[str, object, object]]:
    for name in sorted({*ours, *theirs}):
        mine, other = ours.get(name), theirs.get(name)
        if mine == other:
            continue
        sequences = [each.get("Value", []) for each in (mine, other) if each and each["vr"] == "SQ"]
        if len(sequences) == 2 and len(sequences[0]) == len(sequences[1]):
            for number, items in enumerate(zip(*sequences, strict=True), 1):
                yield from differences(*items, f"{path}{name}/{number}/")
        elif name not in (CHARACTER_SET, PIXEL_DATA) and not is_private_unknown(name, mine):
            # Text is UTF-8 now, which Specific Character Set says; Pixel Data are never inline.
            yield path + name, mine, other


def is_private_unknown(name: str, mine: dict | None) -> bool:
    """Others know some makers' private elements, whose VR implicit data leave out."""
    return bool(int(name[3], 16) % 2) and mine is not None and mine["vr"] == "UN"


def pydicom_json(data_set: Dataset) -> dict:
    attributes = {}
    for element in data_set:
        if element.tag.group not in (0, 2) and element.tag.element != 0:
            attributes[f"{int(element.tag):08X}"] = element.to_json_dict(lambda _: "", 1024)
    return json.loads(json.dumps(attributes))


def test_json_means_what_pydicom_makes_of_it(files: tuple[File, ...]) -> None:
    compared = 0
    for file in files:
        ours = json.loads(data_set_json(file.data_set, file.syntax, "http://archive"))
        try:
            theirs = pydicom_json(file.pydicom())
        except Exception:  # noqa: BLE001  values that pydicom cannot convert, of malformed files
            continue
        if file.path.name not in NOT_COMPARED:
            compared += 1
            found = list(differences(normal(ours), normal(theirs)))
            assert not found, (file.path, found[:3])
    assert compared > 500


def test_json_of_a_header_alone_names_the_pixels(files: tuple[File, ...]) -> None:
    for file in files:
        scanned = scan(file.data_set, file.syntax, frozenset())
        assert isinstance(scanned, Scan)
        if scanned.pixel_offset is None or scanned.pixel_length == 0 or transfer_syntax(file.syntax).deflated:
            continue
        header = json.loads(data_set_json(file.data_set[: scanned.pixel_offset + 12], file.syntax, "http://archive"))
        assert header[f"{scanned.pixel_tag:08X}"]["BulkDataURI"].endswith(f"/bulkdata/{scanned.pixel_tag:08X}")


@pytest.mark.slow
def test_json_means_what_dcmtk_makes_of_it(files: tuple[File, ...]) -> None:
    program = shutil.which("dcm2json")
    if program is None:
        pytest.skip("dcm2json of DCMTK is not installed")
    seen = set()
    for file in files:
        kind = (file.path.parent, file.syntax)
        if kind in seen and "charset" not in str(file.path):
            continue
        seen.add(kind)
        answer = subprocess.run([program, "-q", file.path], capture_output=True, check=False)
        if answer.returncode or file.path.name in NOT_COMPARED:
            continue
        try:
            theirs = normal(json.loads(answer.stdout))
        except UnicodeDecodeError:
            continue  # without Specific Character Set it writes other bytes as they are
        ours = normal(json.loads(data_set_json(file.data_set, file.syntax, "http://archive")))
        found = [each for each in differences(ours, theirs) if not explained(*each)]
        assert not found, (file.path, found[:3])


def explained(path: str, mine: object, other: object) -> bool:
    """Where DCMTK writes the same in another way, or knows less."""
    if not isinstance(mine, dict) or not isinstance(other, dict):
        return path.endswith("FFFCFFFC") or path[:4] in ("0002", "0004")
    if mine["vr"] != other["vr"]:
        return "UN" in (mine["vr"], other["vr"]) or {mine["vr"], other["vr"]} <= {"OB", "OW", "US", "SS"}
    if mine["vr"] == "PN":
        return bare_names(mine) == bare_names(other)
    pairs = zip(mine.get("Value", []), other.get("Value", []), strict=False)
    return mine["vr"] in ("DS", "FL", "FD", "OF", "IS") and all(is_near(*pair) for pair in pairs)


def bare_names(attribute: dict) -> list[object]:
    """Names without the empty components at their ends."""
    names = [name or {} for name in attribute.get("Value", [])]
    bare = [{group: text.rstrip("^ ") for group, text in name.items() if text.rstrip("^ ")} for name in names]
    return [name for name in bare if name]


def is_near(a: object, b: object) -> bool:
    try:
        return abs(float(str(a)) - float(str(b))) <= 1e-5 * max(1.0, abs(float(str(a))))
    except ValueError:
        return str(a).strip() == str(b).strip()


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if "BulkDataURI" in value:
            yield value["BulkDataURI"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_reference_to_bulk_data_leads_to_a_value(files: tuple[File, ...]) -> None:
    followed = 0
    for file in files:
        made = json.loads(data_set_json(file.data_set, file.syntax, "http://archive", bulk_threshold=64))
        for uri in list(references(made))[:20]:
            value = bulk_value(file.data_set, file.syntax, uri.removeprefix("http://archive/bulkdata/"))
            assert value, (file.path, uri)
            followed += 1
    assert followed > 500


def test_frames_are_those_that_pydicom_cuts(files: tuple[File, ...]) -> None:
    encapsulated = native = 0
    for file in files:
        scanned = scan(file.data_set, file.syntax, frozenset())
        assert isinstance(scanned, Scan)
        expected = file.pydicom()
        if scanned.pixel_offset is None or "PixelData" not in expected or transfer_syntax(file.syntax).deflated:
            continue
        table = locate_frames(file.data_set, scanned)
        if scanned.pixel_length != UNDEFINED:
            if table is not None and isinstance(expected.get("NumberOfFrames", 1), int):
                assert table.count * table.size <= len(expected.PixelData)
                native += 1
            continue
        assert table is not None
        count = int(expected.get("NumberOfFrames") or 1)
        offsets = None
        if "ExtendedOffsetTable" in expected:
            offsets = (expected.ExtendedOffsetTable, expected.ExtendedOffsetTableLengths)
        frames = list(generate_frames(expected.PixelData, number_of_frames=count, extended_offsets=offsets))
        cut = [b"".join(file.data_set[at : at + size] for at, size in frame) for frame in table.fragments]
        assert cut == frames, file.path
        encapsulated += 1
        streamed = FragmentReader(scanned)
        for start in range(scanned.pixel_start, len(file.data_set), 977):
            streamed.feed(file.data_set[start : start + 977])
        assert streamed.table() == table
    assert encapsulated > 80
    assert native > 300


def test_a_file_written_in_another_encoding_has_the_same_elements(files: tuple[File, ...]) -> None:
    compared = 0
    for file in files[::7]:
        if len(file.data_set) > 1 << 20 or transfer_syntax(file.syntax).encapsulated or file.path.name in NOT_COMPARED:
            continue
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian):
            data_set = file.pydicom()
            is_big = syntax == ExplicitVRBigEndian
            if is_big != (not transfer_syntax(file.syntax).little_endian):
                continue  # pydicom does not turn bytes it has not looked at
            try:
                other = encoded(data_set, str(syntax))
            except Exception:  # noqa: BLE001  values that pydicom does not write, of malformed files
                continue
            scanned = scan(other, str(syntax), frozenset())
            if isinstance(scanned, Scan) and not scanned.truncated:
                compared += same_elements(file.data_set, file.syntax, other, str(syntax))
                assert not same_elements(file.data_set, file.syntax, other[: len(other) // 2], str(syntax))
    assert compared > 50


def test_level_attributes_are_those_of_the_whole(files: tuple[File, ...]) -> None:
    for file in files[::5]:
        scanned = scan(file.data_set, file.syntax, WANTED)
        assert isinstance(scanned, Scan)
        whole = json.loads(data_set_json(file.data_set, file.syntax, None))
        levels = json.loads(json.dumps(level_json(scanned, WANTED)))
        for name, attribute in levels.items():
            if name != CHARACTER_SET and whole[name]["vr"] == attribute["vr"]:
                assert attribute == whole[name], (file.path, name)


def test_a_head_that_is_written_is_read() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        head = write_head("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.1", "CT1")
        meta = dcmread(io.BytesIO(head + b"\x08\0\x05\0CS\0\0")).file_meta
    assert read_head(head) == Head(len(head), "1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.1", "CT1")
    assert (meta.SourceApplicationEntityTitle, meta.FileMetaInformationGroupLength) == ("CT1", len(head) - 144)
