"""Store: what becomes of an instance, alone and among others."""

import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from archive_process import SCOPE, Process, policy, received
from filmless.archive.errors import NotFound, RecordRefused
from filmless.archive.findings import FindingKind
from filmless.archive.model import Door, DuplicatePolicy, Refusal, Refused, Source, Stored, StoredAs
from filmless.archive.ports import Batch
from filmless.archive.query.selection import Selection
from objects import ct_image, data_set_bytes, new_uid, series


def stored_as(outcome: object) -> StoredAs | Refusal:
    return outcome.stored_as if isinstance(outcome, Stored) else outcome.refusal


def served(process: Process, image: object) -> bytes:
    (kept,) = process.archive.instances(
        image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID, scope=SCOPE
    )
    return b"".join(process.archive.chunks(kept))[kept.placement.head_length :]


def test_an_instance_comes_back_as_it_was_received(process: Process) -> None:
    image = ct_image()

    assert stored_as(process.store(image)) is StoredAs.NEW

    assert served(process, image) == data_set_bytes(image)


def test_tar_lists_and_extracts_what_is_in_a_pack(process: Process, tmp_path: Path) -> None:
    images = series(3)
    for image in images:
        process.store(image)
    process.close()

    (pack,) = (tmp_path / "packs").rglob("*.tar")
    listed = subprocess.run(["tar", "tvf", pack], capture_output=True, text=True, check=True)
    with tarfile.open(pack) as archive:
        names = archive.getnames()

    assert listed.stderr == ""
    assert names == [
        f"{image.StudyInstanceUID}/{image.SeriesInstanceUID}/{image.SOPInstanceUID}.dcm" for image in images
    ]


def test_the_same_content_is_kept_once(process: Process) -> None:
    image = ct_image()

    outcomes = [stored_as(process.store(image)) for _ in range(3)]

    assert outcomes == [StoredAs.NEW, StoredAs.SAME, StoredAs.SAME]
    assert process.rows("select sum(instance_count) from series") == [(1,)]


def test_the_same_elements_in_another_encoding_are_kept_once(process: Process) -> None:
    image = ct_image()

    outcomes = [stored_as(process.store(image, *syntax)) for syntax in ((), (ImplicitVRLittleEndian,))]
    outcomes.append(stored_as(process.store(image, DeflatedExplicitVRLittleEndian)))

    assert outcomes == [StoredAs.NEW, StoredAs.SAME_ELEMENTS, StoredAs.SAME_ELEMENTS]
    assert served(process, image) == data_set_bytes(image)
    assert process.rows("select count(*) from event where kind = 'same-elements'") == [(2,)]


def test_another_content_is_kept_beside_the_first_and_not_served(process: Process) -> None:
    first = ct_image()
    other = ct_image(**_same_identity(first), StudyDescription="Other")
    process.store(first)

    outcomes = [stored_as(process.store(other)) for _ in range(2)]

    (version,) = process.archive.conflicts(SCOPE)
    (finding,) = process.archive.findings(SCOPE, first.StudyInstanceUID)
    place = version.placement
    kept = process.packs.read(place.pack, place.offset + place.head_length, place.offset + place.length)
    assert outcomes == [StoredAs.CONFLICT, StoredAs.CONFLICT]
    assert kept == data_set_bytes(other)
    assert served(process, first) == data_set_bytes(first)
    assert finding.subject.split()[0] == first.SOPInstanceUID


def test_the_sender_is_told_of_another_version_and_of_missing_pixels(process: Process) -> None:
    first, short = ct_image(), ct_image(NumberOfFrames=2)
    remarks = []
    for image in (first, ct_image(**_same_identity(first), StudyDescription="Other"), short, short):
        outcome = process.store(image)
        assert isinstance(outcome, Stored)
        remarks.append(outcome.remark.partition(":")[0])
    assert remarks == ["", "Kept as another version", "Kept as it came", "Kept as it came"]
    assert served(process, short) == data_set_bytes(short)


def test_each_further_content_is_a_finding_of_its_own(process: Process) -> None:
    first = ct_image()
    process.store(first)
    for description in ("Other", "Third"):
        process.store(ct_image(**_same_identity(first), StudyDescription=description))
    found = process.archive.findings(SCOPE, first.StudyInstanceUID)
    assert [each.kind for each in found] == [FindingKind.CONFLICT_VERSION] * 2


def test_a_sender_whose_policy_is_refuse_is_told_of_the_duplicate(process: Process) -> None:
    first = ct_image()
    other = ct_image(**_same_identity(first), StudyDescription="Other")
    process.store(first)

    outcome = process.store(other, source=policy(DuplicatePolicy.REFUSE))

    assert stored_as(outcome) is Refusal.DUPLICATE
    assert process.archive.conflicts(SCOPE) == []


