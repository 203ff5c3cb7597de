"""What an association tells its user: indications and confirmations of PS3.8 7 as values."""

from dataclasses import dataclass
from typing import NamedTuple

from filmless.standards.upper_layer.pdu import AssociateAccept, AssociateReject, AssociateRequest


@dataclass(frozen=True, slots=True)
class AssociateRequested:
    """A peer asks for an association; answer with ``accept`` or ``reject``."""

    request: AssociateRequest


@dataclass(frozen=True, slots=True)
class AssociateAccepted:
    """The peer has accepted."""

    accept: AssociateAccept


@dataclass(frozen=True, slots=True)
class AssociateRejected:
    """The peer has rejected."""

    reject: AssociateReject


class Data(NamedTuple):
    """A piece of a presentation data value, as far as it has arrived.

    ``fragment`` is a view of the bytes given to ``receive_data``: copy what must outlive that call.
    ``is_last`` says that the piece ends the last fragment of a command or data set (PS3.8 E.2).
    """

    context_id: int
    is_command: bool
    is_last: bool
    fragment: memoryview


@dataclass(frozen=True, slots=True)
class ReleaseRequested:
    """The peer wants to release; confirm with ``release``."""


@dataclass(frozen=True, slots=True)
class Released:
    """The peer has confirmed the release."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """The association is over at once; ``source`` and ``reason`` by PS3.8 Table 9-26."""

    by_peer: bool
    source: int
    reason: int
    explanation: str


Indication = AssociateRequested | AssociateAccepted | AssociateRejected | Data | ReleaseRequested | Released | Aborted
