"""Thin senders that cost little beside the server: one association or HTTP connection each, in a process of its own."""

import http.client
import multiprocessing
import socket
import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from beside.objects import EXPLICIT_VR_LITTLE_ENDIAN, KINDS

APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
VERIFICATION = "1.2.840.10008.1.1"
SUCCESS = 0x0000


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def _pdv(context_id: int, flags: int, value: bytes | memoryview) -> list[bytes | memoryview]:
    return [struct.pack(">BxIIBB", 4, len(value) + 6, len(value) + 2, context_id, flags), value]


def _command(field: int, sop_class_uid: str, instance_uid: str | None) -> bytes:
    def text(value: str) -> bytes:
        return value.encode() + b"\0" * (len(value) & 1)

    elements = [
        (0x0002, text(sop_class_uid)),
        (0x0100, struct.pack("<H", field)),
        (0x0110, b"\1\0"),
        *([(0x0700, b"\0\0")] if instance_uid else []),
        (0x0800, b"\0\0" if instance_uid else b"\1\1"),
        *([(0x1000, text(instance_uid))] if instance_uid else []),
    ]
    body = b"".join(struct.pack("<HHI", 0, tag, len(value)) + value for tag, value in elements)
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


class Association:
    """A requestor of one presentation context (PS3.8) that sends whole messages."""

    def __init__(self, port: int, called: str, sop_class_uid: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._class = sop_class_uid
        syntaxes = _item(0x30, sop_class_uid.encode()) + _item(0x40, EXPLICIT_VR_LITTLE_ENDIAN.encode())
        context = bytes([1, 0, 0, 0]) + syntaxes
        user = _item(0x51, struct.pack(">I", 65536)) + _item(0x52, b"2.25.77301.0")
        body = struct.pack(">HH16s16s32x", 1, 0, called.ljust(16).encode(), b"BENCH".ljust(16))
        body += _item(0x10, APPLICATION_CONTEXT) + _item(0x20, context) + _item(0x50, user)
        self._socket.sendall(struct.pack(">BxI", 1, len(body)) + body)
        kind, answer = self._pdu()
        if kind != 2:
            raise ConnectionError(f"association not accepted: PDU type {kind}")
        at = answer.index(struct.pack(">BxH", 0x51, 4))
        self._fragment = (struct.unpack_from(">I", answer, at + 4)[0] or 1 << 20) - 6

    def _exactly(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            part = self._socket.recv(length - len(parts))
            if not part:
                raise ConnectionError("closed by the server")
            parts += part
        return bytes(parts)

    def _pdu(self) -> tuple[int, bytes]:
        kind, length = struct.unpack(">BxI", self._exactly(6))
        return kind, self._exactly(length)

    def store(self, instance_uid: str, data_set: memoryview) -> bool:
        """C-STORE; true for success."""
        parts = _pdv(1, 3, _command(1, self._class, instance_uid))
        for start in range(0, len(data_set), self._fragment):
            piece = data_set[start : start + self._fragment]
            parts += _pdv(1, 2 if start + len(piece) == len(data_set) else 0, piece)
        self._socket.sendall(b"".join(parts))
        kind, answer = self._pdu()
        at = answer.find(struct.pack("<HHI", 0, 0x0900, 2))
        return kind == 4 and struct.unpack_from("<H", answer, at + 8)[0] == SUCCESS

    def release(self) -> None:
        """A-RELEASE (PS3.8 7.2)."""
        self._socket.sendall(b"\5\0\0\0\0\4\0\0\0\0")
        self._pdu()
        self._socket.close()


def split(path: Path) -> tuple[str, memoryview]:
    """(SOP Instance UID, data set) of a file made by ``objects``."""
    content = path.read_bytes()
    length = 144 + struct.unpack_from("<I", content, 140)[0]
    at = content.index(b"\x02\x00\x03\x00UI")
    size = struct.unpack_from("<H", content, at + 6)[0]
    return content[at + 8 : at + 8 + size].rstrip(b"\0").decode(), memoryview(content)[length:]


def c_store(port: int, called: str, kind: str, paths: Sequence[Path], go: Callable[[], object]) -> int:
    """Sends every file over one association; the number refused."""
    association = Association(port, called, KINDS[kind].sop_class_uid)
    go()
    refused = sum(not association.store(*split(path)) for path in paths)
    association.release()
    return refused


def stow(url: str, token: str | None, paths: Sequence[Path], go: Callable[[], object], per_request: int = 10) -> int:
    """POSTs the files in groups over one connection (PS3.18 10.5); the number in requests that were not 200."""
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=120)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    headers = {
        "Content-Type": 'multipart/related; type="application/dicom"; boundary=BENCH',
        "Accept": "application/dicom+json",
    }
    if token:
        headers["Authorization"] = f"Bearer {token}"
    refused = 0
    go()
    for start in range(0, len(paths), per_request):
        group = paths[start : start + per_request]
        parts = [b"--BENCH\r\nContent-Type: application/dicom\r\n\r\n" + path.read_bytes() + b"\r\n" for path in group]
        connection.request("POST", f"{target.path}/studies", b"".join(parts) + b"--BENCH--\r\n", headers)
        answer = connection.getresponse()
        answer.read()
        refused += len(group) * (answer.status != 200)
    return refused


def together(work: Callable[..., int], shares: Sequence[tuple[object, ...]]) -> tuple[float, int]:
    """Runs one process per share, all starting at once; (seconds, refused)."""
    context = multiprocessing.get_context("fork")
    ready, results = context.Barrier(len(shares) + 1), context.Queue()

    def run(share: tuple[object, ...]) -> None:
        try:
            results.put(work(*share, ready.wait))
        except Exception as error:  # noqa: BLE001  a sender that breaks is a result, not a crash of the benchmark
            results.put(error)

    processes = [context.Process(target=run, args=(share,), daemon=True) for share in shares]
    for process in processes:
        process.start()
    ready.wait(60)
    started = time.perf_counter()
    outcomes = [results.get(timeout=600) for _ in processes]
    seconds = time.perf_counter() - started
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return seconds, sum(outcomes)
