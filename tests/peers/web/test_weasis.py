"""What Weasis asks of an archive, as it writes it, in a table: of its DICOMweb source, and by WADO-URI."""

import io

import pytest
import requests
from pydicom import dcmread

from objects import part10_bytes, series
from serving import Server
from web_house import STOW_TYPE, multipart

STUDY = (
    "&includefield=00080020,00080030,00080050,00080061,00080090,00081030,00100010,00100020,00100021,00100030,00100040,"
    "0020000D,00200010"
)
ANY = 'multipart/related;type="application/dicom";transfer-syntax=*'
JSON = "application/json"
DICOM_JSON = "application/dicom+json"
URI = "/wado?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}"

# Address behind /dicomweb, Accept, Content-Type of the answer. {study}, {series} and {instance} are UIDs.
REQUESTS = [
    ("/studies?00100020=WEASIS" + STUDY, JSON, JSON),
    ("/studies?00100020=WEASIS&00100021=" + STUDY, DICOM_JSON, DICOM_JSON),
    ("/studies?0020000D={study}" + STUDY, JSON, JSON),
    ("/studies?00080050=A1" + STUDY, JSON, JSON),
    ("/studies/{study}/series?includefield=0008103E,00080060,0020000E,00200011,00081190", JSON, JSON),
    ("/studies/{study}/series/{series}/instances?includefield=00080018,00200013,00081190", JSON, JSON),
    ("/series?0020000E={series}" + STUDY + ",0008103E,00080060,00081190,00200011", JSON, JSON),
    ("/instances?00080018={instance}" + STUDY + ",0008103E,00080060,0020000E,00200011,00200013,00081190", JSON, JSON),
    ("/studies/{study}/series/{series}/instances/{instance}", ANY, "multipart/related"),
    (
        "/studies/{study}/series/{series}/instances/{instance}",
        "application/dicom; transfer-syntax=*",
        "application/dicom",
    ),
    ("/studies/{study}/series/{series}/thumbnail?viewport=256,256", "image/jpeg", "image/jpeg"),
    ("/studies/{study}/series/{series}/thumbnail?viewport=256%2C256", "image/jpeg", "image/jpeg"),
    ("/studies/{study}/series/{series}/instances/{instance}/thumbnail?viewport=256%2C256", "image/jpeg", "image/jpeg"),
    ("/studies/{study}/series/{series}/instances/{instance}/rendered?viewport=256%2C256", "image/jpeg", "image/jpeg"),
    ("/studies/{study}/series/{series}/instances?includefield=00080018&limit=1&offset=1", DICOM_JSON, DICOM_JSON),
    (
        "/studies/{study}/series/{series}/instances?includefield=00080016,00080018,00200013&offset=0&limit=1000",
        DICOM_JSON,
        DICOM_JSON,
    ),
    ("/studies/{study}/series/{series}", ANY, "multipart/related"),
    ("/studies/{study}/series/{series}/metadata", DICOM_JSON, DICOM_JSON),
    (URI + "&contentType=application%2Fdicom", "*/*", "application/dicom"),
    (URI + "&contentType=application%2Fdicom&transferSyntax=1.2.840.10008.1.2.1", "*/*", "application/dicom"),
    (URI + "&contentType=image/jpeg&imageQuality=75&rows=256&columns=256", "*/*", "image/jpeg"),
]


@pytest.fixture(scope="module")
def names(server: Server) -> dict[str, str]:
    """A study that is there, and the token."""
    images = series(2, PatientID="WEASIS")
    token = server.token()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": STOW_TYPE}
    body = multipart(*map(part10_bytes, images))
    requests.post(f"{server.url}/dicomweb/studies", data=body, headers=headers, timeout=60).raise_for_status()
    return {
        "study": str(images[0].StudyInstanceUID),
        "series": str(images[0].SeriesInstanceUID),
        "instance": str(images[0].SOPInstanceUID),
        "token": token,
    }


@pytest.mark.parametrize(("address", "accept", "media_type"), REQUESTS)
def test_each_request_is_answered_as_it_is_wanted(
    server: Server, names: dict[str, str], address: str, accept: str, media_type: str
) -> None:
    headers = {"Authorization": f"Bearer {names['token']}", "Accept": accept}
    answer = requests.get(f"{server.url}/dicomweb{address.format(**names)}", headers=headers, timeout=60)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == media_type
    if media_type in {JSON, DICOM_JSON}:
        found = answer.json()
        assert names["study"] in {one["0020000D"]["Value"][0] for one in found}
        assert all("00081190" in one for one in found) or "metadata" in address


def test_a_retrieve_url_of_a_search_leads_to_the_instance(server: Server, names: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {names['token']}"}
    address = f"{server.url}/dicomweb/instances?00080018={names['instance']}"
    (found,) = requests.get(address, headers=headers, timeout=60).json()
    accept = {"Accept": "application/dicom; transfer-syntax=*"}
    answer = requests.get(found["00081190"]["Value"][0], headers={**headers, **accept}, timeout=60)
    assert dcmread(io.BytesIO(answer.content)).SOPInstanceUID == names["instance"]
