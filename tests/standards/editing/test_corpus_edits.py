"""Every public file is edited as pydicom reads it: what was asked for is changed, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset, dcmread

from filmless.standards.data_set.fault import Fault
from filmless.standards.data_set.part10 import Head, read_head
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.editing.edit import Modification, edit
from filmless.standards.editing.splice import Edit, spliced, spliced_deflated

pytestmark = pytest.mark.filterwarnings("ignore")  # pydicom's about the malformed files

NAME, MODALITY, COMMENTS, ORIGINALS, CHARACTER_SET = 0x00100010, 0x00080060, 0x00104000, 0x04000561, 0x00080005
WHY = Modification(datetime(2026, 1, 2, tzinfo=UTC), "FILMLESS", "CT1")
CHUNK = 1000  # bytes
NOT_COMPARED = {"FreezePattern.dcm": "stray items between elements, which pydicom does not read over"}


@pytest.fixture(autouse=True)
def _lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pydicom.config.settings, "reading_validation_mode", pydicom.config.IGNORE)


@pytest.mark.parametrize("new_name", ["Coerced^Name", "山田^太郎"])
def test_a_name_is_changed_in_every_file_and_all_else_stays(corpus: Path, new_name: str) -> None:
    wrong = []
    for path, file, head, found in readable_files(corpus):
        changes = {
            NAME: {"vr": "PN", "Value": [{"Alphabetic": new_name}]},
            MODALITY: {"vr": "CS", "Value": ["OT"]},
            COMMENTS: None,
        }
        made = edit(memoryview(file)[head.head_length :], found, head.transfer_syntax_uid, changes, WHY)
        assert isinstance(made, Edit), (path.name, made)
        if path.name in NOT_COMPARED:
            continue
        before, after = (dcmread(BytesIO(one), force=True) for one in (file, edited(file, head.head_length, made)))
        last = after.OriginalAttributesSequence[-1]
        is_changed = (str(after.PatientName), after.Modality, last.ModifyingSystem) == (new_name, "OT", "FILMLESS")
        if not is_changed or facts(after, *changes, ORIGINALS) != facts(before, *changes, ORIGINALS):
            wrong.append(path.name)
    assert wrong == []


def readable_files(corpus: Path) -> Iterator[tuple[Path, bytes, Head, Scan]]:
    for path in sorted(corpus.rglob("*")):
        file = path.read_bytes() if path.is_file() else b""
        head = read_head(file)
        if isinstance(head, Fault):
            continue
        found = scan(memoryview(file)[head.head_length :], head.transfer_syntax_uid, frozenset())
        if isinstance(found, Scan):
            yield path, file, head, found


def edited(file: bytes, head_length: int, made: Edit) -> bytes:
    if made.inflated_length is not None:
        return file[:head_length] + b"".join(spliced_deflated(file[head_length:], made))
    chunks = (file[start : start + CHUNK] for start in range(0, len(file), CHUNK))
    result = b"".join(spliced(chunks, made, head_length))
    assert len(result) - head_length == made.length(len(file) - head_length)
    return result


def facts(data_set: Dataset, *without: int) -> list[object]:
    """All elements but group lengths and character sets; what pydicom cannot read as its raw value."""
    found: list[object] = []
    for tag in sorted(data_set.keys()):
        if tag in without or tag == CHARACTER_SET or tag.element == 0:
            continue
        try:
            element = data_set[tag]
        except (NotImplementedError, ValueError, EOFError):
            found.append((tag, data_set.get_item(tag).value))
            continue
        value = [facts(item) for item in element.value] if element.VR == "SQ" else str(element.value)
        found.append((tag, element.VR, value))
    return found
