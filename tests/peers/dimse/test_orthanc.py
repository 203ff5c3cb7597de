"""Orthanc, as Debian has it: it pushes to us, queries us and has us send; we find, fetch, push and have it send."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pydicom import dcmread
from pydicom.dataset import Dataset

from objects import series, write_file
from serving import Server, wait_until

SECONDS = 60


def free_ports(count: int) -> list[int]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in taken]
    for one in taken:
        one.close()
    return ports


class Orthanc:
    """Orthanc in a folder of its own, on free ports; it knows us as ``filmless``."""

    def __init__(self, folder: Path, ours: int) -> None:
        program = shutil.which("Orthanc")
        if program is None:
            pytest.skip("Orthanc is not installed")
        self.dicom, self.http = free_ports(2)
        self.place = f"ORTHANC@127.0.0.1:{self.dicom}"
        configuration = {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "DicomAet": "ORTHANC",
            "DicomPort": self.dicom,
            "HttpPort": self.http,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "DicomModalities": {"filmless": ["FILMLESS", "127.0.0.1", ours]},
            "Plugins": [],
        }
        file = folder / "orthanc.json"
        file.write_text(json.dumps(configuration))
        self.process = subprocess.Popen([program, file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_up(self) -> bool:
        assert self.process.poll() is None, "Orthanc has ended"
        try:
            return requests.get(f"http://127.0.0.1:{self.http}/system", timeout=5).ok
        except requests.ConnectionError:
            return False

    def ask(self, path: str, body: object) -> Any:
        answer = requests.post(f"http://127.0.0.1:{self.http}{path}", json=body, timeout=SECONDS)
        assert answer.ok, answer.text
        return answer.json()

    def instances(self, study_uid: str) -> list[str]:
        """SOP Instance UIDs of a study that it has."""
        query = {"Level": "Instance", "Query": {"StudyInstanceUID": study_uid}, "Expand": True}
        return sorted(one["MainDicomTags"]["SOPInstanceUID"] for one in self.ask("/tools/find", query))

    def has(self, image: Dataset) -> str:
        """Give it an image over HTTP; its own identifier of the study."""
        data = write_file(self.folder_of(image), image).read_bytes()
        answer = requests.post(f"http://127.0.0.1:{self.http}/instances", data=data, timeout=SECONDS)
        assert answer.ok, answer.text
        return str(answer.json()["ParentStudy"])

    def folder_of(self, image: Dataset) -> Path:
        folder = self.folder / image.StudyInstanceUID
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def folder(self) -> Path:
        return Path(str(self.process.args[1])).parent  # type: ignore[index]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def orthanc(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    peer = Orthanc(tmp_path_factory.mktemp("orthanc"), server.port)
    try:
        wait_until(peer.is_up)
        added = server.run("ae", "add", "ORTHANC", "127.0.0.1", str(peer.dicom), "--parallel", "2")
        assert added.returncode == 0, added.stderr
        yield peer
    finally:
        server.run("ae", "remove", "ORTHANC")
        peer.close()


def uids(images: list[Dataset]) -> list[str]:
    return sorted(str(image.SOPInstanceUID) for image in images)


def ours(server: Server, image: Dataset) -> list[str]:
    """SOP Instance UIDs of a series that we have."""
    above = ("-k", f"StudyInstanceUID={image.StudyInstanceUID}", "-k", f"SeriesInstanceUID={image.SeriesInstanceUID}")
    found = server.run("find", f"FILMLESS@127.0.0.1:{server.port}", "--level", "IMAGE", *above, "--json")
    assert found.returncode == 0, found.stderr
    return sorted(one["00080018"]["Value"][0] for one in json.loads(found.stdout))


def test_orthanc_pushes_to_us(server: Server, orthanc: Orthanc) -> None:
    images = series(3)
    studies = {orthanc.has(image) for image in images}
    sent = orthanc.ask("/modalities/filmless/store", {"Resources": list(studies), "Synchronous": True})
    assert (sent["InstancesCount"], sent["FailedInstancesCount"]) == (3, 0)
    assert ours(server, images[0]) == uids(images)


def test_orthanc_queries_us_and_has_us_send(server: Server, orthanc: Orthanc, tmp_path: Path) -> None:
    images = series(3, PatientID="PULLED")
    for image in images:
        write_file(tmp_path, image)
    assert server.run("send", f"FILMLESS@127.0.0.1:{server.port}", tmp_path).returncode == 0
    study_uid = images[0].StudyInstanceUID
    query = orthanc.ask(
        "/modalities/filmless/query", {"Level": "Study", "Query": {"StudyInstanceUID": study_uid, "PatientID": "PUL*"}}
    )
    answers = requests.get(f"http://127.0.0.1:{orthanc.http}{query['Path']}/answers", timeout=SECONDS).json()
    assert len(answers) == 1
    orthanc.ask(f"{query['Path']}/retrieve", {"TargetAet": "ORTHANC", "Synchronous": True})
    assert orthanc.instances(study_uid) == uids(images)


def test_we_find_fetch_push_and_have_orthanc_send(server: Server, orthanc: Orthanc, tmp_path: Path) -> None:
    images = series(3, PatientName="Pulled^Peer")
    for image in images:
        write_file(tmp_path, image)
    assert server.run("send", orthanc.place, tmp_path).returncode == 0
    study_uid = images[0].StudyInstanceUID
    assert orthanc.instances(study_uid) == uids(images)
    key = ("-k", f"StudyInstanceUID={study_uid}")
    (match,) = json.loads(server.run("find", orthanc.place, *key, "--json").stdout)
    assert match["00100010"]["Value"] == [{"Alphabetic": "Pulled^Peer"}]
    got = server.run("get", orthanc.place, tmp_path / "got", *key, "--json")
    assert got.returncode == 0, got.stdout + got.stderr
    assert uids([dcmread(path) for path in (tmp_path / "got").iterdir()]) == uids(images)
    moved = server.run("move", orthanc.place, "--to", "FILMLESS", *key, "--json")
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert ours(server, images[0]) == uids(images)
