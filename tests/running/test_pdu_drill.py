"""Malformed PDUs without end: the door stays open to others, and nothing grows."""

import random
import socket
import struct
from pathlib import Path

import psutil
import pytest

from dicom_door import CT, EXPLICIT, VERIFICATION, RawPeer
from filmless.standards.upper_layer.items import ProposedContext, UserIdentity, UserInformation
from filmless.standards.upper_layer.pdu import AssociateRequest, write_pdu
from serving import Server

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]

CASES, BATCH = 20_000, 100
MOST_GROWTH = 100 << 20  # bytes that all processes together may grow by (PSS), after the first quarter


def request(chance: random.Random) -> bytes:
    """A request with whatever a peer may negotiate, changed here and there."""
    identity = UserIdentity(chance.randrange(7), chance.random() < 0.5, chance.randbytes(8), chance.randbytes(8))
    user = UserInformation(
        chance.choice((0, 1, 16384, 0xFFFFFFFF)),
        "1.2.3",
        "DRILL",
        async_window=(chance.randrange(9), 0),
        extended=((CT, chance.randbytes(chance.randrange(8))),),
        user_identity=identity if chance.random() < 0.3 else None,
    )
    contexts = tuple(ProposedContext(2 * n + 1, CT, (EXPLICIT,)) for n in range(chance.randrange(1, 9)))
    data = bytearray(write_pdu(AssociateRequest("FILMLESS", f"D{chance.randrange(99)}", contexts, user)))
    for _ in range(chance.randrange(6)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data[: chance.randrange(1, len(data) + 1)] if chance.random() < 0.2 else data)


def message(chance: random.Random) -> bytes:
    """A PDU of any type with any length and content."""
    body = chance.randbytes(chance.randrange(200))
    length = chance.choice((len(body), len(body), len(body), 0, 1, 0xFFFFFFFF))
    return struct.pack(">BxI", chance.randrange(9), length) + body


def memory(server: Server) -> int:
    root = psutil.Process(server.process.pid)
    return sum(one.memory_full_info().pss for one in (root, *root.children(recursive=True)))


def test_nobody_notices_malformed_pdus(tmp_path: Path) -> None:
    chance = random.Random(99)
    server = Server(tmp_path / "data", "--workers", "2").start()
    try:
        grown_from = 0
        for case in range(CASES):
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as peer:
                peer.sendall(request(chance))
                if chance.random() < 0.5:
                    try:
                        peer.sendall(b"".join(message(chance) for _ in range(chance.randrange(4))))
                    except OSError:
                        pass  # it has closed already
            if case % BATCH == 0:
                with RawPeer(server.port) as honest:
                    honest.associate([(VERIFICATION, ("1.2.840.10008.1.2",))])
                    assert honest.echo() == 0
            if case == CASES // 4:
                grown_from = memory(server)
        assert memory(server) - grown_from < MOST_GROWTH
        assert server.terminate() == 0
    finally:
        server.close()
