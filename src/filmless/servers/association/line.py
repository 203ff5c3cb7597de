"""What messages need of the connection they go by."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from filmless.servers.association.flow import Flow

Buffer = bytes | memoryview


class AssociationEnded(Exception):
    """The association is over; what its operation was doing is to be undone."""


class Line(Protocol):
    """One connection with its association."""

    flow: Flow
    is_finishing: bool  # no further request is to be begun
    message_ids: Iterator[int]  # of our own requests: no two that wait for an answer have the same (PS3.7 E.1)

    def send(self, context_id: int, command: bytes | None, data_set: Buffer | None, *, is_last: bool = True) -> None:
        """Send a message in one write, or a part of one: without its command, or with its data set to go on.

        The data set is not copied: it must not change until it is written.
        """

    def send_each(self, context_id: int, command: bytes, data_sets: Sequence[bytes]) -> None:
        """Send a message with this command for each data set, all in one write."""

    def confirm_release(self) -> None:
        """Confirm the release that the peer asked for."""

    def abort(self, end: str) -> None:
        """End the association at once."""
