"""The requests that OHIF makes, as its version 3.13 was seen to make them, and what each has to be answered with.

The viewer lies on another origin and sends a bearer token; recorded with the drill beside this file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG4HP41,
    BasicTextSRStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    SegmentationStorage,
    UltrasoundMultiFrameImageStorage,
    VideoEndoscopicImageStorage,
)

from objects import ct_image, new_uid, part10_bytes, series
from serving import Server
from web_house import STOW_TYPE, multipart

VIEWER = "http://127.0.0.1:3000"
JSON = "application/dicom+json"
JPEG = "image/jpeg"
PARTS = 'multipart/related; type="{}"'
STORED_FRAME = 'multipart/related; type="application/octet-stream"; transfer-syntax="*"'
SLIDE_FRAME = ", ".join(
    [
        *(f'{PARTS.format(kind)}; transfer-syntax=1.2.840.10008.1.2.4.{syntax}' for kind, syntax in (
            ("image/jls", 80), ("image/jls", 81), ("image/jp2", 90), ("image/jp2", 91), ("image/jpx", 92),
            ("image/jpx", 93),
        )),
        f"{PARTS.format('application/octet-stream')}; transfer-syntax=*",
        f"{PARTS.format('image/jpeg')}; transfer-syntax=1.2.840.10008.1.2.4.50",
    ]
)  # fmt: skip
FILM = b"a film " * 40
LISTED = "limit=101&offset=0&fuzzymatching=true&includefield=00081030%2C00080060%2C00080090%2C00100030"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the viewer: its address below ``/dicomweb``, what it accepts, and what it needs."""

    address: str
    accept: str
    status: int = 200
    answer: str = ""  # what the media type of the answer begins with; empty: what is accepted


REQUESTS = {
    "study list": Asked(f"/studies?{LISTED}", JSON),
    "study list by name": Asked(f"/studies?PatientName=*Viewed*&{LISTED}", JSON),
    "study list by modality": Asked(f"/studies?ModalitiesInStudy=US&{LISTED}", JSON),
    "study list by dates": Asked(f"/studies?StudyDate=20250101-20261231&{LISTED}", JSON),
    "study list by accession and description": Asked(
        f"/studies?AccessionNumber=*A1*&StudyDescription=*Head*&{LISTED}", JSON
    ),
    "study list of nobody": Asked(f"/studies?PatientName=*nobody*&{LISTED}", JSON, 204),
    "one study": Asked(f"/studies?{LISTED}&StudyInstanceUID={{study}}", JSON),
    "other studies of the patient": Asked(f"/studies?00100020={{patient}}&{LISTED}", JSON),
    "series of the study": Asked(
        "/studies/{study}/series?includefield=00080021%2C00080031%2C0008103E%2C00200011", JSON
    ),
    "metadata of a series": Asked("/studies/{study}/series/{ct}/metadata", JSON),
    "frame": Asked("{ct_image}/frames/1", STORED_FRAME, answer=PARTS.format("application/octet-stream")),
    "frame of a cine": Asked("{us_image}/frames/3", STORED_FRAME, answer=PARTS.format("application/octet-stream")),
    "frame of a slide": Asked("{us_image}/frames/2", SLIDE_FRAME, answer=PARTS.format("application/octet-stream")),
    "frame that is not there": Asked("{us_image}/frames/4", STORED_FRAME, 404, "application/problem+json"),
    "document": Asked(
        "{pdf_image}/bulkdata/00420011",
        f"{PARTS.format('application/pdf')}, {PARTS.format('application/octet-stream')}",
        answer="multipart/related",
    ),
    "long value alone": Asked("{pdf_image}/bulkdata/00420011", "application/octet-stream"),
    "long value as a part": Asked("{pdf_image}/bulkdata/00420011", PARTS.format("application/octet-stream")),
    "segmentation": Asked("{seg_image}", PARTS.format("application/dicom")),
    "instance for a small picture": Asked("/studies/{study}/series/{ct}/instances?limit=1&includefield=00080018", JSON),
    "small picture of an instance": Asked("{ct_image}/rendered?viewport=256%2C256", JPEG),
    "small picture of a series": Asked("/studies/{study}/series/{ct}/thumbnail?viewport=256%2C256", JPEG),
    "small picture of a series, rendered": Asked("/studies/{study}/series/{ct}/rendered?viewport=256%2C256", JPEG),
}  # fmt: skip


