"""An object that is coerced: kept as it came, found and given out as the rules want it, whatever happens."""

import tarfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, JPEG2000Lossless

from archive_process import SCOPE, SOURCE, Process, policy, received
from filmless.archive.check import Fault, Totals, check
from filmless.archive.coercion.rules import Action, Rule
from filmless.archive.errors import Damaged
from filmless.archive.model import DuplicatePolicy, KeptInstance, Level, Query, Refusal, Stored, StoredAs
from filmless.archive.receive.replay import Recovered
from filmless.archive.scope import Scope, View
from filmless.database.connect import Database
from filmless.database.index.check import IndexCheck
from filmless.standards.data_set.part10 import write_head
from objects import NATIVE_SYNTAXES, ct_image, data_set_bytes, new_uid

NAME, PATIENT_ID = 0x00100010, 0x00100020
RENAMED = Rule("rename", NAME, Action.SET, "Right^Name", calling_ae="TEST")
PREFIXED = Rule("prefix", PATIENT_ID, Action.PREFIX, "H1-")
CHUNK = 1 << 20


@pytest.fixture
def coercing(process: Process) -> Process:
    """An archive with two rules."""
    for rule in (RENAMED, PREFIXED):
        process.rules.put(rule)
    return process


def kept(process: Process, image: Dataset) -> KeptInstance:
    (found,) = process.archive.instances(
        image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID, scope=SCOPE
    )
    return found


def given_out(process: Process, image: Dataset) -> FileDataset:
    found = kept(process, image)
    file = b"".join(process.archive.chunks(found))
    assert len(file) == found.length
    for start, stop in ((0, 200), (100, found.length), (found.length - 30, found.length), (0, None)):
        assert process.archive.read(found, start, stop) == file[start:stop]
    return dcmread(BytesIO(file))


def stream(process: Process, image: Dataset, syntax: str = ExplicitVRLittleEndian) -> object:
    head = write_head(image.SOPClassUID, image.SOPInstanceUID, syntax, "TEST")
    large = process.archive.store_large(SOURCE, syntax, None, None, SCOPE, datetime.now(UTC), head)
    data_set = data_set_bytes(image, syntax)
    for start in range(0, len(data_set), CHUNK):
        large.write(data_set[start : start + CHUNK])
    return large.finish().result(30)


def found_names(process: Process, image: Dataset) -> list[object]:
    query = Query(Level.STUDY, matches=(((0x0020000D,), image.StudyInstanceUID),))
    return [match["00100010"]["Value"][0] for match in process.archive.find(query, SCOPE).matches]


def overlay_rows(process: Process) -> list[tuple[object, ...]]:
    return process.rows(
        "select instance_uid, record::text, edit from overlay join instance on instance.id = instance_id order by 1"
    )


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_it_is_kept_as_it_came_and_given_out_as_the_rules_want(coercing: Process, syntax: str) -> None:
    image = ct_image()

    outcome = coercing.store(image, syntax)

    assert outcome.stored_as is StoredAs.NEW
    assert outcome.originals["04000550"]["Value"] == [
        {
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Test^Anna"}]},
            "00100020": {"vr": "LO", "Value": ["P1"]},
        }
    ]
    after = given_out(coercing, image)
    assert (after.PatientName, after.PatientID) == ("Right^Name", "H1-P1")
    assert after.PixelData == image.PixelData
    (told,) = after.OriginalAttributesSequence
    assert (told.SourceOfPreviousValues, told.ReasonForTheAttributeModification) == ("TEST", "COERCE")
    assert told.ModifiedAttributesSequence[0].PatientName == "Test^Anna"
    stored = b"".join(coercing.archive._received(kept(coercing, image), SCOPE))
    assert stored[kept(coercing, image).head_length :] == data_set_bytes(image, syntax)


def test_it_is_found_by_its_new_values(coercing: Process) -> None:
    image = ct_image()
    coercing.store(image)

    for tag, value in ((NAME, "Right^Name"), (PATIENT_ID, "H1-P1")):
        query = Query(Level.STUDY, matches=(((tag,), value), ((0x0020000D,), image.StudyInstanceUID)))
        assert len(coercing.archive.find(query, SCOPE).matches) == 1
    query = Query(Level.STUDY, matches=(((PATIENT_ID,), "P1"), ((0x0020000D,), image.StudyInstanceUID)))
    assert coercing.archive.find(query, SCOPE).matches == []
    assert found_names(coercing, image) == [{"Alphabetic": "Right^Name"}]
    of_header = Query(Level.IMAGE, matches=(((0x00080018,), image.SOPInstanceUID),), include=frozenset((0x04000561,)))
    (match,) = coercing.archive.find(of_header, SCOPE).matches
    assert match["04000561"]["Value"][0]["04000565"]["Value"] == ["COERCE"]


