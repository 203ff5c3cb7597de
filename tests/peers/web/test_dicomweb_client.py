"""dicomweb-client, the library of the DICOMweb working group: it stores, searches, retrieves and deletes."""

import io

import numpy as np
import pytest
from dicomweb_client import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset
from requests import HTTPError

from objects import part10_bytes, series
from serving import Server


@pytest.fixture(scope="session")
def client(server: Server) -> DICOMwebClient:
    return DICOMwebClient(f"{server.url}/dicomweb", headers={"Authorization": f"Bearer {server.token()}"})


@pytest.fixture
def images(client: DICOMwebClient) -> list[Dataset]:
    """Three images of a series, stored by the client."""
    made = [dcmread(io.BytesIO(part10_bytes(image))) for image in series(3)]
    answer = client.store_instances(made)
    assert [item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence] == [m.SOPInstanceUID for m in made]
    return made


def uids(image: Dataset) -> tuple[str, str, str]:
    return str(image.StudyInstanceUID), str(image.SeriesInstanceUID), str(image.SOPInstanceUID)


def test_it_finds_what_it_stored_at_every_level(client: DICOMwebClient, images: list[Dataset]) -> None:
    study, series_uid, instance = uids(images[0])
    (found,) = client.search_for_studies(search_filters={"StudyInstanceUID": study}, fields=["StudyDescription"])
    assert Dataset.from_json(found).StudyDescription == images[0].StudyDescription
    (found,) = client.search_for_series(study, search_filters={"Modality": "CT"})
    assert Dataset.from_json(found).SeriesInstanceUID == series_uid
    assert len(client.search_for_instances(study, series_uid)) == 3
    assert len(client.search_for_instances(study, limit=2, offset=1)) == 2
    (found,) = client.search_for_instances(search_filters={"SOPInstanceUID": instance})
    assert Dataset.from_json(found).SOPInstanceUID == instance
    assert len(client.search_for_instances(study, limit=1, get_remaining=True)) == 3
    assert client.search_for_studies(search_filters={"StudyInstanceUID": "1.2.3"}) == []


def test_it_retrieves_what_it_stored(client: DICOMwebClient, images: list[Dataset]) -> None:
    study, series_uid, instance = uids(images[0])
    got = client.retrieve_instance(study, series_uid, instance)
    assert got == images[0]
    assert {one.SOPInstanceUID for one in client.iter_series(study, series_uid)} == {i.SOPInstanceUID for i in images}
    assert len(client.retrieve_study(study)) == 3


def test_it_reads_metadata_frames_and_bulk_data(client: DICOMwebClient, images: list[Dataset]) -> None:
    study, series_uid, instance = uids(images[0])
    metadata = client.retrieve_instance_metadata(study, series_uid, instance)
    assert Dataset.from_json(metadata, bulk_data_uri_handler=lambda _: b"").PatientName == images[0].PatientName
    assert len(client.retrieve_series_metadata(study, series_uid)) == len(client.retrieve_study_metadata(study)) == 3
    (frame,) = client.retrieve_instance_frames(study, series_uid, instance, [1])
    assert frame == images[0].PixelData
    (value,) = client.retrieve_bulkdata(metadata["7FE00010"]["BulkDataURI"])
    assert value == images[0].PixelData


def test_it_is_given_a_picture(client: DICOMwebClient, images: list[Dataset]) -> None:
    picture = client.retrieve_instance_rendered(*uids(images[0]), media_types=("image/png",))
    assert picture.startswith(b"\x89PNG")
    assert np.frombuffer(picture[16:24], ">u4").tolist() == [images[0].Columns, images[0].Rows]


def test_what_it_deletes_is_found_no_more(client: DICOMwebClient, images: list[Dataset]) -> None:
    study, series_uid, instance = uids(images[0])
    client.delete_instance(study, series_uid, instance)
    assert len(client.search_for_instances(study)) == 2
    client.delete_series(study, series_uid)
    assert client.search_for_series(study) == []
    with pytest.raises(HTTPError):
        client.delete_study(study)
