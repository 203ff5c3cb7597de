"""The DICOM listener of one server process: accepts connections, keeps the limits, ends within a given time."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from filmless.servers.association.connection import Connection
from filmless.servers.association.policy import Collaborators, Policy
from filmless.servers.association.registry import Registry
from filmless.servers.association.secured import explain_handshake
from filmless.servers.association.service import Services

log = structlog.get_logger()

READ_BUFFER = 1 << 17  # bytes; one for the process: a read is taken whole before the next; larger ones leave the cache
SWEEP = 1.0  # seconds between looks at the timers
BALANCE_WAIT = 0.05  # seconds that a connection is left to the process whose turn it is
FAREWELL = 1.0  # seconds of the time to end that are left for aborts to reach their peers
FAULT_WAIT = 1.0  # seconds without accepting after the system refused a connection (out of descriptors)


@dataclass(frozen=True, slots=True)
class Entrance:
    """A bound, listening socket, and the TLS that is spoken there, asked for each connection anew."""

    socket: socket.socket
    tls: Callable[[], ssl.SSLContext] | None = None


def _always(connections: int) -> bool:  # noqa: ARG001  one process serves alone
    return True


class DicomListener:
    """Serves bound, listening sockets that several processes may share.

    ``may_accept`` is told how many connections this process has, whenever the number changes and before each
    accept, and says whether the next one is for this process; what nobody takes is taken all the same.
    """

    def __init__(
        self,
        policy: Policy,
        collaborators: Collaborators,
        services: Services,
        may_accept: Callable[[int], bool] = _always,
    ) -> None:
        self.policy = policy
        self.collaborators = collaborators
        self.services = services
        self.registry = Registry(collaborators.peers, collaborators.executor)
        self.buffer = memoryview(bytearray(READ_BUFFER))
        self._may_accept = may_accept
        self._loop = asyncio.get_running_loop()
        self._connections: set[Connection] = set()
        self._opening: dict[asyncio.Task[None], None] = {}  # oldest first
        self._entrances: tuple[Entrance, ...] = ()
        self._is_empty = asyncio.Event()
        self._is_drained = asyncio.Event()

    async def serve(self, *entrances: Entrance) -> None:
        """Accept connections until ``drain`` has ended them all."""
        for entrance in entrances:
            entrance.socket.settimeout(0)
        self._entrances = entrances
        self._watch()
        sweep = asyncio.create_task(self._sweep())
        try:
            await self._is_drained.wait()
        finally:
            sweep.cancel()

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109  the time is shared out to steps in here
        """Accept nothing more, let current messages be answered, and end every association within the time (s)."""
        end = self._loop.time() + timeout
        self._stop_watching()
        self._entrances = ()
        for opening in tuple(self._opening):
            opening.cancel()
        for connection in tuple(self._connections):
            connection.finish()
        await self._wait_empty(end - FAREWELL)
        for connection in tuple(self._connections):
            connection.abort("the archive has stopped")
        await self._wait_empty(end)
        for connection in tuple(self._connections):
            connection.cut()
        self._is_drained.set()

    def admit(self, connection: Connection) -> bool:
        """Give an association its slot; where none is left, the longest idle one makes room."""
        others = [other for other in self._connections if other.is_admitted and other is not connection]
        own = [other for other in others if other.address == connection.address]
        if len(own) >= self.policy.max_associations_per_peer:
            return self._spare(own)
        return len(others) < self.policy.max_associations or self._spare(others)

    def enter(self, connection: Connection) -> None:
        """The connection stands."""
        self._connections.add(connection)
        self._is_empty.clear()
        self._may_accept(len(self._connections))

    def leave(self, connection: Connection) -> None:
        """The connection is gone."""
        self._connections.discard(connection)
        self._may_accept(len(self._connections))
        if not self._connections:
            self._is_empty.set()

    def _spare(self, connections: list[Connection]) -> bool:
        """End the longest idle of these associations; False where none is idle for long enough."""
        latest = self._loop.time() - self.policy.spare_idle
        idle = [one for one in connections if one.is_idle and one.last_active <= latest]
        if not idle:
            return False
        min(idle, key=lambda one: one.last_active).abort("idle, and its place was needed")
        return True

    # Accepting: one connection a time, so that processes which share the socket wake for the next one

    def _watch(self) -> None:
        for entrance in self._entrances:
            self._loop.add_reader(entrance.socket.fileno(), self._accept, entrance)

    def _stop_watching(self) -> None:
        for entrance in self._entrances:
            self._loop.remove_reader(entrance.socket.fileno())

    def _accept(self, entrance: Entrance) -> None:
        if self._may_accept(len(self._connections) + len(self._opening)):
            self._take(entrance)
        else:
            self._stop_watching()
            self._loop.call_later(BALANCE_WAIT, self._take_what_is_left)

    def _take_what_is_left(self) -> None:
        """The process whose turn it was has had its time: what still waits is taken all the same."""
        self._watch()
        for entrance in self._entrances:
            self._take(entrance)

    def _take(self, entrance: Entrance) -> None:
        try:
            sock, address = entrance.socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was faster, or the peer is gone again
        except OSError as fault:
            log.error("accept_failed", fault=str(fault))
            self._stop_watching()
            self._loop.call_later(FAULT_WAIT, self._watch)
            return
        self._make_way()
        sock.settimeout(0)
        task = self._loop.create_task(self._open(sock, str(address[0]), entrance))
        self._opening[task] = None
        task.add_done_callback(self._opening.pop)

    async def _open(self, sock: socket.socket, address: str, entrance: Entrance) -> None:
        """Make the connection, over TLS after its handshake: it has the time of an association request."""
        try:
            if entrance.tls is None:
                await self._loop.connect_accepted_socket(lambda: Connection(self, sock, address), sock)
                return
            await self._loop.connect_accepted_socket(
                lambda: Connection(self, sock, address),
                sock,
                ssl=entrance.tls(),
                ssl_handshake_timeout=self.policy.limits.artim,
                ssl_shutdown_timeout=self.policy.limits.closing,
            )
        except asyncio.CancelledError:
            sock.close()
        except OSError as fault:  # the peer is gone again, or TLS was not agreed on
            sock.close()
            if entrance.tls is not None:
                self.collaborators.record.record_refused_tls(address, explain_handshake(fault))

    def _make_way(self) -> None:
        """Connections that ask for no association are not many: the longest silent one goes."""
        most = 2 * self.policy.max_associations
        if len(self._opening) >= most:
            next(iter(self._opening)).cancel()
        if len(self._connections) >= most:
            silent = [one for one in self._connections if not one.is_admitted]
            if silent:
                min(silent, key=lambda one: one.began).cut()

    # Time

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            now = self._loop.time()
            for connection in tuple(self._connections):
                connection.check(now)

    async def _wait_empty(self, until: float) -> None:
        if self._connections:
            try:
                async with asyncio.timeout_at(until):
                    await self._is_empty.wait()
            except TimeoutError:
                log.info("associations_left", number=len(self._connections))