def test_who_is_not_meant_is_not_coerced(process: Process) -> None:
    process.rules.put(Rule("other", NAME, Action.SET, "Wrong", calling_ae="OTHER"))
    image = ct_image()

    assert process.store(image).originals is None

    assert kept(process, image).edit is None
    assert given_out(process, image).PatientName == "Test^Anna"
    assert process.rows("select max(correction_version) from study") == [(0,)]


def test_frames_are_read_from_where_they_lie_after_the_edit(coercing: Process) -> None:
    frames = [bytes([number]) * (500 + 2 * number) for number in range(5)]
    encapsulated = ct_image(NumberOfFrames=5, PixelData=encapsulate(frames))
    encapsulated["PixelData"].VR = "OB"
    encapsulated["PixelData"].is_undefined_length = True
    native = ct_image(NumberOfFrames=2, PixelData=bytes(range(256)))
    coercing.store(encapsulated, JPEG2000Lossless)
    coercing.store(native)

    found = kept(coercing, encapsulated)
    table = coercing.archive.frames(found, SCOPE)
    read = [
        b"".join(
            coercing.archive.read(found, found.head_length + at, found.head_length + at + size) for at, size in one
        )
        for one in table.fragments
    ]
    assert read == frames
    found = kept(coercing, native)
    table = coercing.archive.frames(found, SCOPE)
    start = found.head_length + table.first + table.size
    assert coercing.archive.read(found, start, start + table.size) == bytes(range(128, 256))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_an_object_that_streams_in_is_coerced_too(coercing: Process, syntax: str) -> None:
    image = ct_image(Rows=2048, Columns=2048, PixelData=bytes(range(256)) * (2048 * 16 * 2) + bytes(1 << 20) * 7)
    image.PixelData = image.PixelData[: 2048 * 2048 * 2]

    outcome = stream(coercing, image, syntax)

    assert outcome.stored_as is StoredAs.NEW
    assert outcome.originals is not None
    after = given_out(coercing, image)
    assert (after.PatientName, after.PixelData) == ("Right^Name", image.PixelData)
    assert found_names(coercing, image) == [{"Alphabetic": "Right^Name"}]


def test_the_same_object_again_is_a_success_and_kept_once(coercing: Process) -> None:
    image = ct_image()
    coercing.store(image)
    coercing.rules.put(Rule("rename", NAME, Action.SET, "Another^Name"))

    again = coercing.store(image)

    assert again.stored_as is StoredAs.SAME
    assert given_out(coercing, image).PatientName == "Right^Name"
    assert len(overlay_rows(coercing)) == 1


def test_a_text_outside_its_character_set_makes_the_file_utf_8(process: Process) -> None:
    process.rules.put(Rule("rename", NAME, Action.SET, "山田^太郎"))
    image = ct_image(SpecificCharacterSet="ISO_IR 100", StudyDescription="Schädel")

    process.store(image)

    after = given_out(process, image)
    assert (after.PatientName, after.StudyDescription) == ("山田^太郎", "Schädel")
    assert after.SpecificCharacterSet == "ISO_IR 192"
    query = Query(Level.STUDY, matches=(((0x00081030,), "Schädel"), ((NAME,), "山田*")))
    assert len(process.archive.find(query, SCOPE).matches) == 1


def test_the_pack_tells_of_it_before_the_file_and_tar_reads_it(coercing: Process, tmp_path: Path) -> None:
    image, plain = ct_image(), ct_image()
    coercing.store(image)
    coercing.rules.remove("rename")
    coercing.rules.remove("prefix")
    coercing.store(plain)
    coercing.close()

    (pack,) = (tmp_path / "packs").rglob("*.tar")
    with tarfile.open(pack) as archive:
        overlay, file, other = archive.getmembers()
        record = orjson.loads(archive.extractfile(overlay).read())

    assert overlay.name == f"overlay/{file.offset_data:020d}.json"
    assert other.name.endswith(f"{plain.SOPInstanceUID}.dcm")
    assert record["rules"] == ["rename", "prefix"]
    assert record["changes"]["00100020"] == {"vr": "LO", "Value": ["H1-P1"]}


