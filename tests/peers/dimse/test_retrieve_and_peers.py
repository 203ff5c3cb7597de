"""Two archives, DCMTK and pynetdicom: what one has, the other finds, fetches and is sent; nothing is lost."""

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet

from dcmtk_tools import dcmtk, run
from objects import part10_bytes, series, write_file
from serving import Server, wait_until

TITLE = "FILMLESS"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Another archive, which the commands and DCMTK ask."""
    server = Server(tmp_path_factory.mktemp("other") / "data", "--workers", "1").start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def images(other: Server, tmp_path_factory: pytest.TempPathFactory) -> list[Dataset]:
    """A series that the other archive has."""
    folder = tmp_path_factory.mktemp("sent")
    made = series(4, PatientID="PEER 1", PatientName="Peer^One")
    for image in made:
        (folder / f"{image.SOPInstanceUID}.dcm").write_bytes(part10_bytes(image, ExplicitVRLittleEndian))
    sent = other.run("send", f"{TITLE}@127.0.0.1:{other.port}", folder)
    assert sent.returncode == 0, sent.stderr
    return made


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def target(server: Server) -> str:
    return f"{TITLE}@127.0.0.1:{server.port}"


def uids_in(folder: Path) -> set[str]:
    return {str(dcmread(path).SOPInstanceUID) for path in folder.iterdir()}


def test_find_prints_a_table_and_json(other: Server, images: list[Dataset]) -> None:
    key = f"StudyInstanceUID={images[0].StudyInstanceUID}"
    table = other.run("find", target(other), "-k", key).stdout.splitlines()
    assert table[0].split()[0] == "StudyInstanceUID"
    assert "Peer^One" in table[1]
    (match,) = json.loads(other.run("find", target(other), "-k", key, "--json").stdout)
    assert match["00100020"]["Value"] == ["PEER 1"]
    at_series = other.run("find", target(other), "--level", "SERIES", "-k", key, "--json").stdout
    assert [one["00080060"]["Value"] for one in json.loads(at_series)] == [["CT"]]


def test_a_question_that_cannot_be_asked_is_a_sentence(other: Server) -> None:
    wrong = other.run("find", target(other), "-k", "PatientNumber=1")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert '"PatientNumber" is no keyword' in wrong.stderr
    assert "The level is one of" in other.run("get", target(other), "nowhere", "--level", "ROOM").stderr


def test_echo_prints_the_status_and_exits_with_1_where_nobody_answers(other: Server) -> None:
    answered = other.run("echo", target(other))
    assert (answered.returncode, answered.stdout.split()) == (0, ["status", "comment", "0000"])
    as_json = other.run("echo", target(other), "--json")
    assert (as_json.returncode, json.loads(as_json.stdout)) == (0, {"status": "0000", "comment": ""})
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        port = nobody.getsockname()[1]
        silent = other.run("echo", f"GONE@127.0.0.1:{port}", "--json")
    assert (silent.returncode, silent.stdout) == (1, "")
    assert silent.stderr == f"GONE does not answer: nothing listens on 127.0.0.1:{port}.\n"


def test_send_counts_what_was_taken_and_names_what_was_not(other: Server, tmp_path: Path) -> None:
    """Each object by itself: one with a warning is taken, one that is refused is named with the peer's reason."""
    made = series(3)
    statuses = {str(image.SOPInstanceUID): status for image, status in zip(made, (0, 0xB000, 0xA700), strict=True)}
    refused = [write_file(tmp_path, image) for image in made][-1]
    (tmp_path / "notes.txt").write_text("no DICOM here, only some words that are long enough to be looked at")
    ae = AE("PYNETDICOM")
    ae.add_supported_context(CTImageStorage, ExplicitVRLittleEndian)
    on_store = [(evt.EVT_C_STORE, lambda event: statuses[event.request.AffectedSOPInstanceUID])]
    peer = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=on_store)
    try:
        place = f"PYNETDICOM@127.0.0.1:{peer.socket.getsockname()[1]}"
        as_json, table = other.run("send", place, tmp_path, "--json"), other.run("send", place, tmp_path)
    finally:
        peer.shutdown()
    failures = [{"path": str(refused), "instance_uid": made[-1].SOPInstanceUID, "reason": "status A700"}]
    counts = {"completed": 1, "failed": 1, "warning": 1, "not_dicom": 1}
    assert (as_json.returncode, json.loads(as_json.stdout)) == (1, {**counts, "failures": failures})
    assert (table.returncode, table.stdout.split()) == (1, [*counts, "1", "1", "1", "1"])
    assert table.stderr == f"  not taken: {refused}: status A700\n"


def test_get_writes_each_object_to_a_file(other: Server, images: list[Dataset], tmp_path: Path) -> None:
    asked = ("-k", f"StudyInstanceUID={images[0].StudyInstanceUID}", "--json")
    got = other.run("get", target(other), tmp_path / "got", *asked)
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout)["completed"] == 4
    for image in images:
        file = dcmread(tmp_path / "got" / f"{image.SOPInstanceUID}.dcm")
        assert file.PixelData == image.PixelData
        assert file.PatientName == image.PatientName
    nothing = other.run("get", target(other), tmp_path / "got", "-k", "StudyInstanceUID=1.2.3")
    assert (nothing.returncode, nothing.stderr) == (0, "The peer has nothing that matches.\n")


