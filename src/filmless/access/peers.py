"""A DICOM peer as the registry knows it: its address, what it may do and how its objects are taken."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from filmless.archive.model import DuplicatePolicy

OPERATIONS = ("echo", "store", "find", "move", "get")

_TITLE = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")  # PS3.5 6.2 AE: printable, no backslash


@dataclass(eq=False)
class BadPeer(Exception):
    """A peer cannot be registered like this; ``str()`` is a sentence for people."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Peer:
    """One row of the AE registry."""

    title: str
    host: str
    port: int  # 0: it only calls, as many modalities do; nothing is sent to it
    allow: frozenset[str] = frozenset(OPERATIONS)
    tls: bool = False
    duplicates: DuplicatePolicy = DuplicatePolicy.KEEP_BOTH
    issuer: str = ""  # Issuer of Patient ID for objects that say none
    transfer_syntaxes: tuple[str, ...] = ()  # preferred order within a presentation context; empty: ours
    find_limit: int = 0  # answers to one C-FIND of this peer; 0: all there are
    last_seen_at: datetime | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not _TITLE.fullmatch(self.title):
            raise BadPeer("An AE title has 1 to 16 printable characters, no backslash, no space at its ends.")
        if not self.host or any(character.isspace() for character in self.host):
            raise BadPeer("The host is a name or an address.")
        if not 0 <= self.port <= 65535:
            raise BadPeer("The port is a number from 1 to 65535, or 0 for a peer that only calls.")
        if not 0 <= self.find_limit < 1 << 31:
            raise BadPeer("The limit of answers to a query is a number, 0 for none.")
        unknown = sorted(self.allow.difference(OPERATIONS))
        if unknown:
            raise BadPeer(f"Unknown operation {', '.join(unknown)}. Operations are: {', '.join(OPERATIONS)}.")