def test_a_sender_whose_policy_is_replace_is_served_and_the_former_kept(process: Process) -> None:
    first = ct_image()
    other = ct_image(**_same_identity(first) | {"SeriesInstanceUID": new_uid()})
    replace = policy(DuplicatePolicy.REPLACE)
    process.store(first)

    assert stored_as(process.store(other, source=replace)) is StoredAs.REPLACED
    assert served(process, other) == data_set_bytes(other)
    assert len(process.archive.conflicts(SCOPE)) == 1
    assert process.rows("select sum(instance_count), count(*) from series") == [(1, 2)]

    assert stored_as(process.store(first, source=replace)) is StoredAs.REPLACED
    assert served(process, first) == data_set_bytes(first)


def test_two_contents_under_one_uid_in_one_group_are_a_first_and_a_conflict(process: Process) -> None:
    first = ct_image()
    other = ct_image(**_same_identity(first), StudyDescription="Other")

    futures = [process.submit(image) for image in (first, other, first, other)]

    outcomes = [stored_as(future.result(30)) for future in futures]
    assert outcomes == [StoredAs.NEW, StoredAs.CONFLICT, StoredAs.SAME, StoredAs.CONFLICT]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"SOPInstanceUID": "1.2.x"}, Refusal.BAD_UID),
        ({"StudyInstanceUID": "../../etc"}, Refusal.BAD_UID),
        ({"SeriesInstanceUID": ""}, Refusal.BAD_UID),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_illegal_uids_are_refused(process: Process, change: dict[str, str], refusal: Refusal) -> None:
    assert stored_as(process.store(ct_image(**change))) is refusal
    assert process.rows("select count(*) from instance") == [(0,)]


def test_what_is_no_data_set_is_refused_and_its_neighbours_are_kept(process: Process) -> None:
    good, bad = ct_image(), received(ct_image())
    broken = type(bad)(bad.head, b"\x08\0\x05\0SQ\0\0\xff\xff\xff\x7f" * 9, *_rest(bad))

    futures = [process.submit(good), process.archive.store(broken, SCOPE), process.submit(ct_image())]

    before, refused, after = (future.result(30) for future in futures)
    assert isinstance(refused, Refused)
    assert (stored_as(before), stored_as(after)) == (StoredAs.NEW, StoredAs.NEW)


def test_an_instance_that_is_not_what_was_announced_is_refused(process: Process) -> None:
    image = received(ct_image())
    other = type(image)(image.head, image.data_set, *_rest(image)[:3], instance_uid="1.2.3")

    assert stored_as(process.archive.store(other, SCOPE).result(30)) is Refusal.MISMATCH


def test_an_instance_of_another_study_than_the_addressed_one_is_refused(process: Process) -> None:
    source = Source(Door.STOW_RS, study_uid="1.2.3")

    assert stored_as(process.store(ct_image(), source=source)) is Refusal.OTHER_STUDY


def test_one_patient_id_with_another_birth_date_is_another_patient_and_flagged(process: Process) -> None:
    process.store(ct_image())
    process.store(ct_image(PatientBirthDate="", PatientName="TEST^anna"))
    other = ct_image(PatientBirthDate="19991231")
    process.store(other)

    (finding,) = process.archive.findings(SCOPE)
    assert finding.study_uid == other.StudyInstanceUID
    assert process.rows("select count(*), count(distinct variant) from patient") == [(2, 2)]
    assert process.rows("select count(distinct patient_id) from study") == [(2,)]


def test_without_a_patient_id_each_study_has_a_patient_of_its_own(process: Process) -> None:
    for _ in range(2):
        process.store(ct_image(PatientID=""))

    assert process.rows("select count(*) from patient") == [(2,)]


def test_the_senders_issuer_holds_where_the_object_names_none(process: Process) -> None:
    process.store(ct_image(), source=Source(Door.C_STORE, issuer="HOSPITAL A"))
    process.store(ct_image(IssuerOfPatientID="B"), source=Source(Door.C_STORE, issuer="HOSPITAL A"))

    assert process.rows("select issuer from patient order by issuer") == [("B",), ("HOSPITAL A",)]


def test_a_study_that_names_two_patients_is_one_study_and_flagged(process: Process) -> None:
    first, second = series(2)
    second.PatientID = "P2"
    process.store(first)
    process.store(second)

    (finding,) = process.archive.findings(SCOPE, first.StudyInstanceUID)
    assert finding.text == "An instance of this study names another patient; it is filed in the study."
    assert len(process.archive.instances(first.StudyInstanceUID, scope=SCOPE)) == 2


