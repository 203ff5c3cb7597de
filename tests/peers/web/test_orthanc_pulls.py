"""Orthanc's DICOMweb client, as Debian has it: it queries us, pulls studies from us and pushes to us."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from objects import part10_bytes, series
from orthanc import SECONDS, Orthanc
from serving import Server, wait_until
from web_house import STOW_TYPE, multipart

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@pytest.fixture(scope="module")
def orthanc(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    ours = {
        "Url": f"{server.url}/dicomweb/",
        "HttpHeaders": {"Authorization": f"Bearer {server.token()}"},
        "HasDelete": True,
    }
    plugin = {"Plugins": [str(PLUGIN)], "DicomWeb": {"Enable": True, "Servers": {"filmless": ours}}}
    orthanc = Orthanc(tmp_path_factory.mktemp("orthanc"), plugin)
    try:
        wait_until(orthanc.is_up)
        yield orthanc
    finally:
        orthanc.close()


def test_it_queries_us_and_pulls_a_study(server: Server, orthanc: Orthanc) -> None:
    images = series(5)
    study_uid = images[0].StudyInstanceUID
    headers = {"Authorization": f"Bearer {server.token()}", "Content-Type": STOW_TYPE}
    body = multipart(*map(part10_bytes, images))
    requests.post(f"{server.url}/dicomweb/studies", data=body, headers=headers, timeout=SECONDS).raise_for_status()
    asked = {"Uri": "/studies", "Arguments": {"StudyInstanceUID": study_uid}}
    (found,) = orthanc.ask("/dicom-web/servers/filmless/qido", asked)
    assert str(study_uid) in json.dumps(found)
    orthanc.ask("/dicom-web/servers/filmless/retrieve", {"Resources": [{"Study": study_uid}], "Synchronous": True})
    assert orthanc.instances(study_uid) == sorted(str(image.SOPInstanceUID) for image in images)


def test_it_pushes_a_study_to_us(server: Server, orthanc: Orthanc) -> None:
    images = series(3)
    study_uid = images[0].StudyInstanceUID
    (study,) = {orthanc.take(part10_bytes(image)) for image in images}
    orthanc.ask("/dicom-web/servers/filmless/stow", {"Resources": [study], "Synchronous": True})
    headers = {"Authorization": f"Bearer {server.token()}"}
    kept = requests.get(f"{server.url}/dicomweb/studies/{study_uid}/instances", headers=headers, timeout=SECONDS)
    assert len(kept.json()) == 3
