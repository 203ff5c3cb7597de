"""The data-set editor, against what pydicom reads of its results."""

import random
import zlib
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian

from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.data_set.json_values import Json
from filmless.standards.data_set.scanner import Scan, scan
from filmless.standards.editing.edit import Modification, edit
from filmless.standards.editing.splice import Edit, edited_pieces, spliced, spliced_deflated
from objects import NATIVE_SYNTAXES, ct_image, data_set_bytes, head_length, part10_bytes

NAME, PATIENT_ID, COMMENTS, MODALITY = 0x00100010, 0x00100020, 0x00104000, 0x00080060
WHY = Modification(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "FILMLESS", "CT1")


def name(text: str) -> Json:
    return {"vr": "PN", "Value": [{"Alphabetic": text}]}


def text(vr: str, value: str) -> Json:
    return {"vr": vr, "Value": [value]}


def edited(file: bytes, syntax: str, changes: dict[int, Json | None]) -> bytes:
    """The whole file after the edit, in pieces of uneven sizes."""
    head = head_length(file)
    made = edit_of(file[head:], syntax, changes)
    if made.inflated_length is not None:
        result = file[:head] + b"".join(spliced_deflated(file[head:], made))
    else:
        cuts = [0, *sorted(random.Random(len(file)).sample(range(len(file)), 5)), len(file)]
        chunks = [file[start:stop] for start, stop in pairwise(cuts)]
        result = b"".join(spliced(chunks, made, head))
    assert len(result) == head + made.length(len(file) - head)
    return result


def edit_of(data_set: bytes, syntax: str, changes: dict[int, Json | None]) -> Edit:
    found = scan(data_set, syntax, frozenset())
    assert isinstance(found, Scan)
    made = edit(data_set, found, syntax, changes, WHY)
    assert isinstance(made, Edit), made
    return made


def read(file: bytes) -> Dataset:
    return dcmread(BytesIO(file))


def facts(data_set: Dataset, *without: int) -> list[object]:
    """All elements with their values, those of items too; not the character set, which pydicom has applied."""
    found: list[object] = []
    for element in data_set:
        if element.tag in without or element.tag == 0x00080005:
            continue
        value = [facts(item) for item in element.value] if element.VR == "SQ" else str(element.value)
        found.append((element.tag, element.VR, value))
    return found


LATIN = st.text(st.sampled_from("abcXYZ 09äöüß"), min_size=1, max_size=12).map(str.strip).filter(bool)


UNKNOWN = st.binary(min_size=2, max_size=8).filter(lambda raw: len(raw) % 2 == 0)
VALUES = {
    (0x00081030, "LO"): LATIN,
    (0x00081048, "PN"): LATIN,
    (0x00104000, "LT"): LATIN,
    (0x00180050, "DS"): st.integers(0, 99).map(str),
    (0x00200013, "IS"): st.integers(0, 999),
    (0x00209056, "SH"): LATIN,
    (0x00281052, "DS"): st.just("-1024"),
    (0x00321060, "LO"): LATIN,
    (0x00400244, "DA"): st.just("20260102"),
    (0x00090010, "LO"): st.just("SOMEONE"),
    (0x00091001, "LO"): LATIN,
    (0x00091002, "UN"): UNKNOWN,
}


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 2) -> Dataset:
    """Random elements: texts, numbers, private ones, unknown ones, and sequences of such."""
    made = Dataset()
    for tag, vr in draw(st.sets(st.sampled_from(sorted(VALUES)))):
        made.add(DataElement(tag, vr, draw(VALUES[tag, vr])))
    if depth and draw(st.booleans()):
        items = draw(st.lists(data_sets(depth=depth - 1), max_size=2))
        sequence = DataElement(0x00400275, "SQ", items)
        sequence.is_undefined_length = draw(st.booleans())
        for item in items:
            item.is_undefined_length_sequence_item = draw(st.booleans())
        made.add(sequence)
    return made