@pytest.mark.parametrize("size", ["small", "large"])
def test_lost_rows_come_back_with_the_overlay_of_then(
    coercing: Process, database: Database, tmp_path: Path, size: str
) -> None:
    image = ct_image()
    (coercing.store if size == "small" else lambda one: stream(coercing, one))(image)
    before, rows = b"".join(coercing.archive.chunks(kept(coercing, image))), overlay_rows(coercing)
    coercing.rules.put(Rule("rename", NAME, Action.SET, "Another^Name"))
    coercing.die()
    with database.connection() as connection:
        connection.execute("truncate study, patient, series, kept_instance, overlay, pack, finding cascade")

    reborn = Process(database, tmp_path / "packs")
    assert reborn.recover() == Recovered(packs=1, instances=1)

    assert b"".join(reborn.archive.chunks(kept(reborn, image))) == before
    assert overlay_rows(reborn) == rows
    assert found_names(reborn, image) == [{"Alphabetic": "Right^Name"}]
    assert reborn.recover().instances == 0
    reborn.close()


def test_a_file_whose_overlay_is_damaged_does_not_come_back_uncoerced(
    coercing: Process, database: Database, tmp_path: Path
) -> None:
    image = ct_image()
    coercing.store(image)
    coercing.die()
    (pack,) = (tmp_path / "packs").rglob("*.tar")
    pack.write_bytes(pack.read_bytes().replace(b'"Right^Name"', b'"Wrong^Name"'))
    with database.connection() as connection:
        connection.execute("truncate study, patient, series, kept_instance, overlay, pack, finding cascade")

    reborn = Process(database, tmp_path / "packs")

    assert reborn.recover() == Recovered(packs=1, damaged=1)
    assert reborn.rows("select count(*) from instance") == [(0,)]
    reborn.close()


@pytest.mark.parametrize("cut", ["in the record", "in the file"])
def test_a_write_cut_short_leaves_nothing_of_it(
    coercing: Process, database: Database, tmp_path: Path, cut: str
) -> None:
    first, image = ct_image(), ct_image()
    coercing.store(first)
    coercing.store(image)
    coercing.die()
    (pack,) = (tmp_path / "packs").rglob("*.tar")
    content = pack.read_bytes()
    second = content.rindex(b"./PaxHeaders/overlay/")
    pack.write_bytes(content[: second + (1600 if cut == "in the record" else len(content) - second - 700)])
    with database.connection() as connection:
        connection.execute("truncate study, patient, series, kept_instance, overlay, pack, finding cascade")

    reborn = Process(database, tmp_path / "packs")

    assert reborn.recover() == Recovered(packs=1, instances=1)
    assert given_out(reborn, first).PatientName == "Right^Name"
    assert reborn.recover().instances == 0
    reborn.close()