def objects() -> dict[str, Dataset]:
    """A study that has what the viewer treats apart; its report has no modality."""
    first, second = series(2, PatientName="Viewed^Vera", PatientID=f"V{new_uid()[-9:]}")
    first.PixelData = second.PixelData = bytes(range(128))
    common = {
        "StudyInstanceUID": first.StudyInstanceUID,
        "PatientName": first.PatientName,
        "PatientID": first.PatientID,
    }
    cine = ct_image(**common, SOPClassUID=UltrasoundMultiFrameImageStorage, Modality="US", NumberOfFrames=3)
    cine.PixelData = bytes(3 * 128)
    segmentation = ct_image(**common, SOPClassUID=SegmentationStorage, Modality="SEG", NumberOfFrames=1)
    document = ct_image(**common, SOPClassUID=EncapsulatedPDFStorage, Modality="DOC")
    document.EncapsulatedDocument, document.MIMETypeOfEncapsulatedDocument = (
        b"%PDF-1.4" + bytes(9000),
        "application/pdf",
    )
    video = ct_image(**common, SOPClassUID=VideoEndoscopicImageStorage, Modality="ES", NumberOfFrames=2)
    video.PixelData = encapsulate([FILM])
    video["PixelData"].VR = "OB"
    report = ct_image(**{**common, "StudyInstanceUID": new_uid()}, SOPClassUID=BasicTextSRStorage)
    for each in (document, report):
        for keyword in ("PixelData", "Rows", "Columns"):
            delattr(each, keyword)
    del report.Modality
    return {
        "ct": first,
        "ct2": second,
        "us": cine,
        "seg": segmentation,
        "pdf": document,
        "video": video,
        "report": report,
    }


@dataclass(frozen=True, slots=True)
class Archive:
    """A running archive, the token of the viewer's user, and what names the objects in addresses."""

    root: str
    token: str
    names: dict[str, str]

    def ask(self, address: str, accept: str, **headers: str) -> requests.Response:
        """Ask as a script of the viewer does."""
        headers = {"Accept": accept, "Authorization": f"Bearer {self.token}", "Origin": VIEWER, **headers}
        return requests.get(f"{self.root}{address.format(**self.names)}", headers=headers, timeout=60)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive that knows the viewer's origin."""
    server = Server(tmp_path_factory.mktemp("ohif") / "data", "--workers", "1", "--cors-origins", VIEWER).start()
    try:
        yield _filled(server)
    finally:
        server.close()


def _filled(server: Server) -> Archive:
    root = f"{server.url}/dicomweb"
    images = objects()
    syntaxes = {"video": MPEG4HP41}
    body = multipart(*(part10_bytes(each, syntaxes.get(name, ExplicitVRLittleEndian)) for name, each in images.items()))
    headers = {"Authorization": f"Bearer {server.token('service')}", "Content-Type": STOW_TYPE, "Accept": JSON}
    assert requests.post(f"{root}/studies", body, headers=headers, timeout=60).status_code == 200
    names = {
        "study": images["ct"].StudyInstanceUID,
        "patient": images["ct"].PatientID,
        "ct": images["ct"].SeriesInstanceUID,
    }
    for name, each in images.items():
        place = f"/studies/{each.StudyInstanceUID}/series/{each.SeriesInstanceUID}/instances/{each.SOPInstanceUID}"
        names[f"{name}_image"] = place
    return Archive(root, server.token("radiologist"), names)


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS.keys())
def test_the_viewer_gets_what_it_asks_for_from_another_origin(archive: Archive, asked: Asked) -> None:
    answer = archive.ask(asked.address, asked.accept)
    assert answer.status_code == asked.status, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == VIEWER
    if asked.status != 204:
        assert answer.headers["Content-Type"].startswith(asked.answer or asked.accept)
        assert len(answer.content) > 0


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS.keys())
def test_the_browser_may_send_the_token_with_each_of_them(archive: Archive, asked: Asked) -> None:
    headers = {
        "Origin": VIEWER,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = requests.options(f"{archive.root}{asked.address.format(**archive.names)}", headers=headers, timeout=60)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == VIEWER
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]


def test_the_modalities_of_a_study_are_a_list_also_where_no_series_says_one(archive: Archive) -> None:
    """The viewer reads the length of the list in each study: one without would leave it without a study list."""
    found = archive.ask(f"/studies?{LISTED}", JSON).json()
    modalities = {tuple(study["00080061"]["Value"]) for study in found}
    assert modalities == {(), ("CT", "DOC", "ES", "SEG", "US")}


def test_the_viewer_can_read_why_it_was_refused(archive: Archive) -> None:
    answer = archive.ask(f"/studies?{LISTED}", JSON, Authorization="Bearer of no meaning")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, VIEWER)


def test_metadata_name_long_values_by_addresses_that_answer(archive: Archive) -> None:
    (metadata,) = archive.ask("{pdf_image}/metadata", JSON).json()
    address = metadata["00420011"]["BulkDataURI"]
    assert address.startswith(archive.root)
    assert archive.ask(address.removeprefix(archive.root), "application/octet-stream").content.startswith(b"%PDF")


def test_the_viewer_is_told_what_is_a_video_and_can_fetch_it(archive: Archive) -> None:
    (metadata,) = archive.ask("{video_image}/metadata", JSON).json()
    assert metadata["00083002"] == {"vr": "UI", "Value": [MPEG4HP41]}
    assert list(metadata) == sorted(metadata)
    address = metadata["7FE00010"]["BulkDataURI"].removeprefix(archive.root)
    answer = archive.ask(address, f"{PARTS.format('video/mp4')}, {PARTS.format('application/octet-stream')}")
    assert answer.status_code == 200
    assert FILM in answer.content


def test_what_is_no_video_has_no_more_metadata_than_the_object(archive: Archive) -> None:
    (metadata,) = archive.ask("{us_image}/metadata", JSON).json()
    assert "00083002" not in metadata