@settings(deadline=None)
@given(data_sets(), st.sampled_from(NATIVE_SYNTAXES), st.sampled_from(["New^Name", "Müller^Jörg", "山田^太郎"]))
def test_an_edit_reads_as_the_changes_and_everything_else_is_as_it_was(
    extra: Dataset, syntax: str, new_name: str
) -> None:
    image = ct_image(SpecificCharacterSet="ISO_IR 100")
    image.update(extra)
    file = part10_bytes(image, syntax)
    changes = {NAME: name(new_name), MODALITY: text("CS", "MR"), COMMENTS: None, 0x00100021: text("LO", "H1")}

    before, after = read(file), read(edited(file, syntax, changes))

    assert (after.PatientName, after.Modality, after.IssuerOfPatientID) == (new_name, "MR", "H1")
    assert "PatientComments" not in after
    assert facts(after, *changes, 0x04000561) == facts(before, *changes)
    assert [element.tag for element in after] == sorted(element.tag for element in after)
    (item,) = after.OriginalAttributesSequence
    (originals,) = item.ModifiedAttributesSequence
    assert originals.PatientName == before.PatientName
    assert originals.get("PatientComments") == before.get("PatientComments")
    assert originals.IssuerOfPatientID == ""
    assert (item.ModifyingSystem, item.SourceOfPreviousValues) == ("FILMLESS", "CT1")
    assert item.ReasonForTheAttributeModification == "COERCE"
    assert item.AttributeModificationDateTime == "20260102030405.000000+0000"


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_part_of_the_edited_file_is_read_without_the_rest(syntax: str) -> None:
    file = part10_bytes(ct_image(), syntax)
    head = head_length(file)
    made = edit_of(file[head:], syntax, {NAME: name("A much longer name than before"), PATIENT_ID: None})
    whole = edited(file, syntax, {NAME: name("A much longer name than before"), PATIENT_ID: None})

    for start in range(0, len(whole), 7):
        for stop in (start, start + 1, start + 100, len(whole)):
            pieces = edited_pieces(made, head, len(file), start, stop)
            part = b"".join(file[slice(*piece)] if isinstance(piece, tuple) else piece for piece in pieces)
            assert part == whole[start:stop]


def test_pixels_are_copied_from_where_they_lie() -> None:
    file = part10_bytes(ct_image())
    made = edit_of(file[head_length(file) :], ExplicitVRLittleEndian, {NAME: name("Other")})
    pixels = file.index(b"\xe0\x7f\x10\x00OW")

    pieces = list(edited_pieces(made, head_length(file), len(file), 0, 1 << 40))

    assert isinstance(pieces[-1], tuple)
    assert pieces[-1][0] <= pixels
    assert pieces[-1][1] == len(file)
    assert made.offset(pixels - head_length(file)) + head_length(file) == edited(
        file, ExplicitVRLittleEndian, {NAME: name("Other")}
    ).index(b"\xe0\x7f\x10\x00OW")


@pytest.mark.parametrize(
    ("character_set", "there", "new", "stays"),
    [
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", "Suzuki^Ichiro", True),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎", "ｽｽﾞｷ^ｲﾁﾛｳ", True),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", "鈴木^一郎", False),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동", "김^희중", False),
        ("GB18030", "Wang^XiaoDong=王^小东", "张^三", True),
        ("ISO_IR 126", "Διονυσιος", "Ελένη", True),
        ("ISO_IR 126", "Διονυσιος", "Müller", False),
        ("ISO_IR 192", "Wang^XiaoDong=王^小东", "Müller", True),
        (None, "Plain^Name", "Müller", False),
    ],
)
@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_texts_keep_their_meaning_in_every_character_set(
    syntax: str, character_set: object, there: str, new: str, stays: bool
) -> None:
    item = ct_image(SpecificCharacterSet="ISO_IR 144", ReferringPhysicianName="Люкceмбypг")
    plain = Dataset()
    plain.PersonName = there
    image = ct_image(
        SpecificCharacterSet=character_set, ReferringPhysicianName=there, ReferencedStudySequence=[item],
        VerifyingObserverSequence=[plain], PatientName="First",
    )  # fmt: skip
    if character_set is None:
        del image.SpecificCharacterSet
    file = part10_bytes(image, syntax)

    before, after = read(file), read(edited(file, syntax, {NAME: name(new)}))

    assert str(after.PatientName) == new
    assert facts(after, NAME, 0x04000561) == facts(before, NAME)
    assert (after.get("SpecificCharacterSet") == before.get("SpecificCharacterSet")) is stays


