"""From a rejection note to every door: what it names is gone from all of them, by whatever door the note came."""

import json
from pathlib import Path

import pytest
import requests
from pydicom.dataset import Dataset

from notes import note
from objects import part10_bytes, series, write_file
from serving import Server


def stow(server: Server, token: dict[str, str], *objects: Dataset) -> requests.Response:
    parts = b"".join(b"\r\n--B\r\nContent-Type: application/dicom\r\n\r\n" + part10_bytes(each) for each in objects)
    headers = {**token, "Content-Type": 'multipart/related; type="application/dicom"; boundary=B'}
    return requests.post(f"{server.url}/dicomweb/studies", data=parts + b"\r\n--B--\r\n", headers=headers, timeout=20)


@pytest.mark.parametrize("door", ["C-STORE", "STOW-RS", "import"])
def test_what_a_note_names_is_gone_from_every_door(server: Server, tmp_path: Path, door: str) -> None:
    token = {"Authorization": f"Bearer {server.token()}"}
    images = series(2)
    study_uid, series_uid = images[0].StudyInstanceUID, images[0].SeriesInstanceUID
    target = f"FILMLESS@127.0.0.1:{server.port}"
    assert stow(server, token, *images).status_code == 200
    rejecting = note(images)
    match door:
        case "C-STORE":
            assert server.run("send", target, write_file(tmp_path, rejecting)).returncode == 0
        case "STOW-RS":
            assert stow(server, token, rejecting).status_code == 200
        case _:
            assert server.run("import", write_file(tmp_path, rejecting)).returncode == 0

    def status(path: str) -> int:
        return requests.get(f"{server.url}{path}", headers=token, timeout=20).status_code

    study = f"/dicomweb/studies/{study_uid}"
    assert status(f"/dicomweb/studies?StudyInstanceUID={study_uid}") == 204
    assert status(f"{study}/series?Modality=CT") == 204
    assert status(f"{study}/series/{series_uid}/instances") == 204
    instance = f"{study}/series/{series_uid}/instances/{images[0].SOPInstanceUID}"
    gone = [instance, f"{instance}/metadata", f"{instance}/frames/1", f"{instance}/thumbnail"]
    gone += [f"{study}/series/{series_uid}", f"{study}/series/{series_uid}/thumbnail", f"/api/studies/{study_uid}"]
    assert {path: status(path) for path in gone} == dict.fromkeys(gone, 404)
    assert status(f"{study}/series/{rejecting.SeriesInstanceUID}/instances/{rejecting.SOPInstanceUID}/metadata") == 200
    assert server.run("send", target, write_file(tmp_path, images[0])).returncode == 0
    assert status(instance) == 404
    listed = requests.get(f"{server.url}/api/rejections", headers=token, timeout=20).json()["rejections"]
    (entry,) = [each for each in listed if each["note_uid"] == rejecting.SOPInstanceUID]
    assert (entry["title"], entry["instances"], entry["hidden"]) == ("113001", 2, 2)
    assert rejecting.SOPInstanceUID in server.run("rejections").stdout


def test_what_a_note_names_is_gone_from_the_dicom_network(server: Server, tmp_path: Path) -> None:
    images = series(3)
    rejecting = note(images[:2])
    target = f"FILMLESS@127.0.0.1:{server.port}"
    assert server.run("send", target, *(write_file(tmp_path, each) for each in [*images, rejecting])).returncode == 0
    assert server.run("ae", "add", "FILMLESS", "127.0.0.1", str(server.port)).returncode == 0
    study, left = ("-k", f"StudyInstanceUID={images[0].StudyInstanceUID}"), {images[2].SOPInstanceUID}
    of_series = (*study, "-k", f"SeriesInstanceUID={images[0].SeriesInstanceUID}")

    found = server.run("find", target, "--level", "IMAGE", *of_series, "--json").stdout
    assert {each["00080018"]["Value"][0] for each in json.loads(found)} == left
    (counted,) = json.loads(server.run("find", target, *study, "-k", "NumberOfStudyRelatedInstances", "--json").stdout)
    assert counted["00201208"]["Value"] == [2]
    folder = tmp_path / "got"
    folder.mkdir()
    assert server.run("get", target, str(folder), *study).returncode == 0
    assert {path.stem for path in folder.iterdir()} == {rejecting.SOPInstanceUID, *left}
    moved = server.run("move", target, "--to", "FILMLESS", *study, "--json")
    assert json.loads(moved.stdout)["completed"] == 2
    gone = (
        "-k",
        f"SeriesInstanceUID={images[0].SeriesInstanceUID}",
        "-k",
        f"SOPInstanceUID={images[0].SOPInstanceUID}",
    )
    moved = server.run("move", target, "--to", "FILMLESS", "--level", "IMAGE", *gone, "--json")
    assert json.loads(moved.stdout)["completed"] == 0


def test_expired_retention_needs_its_right_at_each_door(server: Server, tmp_path: Path) -> None:
    administrator = {"Authorization": f"Bearer {server.token()}"}
    technologist = {"Authorization": f"Bearer {server.token('technologist')}"}
    images = series(1)
    assert stow(server, administrator, *images).status_code == 200
    rejecting = note(images, "113039")
    done = server.run("send", f"FILMLESS@127.0.0.1:{server.port}", write_file(tmp_path, rejecting))
    assert done.returncode == 1
    assert "0124" in done.stderr
    refused = stow(server, technologist, rejecting)
    assert refused.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0x0124]
    study = f"{server.url}/dicomweb/studies/{images[0].StudyInstanceUID}/metadata"
    assert requests.get(study, headers=administrator, timeout=20).status_code == 200
    assert stow(server, administrator, rejecting).status_code == 200
    assert requests.get(study, headers=administrator, timeout=20).status_code == 404
