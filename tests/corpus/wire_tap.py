"""Stands between a sender and the archive and keeps the data sets as they were on the wire."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

AFFECTED_SOP_INSTANCE_UID = 0x1000  # element of group 0000


class WireTap:
    """Forwards one port to another; ``data_sets`` are (SOP Instance UID of the command, bytes) in order."""

    def __init__(self, port: int) -> None:
        self._archive = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sent: list[bytearray] = []
        self._sockets: list[socket.socket] = []
        self._pumps: list[threading.Thread] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sender, _ = self._listener.accept()
            except OSError:
                return
            archive = socket.create_connection(("127.0.0.1", self._archive))
            kept = bytearray()
            self._sent.append(kept)
            self._sockets += (sender, archive)
            for ends in ((sender, archive, kept), (archive, sender, None)):
                pump = threading.Thread(target=self._pump, args=ends, daemon=True)
                pump.start()
                self._pumps.append(pump)

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket, kept: bytearray | None) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(1 << 18):
                if kept is not None:
                    kept += part
                target.sendall(part)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def data_sets(self) -> Iterator[tuple[str, bytes]]:
        """What was sent over all associations so far."""
        for sent in self._sent:
            yield from _messages(bytes(sent))

    def close(self) -> None:
        """Takes no further association, and waits for what is under way to end."""
        self._listener.close()
        for pump in self._pumps:
            pump.join(10)
        for each in self._sockets:
            each.close()


def _fragments(sent: bytes) -> Iterator[tuple[int, bytes]]:
    """(message control header, fragment) of each PDV (PS3.8 9.3.5.1, E.2)."""
    at = 0
    while at + 6 <= len(sent):
        kind, length = struct.unpack_from(">BxI", sent, at)
        value = sent[at + 6 : at + 6 + length]
        at += 6 + length
        inside = 0
        while kind == 4 and inside + 6 <= len(value):
            size = struct.unpack_from(">I", value, inside)[0]
            yield value[inside + 5], value[inside + 6 : inside + 4 + size]
            inside += 4 + size


def _messages(sent: bytes) -> Iterator[tuple[str, bytes]]:
    command, data_set, instance_uid = bytearray(), bytearray(), ""
    for control, fragment in _fragments(sent):
        (command if control & 1 else data_set).extend(fragment)
        if control == 3:
            instance_uid = _affected_instance(bytes(command))
            command.clear()
        elif control == 2:
            yield instance_uid, bytes(data_set)
            data_set.clear()


def _affected_instance(command: bytes) -> str:
    at = 0
    while at + 8 <= len(command):
        _, element, size = struct.unpack_from("<HHI", command, at)
        if element == AFFECTED_SOP_INSTANCE_UID:
            return command[at + 8 : at + 8 + size].decode("ascii", "replace").strip("\0 ")
        at += 8 + size
    return ""
