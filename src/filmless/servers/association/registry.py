"""Who is calling: the AE registry as associations ask it, remembered for at most a second."""

import asyncio
import ipaddress
import socket
from concurrent.futures import Executor
from dataclasses import dataclass

from filmless.access.called_titles import CalledTitle
from filmless.access.peers import Peer, is_network, is_title
from filmless.servers.association.policy import Peers

_LIFE = 1.0  # seconds that an answer is remembered
_MOST = 1000  # answers; titles are the peers' to invent


@dataclass(frozen=True, slots=True)
class Caller:
    """What the registry says of a calling AE title at a network address, and of the title it called."""

    peer: Peer | None
    is_known_host: bool  # the address is one of the peer's
    called: CalledTitle | None = None  # the title it called, where that is one of ours beside the configured one


class Registry:
    """Looks callers up in the executor and remembers the answers."""

    def __init__(self, peers: Peers, executor: Executor) -> None:
        self._peers = peers
        self._executor = executor
        self._remembered: dict[tuple[str, str, str], tuple[float, Caller]] = {}

    async def caller(self, title: str, called: str, address: str) -> Caller:
        """The caller of this title; may raise what the registry raises when it does not answer."""
        loop = asyncio.get_running_loop()
        found = self._remembered.get((title, called, address))
        if found is not None and loop.time() < found[0]:
            return found[1]
        caller = await loop.run_in_executor(self._executor, self._look_up, title, called, address)
        if len(self._remembered) >= _MOST:
            self._remembered.clear()
        self._remembered[title, called, address] = (loop.time() + _LIFE, caller)
        return caller

    def _look_up(self, title: str, called: str, address: str) -> Caller:
        peer = self._peers.find(title) if is_title(title) else None
        is_known_host = peer is not None and _is_address_of(peer.host, address)
        return Caller(peer, is_known_host, self._peers.find_called(called) if is_title(called) else None)


def _is_address_of(host: str, address: str) -> bool:
    """Whether a name, address or network of the registry is that of the peer; a name that does not resolve is not."""
    try:
        if is_network(host):
            return _plain(address) in ipaddress.ip_network(host)
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
        return _plain(address) in {_plain(str(one)) for one in found}
    except (OSError, ValueError):
        return False


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address in one form: IPv4 that came in through an IPv6 socket is IPv4."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return getattr(parsed, "ipv4_mapped", None) or parsed
