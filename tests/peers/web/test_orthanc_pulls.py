"""Orthanc's DICOMweb client, as Debian has it: it queries us, pulls studies from us and pushes to us."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from objects import part10_bytes, series
from serving import Server, wait_until
from web_house import STOW_TYPE, multipart

SECONDS = 60
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Orthanc:
    """Orthanc with its DICOMweb plugin, which knows us as ``filmless``."""

    def __init__(self, folder: Path, ours: str, token: str) -> None:
        program = shutil.which("Orthanc")
        if program is None or not PLUGIN.exists():
            pytest.skip("Orthanc and its DICOMweb plugin are not installed")
        self.http = free_port()
        server = {"Url": ours, "HttpHeaders": {"Authorization": f"Bearer {token}"}, "HasDelete": True}
        configuration = {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "DicomPort": free_port(),
            "HttpPort": self.http,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "Plugins": [str(PLUGIN)],
            "DicomWeb": {"Enable": True, "Servers": {"filmless": server}},
        }
        file = folder / "orthanc.json"
        file.write_text(json.dumps(configuration))
        self.process = subprocess.Popen([program, file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_up(self) -> bool:
        assert self.process.poll() is None, "Orthanc has ended"
        try:
            return requests.get(f"http://127.0.0.1:{self.http}/dicom-web/servers", timeout=5).ok
        except requests.ConnectionError:
            return False

    def ask(self, path: str, body: object) -> Any:
        answer = requests.post(f"http://127.0.0.1:{self.http}{path}", json=body, timeout=SECONDS)
        assert answer.ok, answer.text
        return answer.json()

    def instances(self, study_uid: str) -> set[str]:
        query = {"Level": "Instance", "Query": {"StudyInstanceUID": study_uid}, "Expand": True}
        return {str(one["MainDicomTags"]["SOPInstanceUID"]) for one in self.ask("/tools/find", query)}

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def orthanc(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    orthanc = Orthanc(tmp_path_factory.mktemp("orthanc"), f"{server.url}/dicomweb/", server.token())
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
    assert orthanc.instances(study_uid) == {str(image.SOPInstanceUID) for image in images}


def test_it_pushes_a_study_to_us(server: Server, orthanc: Orthanc) -> None:
    images = series(3)
    study_uid = images[0].StudyInstanceUID
    given = [
        requests.post(f"http://127.0.0.1:{orthanc.http}/instances", data=part10_bytes(image), timeout=SECONDS).json()
        for image in images
    ]
    orthanc.ask("/dicom-web/servers/filmless/stow", {"Resources": [given[0]["ParentStudy"]], "Synchronous": True})
    headers = {"Authorization": f"Bearer {server.token()}"}
    kept = requests.get(f"{server.url}/dicomweb/studies/{study_uid}/instances", headers=headers, timeout=SECONDS)
    assert len(kept.json()) == 3
