"""What a peer answers, and what can go wrong on an association that we asked for, as facts and in words."""

from dataclasses import dataclass

from filmless.standards.dimse.status import StatusKind, status_kind
from filmless.standards.upper_layer.pdu import AssociateReject


class DimseError(Exception):
    """Base of what can go wrong on an association that we asked for."""


@dataclass(eq=False)
class NotReached(DimseError):
    """There is no connection to the peer, or it does not answer in time."""

    reason: str


@dataclass(eq=False)
class Rejected(DimseError):
    """The peer rejected the association (PS3.8 Table 9-21)."""

    rejection: AssociateReject


@dataclass(eq=False)
class Lost(DimseError):
    """The association ended before its time."""

    reason: str


@dataclass(eq=False)
class NotAccepted(DimseError):
    """The peer accepted no presentation context for this SOP class and transfer syntax."""

    sop_class_uid: str
    transfer_syntax_uid: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The final answer to a request."""

    status: int
    comment: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the peer did what was asked, with or without a warning."""
        return status_kind(self.status) in {StatusKind.SUCCESS, StatusKind.WARNING}


@dataclass(eq=False)
class FindFailed(DimseError):
    """The peer ended a query with a failure."""

    reply: Reply


_REJECTIONS = {  # (source, reason) by PS3.8 Table 9-21
    (1, 1): "it rejected the association and gave no reason",
    (1, 2): "it does not know the application context",
    (1, 3): "it does not know our AE title: register it there",
    (1, 7): "it is not called so: its AE title is another",
    (2, 2): "it does not know the protocol version",
    (3, 1): "it is congested",
    (3, 2): "it has no place for another association",
}


def explain(fault: DimseError) -> str:
    """What went wrong, in a few words that begin small and end without a full stop."""
    match fault:
        case NotReached(reason) | Lost(reason):
            return reason[:1].lower() + reason[1:].rstrip(".")
        case Rejected(rejection):
            by = f"it rejected the association (source {rejection.source}, reason {rejection.reason})"
            return _REJECTIONS.get((rejection.source, rejection.reason), by)
        case NotAccepted(sop_class_uid, ""):
            return f"it does not take SOP class {sop_class_uid}"
        case NotAccepted(sop_class_uid, transfer_syntax_uid):
            return f"it does not take SOP class {sop_class_uid} in transfer syntax {transfer_syntax_uid}"
        case FindFailed(reply):
            return f"it answered with status {reply.status:04X} {reply.comment}".strip()
        case _:
            return str(fault)