def test_a_replacement_brings_its_own_overlay(coercing: Process) -> None:
    image = ct_image()
    identity = {name: image[name].value for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")}
    coercing.store(image)
    coercing.rules.remove("rename")
    coercing.rules.remove("prefix")

    outcome = coercing.store(ct_image(**identity, PatientID="P2"), source=policy(DuplicatePolicy.REPLACE))

    assert outcome.stored_as is StoredAs.REPLACED
    assert given_out(coercing, image).PatientID == "P2"
    assert overlay_rows(coercing) == []
    coercing.rules.put(PREFIXED)
    coercing.store(ct_image(**identity, PatientID="P3"), source=policy(DuplicatePolicy.REPLACE))
    assert given_out(coercing, image).PatientID == "H1-P3"


def test_another_content_is_kept_beside_it_and_changes_nothing(coercing: Process) -> None:
    image = ct_image()
    identity = {name: image[name].value for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")}
    coercing.store(image)

    outcome = coercing.store(ct_image(**identity, PatientID="P2"))

    assert (outcome.stored_as, outcome.originals) == (StoredAs.CONFLICT, None)
    assert given_out(coercing, image).PatientID == "H1-P1"


def test_the_correction_version_rises_with_each_group_that_is_coerced(coercing: Process) -> None:
    first = ct_image()
    coercing.store(first)
    version = "select correction_version from study where study_uid = %s"
    ((once,),) = coercing.rows(version, first.StudyInstanceUID)
    coercing.store(ct_image(StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID))
    ((twice,),) = coercing.rows(version, first.StudyInstanceUID)

    assert 0 < once < twice


def test_objects_that_differ_by_their_overlay_differ_by_their_digest(coercing: Process) -> None:
    image = ct_image()
    coercing.store(image)
    found = kept(coercing, image)

    assert found.digest != found.placement.data_set_sha256
    assert found.digest == kept(coercing, image).digest


def test_an_object_that_cannot_be_edited_is_refused(process: Process) -> None:
    process.rules.put(Rule("issuer", 0x00100021, Action.SET, "H1"))
    image = ct_image()
    image.PatientComments = "cut here"
    data_set = data_set_bytes(image)
    cut = data_set[: data_set.index(b"\x10\x00\x30\x00DA") + 12]
    for tag, value in (
        (b"\x20\x00\x0d\x00UI", image.StudyInstanceUID),
        (b"\x20\x00\x0e\x00UI", image.SeriesInstanceUID),
    ):
        raw = value.encode() + b"\0" * (len(value) % 2)
        cut = tag + len(raw).to_bytes(2, "little") + raw + cut
    head = write_head(image.SOPClassUID, image.SOPInstanceUID, ExplicitVRLittleEndian, "TEST")
    large = process.archive.store_large(SOURCE, ExplicitVRLittleEndian, None, None, SCOPE, datetime.now(UTC), head)
    large.write(cut)

    outcome = large.finish().result(30)

    assert outcome.refusal is Refusal.COERCION
    assert outcome.instance_uid == image.SOPInstanceUID
    assert process.rows("select count(*) from instance") == [(0,)]


def test_damage_of_a_coerced_object_is_told(coercing: Process, tmp_path: Path) -> None:
    for syntax in (ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian):
        image = ct_image(PatientComments=new_uid())
        coercing.store(image, syntax)
        (pack,) = (tmp_path / "packs").rglob("*.tar")
        content = pack.read_bytes()
        at = content.rindex(data_set_bytes(image, syntax)[-20:])
        with pack.open("r+b") as file:
            file.seek(at)
            file.write(b"damaged")

        with pytest.raises(Damaged):
            b"".join(coercing.archive.chunks(kept(coercing, image)))


def test_many_of_a_group_are_coerced_together(coercing: Process) -> None:
    images = [ct_image(PatientID=f"P{number}") for number in range(20)]

    outcomes = [future.result(30) for future in [coercing.submit(image) for image in images]]

    assert all(isinstance(outcome, Stored) and outcome.originals for outcome in outcomes)
    assert [given_out(coercing, image).PatientID for image in images] == [f"H1-P{number}" for number in range(20)]


def test_a_view_is_judged_by_what_is_found(process: Process) -> None:
    process.rules.put(Rule("modality", 0x00080060, Action.SET, "MR", conditions=((0x00080060, "CT"),)))
    through = Scope("ae:TEST", everything=True, view=View(modalities=frozenset(("MR",))))
    shown, hidden = ct_image(), ct_image(Modality="US")

    outcomes = [process.archive.store(received(image), through).result(30) for image in (shown, hidden)]

    assert isinstance(outcomes[0], Stored)
    assert outcomes[1].refusal is Refusal.NOT_ALLOWED
    assert given_out(process, shown).Modality == "MR"


def problems(process: Process) -> list[str]:
    return [problem.fault for problem in check(process.packs, IndexCheck(process.database), Totals())]


def test_a_check_finds_rows_that_tell_of_another_overlay_than_their_pack(coercing: Process) -> None:
    image, large = ct_image(), ct_image()
    coercing.store(image)
    stream(coercing, large)
    coercing.store(ct_image(), source=policy(DuplicatePolicy.REPLACE))
    assert problems(coercing) == []
    coercing.execute("update overlay set record = jsonb_set(record, '{system}', '\"OTHER\"')")
    assert problems(coercing) == [Fault.OTHER_OVERLAY] * 3
    coercing.execute("delete from overlay")
    assert problems(coercing) == [Fault.OTHER_OVERLAY] * 3


def test_a_replaced_object_has_the_overlay_of_its_follower(coercing: Process) -> None:
    image = ct_image()
    coercing.store(image)
    image.PixelData = bytes(128)
    coercing.store(image, source=policy(DuplicatePolicy.REPLACE))
    assert problems(coercing) == []
