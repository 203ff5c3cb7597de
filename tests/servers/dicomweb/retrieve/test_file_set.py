"""The ZIP of a study is a File-set: other programs read its DICOMDIR and find every file by it."""

import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from filmless.pixels.codec_pool import CodecPool
from filmless.standards.media.record_types import KEYS, record_type
from objects import ct_image, part10_bytes, series
from web_house import STOW_TYPE, Reply, WebHouse, multipart


def study() -> list[Dataset]:
    """Two series of images, a report and an encapsulated document, with a name in two scripts."""
    images = series(3, PatientName="Ямада^Таро=山田^太郎")
    common = {name: images[0][name].value for name in ("StudyInstanceUID", "PatientName", "PatientID")}
    second = series(2, **common, SeriesNumber=2, Modality="MR")
    for image in second:
        image.StudyInstanceUID = images[0].StudyInstanceUID
    report = ct_image(**common, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR", SeriesNumber=3)
    report.CompletionFlag, report.VerificationFlag = "COMPLETE", "UNVERIFIED"
    report.ContentDate, report.ContentTime = "20260102", "101112"
    del report.PixelData
    document = ct_image(**common, SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1", Modality="DOC", SeriesNumber=4)
    document.DocumentTitle, document.MIMETypeOfEncapsulatedDocument = "Letter", "application/pdf"
    document.EncapsulatedDocument = b"%PDF-1.4"
    del document.PixelData
    return [*images, *second, report, document]


def stored(house: WebHouse, images: list[Dataset], syntax: str = ExplicitVRLittleEndian) -> str:
    body = multipart(*(part10_bytes(image, syntax) for image in images))
    headers = {"content-type": STOW_TYPE}
    assert house.ask("POST", "/dicomweb/studies", role="service", headers=headers, body=body).status == 200
    return f"/dicomweb/studies/{images[0].StudyInstanceUID}"


def get(house: WebHouse, path: str, accept: str = "application/zip", **headers: str) -> Reply:
    return house.ask("GET", path, role="radiologist", headers={"accept": accept, **headers})


@pytest.fixture
def opened(tmp_path: Path) -> tuple[Path, list[Dataset]]:
    images = study()
    house = WebHouse()
    reply = get(house, stored(house, images))
    assert (reply.status, int(reply.headers["content-length"])) == (200, len(reply.body))
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        archive.extractall(tmp_path)
    return tmp_path, images


READ_BY_PYDICOM = """
import json, sys
from pydicom.fileset import FileSet
print(json.dumps([[each.SOPInstanceUID, each.load().SOPInstanceUID, each.path] for each in FileSet(sys.argv[1])]))
"""


def test_pydicom_finds_every_instance_by_the_directory(opened: tuple[Path, list[Dataset]]) -> None:
    folder, images = opened
    argv = [sys.executable, "-c", READ_BY_PYDICOM, folder / "DICOMDIR"]  # it leaves folders to be cleaned up
    found = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    assert {uid for uid, _, _ in found} == {image.SOPInstanceUID for image in images}
    assert all(uid == loaded for uid, loaded, _ in found)
    assert {path for _, _, path in found} == {str(path) for path in folder.rglob("I*") if path.is_file()}
    directory = dcmread(folder / "DICOMDIR")
    kinds = [record.DirectoryRecordType for record in directory.DirectoryRecordSequence]
    assert kinds[:3] == ["PATIENT", "STUDY", "SERIES"]
    assert (kinds.count("SERIES"), kinds.count("IMAGE"), kinds[-3], kinds[-1]) == (4, 5, "SR DOCUMENT", "ENCAP DOC")
    assert str(directory.DirectoryRecordSequence[0].PatientName) == "Ямада^Таро=山田^太郎"
    assert directory.DirectoryRecordSequence[-1].DocumentTitle == "Letter"
    names = [path.relative_to(folder).parts for path in folder.rglob("*") if path.is_file()]
    assert all(len(part) <= 8 and part.isupper() for parts in names for part in parts)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("dcmdump") is None, reason="needs DCMTK")
def test_dcmtk_reads_the_directory(opened: tuple[Path, list[Dataset]]) -> None:
    folder, images = opened
    dumped = subprocess.run(["dcmdump", "-q", folder / "DICOMDIR"], capture_output=True, text=True, check=True)
    assert (dumped.stdout.count("ReferencedSOPInstanceUIDInFile"), dumped.stderr) == (len(images), "")
    kinds = "".join(f" {kind}" for kind in ("PATIENT", "STUDY", "SERIES"))
    assert all(f"[{kind}]" in dumped.stdout for kind in kinds.split())


def test_the_same_study_gives_the_same_bytes_and_any_part_of_them() -> None:
    house = WebHouse()
    path = stored(house, study())
    whole = get(house, path)
    assert get(house, path).body == whole.body
    tag = whole.headers["etag"]
    for start, stop in ((0, 10), (700, 5000), (len(whole.body) - 30, len(whole.body))):
        part = get(house, path, range=f"bytes={start}-{stop - 1}", **{"if-range": tag})
        assert (part.status, part.body) == (206, whole.body[start:stop])
        assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(whole.body)}"
    assert get(house, path, range="bytes=-5").body == whole.body[-5:]
    assert get(house, path, range=f"bytes={len(whole.body)}-").status == 416
    assert get(house, path, **{"if-none-match": tag}).status == 304
    head = house.ask("HEAD", path, role="radiologist", headers={"accept": "application/zip"})
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(whole.body)))


def test_what_is_converted_goes_into_the_directory_as_it_is_given() -> None:
    house = WebHouse(codecs=CodecPool(1))  # which is asked for nothing: the pixels are native
    images = study()
    reply = get(
        house,
        stored(house, images, ImplicitVRLittleEndian),
        f"application/zip; transfer-syntax={ExplicitVRLittleEndian}",
    )
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        files = [dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist()]
    assert {file.file_meta.TransferSyntaxUID for file in files} == {ExplicitVRLittleEndian}
    records = files[0].DirectoryRecordSequence
    assert {each.ReferencedTransferSyntaxUIDInFile for each in records if "ReferencedFileID" in each} == {
        ExplicitVRLittleEndian
    }
    assert [file.SOPInstanceUID for file in files[1:]] == [image.SOPInstanceUID for image in images]


@pytest.mark.parametrize(
    ("sop_class_uid", "kind"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", "IMAGE"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "PRESENTATION"),
        ("1.2.840.10008.5.1.4.1.1.88.59", "KEY OBJECT DOC"),
        ("1.2.840.10008.5.1.4.1.1.88.67", "SR DOCUMENT"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "WAVEFORM"),
        ("1.2.840.10008.5.1.4.1.1.481.2", "RT DOSE"),
        ("1.2.840.10008.5.1.4.1.1.481.1", "IMAGE"),
        ("1.2.840.10008.5.1.4.1.1.481.12", "RADIOTHERAPY"),
        ("1.2.3.4", "IMAGE"),
    ],
)
def test_each_class_has_its_record(sop_class_uid: str, kind: str) -> None:
    assert record_type(sop_class_uid) == kind
    assert kind in KEYS
