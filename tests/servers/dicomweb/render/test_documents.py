"""Structured reports and key images as text: negotiated, escaped, linked, under a policy without scripts."""

import io

import pytest
from PIL import Image
from pydicom.dataset import Dataset

from objects import ct_image, part10_bytes
from web_house import STOW_TYPE, Reply, WebHouse, multipart

KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


def concept(meaning: str, value: str = "1") -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, "99TEST", meaning
    return made


def item(value_type: str, name: str, relationship: str = "CONTAINS", **values: object) -> Dataset:
    made = Dataset()
    made.RelationshipType, made.ValueType = relationship, value_type
    made.ConceptNameCodeSequence = [concept(name)]
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def key_images(image: Dataset) -> Dataset:
    reference, evidence = Dataset(), Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = image.SeriesInstanceUID, [reference]
    evidence.StudyInstanceUID, evidence.ReferencedSeriesSequence = image.StudyInstanceUID, [series]
    document = ct_image(SOPClassUID=KEY_OBJECTS, Modality="KO", SpecificCharacterSet="ISO_IR 100")
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(document, keyword)
    document.PatientName, document.ValueType = f"Müller^{ATTACK}", "CONTAINER"
    document.ConceptNameCodeSequence = [concept("For Referring Provider")]
    document.CurrentRequestedProcedureEvidenceSequence = [evidence]
    picture = item("IMAGE", "Key image", ReferencedSOPSequence=[reference])
    document.ContentSequence = [item("TEXT", "Key Object Description", TextValue=f"{ATTACK}\nsee"), picture]
    return document


def store(house: WebHouse, *images: Dataset) -> str:
    body, headers = multipart(*map(part10_bytes, images)), {"content-type": STOW_TYPE}
    assert house.ask("POST", "/dicomweb/studies", role="service", headers=headers, body=body).status == 200
    one = images[0]
    return f"/studies/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}/instances/{one.SOPInstanceUID}"


def rendered(house: WebHouse, path: str, accept: str = "", **headers: str) -> Reply:
    sent = {**({"accept": accept} if accept else {}), **headers}
    return house.ask("GET", f"/dicomweb{path}/rendered", role="radiologist", headers=sent)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        ("text/plain", "text/plain"),
        ("text/*", "text/html"),
        ("text/html;q=0.5, text/plain", "text/plain"),
    ],
)
def test_a_document_is_given_as_the_text_that_is_wanted(house: WebHouse, accept: str, media_type: str) -> None:
    path = store(house, key_images(ct_image()))
    reply = rendered(house, path, accept)
    assert (reply.status, reply.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")
    assert rendered(house, path, accept, **{"if-none-match": reply.headers["etag"]}).status == 304


def test_what_a_document_says_is_text_on_a_page_without_scripts(house: WebHouse) -> None:
    reply = rendered(house, store(house, key_images(ct_image())))
    page = reply.body.decode()
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert "<h1>For Referring Provider</h1>" in page
    assert "Müller" in page
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_key_images_lead_to_their_pictures(house: WebHouse) -> None:
    image = ct_image()
    page = rendered(house, store(house, key_images(image))).body.decode()
    address = f"/dicomweb/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}"
    assert f'{address}/instances/{image.SOPInstanceUID}/rendered"' in page


def test_images_are_not_text(house: WebHouse) -> None:
    path = store(house, ct_image())
    assert rendered(house, path, "text/html").status == 406
    assert rendered(house, path).headers["content-type"] == "image/jpeg"


def ecg() -> Dataset:
    document = ct_image(SOPClassUID="1.2.840.10008.5.1.4.1.1.9.1.1", Modality="ECG")
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(document, keyword)
    group, lead = Dataset(), Dataset()
    lead.ChannelSensitivity, lead.ChannelSensitivityUnitsSequence = "1", [concept("microvolt", "uV")]
    lead.ChannelSourceSequence = [concept("Lead II")]
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples, group.SamplingFrequency = 1, 500, "100"
    group.WaveformSampleInterpretation, group.ChannelDefinitionSequence = "SS", [lead]
    group.add_new(0x54001010, "OW", bytes(1000))
    document.WaveformSequence = [group]
    return document


def test_a_waveform_is_a_picture_or_vectors_where_they_are_named(house: WebHouse) -> None:
    path = store(house, ecg())
    assert rendered(house, path).headers["content-type"] == "image/jpeg"
    vectors = rendered(house, path, "image/svg+xml")
    assert vectors.headers["content-type"] == "image/svg+xml"
    assert b"25 mm/s" in vectors.body
    assert "sandbox" in vectors.headers["content-security-policy"]
    picture = Image.open(io.BytesIO(rendered(house, path, "image/png").body))
    assert picture.width == 2200  # 275 mm of paper
    assert picture.getpixel((0, 0)) == (227, 154, 154)  # a line of the grid


def test_the_picture_of_a_report_is_its_beginning(house: WebHouse) -> None:
    path = store(house, key_images(ct_image()))
    assert Image.open(io.BytesIO(rendered(house, path, "image/png").body)).size == (800, 1100)
