"""Orthanc, as Debian has it: it pushes to us, queries us and has us send; we find, fetch, push and have it send."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pydicom import dcmread
from pydicom.dataset import Dataset

from objects import part10_bytes, series, write_file
from orthanc import SECONDS, Orthanc
from serving import Server, wait_until


@pytest.fixture(scope="module")
def orthanc(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    known = {"DicomAet": "ORTHANC", "DicomModalities": {"filmless": ["FILMLESS", "127.0.0.1", server.port]}}
    peer = Orthanc(tmp_path_factory.mktemp("orthanc"), known)
    try:
        wait_until(peer.is_up)
        added = server.run("ae", "add", "ORTHANC", "127.0.0.1", str(peer.dicom), "--parallel", "2")
        assert added.returncode == 0, added.stderr
        yield peer
    finally:
        server.run("ae", "remove", "ORTHANC")
        peer.close()


def place(orthanc: Orthanc) -> str:
    return f"ORTHANC@127.0.0.1:{orthanc.dicom}"


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
    studies = {orthanc.take(part10_bytes(image)) for image in images}
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
    assert server.run("send", place(orthanc), tmp_path).returncode == 0
    study_uid = images[0].StudyInstanceUID
    assert orthanc.instances(study_uid) == uids(images)
    key = ("-k", f"StudyInstanceUID={study_uid}")
    (match,) = json.loads(server.run("find", place(orthanc), *key, "--json").stdout)
    assert match["00100010"]["Value"] == [{"Alphabetic": "Pulled^Peer"}]
    got = server.run("get", place(orthanc), tmp_path / "got", *key, "--json")
    assert got.returncode == 0, got.stdout + got.stderr
    assert uids([dcmread(path) for path in (tmp_path / "got").iterdir()]) == uids(images)
    moved = server.run("move", place(orthanc), "--to", "FILMLESS", *key, "--json")
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert ours(server, images[0]) == uids(images)
