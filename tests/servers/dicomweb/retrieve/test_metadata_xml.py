"""WADO-RS metadata as XML: a document of the Native DICOM Model for each instance."""

import email
from xml.etree import ElementTree as ET

import pytest

from objects import ct_image, part10_bytes, series
from web_house import STOW_TYPE, WebHouse, multipart

XML = 'multipart/related; type="application/dicom+xml"'
NATIVE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"


@pytest.fixture
def house() -> WebHouse:
    return WebHouse()


def store(house: WebHouse, *files: bytes) -> None:
    headers = {"content-type": STOW_TYPE}
    assert house.ask("POST", "/dicomweb/studies", role="service", headers=headers, body=multipart(*files)).status == 200


def value(document: ET.Element, keyword: str) -> str | None:
    return document.findtext(f"{NATIVE}DicomAttribute[@keyword='{keyword}']/{NATIVE}Value")


@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_each_instance_is_a_part(house: WebHouse, level: str) -> None:
    images = series(20)
    store(house, *map(part10_bytes, images))
    path = f"/dicomweb/studies/{images[0].StudyInstanceUID}"
    path += "" if level == "study" else f"/series/{images[0].SeriesInstanceUID}"
    path += f"/instances/{images[0].SOPInstanceUID}" if level == "instance" else ""
    reply = house.ask("GET", f"{path}/metadata", role="radiologist", headers={"accept": XML})
    assert reply.status == 200
    message = email.message_from_bytes(f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode() + reply.body)
    parts = [part for part in message.get_payload() if not isinstance(part, str)]
    documents = [ET.fromstring(part.get_payload(decode=True)) for part in parts]  # type: ignore[union-attr,arg-type]
    assert {part["Content-Type"] for part in parts} == {"application/dicom+xml"}  # type: ignore[index]
    expected = images[:1] if level == "instance" else images
    assert {value(each, "SOPInstanceUID") for each in documents} == {each.SOPInstanceUID for each in expected}
    known = {"accept": XML, "if-none-match": reply.headers["etag"]}
    assert house.ask("GET", f"{path}/metadata", role="radiologist", headers=known).status == 304


def test_one_instance_may_come_alone(house: WebHouse) -> None:
    image = ct_image(PatientName="Müller & <Söhne>")
    store(house, part10_bytes(image))
    path = f"/dicomweb/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}"
    path += f"/instances/{image.SOPInstanceUID}/metadata"
    reply = house.ask("GET", path, role="radiologist", headers={"accept": "application/dicom+xml"})
    assert reply.headers["content-type"] == "application/dicom+xml"
    document = ET.fromstring(reply.body)
    assert document.findtext(f".//{NATIVE}FamilyName") == "Müller & <Söhne>"
    uris = [each.attrib["uri"] for each in document.iter(f"{NATIVE}BulkData")]
    assert [uri.rpartition("/dicomweb/")[2] for uri in uris] == [f"{path[10:-9]}/bulkdata/7FE00010"]


def test_json_is_given_to_those_who_do_not_name_xml(house: WebHouse) -> None:
    image = ct_image()
    store(house, part10_bytes(image))
    path = f"/dicomweb/studies/{image.StudyInstanceUID}/metadata"
    for accept in ("*/*", "", "multipart/related, application/dicom+json"):
        reply = house.ask("GET", path, role="radiologist", headers={"accept": accept})
        assert reply.headers["content-type"] == "application/dicom+json"