def test_an_original_attributes_sequence_that_was_there_is_continued() -> None:
    for is_undefined in (False, True):
        earlier = Dataset()
        earlier.ModifyingSystem = "OTHER"
        image = ct_image(OriginalAttributesSequence=[earlier])
        image["OriginalAttributesSequence"].is_undefined_length = is_undefined
        for syntax in NATIVE_SYNTAXES:
            after = read(edited(part10_bytes(image, syntax), syntax, {NAME: name("New")}))

            assert [item.ModifyingSystem for item in after.OriginalAttributesSequence] == ["OTHER", "FILMLESS"]


def test_an_original_attributes_sequence_of_unknown_vr_is_continued_without_vrs() -> None:
    earlier = Dataset()
    earlier.ModifyingSystem = "OTHER"
    data_set = data_set_bytes(ct_image(OriginalAttributesSequence=[earlier]))
    start = data_set.index(b"\x00\x04\x61\x05SQ")
    length = int.from_bytes(data_set[start + 8 : start + 12], "little")
    implicit = b"\xfe\xff\x00\xe0\x0e\0\0\0\x00\x04\x63\x05\x06\0\0\0OTHER "
    unknown = b"\x00\x04\x61\x05UN\0\0" + len(implicit).to_bytes(4, "little") + implicit
    data_set = data_set[:start] + unknown + data_set[start + 12 + length :]
    file = part10_bytes(ct_image())
    file = file[: head_length(file)] + data_set

    after = read(edited(file, ExplicitVRLittleEndian, {NAME: name("New"), 0x00080060: None}))

    assert [item.ModifyingSystem for item in after.OriginalAttributesSequence] == ["OTHER", "FILMLESS"]
    (originals,) = after.OriginalAttributesSequence[1].ModifiedAttributesSequence
    assert (originals.PatientName, originals.Modality) == ("Test^Anna", "CT")


def test_group_lengths_are_corrected() -> None:
    data_set = data_set_bytes(ct_image())
    start, stop = data_set.index(b"\x10\x00\x10\x00PN"), data_set.index(b"\x20\x00\x0d\x00UI")
    group = data_set[start:stop]
    data_set = data_set[:start] + b"\x10\0\0\0UL\x04\0" + len(group).to_bytes(4, "little") + data_set[start:]
    file = part10_bytes(ct_image())
    file = file[: head_length(file)] + data_set

    after = edited(file, ExplicitVRLittleEndian, {NAME: name("A longer name than it was"), PATIENT_ID: None})

    at = after.index(b"\x10\0\0\0UL\x04\0") + 8
    stated = int.from_bytes(after[at : at + 4], "little")
    assert after[at + 4 + stated :].startswith(b"\x20\x00\x0d\x00UI")


def test_private_elements_are_told_with_their_creator() -> None:
    image = ct_image()
    image.private_block(0x0011, "SOMEONE", create=True).add_new(0x01, "LO", "secret")

    after = read(edited(part10_bytes(image), ExplicitVRLittleEndian, {0x00111001: None}))

    assert (0x0011, 0x1001) not in after
    (originals,) = after.OriginalAttributesSequence[0].ModifiedAttributesSequence
    assert originals.private_block(0x0011, "SOMEONE")[0x01].value == "secret"


