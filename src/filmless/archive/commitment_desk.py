"""The door's side of storage commitment: what can be found out at once is reported while the peer is still there."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from filmless.archive.commitment import Commitment, Files, Proof, Records, Request, Ticket, settle

MOST_AT_ONCE = 2000  # references that are looked at at once; longer lists are left to the job
HELD = timedelta(minutes=1)  # that the job leaves a commitment to the door


class Journal(Records, Protocol):
    """The record of commitments; blocks."""

    def ask(self, request: Request, *, at: datetime | None = None) -> Ticket: ...
    def pending(self, key: int, serial: int) -> Commitment | None: ...
    def reported(self, commitment: Commitment) -> None: ...


class CommitmentDesk:
    """Takes requests; any thread may use it. What does not come to its end here, a job takes up."""

    def __init__(self, journal: Journal, files: Files, proof_of: Callable[[str], Proof]) -> None:
        self._journal, self._files, self._proof_of = journal, files, proof_of

    def ask(self, request: Request) -> Ticket | None:
        """Record a request; with the ticket the caller goes on, without one the job does. May raise ``Unavailable``."""
        is_quick = len(request.references) <= MOST_AT_ONCE and self._proof_of(request.ae) is Proof.HASH
        ticket = self._journal.ask(request, at=request.requested_at + HELD if is_quick else None)
        return ticket if is_quick else None

    def settle(self, ticket: Ticket, now: datetime) -> Commitment | None:
        """Find out what is safe; None where instances have not come yet: the job waits for them."""
        pending = self._journal.pending(*ticket)
        return None if pending is None else settle(pending, self._journal, self._files, Proof.HASH, now)

    def reported(self, commitment: Commitment) -> None:
        """The peer has taken the report."""
        self._journal.reported(commitment)

    def let_go(self, commitment: Commitment) -> None:
        """The peer was not told here: the job calls it."""
        self._journal.postpone(commitment, None)
