"""The DICOM door over TLS (PS3.15 B.12): who comes in, who does not and why, with DCMTK and pynetdicom as peers."""

import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import trustme
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE

from dcmtk_tools import dcmtk, run
from dicom_door import door
from filmless.access.peers import Peer
from filmless.clients.tls import FreshContext, TlsFiles, server_context
from objects import ct_image, write_file
from pki import Pki, make_pki
from serving import Server, run_command, wait_until

VERIFICATION = "1.2.840.10008.1.1"


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return make_pki(tmp_path)


def entrance(pki: Pki, *, demanded: bool = True) -> Callable[[], ssl.SSLContext]:
    return FreshContext(pki.issue("archive"), partial(server_context, demands_certificate=demanded))


@contextmanager
def free_port() -> Iterator[int]:
    """A port that nobody has; it is let go at the end of the block, and taken by whoever is told of it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def study_of(path: Path) -> str:
    return str(dcmread(path, stop_before_pixels=True).StudyInstanceUID)


def sendable_image() -> Dataset:
    image = ct_image()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return image


def echo_over_tls(files: TlsFiles, port: int, calling: str = "ECHOSCU") -> subprocess.CompletedProcess[str]:
    tls = ["+tls", str(files.key), str(files.certificate), "+cf", str(files.authorities)]
    call = [dcmtk("echoscu"), "-v", *tls, "-aec", "FILMLESS", "-aet", calling, "127.0.0.1", str(port)]
    return subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)


def test_dcmtk_echoes_and_stores_with_its_certificate(pki: Pki, tmp_path: Path) -> None:
    image = ct_image()
    path = tmp_path / "ct.dcm"
    image.save_as(path, implicit_vr=False, little_endian=True)
    peer = pki.issue("MODALITY")
    with door(tls=entrance(pki)) as house:
        assert echo_over_tls(peer, house.port).returncode == 0
        tls = ("+tls", str(peer.key), str(peer.certificate), "+cf", str(peer.authorities))
        run(dcmtk("storescu"), *tls, "-aec", "FILMLESS", "127.0.0.1", str(house.port), str(path))
        (received,) = house.archive.received
        summaries = house.record.wait(2)
    assert received.instance_uid == image.SOPInstanceUID
    assert {(one.certificate, one.end) for one in summaries} == {("MODALITY", "released")}
    assert {one.tls for one in summaries} <= {"TLSv1.2", "TLSv1.3"}


def test_who_shows_no_certificate_is_refused_and_told_of(pki: Pki) -> None:
    with door(tls=entrance(pki)) as house:
        tls = ("+tla", "+cf", str(pki.authorities))
        call = [dcmtk("echoscu"), *tls, "-aec", "FILMLESS", "127.0.0.1", str(house.port)]
        assert subprocess.run(call, capture_output=True, timeout=60, check=False).returncode != 0
        fault = house.record.wait_refused_tls()
    assert fault.reason == "no certificate"
    assert "dimse_tls_authorities" in fault.advice


def test_who_shows_no_certificate_is_served_where_it_is_optional(pki: Pki) -> None:
    with door(tls=entrance(pki, demanded=False)) as house:
        run(dcmtk("echoscu"), "+tla", "+cf", str(pki.authorities), "-aec", "FILMLESS", "127.0.0.1", str(house.port))
        (summary,) = house.record.wait(1)
    assert (summary.certificate, summary.end) == ("", "released")
    assert summary.tls in {"TLSv1.2", "TLSv1.3"}


@pytest.mark.parametrize("demanded", [True, False])
def test_a_certificate_of_another_authority_is_refused_either_way(pki: Pki, demanded: bool) -> None:
    stranger = pki.issue("STRANGER", trustme.CA())
    with door(tls=entrance(pki, demanded=demanded)) as house:
        assert echo_over_tls(stranger, house.port).returncode != 0
        assert house.record.wait_refused_tls().reason == "certificate not trusted"


def test_who_speaks_without_tls_is_told_to_use_the_plain_port(pki: Pki) -> None:
    with door(tls=entrance(pki)) as house:
        call = [dcmtk("echoscu"), "-to", "3", "-aec", "FILMLESS", "127.0.0.1", str(house.port)]
        assert subprocess.run(call, capture_output=True, timeout=60, check=False).returncode != 0
        assert house.record.wait_refused_tls().reason == "no TLS"


def test_an_ae_title_bound_to_a_certificate_is_nobody_else_s(pki: Pki) -> None:
    owner, other = pki.issue("CT1"), pki.issue("CT2")
    row = Peer("CT1", "127.0.0.1", 104, certificate="CN=CT1")
    with door(None, row, tls=entrance(pki)) as house:
        assert echo_over_tls(owner, house.port, "CT1").returncode == 0
        assert echo_over_tls(other, house.port, "CT1").returncode != 0
        summaries = house.record.wait(2)
    assert summaries[1].end == "rejected 1/1/3: calling AE title without its certificate"
    assert 'showed that of "CT2"' in summaries[1].advice[0]
    with door(None, row) as house:  # nor without TLS
        call = [dcmtk("echoscu"), "-aet", "CT1", "-aec", "FILMLESS", "127.0.0.1", str(house.port)]
        assert subprocess.run(call, capture_output=True, timeout=60, check=False).returncode != 0


def test_changed_files_are_used_by_the_next_connection_and_broken_ones_are_not(pki: Pki) -> None:
    context = entrance(pki)
    peer = pki.issue("PEER")
    with door(tls=context) as house:
        assert echo_over_tls(peer, house.port).returncode == 0
        first = context()
        renewed = pki.issue("archive")
        assert renewed.certificate is not None
        os.utime(renewed.certificate, ns=(1, 1))  # whatever the clock's grain, it has changed
        assert echo_over_tls(peer, house.port).returncode == 0
        second = context()
        renewed.certificate.write_text("no certificate")
        assert echo_over_tls(peer, house.port).returncode == 0
        third = context()
    assert first is not second
    assert second is third


def test_pynetdicom_stores_over_tls_1_3(pki: Pki) -> None:
    peer = pki.issue("PYNETDICOM")
    assert peer.certificate is not None
    client = ssl.create_default_context(cafile=str(peer.authorities))
    client.minimum_version = ssl.TLSVersion.TLSv1_3
    client.load_cert_chain(peer.certificate, peer.key)
    image = sendable_image()
    ae = AE("PYNETDICOM")
    ae.add_requested_context(image.SOPClassUID, ExplicitVRLittleEndian)
    with door(tls=entrance(pki)) as house:
        association = ae.associate("127.0.0.1", house.port, ae_title="FILMLESS", tls_args=(client, "localhost"))
        assert association.is_established
        assert association.send_c_store(image).Status == 0
        association.release()
        (summary,) = house.record.wait(1)
    assert (summary.tls, summary.certificate) == ("TLSv1.3", "PYNETDICOM")


def test_a_large_object_over_tls_streams_whole(pki: Pki) -> None:
    peer = pki.issue("LARGE")
    client = ssl.create_default_context(cafile=str(peer.authorities))
    assert peer.certificate is not None
    client.load_cert_chain(peer.certificate, peer.key)
    image = sendable_image()
    image.PixelData = bytes(9 << 20)
    ae = AE("LARGE")
    ae.add_requested_context(image.SOPClassUID, ExplicitVRLittleEndian)
    with door(tls=entrance(pki)) as house:
        association = ae.associate("127.0.0.1", house.port, ae_title="FILMLESS", tls_args=(client, "localhost"))
        assert association.send_c_store(image).Status == 0
        association.release()
        assert len(house.archive.large[image.SOPInstanceUID].content) > 9 << 20


def test_nothing_below_tls_1_2_and_no_weak_suite_is_spoken(pki: Pki) -> None:
    found = shutil.which("sslscan")
    if found is None:
        pytest.fail("sslscan is not installed: tools/system_packages.sh installs it on Debian")
    with door(tls=entrance(pki, demanded=False)) as house:
        said = run(found, "--no-colour", f"127.0.0.1:{house.port}")
    enabled = {line.split()[0] for line in said.splitlines() if line.endswith("enabled")}
    assert enabled == {"TLSv1.2", "TLSv1.3"}
    accepted = [line for line in said.splitlines() if line.startswith(("Preferred", "Accepted"))]
    assert accepted
    assert all("ECDHE" in line or "TLS_AES" in line or "TLS_CHACHA" in line for line in accepted)
    assert not any("CBC" in line or line.split()[-1].endswith("-SHA") for line in accepted if "ECDHE" in line)


def test_the_whole_program_serves_calls_and_moves_over_tls(pki: Pki, tmp_path: Path) -> None:
    """A peer stores, queries and moves over TLS; what it is sent comes by TLS too; who has no certificate is listed."""
    peer = pki.issue("WS1")
    tls = ("+tls", str(peer.key), str(peer.certificate), "+cf", str(peer.authorities))
    sent = write_file(tmp_path, ct_image(PatientID="TLS1"))
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with program(pki, tmp_path) as (server, port):
        plain = str(server.port)
        run(dcmtk("storescu"), *tls, "-aet", "WS1", "-aec", "FILMLESS", "127.0.0.1", port, str(sent))
        with free_port() as inbox_port:
            assert server.run("ae", "add", "WS1", "127.0.0.1", str(inbox_port), "--tls").returncode == 0
        receiver = subprocess.Popen([dcmtk("storescp"), *tls, "-aet", "WS1", "-od", str(inbox), str(inbox_port)])
        try:
            wait_until(lambda: server.run("ae", "test", "WS1").returncode == 0)
            key = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study_of(sent)}")
            call = ("-aet", "WS1", "-aec", "FILMLESS", *key, "127.0.0.1")
            assert "TLS1" in run(dcmtk("findscu"), *tls, "-v", "-k", "PatientID", *call, port)
            run(dcmtk("movescu"), "-aem", "WS1", *call, plain)  # many a movescu asks without TLS; it is sent to by TLS
        finally:
            receiver.terminate()
            receiver.wait(20)
        assert len(list(inbox.iterdir())) == 1
        nobody = [dcmtk("echoscu"), "+tla", "+cf", str(pki.authorities), "-aec", "FILMLESS", "127.0.0.1", port]
        assert subprocess.run(nobody, capture_output=True, timeout=60, check=False).returncode != 0
        wait_until(lambda: "no certificate" in server.run("associations", "--failed").stdout)
        assert server.run("associations", "--ae", "WS1", "--json").stdout.count('"tls":"TLSv1') == 2


def test_the_commands_find_get_move_echo_and_send_over_tls(pki: Pki, tmp_path: Path) -> None:
    """The program asks its own TLS port with its own certificate, and moves to it."""
    image = ct_image(PatientID="TLS2")
    sent, got = write_file(tmp_path, image), tmp_path / "got"
    asked = ("-k", f"StudyInstanceUID={image.StudyInstanceUID}")
    with program(pki, tmp_path) as (server, port):
        assert server.run("ae", "add", "FILMLESS", "127.0.0.1", port, "--tls").returncode == 0
        assert server.run("echo", "FILMLESS").returncode == 0
        assert server.run("send", "FILMLESS", sent).returncode == 0
        assert "TLS2" in server.run("find", "FILMLESS", *asked).stdout
        fetched = server.run("get", "FILMLESS", got, *asked, "--json")
        assert (fetched.returncode, json.loads(fetched.stdout)["completed"]) == (0, 1), fetched.stderr
        moved = server.run("move", "FILMLESS", "--to", "FILMLESS", *asked, "--json")
        assert (moved.returncode, json.loads(moved.stdout)["completed"]) == (0, 1), moved.stderr
        wait_until(lambda: len(associations(server)) == 6)  # the sixth is the one by which the move sent
        assert {one["tls"] for one in associations(server)} <= {"TLSv1.2", "TLSv1.3"}
        assert {one["certificate"] for one in associations(server)} == {"archive"}
    assert dcmread(got / f"{image.SOPInstanceUID}.dcm").PixelData == image.PixelData


def test_a_command_without_our_certificate_is_refused_by_a_port_that_demands_one(pki: Pki, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "filmless.toml").write_text(f'dimse_tls_authorities = "{pki.authorities}"\n')
    with program(pki, tmp_path) as (server, port):
        assert run_command("ae", "add", "FILMLESS", "127.0.0.1", port, "--tls", "--data", bare).returncode == 0
        refused = run_command("find", "FILMLESS", "-k", "PatientID=TLS2", "--data", bare)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("FILMLESS gave no answer: ")
        wait_until(lambda: "no certificate" in server.run("associations", "--failed").stdout)


@contextmanager
def program(pki: Pki, folder: Path) -> Iterator[tuple[Server, str]]:
    """The whole program with a TLS port that demands certificates, and that port."""
    ours, data = pki.issue("archive"), folder / "data"
    data.mkdir()
    (data / "filmless.toml").write_text(
        f'dimse_tls = "127.0.0.1:0"\ndimse_tls_certificate = "{ours.certificate}"\ndimse_tls_key = "{ours.key}"\n'
        f'dimse_tls_authorities = "{ours.authorities}"\n'
    )
    server = Server(data, "--workers", "1").start()
    try:
        yield server, server.found(r"^TLS .*:(\d+)$")
    finally:
        server.close()


def associations(server: Server) -> list[dict[str, str]]:
    """What the program tells of them."""
    return json.loads(server.run("associations", "--json").stdout)