def test_sequences_are_set_and_removed() -> None:
    code = {"00080100": text("SH", "T-A0100"), "00080104": text("LO", "Brain")}
    image = ct_image(ProcedureCodeSequence=[Dataset()])
    changes = {0x00081032: {"vr": "SQ", "Value": [code, {}]}, 0x00082218: {"vr": "SQ", "Value": [code]}}
    for syntax in NATIVE_SYNTAXES:
        after = read(edited(part10_bytes(image, syntax), syntax, changes))

        assert [len(item) for item in after.ProcedureCodeSequence] == [2, 0]
        assert after.AnatomicRegionSequence[0].CodeMeaning == "Brain"
        (originals,) = after.OriginalAttributesSequence[0].ModifiedAttributesSequence
        assert len(originals.ProcedureCodeSequence) == 1


def test_texts_behind_the_pixels_become_utf_8_too() -> None:
    data_set = data_set_bytes(ct_image(SpecificCharacterSet="ISO_IR 100"))
    data_set += b"\xe1\x7f\x10\0LO\x02\0X " + b"\xe1\x7f\x01\x10LO\x02\0\xe4 "
    file = part10_bytes(ct_image())
    file = file[: head_length(file)] + data_set

    after = read(edited(file, ExplicitVRLittleEndian, {NAME: name("山田")}))

    assert after[0x7FE1, 0x1001].value == "ä"
    assert after.PixelData == bytes(range(128))


@pytest.mark.parametrize(
    "attribute",
    [
        {"vr": "CS", "Value": ["Ä"]},
        {"vr": "US", "Value": [70_000]},
        {"vr": "US", "Value": "1"},
        {"vr": "LO", "Value": ["a\x1bb"]},
        {"vr": "LO", "Value": ["x" * 70_000]},
        {"vr": "LO", "Value": ["\ud800"]},
        {"vr": "OB", "InlineBinary": "?"},
        {"vr": "AT", "Value": ["none"]},
        {"vr": "SQ", "Value": ["none"]},
        {"vr": "SQ", "Value": [{"none": {"vr": "LO"}}]},
        {"vr": "", "Value": []},
    ],
)
def test_what_does_not_fit_its_vr_is_a_fault(attribute: Json) -> None:
    data_set = data_set_bytes(ct_image())
    found = scan(data_set, ExplicitVRLittleEndian, frozenset())

    assert isinstance(edit(data_set, found, ExplicitVRLittleEndian, {0x00181000: attribute}, WHY), Fault)


def test_a_data_set_that_ends_within_an_element_is_not_continued() -> None:
    data_set = data_set_bytes(ct_image())
    data_set = data_set[: data_set.index(b"\x10\x00\x40\x00CS") - 1]
    found = scan(data_set, ExplicitVRLittleEndian, frozenset())

    outcome = edit(data_set, found, ExplicitVRLittleEndian, {NAME: name("New")}, WHY)

    assert isinstance(outcome, Fault)
    assert outcome.kind is FaultKind.TRUNCATED


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(NATIVE_SYNTAXES), st.sampled_from(["New", "山田"]), st.booleans())
def test_odd_bytes_never_raise(noise: bytes, syntax: str, new_name: str, is_behind: bool) -> None:
    data_set = data_set_bytes(ct_image(), ExplicitVRLittleEndian)[:200]
    data_set = data_set + noise if is_behind else noise + data_set
    if syntax == DeflatedExplicitVRLittleEndian:
        packer = zlib.compressobj(wbits=-15)
        data_set = packer.compress(data_set) + packer.flush()
    found = scan(data_set, syntax, frozenset())
    if isinstance(found, Scan):
        outcome = edit(data_set, found, syntax, {NAME: name(new_name), 0x00181000: None}, WHY)
        assert isinstance(outcome, Edit | Fault)
