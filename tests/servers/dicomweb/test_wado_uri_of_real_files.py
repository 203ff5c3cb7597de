"""WADO-URI over a running archive with real files, one row for each case of PS3.18 9: status, media type, content."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless

from objects import ct_image, part10_bytes
from serving import Server
from web_house import STOW_TYPE, multipart

PYDICOM = "pydicom+pydicom/src/pydicom/data/test_files/"
WEASIS = "nroduit+weasis-dicom-tools/weasis-dicom-tools/src/test/resources/org/dcm4che3/img/"
FILES = {
    "ct": PYDICOM + "CT_small.dcm",  # 128 rows and columns
    "colour": PYDICOM + "examples_rgb_color.dcm",  # 240 rows, 320 columns
    "cine": PYDICOM + "examples_ybr_color.dcm",  # 30 frames of 240 rows and 320 columns, JPEG
    "report": PYDICOM + "test-SR.dcm",
    "pdf": "PantelisGeorgiadis+dcmjs-dimse/datasets/pdf.dcm",
    "state": WEASIS + "prLUTs.dcm",
    "shown": WEASIS + "imageForPrLUTs.dcm",  # 512 rows and columns
}
DICOM, JPEG, PNG, GIF, HTML, PLAIN = (
    "application/dicom",
    "image/jpeg",
    "image/png",
    "image/gif",
    "text/html; charset=utf-8",
    "text/plain; charset=utf-8",
)
PROBLEM = "application/problem+json"
LETTERS = "Größe Ω 腫瘍"

Content = Callable[[bytes], bool]


@dataclass(frozen=True)
class Kept:
    """The running archive, a token, and what was stored by its name here."""

    url: str
    headers: dict[str, str]
    objects: dict[str, Dataset]
    files: dict[str, bytes]

    def uids(self, name: str) -> dict[str, str]:
        found = self.objects[name]
        return {
            "studyUID": str(found.StudyInstanceUID),
            "seriesUID": str(found.SeriesInstanceUID),
            "objectUID": str(found.SOPInstanceUID),
        }

    def ask(self, query: object, method: str = "GET", **headers: str) -> requests.Response:
        sent = {"Accept": "*/*", **headers, **self.headers}
        return requests.request(method, f"{self.url}/dicomweb/wado", params=query, headers=sent, timeout=60)  # type: ignore[arg-type]


def written() -> Dataset:
    """A report in three scripts."""
    report = ct_image(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR", PatientName="Reich^Über")
    del report.PixelData
    report.ValueType, report.CompletionFlag, report.VerificationFlag = "CONTAINER", "COMPLETE", "UNVERIFIED"
    title, heading = Dataset(), Dataset()
    title.CodeValue, title.CodingSchemeDesignator, title.CodeMeaning = "126000", "DCM", "Report"
    heading.CodeValue, heading.CodingSchemeDesignator, heading.CodeMeaning = "121071", "DCM", "Finding"
    text = Dataset()
    text.RelationshipType, text.ValueType, text.TextValue = "CONTAINS", "TEXT", LETTERS
    text.ConceptNameCodeSequence = [heading]
    report.ConceptNameCodeSequence, report.ContinuityOfContent, report.ContentSequence = [title], "SEPARATE", [text]
    return report


def video() -> Dataset:
    """An object of three frames whose stream is not told apart."""
    found = ct_image(SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.1.1", NumberOfFrames=3, BitsAllocated=8, BitsStored=8)
    found.HighBit = 7
    stream = b"\0\0\0\x18ftypisom" + bytes(40)
    item = b"\xfe\xff\x00\xe0" + len(stream).to_bytes(4, "little") + stream
    found.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0" + item
    found["PixelData"].VR, found["PixelData"].is_undefined_length = "OB", True
    return found


@pytest.fixture(scope="module")
def kept(server: Server, corpus: Path) -> Kept:
    files = {name: (corpus / path).read_bytes() for name, path in FILES.items()}
    files["written"] = part10_bytes(written())
    files["implicit"] = part10_bytes(ct_image(), ImplicitVRLittleEndian)
    files["video"] = part10_bytes(video(), "1.2.840.10008.1.2.4.102")
    headers = {"Authorization": f"Bearer {server.token()}"}
    stored = requests.post(
        f"{server.url}/dicomweb/studies",
        data=multipart(*files.values()),
        headers={**headers, "Content-Type": STOW_TYPE},
        timeout=120,
    )
    assert stored.status_code == 200, stored.text
    objects = {name: dcmread(io.BytesIO(file), stop_before_pixels=True) for name, file in files.items()}
    return Kept(server.url, headers, objects, files)


def of_size(columns: int, rows: int, kind: str = "JPEG") -> Content:
    def holds(body: bytes) -> bool:
        picture = Image.open(io.BytesIO(body))
        return (picture.format, picture.size) == (kind, (columns, rows))

    return holds


def saying(*words: str, charset: str = "utf-8") -> Content:
    return lambda body: all(word in body.decode(charset) for word in words)


def in_syntax(uid: str) -> Content:
    return lambda body: dcmread(io.BytesIO(body)).file_meta.TransferSyntaxUID == uid


def of_grey(value: int) -> Content:
    return lambda body: Image.open(io.BytesIO(body)).convert("L").getextrema() == (value, value)


def anything(body: bytes) -> bool:
    return bool(body)


OTHER_STATE = {"presentationSeriesUID": "{state.series}", "presentationUID": "1.2.3.4.5.6.7"}
STATE = {"presentationSeriesUID": "{state.series}", "presentationUID": "{state.instance}"}
NO_ACCEPT_OF_THESE = {"contentType": "text/csv"}

# Object, parameters, headers, status, Content-Type, what is in the answer. A row a sentence of the standard.
CASES = [
    # 9.3, 8.7.8.1 and table 8.7.4-1: what is selected where contentType says nothing
    ("ct", {}, {}, 200, JPEG, of_size(128, 128)),
    ("colour", {}, {}, 200, JPEG, of_size(320, 240)),
    ("cine", {}, {}, 200, DICOM, in_syntax(JPEGBaseline8Bit)),
    ("cine", {"frameNumber": "30"}, {}, 200, JPEG, of_size(320, 240)),
    ("report", {}, {}, 200, HTML, saying("<!DOCTYPE html>", "Inferred Sample Text")),
    ("pdf", {}, {}, 200, "application/pdf", lambda body: body.startswith(b"%PDF")),
    ("video", {}, {}, 200, DICOM, in_syntax("1.2.840.10008.1.2.4.102")),
    ("state", {}, {}, 200, DICOM, in_syntax(ExplicitVRLittleEndian)),
    ("ct", {}, {"Accept": "image/png"}, 200, PNG, of_size(128, 128, "PNG")),
    ("ct", {}, {"Accept": "image/*"}, 200, JPEG, of_size(128, 128)),
    ("ct", {}, {"Accept": "text/html, image/png;q=0.4, image/gif;q=0.7"}, 200, GIF, of_size(128, 128, "GIF")),
    ("ct", {}, {"Accept": DICOM}, 200, DICOM, in_syntax(ExplicitVRLittleEndian)),
    ("cine", {}, {"Accept": "image/*"}, 200, JPEG, of_size(320, 240)),
    ("report", {}, {"Accept": "text/plain"}, 200, PLAIN, saying("Inferred Sample Text")),
    ("report", {}, {"Accept": "text/*"}, 200, HTML, saying("<html")),
    ("video", {}, {"Accept": "video/mp4"}, 200, "video/mp4", lambda body: body[4:8] == b"ftyp"),
    ("ct", {}, {"Accept": "text/html"}, 406, PROBLEM, saying("image/jpeg")),
    ("ct", {}, {"Accept": f"{DICOM}, image/jpeg"}, 400, PROBLEM, saying("not for both")),
    # contentType
    ("ct", {"contentType": DICOM}, {}, 200, DICOM, in_syntax(ExplicitVRLittleEndian)),
    ("ct", {"contentType": JPEG}, {}, 200, JPEG, of_size(128, 128)),
    ("ct", {"contentType": PNG}, {"Accept": JPEG}, 200, PNG, of_size(128, 128, "PNG")),
    ("ct", {"contentType": "image/png;q=0.2, image/gif"}, {}, 200, GIF, of_size(128, 128, "GIF")),
    ("ct", {"contentType": "text/csv, image/png"}, {}, 200, PNG, of_size(128, 128, "PNG")),
    ("ct", {"contentType": "text/csv"}, {}, 200, JPEG, of_size(128, 128)),  # 8.3.3.1: the default
    ("ct", {"contentType": "text/csv"}, {"Accept": PNG}, 200, PNG, of_size(128, 128, "PNG")),
    ("ct", {"contentType": "text/csv"}, {"Accept": "text/csv"}, 406, PROBLEM, saying("image/jpeg")),
    ("ct", {"contentType": "image/*"}, {}, 400, PROBLEM, saying("wildcards")),
    ("ct", {"contentType": f"{DICOM}, image/jpeg"}, {}, 400, PROBLEM, saying("not for both")),
    ("ct", {"contentType": f"{DICOM}; transfer-syntax=*"}, {}, 400, PROBLEM, saying("transfer-syntax")),
    ("report", {"contentType": "text/plain; charset=utf-8"}, {}, 400, PROBLEM, saying("charset")),
    ("report", {"contentType": DICOM}, {}, 200, DICOM, in_syntax(ExplicitVRLittleEndian)),
    ("report", {"contentType": "text/plain"}, {}, 200, PLAIN, saying("Inferred Sample Text")),
    ("report", {"contentType": "text/html"}, {}, 200, HTML, saying("<!DOCTYPE html>")),
    ("pdf", {"contentType": "application/pdf"}, {}, 200, "application/pdf", lambda body: body.startswith(b"%PDF")),
    ("pdf", {"contentType": JPEG}, {}, 200, JPEG, anything),
    ("cine", {"contentType": GIF, "frameNumber": "1"}, {}, 200, GIF, of_size(320, 240, "GIF")),
    # 9.1.2.1 and 9.4.2.2: what names the object
    ("ct", {"requestType": None}, {}, 400, PROBLEM, saying("requestType")),
    ("ct", {"requestType": "wado"}, {}, 400, PROBLEM, saying("requestType")),
    ("ct", {"requestType": ["WADO", "WADO"]}, {}, 400, PROBLEM, saying("twice")),
    ("ct", {"studyUID": None}, {}, 400, PROBLEM, saying("studyUID")),
    ("ct", {"seriesUID": None}, {}, 400, PROBLEM, saying("seriesUID")),
    ("ct", {"objectUID": None}, {}, 400, PROBLEM, saying("objectUID")),
    ("ct", {"objectUID": "1.2.x"}, {}, 400, PROBLEM, saying("malformed")),
    ("ct", {"objectUID": "1.2.3.4"}, {}, 404, PROBLEM, anything),
    ("ct", {"studyUID": "{pdf.study}"}, {}, 404, PROBLEM, anything),
    ("ct", {"seriesUID": "{pdf.series}"}, {}, 404, PROBLEM, anything),
    ("ct", {"objectUID": "{pdf.instance}"}, {}, 404, PROBLEM, anything),
    # 8.3: unknown parameters say nothing, known ones have one value
    ("ct", {"unknown": ["1", "2"], "ROWS": "x"}, {}, 200, JPEG, of_size(128, 128)),
    ("ct", {"rows": ["5", "5"]}, {}, 400, PROBLEM, saying("rows", "twice")),
    ("ct", {"rows": ""}, {}, 400, PROBLEM, saying("rows", "no value")),
    # 9.5.2.1: frames
    ("cine", {"contentType": JPEG, "frameNumber": "1"}, {}, 200, JPEG, of_size(320, 240)),
    ("cine", {"frameNumber": "31"}, {}, 400, PROBLEM, saying("30 frames")),
    ("cine", {"frameNumber": "0"}, {}, 400, PROBLEM, anything),
    ("cine", {"frameNumber": "-1"}, {}, 400, PROBLEM, anything),
    ("cine", {"frameNumber": "1,2"}, {}, 400, PROBLEM, saying("one number")),
    ("cine", {"frameNumber": ["1", "2"]}, {}, 400, PROBLEM, saying("twice")),
    ("cine", {"frameNumber": "1", "contentType": DICOM}, {}, 400, PROBLEM, saying("frameNumber")),
    ("ct", {"frameNumber": "1"}, {}, 400, PROBLEM, saying("several frames")),
    ("report", {"frameNumber": "1"}, {}, 400, PROBLEM, saying("frameNumber")),
    # 9.5.1.2.4 and 9.5.2.5: viewport
    ("colour", {"rows": "120"}, {}, 200, JPEG, of_size(160, 120)),
    ("colour", {"columns": "64"}, {}, 200, JPEG, of_size(64, 48)),
    ("colour", {"rows": "120", "columns": "64"}, {}, 200, JPEG, of_size(64, 48)),
    ("colour", {"rows": "120", "columns": "6400"}, {}, 200, JPEG, of_size(160, 120)),
    ("colour", {"rows": "0"}, {}, 400, PROBLEM, saying("rows")),
    ("colour", {"columns": "1.5"}, {}, 400, PROBLEM, saying("columns")),
    ("colour", {"rows": "5", "contentType": DICOM}, {}, 400, PROBLEM, saying("rows")),
    # 9.5.1.2.5 and 9.5.2.4: region
    ("colour", {"region": "0.5,0,1,1"}, {}, 200, JPEG, of_size(160, 240)),
    ("colour", {"region": "0.25,0.25,0.75,0.75", "rows": "60"}, {}, 200, JPEG, of_size(80, 60)),
    ("colour", {"region": "0.5,0,0.5,1"}, {}, 400, PROBLEM, saying("region")),
    ("colour", {"region": "0,0,1"}, {}, 400, PROBLEM, saying("region")),
    ("colour", {"region": "0,0,1,1,1"}, {}, 400, PROBLEM, saying("region")),
    ("colour", {"region": "-0.1,0,1,1"}, {}, 400, PROBLEM, saying("region")),
    ("colour", {"region": "0,0,nan,1"}, {}, 400, PROBLEM, saying("region")),
    # 9.5.1.2.6 and 9.5.2.2: window
    ("ct", {"windowCenter": "99999", "windowWidth": "1", "contentType": PNG}, {}, 200, PNG, of_grey(0)),
    ("ct", {"windowCenter": "-99999.5", "windowWidth": "1e0", "contentType": PNG}, {}, 200, PNG, of_grey(255)),
    ("ct", {"windowCenter": "1"}, {}, 400, PROBLEM, saying("go together")),
    ("ct", {"windowWidth": "1"}, {}, 400, PROBLEM, saying("go together")),
    ("ct", {"windowCenter": "x", "windowWidth": "1"}, {}, 400, PROBLEM, saying("no number")),
    ("ct", {"windowCenter": "1", "windowWidth": "1", "contentType": DICOM}, {}, 400, PROBLEM, saying("window")),
    # 9.5.1.2.2 and .3: quality and annotation
    ("ct", {"imageQuality": "1"}, {}, 200, JPEG, lambda body: len(body) < 4000),
    ("ct", {"imageQuality": "0"}, {}, 400, PROBLEM, saying("quality")),
    ("ct", {"imageQuality": "101"}, {}, 400, PROBLEM, saying("quality")),
    ("ct", {"annotation": "patient,technique"}, {}, 200, JPEG, of_size(128, 128)),
    ("ct", {"imageAnnotation": "patient"}, {}, 200, JPEG, of_size(128, 128)),
    ("ct", {"annotation": "patient", "contentType": DICOM}, {}, 200, DICOM, in_syntax(ExplicitVRLittleEndian)),
    # 9.5.1.2.7 and 9.5.2.3: presentation states
    ("shown", STATE, {}, 200, JPEG, anything),
    ("shown", {**STATE, "rows": "64", "columns": "64", "imageQuality": "50"}, {}, 200, JPEG, of_size(64, 64)),
    ("shown", {**STATE, "region": "0,0,0.5,0.5"}, {}, 200, JPEG, of_size(256, 256)),
    ("shown", {"presentationUID": STATE["presentationUID"]}, {}, 400, PROBLEM, saying("go together")),
    ("shown", {"presentationSeriesUID": STATE["presentationSeriesUID"]}, {}, 400, PROBLEM, saying("go together")),
    ("shown", {**STATE, "windowCenter": "1", "windowWidth": "1"}, {}, 400, PROBLEM, saying("windowCenter")),
    ("shown", {**STATE, "frameNumber": "1"}, {}, 400, PROBLEM, saying("frameNumber")),
    ("shown", {**STATE, "contentType": DICOM}, {}, 400, PROBLEM, saying("presentation")),
    ("shown", OTHER_STATE, {}, 400, PROBLEM, saying("no such presentation state")),
    ("shown", {**STATE, "presentationSeriesUID": "1.2.3.4"}, {}, 400, PROBLEM, saying("no such presentation state")),
    ("ct", STATE, {}, 400, PROBLEM, saying("no such presentation state")),  # of another study
    (
        "shown",
        {"presentationSeriesUID": "{shown.series}", "presentationUID": "{shown.instance}"},
        {},
        400,
        PROBLEM,
        saying("no presentation state of this image"),
    ),
    ("state", {"contentType": PNG}, {}, 200, PNG, anything),
    # 9.4.2.4: transfer syntax
    ("implicit", {"contentType": DICOM}, {}, 200, DICOM, in_syntax(ImplicitVRLittleEndian)),
    (
        "implicit",
        {"contentType": DICOM, "transferSyntax": ExplicitVRLittleEndian},
        {},
        200,
        DICOM,
        in_syntax(ExplicitVRLittleEndian),
    ),
    ("ct", {"contentType": DICOM, "transferSyntax": RLELossless}, {}, 200, DICOM, in_syntax(RLELossless)),
    ("cine", {"contentType": DICOM, "transferSyntax": "*"}, {}, 200, DICOM, in_syntax(JPEGBaseline8Bit)),
    ("ct", {"contentType": DICOM, "transferSyntax": "1.2.3"}, {}, 406, PROBLEM, saying(ExplicitVRLittleEndian)),
    ("ct", {"contentType": DICOM, "transferSyntax": "x"}, {}, 400, PROBLEM, saying("transferSyntax")),
    ("ct", {"contentType": DICOM, "transferSyntax": "1.2,1.3"}, {}, 400, PROBLEM, saying("one UID")),
    ("ct", {"contentType": JPEG, "transferSyntax": RLELossless}, {}, 400, PROBLEM, saying("transferSyntax")),
    # 9.4.2.3: refused, never passed over, for pictures too; nothing of the patient is told
    ("ct", {"contentType": DICOM, "anonymize": "yes"}, {}, 406, PROBLEM, lambda body: b"CompressedSamples" not in body),
    ("ct", {"anonymize": "yes"}, {}, 406, PROBLEM, lambda body: b"CompressedSamples" not in body),
    ("ct", {"contentType": DICOM, "anonymize": "no"}, {}, 400, PROBLEM, saying("yes")),
    ("ct", {"contentType": DICOM, "anonymize": ["yes", "yes"]}, {}, 400, PROBLEM, saying("twice")),
    # 8.3.3.2 and 8.8.5: character sets
    ("written", {}, {}, 200, HTML, saying(LETTERS, '<meta charset="utf-8">')),
    (
        "written",
        {"charset": "iso-8859-1"},
        {},
        200,
        "text/html; charset=iso-8859-1",
        saying("Größe &#937; &#33131;&#30221;", '<meta charset="iso-8859-1">', charset="latin-1"),
    ),
    (
        "written",
        {"charset": "iso-8859-7", "contentType": "text/plain"},
        {},
        200,
        "text/plain; charset=iso-8859-7",
        saying("Gr??e Ω ??", charset="iso8859-7"),
    ),
    ("written", {"charset": '"ISO_IR 100"'}, {}, 200, "text/html; charset=iso-8859-1", anything),
    ("written", {"charset": "x-none, utf-8;q=0.1, gb18030"}, {}, 200, "text/html; charset=gb18030", anything),
    ("written", {}, {"Accept-Charset": "x-none, iso-8859-1;q=0.5"}, 200, "text/html; charset=iso-8859-1", anything),
    ("written", {}, {"Accept-Charset": "x-none"}, 200, HTML, saying(LETTERS)),
    ("written", {"charset": "x-none"}, {}, 400, PROBLEM, saying("UTF-8")),
    ("written", {"charset": "*"}, {}, 400, PROBLEM, saying("UTF-8")),
    ("ct", {"charset": "x-none"}, {}, 400, PROBLEM, saying("UTF-8")),
    ("ct", {"charset": "utf-8"}, {}, 200, JPEG, of_size(128, 128)),
]


@pytest.mark.parametrize(("name", "parameters", "headers", "status", "media_type", "content"), CASES)
def test_each_case_is_answered_as_the_standard_says(  # noqa: PLR0917  the columns of the table
    kept: Kept,
    name: str,
    parameters: dict[str, str | list[str] | None],
    headers: dict[str, str],
    status: int,
    media_type: str,
    content: Content,
) -> None:
    names = {
        f"{{{each}.{level}}}": str(found[f"{keyword}InstanceUID"].value)
        for each, found in kept.objects.items()
        for level, keyword in (("study", "Study"), ("series", "Series"), ("instance", "SOP"))
    }
    sent = {
        key: names.get(value, value) if isinstance(value, str) else value
        for key, value in {"requestType": "WADO", **kept.uids(name), **parameters}.items()
        if value is not None
    }
    reply = kept.ask(sent, **headers)
    assert (reply.status_code, reply.headers["content-type"]) == (status, media_type), reply.content[:300]
    assert content(reply.content), reply.content[:300]
    head = kept.ask(sent, "HEAD", **headers)
    assert (head.status_code, head.headers["content-type"], head.content) == (status, media_type, b"")


def test_what_is_given_is_the_stored_file_and_the_annotation_is_seen(kept: Kept) -> None:
    named = {"requestType": "WADO", **kept.uids("ct")}
    assert kept.ask({**named, "contentType": DICOM}).content == kept.files["ct"]
    bare = kept.ask({**named, "contentType": PNG})
    noted = kept.ask({**named, "contentType": PNG, "annotation": "patient"})
    assert noted.content != bare.content
    unknown = kept.ask({**named, "contentType": PNG, "annotation": "weather"})
    assert (unknown.content, "weather" in unknown.headers["warning"]) == (bare.content, True)


def test_a_picture_that_is_there_already_is_not_sent_again(kept: Kept) -> None:
    named = {"requestType": "WADO", **kept.uids("shown")}
    state = kept.objects["state"]
    through = {
        **named,
        "presentationSeriesUID": state.SeriesInstanceUID,
        "presentationUID": state.SOPInstanceUID,
    }
    tags = [kept.ask(query).headers["etag"] for query in (named, through, {**named, "rows": "9"})]
    assert len(set(tags)) == len(tags)
    again = kept.ask(through, **{"If-None-Match": tags[1]})
    assert (again.status_code, again.content) == (304, b"")
    assert kept.ask(named, **{"If-None-Match": tags[1]}).status_code == 200
