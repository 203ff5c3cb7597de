"""How the commitments of one peer are handled: where its reports go, how long is waited, how closely is looked."""

from dataclasses import dataclass
from datetime import timedelta

from filmless.access.peers import BadPeer, check_title
from filmless.archive.commitment import Proof

WAIT = timedelta(minutes=10)
LONGEST_WAIT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class CommitmentRules:
    """Rules of one peer; an empty host or title and port 0 are those of the peer itself."""

    host: str = ""
    port: int = 0
    title: str = ""
    wait: timedelta = WAIT  # for instances that have not come yet
    proof: Proof = Proof.HASH

    def __post_init__(self) -> None:
        if self.title:
            check_title(self.title)
        if not 0 <= self.port <= 65535:
            raise BadPeer("The port of --commit-to is a number from 1 to 65535.")
        if not timedelta(0) <= self.wait <= LONGEST_WAIT:
            raise BadPeer("Instances are waited for at most 24 hours.")
