"""What the DICOM door itself costs: C-STORE of one CT over loopback into an archive that keeps nothing.

    python bench/dimse_receive.py [--count 2000] [--kib 512] [--associations 1]

Prints stores per second and CPU milliseconds per store of the receiving process (user and system).
"""

import argparse
import multiprocessing
import os
import resource
import socket
import struct
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection

import structlog
import uvloop

from filmless.archive.model import Outcome, Received, Stored, StoredAs
from filmless.archive.scope import Scope
from filmless.servers.association.listener import DicomListener, Entrance
from filmless.servers.association.policy import Collaborators, Policy
from filmless.servers.dimse.services import SERVICES
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from filmless.standards.dimse.commands import CommandField, Element, write_command
from filmless.standards.upper_layer.items import ProposedContext, UserInformation
from filmless.standards.upper_layer.pdu import AssociateRequest, write_pdu

CT = "1.2.840.10008.5.1.4.1.1.2"
PDU = 131_072


class Nowhere:
    """Takes the place of archive, registry and record: answers at once, keeps nothing."""

    def store(self, received: Received, _scope: Scope) -> "Future[Outcome]":
        answer: Future[Outcome] = Future()
        answer.set_result(Stored(CT, received.instance_uid or "", "1.2", "1.2.3", StoredAs.NEW))
        return answer

    def find(self, _title: str) -> None:
        return None

    find_called = find

    def record_association(self, summary: object) -> None:
        pass


def receive(pipe: Connection) -> None:
    """The receiving process: tells its port, and its CPU seconds whenever it is asked."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    sock = socket.create_server(("127.0.0.1", 0))
    pipe.send(sock.getsockname()[1])

    def tell() -> None:
        while pipe.recv():
            used = resource.getrusage(resource.RUSAGE_SELF)
            pipe.send((used.ru_utime, used.ru_stime))
        os._exit(0)

    async def serve() -> None:
        nowhere = Nowhere()
        with ThreadPoolExecutor(2) as executor:
            given = Collaborators(nowhere, nowhere, nowhere, nowhere, nowhere, executor, nowhere)  # type: ignore[arg-type]
            await DicomListener(Policy("FILMLESS"), given, SERVICES).serve(Entrance(sock, None))

    threading.Thread(target=tell, daemon=True).start()
    uvloop.run(serve())


def send(port: int, count: int, data: bytes, number: int) -> None:
    """One association that sends ``count`` instances; header and data of a message in one call."""
    peer = socket.create_connection(("127.0.0.1", port))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    contexts = (ProposedContext(1, CT, (EXPLICIT_VR_LITTLE_ENDIAN,)),)
    peer.sendall(write_pdu(AssociateRequest("FILMLESS", f"BENCH{number}", contexts, UserInformation(PDU))))
    answer(peer)
    step = PDU - 6
    values = [
        struct.pack(">BxIIBB", 4, len(part) + 6, len(part) + 2, 1, 2 if start + step >= len(data) else 0) + part
        for start in range(0, len(data), step)
        for part in (data[start : start + step],)
    ]
    body = b"".join(values)
    for index in range(count):
        command = write_command(
            {
                Element.AFFECTED_SOP_CLASS_UID: CT,
                Element.COMMAND_FIELD: CommandField.C_STORE,
                Element.MESSAGE_ID: index % 65535 + 1,
                Element.PRIORITY: 0,
                Element.DATA_SET_TYPE: 1,
                Element.AFFECTED_INSTANCE_UID: f"1.2.3.{number}.{index}",
            }
        )
        peer.sendall(struct.pack(">BxIIBB", 4, len(command) + 6, len(command) + 2, 1, 3) + command)
        peer.sendall(body)
        answer(peer)
    peer.close()


def answer(peer: socket.socket) -> None:
    """Read one PDU."""
    data = b""
    while len(data) < 6 or len(data) < 6 + struct.unpack_from(">xxI", data)[0]:
        received = peer.recv(65536)
        if not received:
            raise ConnectionError("the receiver closed the connection")
        data += received


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=2000)
    arguments.add_argument("--kib", type=int, default=512)
    arguments.add_argument("--associations", type=int, default=1)
    asked = arguments.parse_args()
    here, there = multiprocessing.Pipe()
    receiver = multiprocessing.get_context("spawn").Process(target=receive, args=(there,))
    receiver.start()
    port, data = here.recv(), os.urandom(asked.kib << 10)
    send(port, 50, data, 0)
    here.send("tell")
    before, began = here.recv(), time.perf_counter()
    each = asked.count // asked.associations
    senders = [threading.Thread(target=send, args=(port, each, data, n + 1)) for n in range(asked.associations)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    seconds, stored = time.perf_counter() - began, each * asked.associations
    here.send("tell")
    user, system = (1000 * (now - then) / stored for now, then in zip(here.recv(), before, strict=True))
    here.send("")
    receiver.join()
    print(f"{stored} x {asked.kib} KiB: {stored / seconds:.0f}/s, CPU ms each: user {user:.3f} system {system:.3f}")


if __name__ == "__main__":
    main()