def test_arrivals_of_studies_and_series_are_recorded_once(process: Process) -> None:
    for image in series(3):
        process.store(image)

    kinds = process.rows("select kind, count(*) from event group by kind order by kind")
    assert kinds == [("series-arrived", 1), ("study-arrived", 1)]


@pytest.mark.filterwarnings("ignore:The .*length")
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_text_that_the_database_cannot_hold_does_not_stop_an_instance(process: Process) -> None:
    image = ct_image(PatientID="P\0" + "9" * 3000, PatientName="A\0^B" * 300, StudyDescription="D" * 5000)

    assert stored_as(process.store(image)) is StoredAs.NEW


def test_only_the_guilty_instance_of_a_group_is_refused(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    images = series(5)
    guilty = images[2].SOPInstanceUID
    record = process.index.record

    def refuse_guilty(batch: Batch) -> frozenset[str]:
        if guilty in [entry.header.instance_uid for entry in batch.entries]:
            raise RecordRefused("CheckViolation")
        return record(batch)

    monkeypatch.setattr(process.index, "record", refuse_guilty)
    futures = [process.submit(image) for image in images]

    outcomes = [stored_as(future.result(30)) for future in futures]
    assert outcomes.count(StoredAs.NEW) == 4
    assert outcomes[2] is Refusal.STORAGE_FAILED
    monkeypatch.undo()
    process.die()
    assert process.recover().instances == 0  # its member has a void record
    with pytest.raises(NotFound):
        process.archive.instances(images[2].StudyInstanceUID, None, guilty, scope=SCOPE)


def test_parents_that_vanished_are_made_again(process: Process) -> None:
    first, second = series(2)
    process.store(first)
    process.execute("truncate patient, study, series, kept_instance cascade")

    assert stored_as(process.store(second)) is StoredAs.NEW
    assert process.rows("select sum(instance_count) from series") == [(1,)]


def test_frames_of_native_pixels_are_found_by_arithmetic(process: Process) -> None:
    image = ct_image(NumberOfFrames=2, PixelData=bytes(256))
    process.store(image)

    (kept,) = process.archive.instances(image.StudyInstanceUID, scope=SCOPE)
    table = process.archive.frames(kept, SCOPE)

    data_set = data_set_bytes(image)
    assert (table.count, table.size, table.first) == (2, 128, len(data_set) - 256)


def test_a_scope_hides_what_it_does_not_reach(process: Process) -> None:
    image = ct_image()
    process.store(image)

    with pytest.raises(NotFound):
        process.archive.instances(image.StudyInstanceUID, scope=type(SCOPE)(actor="user:nobody"))


def test_the_record_of_a_retrieve_names_the_destination_where_that_is_another(process: Process) -> None:
    image = ct_image()
    process.store(image)
    asked = Selection(study_uids=(image.StudyInstanceUID,))
    process.archive.select(asked, SCOPE, "WORKSTATION")
    process.archive.select(asked, SCOPE)
    process.events.flush()
    rows = process.rows("select details from event where kind = 'retrieved' order by id")
    assert rows == [({"destination": "WORKSTATION"},), ({},)]


def _same_identity(image: object) -> dict[str, object]:
    keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    return {keyword: getattr(image, keyword) for keyword in keywords}


def _rest(image: object) -> tuple[object, ...]:
    return image.transfer_syntax_uid, image.source, image.received_at, None, None


def test_a_copy_that_goes_on_where_the_kept_one_was_cut_takes_its_place(process: Process) -> None:
    image = ct_image()
    whole = received(image)
    cut = replace(whole, data_set=whole.data_set[:-20])
    assert process.archive.store(cut, SCOPE).result(30).stored_as is StoredAs.NEW
    (finding,) = process.archive.findings(SCOPE)
    assert finding.kind is FindingKind.INCOMPLETE_OBJECT
    assert process.archive.store(whole, SCOPE).result(30).stored_as is StoredAs.REPLACED
    (kept,) = process.archive.instances(image.StudyInstanceUID, scope=SCOPE)
    assert process.archive.read(kept)[kept.placement.head_length :] == bytes(whole.data_set)
    (former,) = process.archive.conflicts(SCOPE)
    assert former.placement.length == kept.placement.length - 20


def test_a_transfer_syntax_that_is_no_uid_is_refused(process: Process) -> None:
    odd = replace(received(ct_image()), transfer_syntax_uid="1.2.840.10008.1.2.1\r\nX-Injected: 1")
    outcome = process.archive.store(odd, SCOPE).result(30)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.BAD_UID
