"""pynetdicom asks us to keep instances safe and is told, whatever happens between the question and the answer."""

import itertools
import json
import os
import queue
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from commitments import asked
from notes import note
from objects import ct_image, new_uid, write_file
from serving import Server, wait_until

SECONDS = 60


class Modality:
    """A peer that asks on one association and is told on another."""

    def __init__(self, server: Server, title: str, port: int = 0) -> None:
        self.server, self.title = server, title
        self.reports: queue.Queue[tuple[int, Dataset]] = queue.Queue()
        self.reports_here: queue.Queue[tuple[int, Dataset]] = queue.Queue()  # on the association of the request
        self.roles: list[tuple[bool, bool]] = []
        self._listener = None
        self.port = port or free_port()

    def listen(self, status: int = 0x0000) -> None:
        """Take reports from now on."""
        application = AE(self.title)
        application.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)

        def told(event: evt.Event) -> tuple[int, None]:
            self.roles += [(each.scu_role, each.scp_role) for each in event.assoc.requestor.role_selection.values()]
            self.reports.put((event.event_type, event.event_information))
            return status, None

        handlers = [(evt.EVT_N_EVENT_REPORT, told)]
        self._listener = application.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)

    def ask(self, *instance_uids: str, transaction_uid: str | None = None, stays: bool = False) -> str:
        """Ask for commitment, and stay until it is reported there if so; the Transaction UID."""
        uid = transaction_uid or new_uid()
        application = AE(self.title)
        application.add_requested_context(StorageCommitmentPushModel)

        def told(event: evt.Event) -> tuple[int, None]:
            self.reports_here.put((event.event_type, event.event_information))
            return 0x0000, None

        handlers = [(evt.EVT_N_EVENT_REPORT, told)] if stays else []
        association = application.associate("127.0.0.1", self.server.port, ae_title="FILMLESS", evt_handlers=handlers)
        assert association.is_established
        status, _ = association.send_n_action(
            asked(uid, instance_uids), 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        )
        assert status.Status == 0x0000
        if stays:
            self.here = self.reports_here.get(timeout=SECONDS)
        association.release()
        return uid

    def told(self) -> tuple[int, Dataset]:
        """The next report."""
        return self.reports.get(timeout=SECONDS)

    def close(self) -> None:
        if self._listener is not None:
            self._listener.shutdown()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests of this module; each has a peer of its own."""
    server = Server(tmp_path_factory.mktemp("committing") / "data", "--workers", "1").start()
    yield server
    server.close()


_numbers = itertools.count(1)


@pytest.fixture
def modality(server: Server) -> Iterator[Modality]:
    modality = Modality(server, f"MODALITY{next(_numbers)}")
    register(modality)
    yield modality
    modality.close()


def register(modality: Modality, *options: str) -> None:
    done = modality.server.run("ae", "add", modality.title, "127.0.0.1", str(modality.port), *options)
    assert done.returncode == 0, done.stderr


def send(server: Server, folder: Path) -> str:
    """Store an image; its SOP Instance UID."""
    image = ct_image()
    path = write_file(folder, image)
    assert server.run("send", f"FILMLESS@127.0.0.1:{server.port}", path).returncode == 0
    return str(image.SOPInstanceUID)


def entry_of(modality: Modality) -> dict[str, object]:
    """The one commitment of a peer, as people see it."""
    entries = json.loads(modality.server.run("commitments", "--json").stdout)
    (found,) = [entry for entry in entries if entry["ae"] == modality.title]
    return dict(found)


def test_all_is_safe_and_we_propose_to_be_the_provider(server: Server, modality: Modality, tmp_path: Path) -> None:
    modality.listen()
    uid = send(server, tmp_path)
    transaction_uid = modality.ask(uid)
    event, report = modality.told()
    assert (event, report.TransactionUID, report.RetrieveAETitle) == (1, transaction_uid, "FILMLESS")
    assert [item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence] == [uid]
    assert "FailedSOPSequence" not in report
    assert modality.roles == [(False, True)]
    wait_until(lambda: entry_of(modality)["state"] == "reported")
    (line,) = [each for each in server.run("commitments").stdout.splitlines() if modality.title in each]
    assert "1 of 1" in line


def test_a_peer_that_stays_is_told_on_the_same_association(server: Server, modality: Modality, tmp_path: Path) -> None:
    uid = send(server, tmp_path)
    transaction_uid = modality.ask(uid, stays=True)
    event, report = modality.here
    assert (event, report.TransactionUID) == (1, transaction_uid)
    assert [item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence] == [uid]
    wait_until(lambda: entry_of(modality)["state"] == "reported")
    assert entry_of(modality)["attempts"] == 0


def test_a_rejected_instance_is_not_committed(server: Server, modality: Modality, tmp_path: Path) -> None:
    image, address = ct_image(), f"FILMLESS@127.0.0.1:{server.port}"
    assert server.run("send", address, write_file(tmp_path, image)).returncode == 0
    assert server.run("send", address, write_file(tmp_path, note([image]))).returncode == 0
    modality.ask(image.SOPInstanceUID, stays=True)
    event, report = modality.here
    assert event == 2
    assert [(item.ReferencedSOPInstanceUID, item.FailureReason) for item in report.FailedSOPSequence] == [
        (image.SOPInstanceUID, 0x0112)
    ]


def test_an_instance_that_comes_later_is_waited_for(server: Server, modality: Modality, tmp_path: Path) -> None:
    modality.listen()
    image = ct_image()
    modality.ask(image.SOPInstanceUID)
    wait_until(lambda: entry_of(modality)["state"] == "waiting")
    assert server.run("send", f"FILMLESS@127.0.0.1:{server.port}", write_file(tmp_path, image)).returncode == 0
    event, report = modality.told()
    assert event == 1
    assert [item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence] == [image.SOPInstanceUID]


def test_what_never_comes_is_named_with_its_reason(server: Server, modality: Modality, tmp_path: Path) -> None:
    register(modality, "--commit-wait", "0s", "--commit-proof", "read")
    modality.listen()
    kept, missing = send(server, tmp_path), new_uid()
    modality.ask(kept, missing)
    event, report = modality.told()
    assert event == 2
    assert [item.ReferencedSOPInstanceUID for item in report.ReferencedSOPSequence] == [kept]
    assert [(item.ReferencedSOPInstanceUID, item.FailureReason) for item in report.FailedSOPSequence] == [
        (missing, 0x0112)
    ]


def test_a_peer_that_is_down_is_told_when_it_is_up_again(server: Server, modality: Modality, tmp_path: Path) -> None:
    modality.ask(send(server, tmp_path))
    wait_until(lambda: entry_of(modality)["attempts"] == 1)
    entry = entry_of(modality)
    assert entry["state"] == "reporting"
    assert entry["next_at"]
    assert "nothing listens on" in str(entry["last_error"])
    modality.listen()
    assert server.run("commitments", "retry", str(entry["id"])).returncode == 0
    assert modality.told()[0] == 1


def test_a_report_that_is_not_taken_is_no_success(server: Server, modality: Modality, tmp_path: Path) -> None:
    modality.listen(status=0x0110)
    modality.ask(send(server, tmp_path))
    modality.told()
    wait_until(lambda: "0110" in str(entry_of(modality)["last_error"]))


def test_reports_go_to_the_address_of_their_own(server: Server, modality: Modality, tmp_path: Path) -> None:
    other = Modality(server, "COMMITTER")
    register(modality, "--commit-to", f"127.0.0.1:{other.port}/COMMITTER")
    other.listen()
    modality.ask(send(server, tmp_path))
    assert other.told()[0] == 1
    other.close()


def test_nothing_is_forgotten_when_all_is_killed_in_between(server: Server, modality: Modality, tmp_path: Path) -> None:
    modality.ask(send(server, tmp_path))
    server.kill()
    server.start()
    modality.server = server
    modality.listen()
    entry = entry_of(modality)
    assert server.run("commitments", "retry", str(entry["id"])).returncode == 0
    assert modality.told()[0] == 1


def test_a_killed_job_worker_is_replaced_and_goes_on(server: Server, modality: Modality, tmp_path: Path) -> None:
    modality.listen()
    children = psutil.Process(server.process.pid).children()
    (worker,) = [each for each in children if "postgres" not in each.name()][-1:]
    before = server.log.count("event=process_ended")
    os.kill(worker.pid, signal.SIGKILL)
    wait_until(lambda: server.log.count("event=process_ended") > before)
    modality.ask(send(server, tmp_path))
    assert modality.told()[0] == 1


def test_people_with_the_right_see_commitments_by_the_api(server: Server, modality: Modality, tmp_path: Path) -> None:
    modality.ask(send(server, tmp_path))
    wait_until(lambda: entry_of(modality)["attempts"] == 1)
    address = f"{server.url}/api/commitments"
    administrator = {"Authorization": f"Bearer {server.token()}"}
    found = requests.get(address, headers=administrator, timeout=10).json()["commitments"]
    (entry,) = [each for each in found if each["ae"] == modality.title]
    assert (entry["instances"], entry["committed"]) == (1, 1)
    service = {"Authorization": f"Bearer {server.token('service')}"}
    assert requests.get(address, headers=service, timeout=10).status_code == 403
    modality.listen()
    assert requests.post(f"{address}/{entry['id']}/retry", headers=administrator, timeout=10).status_code == 204
    assert modality.told()[0] == 1
    nobody = f"{address}/00000000-0000-0000-0000-000000000000/retry"
    assert requests.post(nobody, headers=administrator, timeout=10).status_code == 404
