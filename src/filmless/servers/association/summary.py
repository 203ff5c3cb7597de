"""One association told in facts and, where it went wrong, in sentences that say what to change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from filmless.access.peers import DEFAULT_OPERATIONS, Peer
from filmless.servers.association.refusals import REFUSALS, Why
from filmless.standards.dicom.sop_classes import SOP_CLASSES
from filmless.standards.dimse.status import Status
from filmless.standards.upper_layer.items import ContextResult, Result
from filmless.standards.upper_layer.pdu import AssociateRequest

MAX_ADVICE = 5  # sentences; the first ones say enough
MAX_FAILURES = 20  # kinds of failed operations that are told apart
SHOWN_SYNTAXES = 40  # transfer syntaxes of a context that are kept: there are not many more

_RESULTS = {
    Result.ACCEPTANCE: "accepted",
    Result.USER_REJECTION: "not allowed",
    Result.NO_REASON: "no reason",
    Result.ABSTRACT_SYNTAX_NOT_SUPPORTED: "abstract syntax not supported",
    Result.TRANSFER_SYNTAXES_NOT_SUPPORTED: "transfer syntaxes not supported",
}


@dataclass(frozen=True, slots=True)
class ContextGroup:
    """Presentation contexts that were offered and answered alike."""

    result: str  # as PS3.8 Table 9-18 names it, "unanswered" when the association was rejected
    transfer_syntax: str  # the one that was chosen, empty when none was
    offered: tuple[str, ...]  # transfer syntaxes
    abstract_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailedOperation:
    """Answers of one service that failed alike."""

    service: str
    status: int
    comment: str
    count: int


@dataclass(frozen=True, slots=True)
class AssociationSummary:
    """One association as the record keeps it, written when it has ended."""

    calling_ae: str
    called_ae: str
    address: str
    implementation_class_uid: str
    implementation_version: str
    began_at: datetime  # UTC
    seconds: float
    counts: dict[str, int]  # answers by "C-STORE success", "C-FIND failure", ...
    end: str  # "released", "rejected 1/1/7: called AE title", "the connection was lost", "idle", ...
    tls: str = ""  # protocol version, empty on a plain connection
    certificate: str = ""  # common name of the peer's certificate
    user: str = ""  # "user:alice" when verified, "claimed:alice" when only named
    contexts: tuple[ContextGroup, ...] = ()
    failures: tuple[FailedOperation, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def is_failed(self) -> bool:
        """Whether somebody may want to know what went wrong."""
        is_useless = bool(self.contexts) and all(group.result != "accepted" for group in self.contexts)
        return self.end != "released" or is_useless or bool(self.failures)


def group_contexts(request: AssociateRequest, results: Iterable[ContextResult]) -> tuple[ContextGroup, ...]:
    """Proposed contexts with their answers; those that agree in all but the abstract syntax are one group."""
    answers = {result.context_id: result for result in results}
    groups: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for context in request.contexts:
        answer = answers.get(context.context_id)
        is_accepted = answer is not None and answer.result is Result.ACCEPTANCE
        result = "unanswered" if answer is None else _RESULTS[answer.result]
        chosen = answer.transfer_syntax if answer is not None and is_accepted else ""
        offered = tuple(map(printable, context.transfer_syntaxes[:SHOWN_SYNTAXES]))
        groups.setdefault((result, printable(chosen), offered), []).append(printable(context.abstract_syntax))
    return tuple(ContextGroup(*key, tuple(dict.fromkeys(abstracts))) for key, abstracts in groups.items())


def advise_rejected(why: Why, facts: Mapping[str, str]) -> tuple[str, ...]:
    """What to change so that the next request is accepted; ``facts`` are called, calling, ours, address, host, ..."""
    return (REFUSALS[why].advice.format_map(facts),)


def advise(
    calling_ae: str, peer: Peer | None, groups: Sequence[ContextGroup], failures: Sequence[FailedOperation]
) -> tuple[str, ...]:
    """What to change so that what was refused on an accepted association is taken the next time."""
    sentences = dict.fromkeys([*_context_advice(calling_ae, peer, groups), *_failure_advice(failures)])
    return tuple(islice(sentences, MAX_ADVICE))


def printable(text: str) -> str:
    """A peer's text fit for records: at most 64 printable characters."""
    return "".join(character for character in text[:64] if character.isprintable())


_CONTEXT_ADVICE = {
    "not allowed": (
        '"{calling}" may not use {names}; it may {rights}. Change --allow of filmless ae add, or of filmless view add '
        "for the title it called."
    ),
    "abstract syntax not supported": "{names} is not served here. Take it out of what the peer proposes.",
    "transfer syntaxes not supported": (
        "No transfer syntax that was offered for {names} can be used. Let the peer offer Explicit VR Little Endian "
        "(1.2.840.10008.1.2.1) or Implicit VR Little Endian (1.2.840.10008.1.2)."
    ),
}


def _context_advice(calling_ae: str, peer: Peer | None, groups: Sequence[ContextGroup]) -> Iterator[str]:
    rights = ", ".join(sorted(peer.allow if peer is not None else DEFAULT_OPERATIONS)) or "do nothing"
    for group in groups:
        if advice := _CONTEXT_ADVICE.get(group.result):
            yield advice.format(calling=calling_ae, rights=rights, names=_named(group.abstract_syntaxes))


def _failure_advice(failures: Sequence[FailedOperation]) -> Iterator[str]:
    for failure in failures:
        if failure.status == Status.NOT_AUTHORIZED:
            yield f"{failure.service} was not allowed: the rights of the AE, or the role of its user, do not hold it."
        elif failure.status == _UNKNOWN_DESTINATION:
            yield (
                f"{failure.service}: {failure.comment or 'the destination is not registered'}. "
                "Register the destination: filmless ae add TITLE HOST PORT --allow store."
            )


_UNKNOWN_DESTINATION = 0xA801  # Move Destination unknown (PS3.4 C.4.2.1.5)


def _named(abstract_syntaxes: Sequence[str]) -> str:
    first = abstract_syntaxes[0] if abstract_syntaxes else ""
    name = SOP_CLASSES[first].name if first in SOP_CLASSES else first
    more = len(abstract_syntaxes) - 1
    return f"{name} and {more} more" if more else name
