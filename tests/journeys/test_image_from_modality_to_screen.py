"""A modality sends, the archive keeps, people and programs find and see: through the running program alone."""

from pathlib import Path

import pytest
import requests

from objects import head_length, new_uid, part10_bytes, series, write_file
from serving import ADMINISTRATOR, PASSWORD, Server

pytestmark = pytest.mark.slow


def test_what_a_modality_sends_is_found_and_comes_back_as_it_was(server: Server, tmp_path: Path) -> None:
    study_uid = new_uid()
    images = series(4, StudyInstanceUID=study_uid, PatientName="Journey^Jane", PatientID=study_uid[-16:])
    for image in images:
        write_file(tmp_path, image)
    sent = server.run("send", f"FILMLESS@127.0.0.1:{server.port}", tmp_path)
    assert sent.stdout.split()[-4:] == ["4", "0", "0", "0"]  # completed, failed, warning, not_dicom

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {server.token('radiologist')}"
    root = f"{server.url}/dicomweb/studies"
    found = session.get(root, params={"PatientName": "journey^j*"}, timeout=10).json()
    assert study_uid in [study["0020000D"]["Value"][0] for study in found]
    for image in images:
        place = f"{root}/{study_uid}/series/{image.SeriesInstanceUID}/instances/{image.SOPInstanceUID}"
        accept = {"Accept": "application/dicom; transfer-syntax=*"}
        whole = session.get(place, headers=accept, timeout=10).content
        own = part10_bytes(image)
        assert whole[head_length(whole) :] == own[head_length(own) :]
    metadata = session.get(f"{root}/{study_uid}/metadata", timeout=10).json()
    assert [instance["00200013"]["Value"][0] for instance in metadata] == [1, 2, 3, 4]


def test_a_person_signs_in_and_sees_the_study(server: Server, tmp_path: Path) -> None:
    image = series(1, PatientName="Seen^Sam", StudyDescription="Knee")[0]
    path = write_file(tmp_path, image)
    assert server.run("import", path).returncode == 0
    session = requests.Session()
    login = session.post(f"{server.url}/api/login", json={"username": ADMINISTRATOR, "password": PASSWORD}, timeout=10)
    assert login.json()["user"] == {"name": ADMINISTRATOR, "role": "administrator"}
    listed = session.get(f"{server.url}/api/studies", params={"text": "seen sam"}, timeout=10).json()
    assert [study["study_uid"] for study in listed["studies"]] == [image.StudyInstanceUID]
    study = session.get(f"{server.url}/api/studies/{image.StudyInstanceUID}", timeout=10).json()
    (shown,) = study["series"]
    thumbnail = session.get(f"{server.url}{shown['thumbnail']}", headers={"Accept": "image/jpeg"}, timeout=30)
    assert (thumbnail.status_code, thumbnail.content[:2]) == (200, b"\xff\xd8")


def test_a_person_takes_a_study_back_out_of_the_bin(server: Server, tmp_path: Path) -> None:
    image = series(1, PatientName="Gone^Gil", StudyDescription="Hip")[0]
    assert server.run("import", write_file(tmp_path, image)).returncode == 0
    session = requests.Session()
    login = session.post(f"{server.url}/api/login", json={"username": ADMINISTRATOR, "password": PASSWORD}, timeout=10)
    csrf = {"X-CSRF-Token": login.json()["csrf"]}
    assert "delete" in session.get(f"{server.url}/api/session", timeout=10).json()["rights"]
    study = f"{server.url}/dicomweb/studies/{image.StudyInstanceUID}"
    assert session.delete(study, params={"reason": "twice"}, headers=csrf, timeout=10).status_code == 204
    deletions = session.get(f"{server.url}/api/bin", timeout=10).json()["deletions"]
    (entry,) = [each for each in deletions if each["study_uid"] == image.StudyInstanceUID]
    assert (entry["patient"]["name"], entry["description"], entry["reason"]) == ("Gone^Gil", "Hip", "twice")
    restored = session.post(f"{server.url}/api/bin/{entry['id']}/restore", headers=csrf, json={}, timeout=10)
    assert restored.json() == {"restored": 1}
    assert session.get(f"{server.url}/api/studies/{image.StudyInstanceUID}", timeout=10).status_code == 200


def test_nobody_unknown_is_told_anything(server: Server) -> None:
    for path in ("/dicomweb/studies", "/api/studies", "/api/session", "/api/openapi.json"):
        assert requests.get(f"{server.url}{path}", timeout=10).status_code == 401
