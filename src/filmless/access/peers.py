"""A DICOM peer as the registry knows it: its address, what it may do and how its objects are taken."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network

from filmless.access.certificates import check_certificate
from filmless.archive.model import DuplicatePolicy
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax

# What a right in the registry is for; each DICOM service names one. "expire" is a right of its own beside "store",
# since a rejection note for expired retention (113039) is no correction but the begin of a deletion.
OPERATIONS = ("echo", "store", "find", "move", "get", "commit", "expire")
DEFAULT_OPERATIONS = frozenset(("echo", "store", "find", "move", "get", "commit"))

MAX_PARALLEL = 16  # associations at one time to one destination
NOTIFY_SECONDS = range(5, 86_401)  # that a study may have to be quiet; arrivals are known to within 2 s

_TITLE = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")  # PS3.5 6.2 AE: printable, no backslash


@dataclass(eq=False)
class BadPeer(Exception):
    """A peer cannot be registered like this; ``str()`` is a sentence for people."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def is_title(text: str) -> bool:
    """Whether a text can be an AE title; others need not be looked up."""
    return _TITLE.fullmatch(text) is not None


def check_title(title: str) -> None:
    """Refuse with ``BadPeer`` what is no AE title."""
    if not is_title(title):
        raise BadPeer("An AE title has 1 to 16 printable characters, no backslash, no space at its ends.")


def check_operations(allow: frozenset[str]) -> None:
    """Refuse with ``BadPeer`` operations that do not exist."""
    unknown = sorted(allow.difference(OPERATIONS))
    if unknown:
        raise BadPeer(f"Unknown operation {', '.join(unknown)}. Operations are: {', '.join(OPERATIONS)}.")


def check_transfer_syntaxes(uids: Iterable[str]) -> None:
    """Refuse with ``BadPeer`` what no object can be stored in."""
    for uid in uids:
        syntax = transfer_syntax(uid)
        if not syntax.known or not syntax.stored_pixels:
            raise BadPeer(f'"{uid}" is no transfer syntax of stored objects; give UIDs such as 1.2.840.10008.1.2.1.')


@dataclass(frozen=True, slots=True)
class Peer:
    """One row of the AE registry."""

    title: str
    host: str  # a name or an address; a network such as 10.0.0.0/24 for one that only calls
    port: int  # 0: it only calls, as many modalities do; nothing is sent to it
    allow: frozenset[str] = DEFAULT_OPERATIONS
    tls: bool = False
    duplicates: DuplicatePolicy = DuplicatePolicy.KEEP_BOTH
    issuer: str = ""  # Issuer of Patient ID for objects that say none
    transfer_syntaxes: tuple[str, ...] = ()  # preferred order within a presentation context; empty: ours
    find_limit: int = 0  # answers to one C-FIND of this peer; 0: all there are
    certificate: str = ""  # the TLS certificate it must show: SHA-256 fingerprint or subject; empty: any or none
    parallel: int = 1  # associations at one time over which a C-MOVE sends to it
    notify_after: int | None = None  # seconds that a study is quiet before the peer is told of it; None: it is not told
    last_seen_at: datetime | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        check_title(self.title)
        if not self.host or any(character.isspace() for character in self.host):
            raise BadPeer("The host is a name or an address, or a network for a peer that only calls.")
        if not 0 <= self.port <= 65535:
            raise BadPeer("The port is a number from 1 to 65535, or 0 for a peer that only calls.")
        if not 0 <= self.find_limit < 1 << 31:
            raise BadPeer("The limit of answers to a query is a number, 0 for none.")
        if "/" in self.host and (self.port or not is_network(self.host)):
            raise BadPeer("A network is written as 10.0.0.0/24 and has port 0: nothing can be sent to it.")
        if not 1 <= self.parallel <= MAX_PARALLEL:
            raise BadPeer(f"Associations at one time are 1 to {MAX_PARALLEL}.")
        if self.notify_after is not None and (self.notify_after not in NOTIFY_SECONDS or not self.port):
            raise BadPeer("A peer is told of studies that are quiet for 5 s to 24 h, and has a port where it is told.")
        if self.certificate and (fault := check_certificate(self.certificate)):
            raise BadPeer(fault)
        check_operations(self.allow)


def is_network(host: str) -> bool:
    """Whether a host of the registry is a network of addresses."""
    try:
        ip_network(host)
    except ValueError:
        return False
    return "/" in host
