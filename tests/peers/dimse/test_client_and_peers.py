"""Our client against our own door and pynetdicom: files go as they are, faults come back as facts."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
import uvloop
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from dicom_door import CT, VERIFICATION, door
from filmless.archive.model import Refusal, Refused
from filmless.clients.dimse import Client, connect
from filmless.clients.faults import FindFailed, Lost, NotAccepted, NotReached, Rejected, Reply, explain
from filmless.clients.files import Sendable, contexts_of, sendable
from filmless.servers.association.policy import Policy
from filmless.standards.data_set.fault import Fault
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from filmless.standards.upper_layer.items import ContextResult, Result, UserInformation
from filmless.standards.upper_layer.pdu import AssociateAccept, PduType, write_pdu
from objects import ct_image

ECHO = [(VERIFICATION, (IMPLICIT_VR_LITTLE_ENDIAN,))]
ACCEPTED = ContextResult(1, Result.ACCEPTANCE, IMPLICIT_VR_LITTLE_ENDIAN)
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"


def files(folder: Path, *images: Dataset) -> list[Sendable]:
    found = []
    for number, image in enumerate(images):
        path = folder / f"{number}.dcm"
        image.save_as(path, implicit_vr=False, little_endian=True)
        one = sendable(path)
        assert isinstance(one, Sendable)
        found.append(one)
    return found


def test_files_arrive_as_they_lie_on_disk_large_ones_too(tmp_path: Path) -> None:
    to_send = files(tmp_path, ct_image(), ct_image(PixelData=bytes(range(256)) * 40_000))

    async def send(port: int) -> list[Reply]:
        async with connect("127.0.0.1", port, "FILMLESS", "US", contexts_of(to_send)) as client:
            return [await client.store(file) for file in to_send]

    with door() as house:
        assert asyncio.run(send(house.port)) == [Reply(0), Reply(0)]
        assert house.record.wait(1)[0].end == "released"
    for file, content in zip(to_send, (house.archive.received[0].data_set, *_large(house.archive.large)), strict=True):
        assert bytes(content) == file.path.read_bytes()[file.head_length :]


def _large(large: dict) -> list[bytes]:
    return [one.content for one in large.values()]


def test_a_refusal_comes_back_with_its_comment(tmp_path: Path) -> None:
    (file,) = files(tmp_path, ct_image())

    async def send(port: int) -> Reply:
        async with connect("127.0.0.1", port, "FILMLESS", "US", contexts_of([file])) as client:
            return await client.store(file)

    with door() as house:
        house.archive.refusals[file.instance_uid] = Refused(Refusal.NO_SPACE, "disk full")
        reply = asyncio.run(send(house.port))
    assert reply == Reply(0xA700, "disk full")
    assert not reply.is_success


def test_what_cannot_be_sent_says_why(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no DICOM here, only some words that are long enough to be looked at")
    assert isinstance(sendable(path), Fault)


def test_a_bare_data_set_tells_its_identifiers_itself(tmp_path: Path) -> None:
    (file,) = files(tmp_path, ct_image())
    bare = tmp_path / "bare"
    bare.write_bytes(file.path.read_bytes()[file.head_length :])
    one = sendable(bare)
    assert isinstance(one, Sendable)
    assert (one.sop_class_uid, one.instance_uid, one.head_length) == (file.sop_class_uid, file.instance_uid, 0)
    assert one.transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN


def test_the_data_set_decides_where_the_head_of_the_file_says_otherwise(tmp_path: Path) -> None:
    (file,) = files(tmp_path, ct_image())
    raw = file.path.read_bytes()
    edited = tmp_path / "edited.dcm"
    edited.write_bytes(
        raw[: file.head_length].replace(file.instance_uid.encode(), b"9" * len(file.instance_uid))
        + raw[file.head_length :]
    )
    one = sendable(edited)
    assert isinstance(one, Sendable)
    assert one.instance_uid == file.instance_uid


async def _echo(port: int, called: str = "FILMLESS") -> Reply:
    async with connect("127.0.0.1", port, called, "US", ECHO, timeout=5) as client:
        return await client.echo()


def test_an_echo_is_answered() -> None:
    with door() as house:
        assert asyncio.run(_echo(house.port)).is_success


def test_a_rejection_is_a_fact() -> None:
    with door() as house, pytest.raises(Rejected) as caught:
        asyncio.run(_echo(house.port, called="WRONG"))
    assert caught.value.rejection.reason == 7


def test_nobody_there_is_a_fact(unused_port: int) -> None:
    with pytest.raises(NotReached) as caught:
        asyncio.run(_echo(unused_port))
    assert explain(caught.value) == f"nothing listens on 127.0.0.1:{unused_port}"


def test_an_association_that_the_peer_ends_is_lost() -> None:
    async def wait(port: int) -> None:
        async with connect("127.0.0.1", port, "FILMLESS", "US", ECHO) as client:
            await client._receive()

    with door(Policy("FILMLESS", idle=0.1)) as house, pytest.raises(Lost):
        asyncio.run(wait(house.port))


def test_a_connection_that_is_gone_when_we_write_is_lost() -> None:
    async def ask(port: int) -> None:
        async with connect("127.0.0.1", port, "FILMLESS", "US", ECHO) as client:
            client._writer.transport.abort()
            await client.echo()

    with door() as house, pytest.raises(Lost):
        uvloop.run(ask(house.port))  # the loop of the servers; asyncio's own is silent here


def test_a_context_that_was_not_accepted_is_a_fact() -> None:
    async def use(port: int) -> None:
        async with connect("127.0.0.1", port, "FILMLESS", "US", ECHO) as client:
            client.context(CT)

    with door() as house, pytest.raises(NotAccepted):
        asyncio.run(use(house.port))


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def test_pynetdicom_answers_our_echo_and_query() -> None:
    def on_find(event: evt.Event):
        for number in range(3):
            match = Dataset()
            match.StudyInstanceUID = f"1.2.{number}"
            yield 0xFF00, match

    scp = AE("PYNET")
    scp.add_supported_context(VERIFICATION)
    scp.add_supported_context(STUDY_FIND)
    server = scp.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_FIND, on_find)])

    async def ask(client: Client) -> list[bytes]:
        assert (await client.echo()).is_success
        level = bytes.fromhex("0800520006000000") + b"STUDY "
        return [match async for match in client.find(STUDY_FIND, level + bytes.fromhex("20000d0000000000"))]

    async def both(port: int) -> list[bytes]:
        contexts = [*ECHO, (STUDY_FIND, (IMPLICIT_VR_LITTLE_ENDIAN,))]
        async with connect("127.0.0.1", port, "PYNET", "US", contexts) as client:
            return await ask(client)

    try:
        matches = asyncio.run(both(server.socket.getsockname()[1]))
    finally:
        server.shutdown()
    assert [match[8:13] for match in matches] == [b"1.2.0", b"1.2.1", b"1.2.2"]


def test_a_query_that_fails_is_a_fact() -> None:
    scp = AE("PYNET")
    scp.add_supported_context(STUDY_FIND)
    server = scp.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_FIND, lambda event: iter([(0xA700, None)]))]
    )

    async def ask(port: int) -> None:
        async with connect("127.0.0.1", port, "PYNET", "US", [(STUDY_FIND, (IMPLICIT_VR_LITTLE_ENDIAN,))]) as client:
            async for _ in client.find(STUDY_FIND, b""):
                pass

    try:
        with pytest.raises(FindFailed) as caught:
            asyncio.run(ask(server.socket.getsockname()[1]))
    finally:
        server.shutdown()
    assert caught.value.reply.status == 0xA700


@contextmanager
def peer_that_leaves(*, waits: bool) -> Iterator[int]:
    """Accepts an association, releases it when asked for an echo, and closes: once that is answered, or at once."""

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as stream:
            connection.settimeout(30)
            read_pdu(stream)
            connection.sendall(write_pdu(AssociateAccept("PEER", "US", (ACCEPTED,), UserInformation(16384, "1.2.3"))))
            read_pdu(stream)
            connection.sendall(write_pdu(PduType.RELEASE_RQ))
            if waits:
                answered.append(read_pdu(stream))

    answered: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(30)
    assert answered == [PduType.RELEASE_RP] * waits


def read_pdu(stream: BinaryIO) -> int:
    """Its type."""
    kind, length = struct.unpack(">BxI", stream.read(6))
    stream.read(length)
    return int(kind)


@pytest.mark.parametrize("waits", [True, False])
def test_a_peer_that_leaves_instead_of_answering_is_a_fact_at_once(waits: bool) -> None:
    """Nothing is read from an association that is over: its connection would be at its end again and again."""
    reads = 0

    async def ask(port: int) -> None:
        async with connect("127.0.0.1", port, "PEER", "US", ECHO) as client:
            read = client._reader.read

            async def counted(most: int) -> bytes:
                nonlocal reads
                reads += 1
                assert reads < 10
                return await read(most)

            client._reader.read = counted
            await client.echo()

    with peer_that_leaves(waits=waits) as port, pytest.raises(Lost):
        asyncio.run(ask(port))
    assert 0 < reads <= 2