def test_move_has_the_other_archive_send_to_a_third(other: Server, server: Server, images: list[Dataset]) -> None:
    assert other.run("ae", "add", "THIRD", "127.0.0.1", "1").returncode == 0
    asked = ("-k", f"StudyInstanceUID={images[0].StudyInstanceUID}")
    refused = other.run("move", target(other), "--to", "THIRD", *asked, "--json")
    assert (refused.returncode, json.loads(refused.stdout)["status"]) == (1, "A702")
    assert other.run("ae", "add", TITLE, "127.0.0.1", str(server.port)).returncode == 0
    moved = other.run("move", target(other), "--to", TITLE, *asked)
    assert moved.returncode == 0, moved.stdout + moved.stderr
    (there,) = json.loads(
        other.run("find", target(server), *asked, "-k", "NumberOfStudyRelatedInstances", "--json").stdout
    )
    assert there["00201208"]["Value"] == [4]


def test_getscu_fetches(other: Server, images: list[Dataset], tmp_path: Path) -> None:
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={images[0].StudyInstanceUID}")
    run(dcmtk("getscu"), "-S", "-aec", TITLE, "-od", tmp_path, *keys, "127.0.0.1", str(other.port))
    assert uids_in(tmp_path) == {str(image.SOPInstanceUID) for image in images}


def test_pynetdicom_gets_over_its_own_association_as_the_scp_of_storage(other: Server, images: list[Dataset]) -> None:
    came: dict[str, Dataset] = {}

    def on_store(event: evt.Event) -> int:
        came[str(event.dataset.SOPInstanceUID)] = event.dataset
        return 0x0000

    ae = AE("PYNETDICOM")
    ae.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
    ae.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID = "STUDY", images[0].StudyInstanceUID
    association = ae.associate(
        "127.0.0.1",
        other.port,
        ae_title=TITLE,
        ext_neg=[build_role(CTImageStorage, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, on_store)],
    )
    try:
        assert association.is_established
        storage = next(one for one in association.accepted_contexts if one.abstract_syntax == CTImageStorage)
        assert (storage.as_scu, storage.as_scp) == (False, True)
        *_, (status, _) = association.send_c_get(asked, StudyRootQueryRetrieveInformationModelGet)
    finally:
        association.release()
    assert (status.Status, status.NumberOfCompletedSuboperations) == (0x0000, len(images))
    assert {uid: one.PixelData for uid, one in came.items()} == {one.SOPInstanceUID: one.PixelData for one in images}


def test_pynetdicom_without_the_role_is_told_to_propose_it(other: Server, images: list[Dataset]) -> None:
    ae = AE("PYNETDICOM")
    ae.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
    ae.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    asked = Dataset()
    asked.QueryRetrieveLevel, asked.StudyInstanceUID = "STUDY", images[0].StudyInstanceUID
    association = ae.associate("127.0.0.1", other.port, ae_title=TITLE)
    try:
        *_, (status, _) = association.send_c_get(asked, StudyRootQueryRetrieveInformationModelGet)
    finally:
        association.release()
    assert (status.Status, status.NumberOfFailedSuboperations) == (0xA702, len(images))
    assert status.ErrorComment == "propose the SCP role for the storage SOP classes that you take"


def test_movescu_is_sent_to_on_its_own_port(other: Server, images: list[Dataset], tmp_path: Path) -> None:
    port = free_port()
    assert other.run("ae", "add", "MOVESCU", "127.0.0.1", str(port)).returncode == 0
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={images[0].StudyInstanceUID}")
    listening = ("+P", str(port), "-od", tmp_path)
    run(dcmtk("movescu"), "-S", "-aec", TITLE, *listening, *keys, "127.0.0.1", str(other.port))
    assert uids_in(tmp_path) == {str(image.SOPInstanceUID) for image in images}


def test_dcmqrscp_is_queried_fetched_from_and_moved_from(images: list[Dataset], tmp_path: Path, other: Server) -> None:
    port, store = free_port(), tmp_path / "store"
    store.mkdir()
    config = tmp_path / "dcmqrscp.cfg"
    config.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 8\n"
        f"HostTable BEGIN\nthird = ({TITLE}, 127.0.0.1, {other.port})\nHostTable END\n"
        f"VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nQR {store} RW (200, 1024mb) ANY\nAETable END\n"
    )
    peer = subprocess.Popen([dcmtk("dcmqrscp"), "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        asked = ("-k", f"StudyInstanceUID={images[0].StudyInstanceUID}")
        place = f"QR@127.0.0.1:{port}"
        folder = tmp_path / "sent"
        folder.mkdir()
        for image in images:
            (folder / f"{image.SOPInstanceUID}.dcm").write_bytes(part10_bytes(image, ExplicitVRLittleEndian))
        wait_until(lambda: other.run("echo", place).returncode == 0)
        assert other.run("send", place, folder).returncode == 0
        assert len(json.loads(other.run("find", place, *asked, "--json").stdout)) == 1
        got = other.run("get", place, tmp_path / "got", *asked)
        assert got.returncode == 0, got.stdout + got.stderr
        assert uids_in(tmp_path / "got") == {str(image.SOPInstanceUID) for image in images}
        assert other.run("move", place, "--to", TITLE, *asked).returncode == 0
    finally:
        peer.terminate()
        peer.wait(10)
