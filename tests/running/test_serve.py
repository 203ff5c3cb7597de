"""``filmless serve`` from outside: starting, stopping, being killed, and commands beside it."""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from filmless.clients.dimse import connect
from objects import ct_image, part10_bytes, series, write_file
from pki import make_pki
from serving import PASSWORD, Server, run_command, wait_until

pytestmark = pytest.mark.slow

VERIFICATION = "1.2.840.10008.1.1"


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that this test may stop and kill."""
    server = Server(tmp_path / "data", "--workers", "2").start()
    yield server
    server.close()


def studies(server: Server, token: str) -> list[str]:
    """UIDs of the studies that QIDO-RS lists."""
    answer = requests.get(f"{server.url}/dicomweb/studies", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    answer.raise_for_status()
    return [study["0020000D"]["Value"][0] for study in answer.json()] if answer.content else []


def shown_certificate(server: Server) -> bytes:
    """What HTTPS shows, as DER."""
    context = ssl._create_unverified_context()
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=10) as plain, context.wrap_socket(plain) as secured:
        return secured.getpeercert(binary_form=True) or b""


def test_a_hangup_has_the_certificate_of_https_read_again_and_ends_nothing(tmp_path: Path) -> None:
    pki = make_pki(tmp_path)
    files = pki.issue("web")
    flags = ("--tls-certificate", str(files.certificate), "--tls-key", str(files.key), "--workers", "1")
    server = Server(tmp_path / "data", *flags)
    server.is_ready = lambda: "event=ready" in server.log
    server.start()
    try:
        before = shown_certificate(server)
        assert files.certificate is not None
        files.certificate.write_text("no certificate")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "event=certificate_not_renewed" in server.log)
        assert shown_certificate(server) == before
        pki.issue("web")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "event=certificate_renewed" in server.log)
        assert shown_certificate(server) != before
    finally:
        assert server.terminate() == 0
        server.close()


async def echo(server: Server) -> bool:
    """Whether C-ECHO succeeds."""
    contexts = [(VERIFICATION, ["1.2.840.10008.1.2"])]
    async with connect("127.0.0.1", server.port, "FILMLESS", "TEST", contexts) as client:
        return (await client.echo()).is_success


def test_a_fresh_start_answers_at_both_doors_and_stops_with_success(own_server: Server) -> None:
    assert asyncio.run(echo(own_server))
    assert "Make the first administrator (once): http" in own_server.log
    children = psutil.Process(own_server.process.pid).children(recursive=True)
    assert own_server.terminate() == 0
    assert psutil.wait_procs(children, timeout=10)[1] == []


def test_a_second_server_on_the_folder_is_refused(own_server: Server) -> None:
    second = run_command("serve", "--data", own_server.data, "--http", "127.0.0.1:0", "--dimse", "127.0.0.1:0")
    assert second.returncode == 1
    assert second.stderr.strip() == (
        f"Another Filmless (process {own_server.process.pid}) serves the data folder {own_server.data}."
    )


def test_an_address_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        outcome = run_command("serve", "--data", tmp_path, "--http", "127.0.0.1:0", "--dimse", address)
    assert (outcome.returncode, outcome.stderr) == (1, f"DICOM cannot listen on {address}: the address is in use.\n")


def test_http_for_other_machines_demands_tls(tmp_path: Path) -> None:
    outcome = run_command("serve", "--data", tmp_path, "--http", "0.0.0.0:0", "--dimse", "127.0.0.1:0")
    assert outcome.returncode == 1
    assert "demands TLS" in outcome.stderr


@pytest.mark.parametrize("flags", [["--hl7", "127.0.0.1:2575"], ["--worker", "1"]])
def test_an_unknown_flag_is_named(tmp_path: Path, flags: list[str]) -> None:
    outcome = run_command("serve", "--data", tmp_path, *flags)
    assert outcome.returncode == 2
    assert f"No such option: {flags[0]}" in outcome.stderr


def test_an_unknown_key_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "filmless.toml").write_text("port = 104\n")
    outcome = run_command("serve", "--data", tmp_path)
    assert outcome.returncode == 2
    assert outcome.stderr == f'{tmp_path / "filmless.toml"} has the key "port", which is no setting of Filmless.\n'


def test_commands_take_effect_while_the_server_runs(own_server: Server) -> None:
    token = own_server.token()
    assert studies(own_server, token) == []
    made = own_server.run("user", "add", "anna", "--role", "radiologist", "--password-stdin", text=PASSWORD)
    assert made.returncode == 0
    login = {"username": "anna", "password": PASSWORD}
    assert requests.post(f"{own_server.url}/api/login", json=login, timeout=10).status_code == 200
    assert own_server.run("ae", "add", "CT1", "10.0.0.1", "104", "--allow", "echo,store").returncode == 0
    headings, row = own_server.run("ae", "list").stdout.splitlines()
    assert headings.split()[:4] == ["TITLE", "HOST", "PORT", "ALLOWED"]
    assert row.split()[:4] == ["CT1", "10.0.0.1", "104", "echo,store"]
    assert row.split()[-1] == "never"  # seen
    (listed,) = json.loads(own_server.run("ae", "list", "--json").stdout)
    assert (listed["title"], listed["allow"]) == ("CT1", ["echo", "store"])


def test_what_options_cannot_be_is_a_sentence_and_our_own_title_stays_served(own_server: Server) -> None:
    refused = own_server.run("ae", "add", "CT2", "10.0.0.2", "104", "--transfer-syntaxes", "foo")
    assert (refused.returncode, refused.stderr[:31]) == (1, '"foo" is no transfer syntax of ')
    refused = own_server.run("coercion", "add", "d", "StudyDate", "default", "--value", "20209999")
    assert refused.stderr == '"20209999" is no value of StudyDate: it is a date as 20260131 (VR DA).\n'
    assert own_server.run("view", "add", "FILMLESS", "--modality", "CT").returncode == 0
    removed = own_server.run("view", "remove", "FILMLESS")
    assert (removed.returncode, "configured AE title" in removed.stderr) == (0, True)
    again = own_server.run("view", "remove", "FILMLESS")
    assert (again.returncode, "always served" in again.stderr) == (1, True)


def test_commands_work_while_no_server_runs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    token = run_command("token", "create", "--name", "t", "--role", "administrator", "--data", data).stdout.split()[-1]
    files = tmp_path / "files"
    files.mkdir()
    for image in series(3):
        write_file(files, image)
    (files / "readme.txt").write_text("no DICOM")
    imported = run_command("import", files, "--data", data)
    assert (imported.returncode, imported.stdout) == (0, "")
    assert imported.stderr.splitlines()[-1] == "4 files: 3 new, 1 not DICOM."
    again = run_command("import", files, "--data", data)
    assert again.stderr.splitlines()[-1] == "4 files: 3 already kept, 1 not DICOM."
    server = Server(data).start()
    try:
        assert len(studies(server, token)) == 1
    finally:
        server.close()


def test_a_role_that_does_not_exist_is_answered_with_the_list(tmp_path: Path) -> None:
    outcome = run_command("token", "create", "--name", "t", "--role", "boss", "--data", tmp_path)
    assert outcome.returncode == 1
    assert "Roles are: administrator, radiologist," in outcome.stderr


def test_what_was_acknowledged_is_there_after_a_kill(own_server: Server, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for image in series(5):
        write_file(files, image)
    token = own_server.token()
    target = f"FILMLESS@127.0.0.1:{own_server.port}"
    assert own_server.run("send", target, files).returncode == 0
    before = studies(own_server, token)
    own_server.kill()
    own_server.start()
    assert studies(own_server, token) == before
    assert len(before) == 1


def test_a_killed_server_process_is_replaced_and_loses_nothing(own_server: Server, tmp_path: Path) -> None:
    path = write_file(tmp_path, ct_image())
    assert own_server.run("send", f"FILMLESS@127.0.0.1:{own_server.port}", path).returncode == 0
    token = own_server.token()
    for child in psutil.Process(own_server.process.pid).children():
        if "postgres" not in child.name():
            child.kill()
    wait_until(lambda: own_server.log.count("event=process_ended") == 3)
    wait_until(own_server.is_ready)
    assert len(studies(own_server, token)) == 1


def test_a_killed_database_is_started_again(own_server: Server) -> None:
    token = own_server.token()
    postmaster = int((own_server.data / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGQUIT)
    wait_until(lambda: "event=database_started" in own_server.log)
    wait_until(
        lambda: (
            requests.get(
                f"{own_server.url}/dicomweb/studies", headers={"Authorization": f"Bearer {token}"}, timeout=30
            ).ok
        )
    )
    assert "Traceback" not in own_server.log
    assert "error connecting" not in own_server.log


def test_what_libraries_say_is_one_line_without_their_words(capfd: pytest.CaptureFixture[str]) -> None:
    program = (
        "import logging; from filmless.app import logs; logs.configure()\n"
        "try: raise ValueError('Doe^Jane')\n"
        "except ValueError: logging.getLogger('library').exception('of Doe^Jane')"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    (line,) = capfd.readouterr().err.splitlines()
    assert "event=library_warned library=library" in line
    assert "builtins.ValueError at" in line
    assert "Doe" not in line


def test_a_signal_under_load_loses_nothing_that_was_acknowledged(own_server: Server, tmp_path: Path) -> None:
    token = own_server.token()
    folders = [tmp_path / str(number) for number in range(2)]
    for folder in folders:
        folder.mkdir()
        for image in series(40):
            write_file(folder, image)
    taken: list[int] = []

    def send(folder: Path) -> None:
        outcome = own_server.run("send", f"FILMLESS@127.0.0.1:{own_server.port}", folder, "--json")
        taken.append(json.loads(outcome.stdout)["completed"])

    senders = [threading.Thread(target=send, args=(folder,)) for folder in folders]
    for sender in senders:
        sender.start()
    wait_until(lambda: any(own_server.data.glob("packs/ingest/*/*/*.tar")))
    assert own_server.terminate() == 0
    for sender in senders:
        sender.join()
    own_server.start()
    answer = requests.get(
        f"{own_server.url}/dicomweb/instances", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert len(answer.json() if answer.content else []) >= sum(taken)


def test_a_token_is_listed_by_its_prefix_and_ends_when_it_is_revoked(own_server: Server) -> None:
    token = own_server.token()
    (line,) = own_server.run("token", "list").stdout.splitlines()
    token_id, prefix, *_ = line.split("\t")
    assert token.startswith(prefix)
    assert token not in line
    assert own_server.run("token", "revoke", token_id).returncode == 0

    def refused() -> bool:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{own_server.url}/dicomweb/studies", headers=headers, timeout=10).status_code == 401

    wait_until(refused)
    assert own_server.run("token", "revoke", token_id).returncode != 0


def test_answers_carry_the_address_that_is_configured(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--base-url", "https://pacs.example.org").start()
    try:
        image = part10_bytes(ct_image())
        body = b"--B\r\nContent-Type: application/dicom\r\n\r\n" + image + b"\r\n--B--\r\n"
        headers = {
            "Authorization": f"Bearer {server.token()}",
            "Content-Type": 'multipart/related; type="application/dicom"; boundary=B',
        }
        answer = requests.post(f"{server.url}/dicomweb/studies", data=body, headers=headers, timeout=10)
        assert answer.json()["00081190"]["Value"][0].startswith("https://pacs.example.org/dicomweb/studies/")
    finally:
        server.close()
