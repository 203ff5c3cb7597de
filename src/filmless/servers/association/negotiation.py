"""What is agreed with a requestor: pure decisions on titles, rights, abstract and transfer syntaxes (PS3.8 7.1.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from filmless.access.called_titles import CalledTitle
from filmless.access.certificates import Certificate, is_bound
from filmless.access.peers import DEFAULT_OPERATIONS, Peer
from filmless.servers.association.policy import Policy
from filmless.servers.association.refusals import Why
from filmless.servers.association.registry import Caller
from filmless.standards.data_set.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from filmless.standards.dicom.sop_classes import (
    SOP_CLASSES,
    STORAGE_COMMITMENT,
    VERIFICATION,
    VIDEO_CLASSES,
    Hierarchy,
    Service,
)
from filmless.standards.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    preference,
    transfer_syntax,
)
from filmless.standards.dicom.uids import is_uid
from filmless.standards.dimse.query_models import FIND_LEVELS, GET_LEVELS, MOVE_LEVELS, agreed_extensions
from filmless.standards.upper_layer.items import (
    APPLICATION_CONTEXT,
    ContextResult,
    ProposedContext,
    Result,
    Role,
    UserInformation,
)
from filmless.standards.upper_layer.pdu import AssociateRequest

# Storage (PS3.4 B.3.1): level 2 (all elements are kept), reserved, signatures kept as they came, nothing coerced.
STORAGE_SUPPORT = bytes((2, 0, 1, 0, 0, 0))
STORAGE_SERVICE_CLASS = "1.2.840.10008.4.2"  # as SOP Class Common Extended Negotiation names it (PS3.4 B.3.1.4)
LEAST_MAX_LENGTH = 128  # bytes; a peer that takes less per PDU cannot be answered in reason

_TITLE = re.compile(r"[ -\[\]-~]{1,16}")  # PS3.5 6.2 AE: printable, no backslash
_QUERY_SYNTAXES = frozenset((EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN))
_OPERATION_OF = {
    VERIFICATION: "echo",
    STORAGE_COMMITMENT: "commit",
    **dict.fromkeys(FIND_LEVELS, "find"),
    **dict.fromkeys(MOVE_LEVELS, "move"),
    **dict.fromkeys(GET_LEVELS, "get"),
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """The answer to a request that is accepted."""

    results: tuple[ContextResult, ...]
    user: UserInformation


def judge(request: AssociateRequest, policy: Policy, caller: Caller, certificate: Certificate | None) -> Why | None:
    """Why the request is rejected before its contexts are looked at, None when it is not (PS3.8 Table 9-21)."""
    if request.application_context != APPLICATION_CONTEXT:
        return Why.APPLICATION_CONTEXT
    if not policy.any_called_ae and request.called_ae != policy.ae_title and caller.called is None:
        return Why.CALLED_AE
    if not _TITLE.fullmatch(request.calling_ae):
        return Why.CALLING_AE
    if (why := _judge_caller(policy, caller, certificate)) is not None:
        return why
    return Why.MAX_LENGTH if 0 < request.user.max_length < LEAST_MAX_LENGTH else None


def _judge_caller(policy: Policy, caller: Caller, certificate: Certificate | None) -> Why | None:
    if caller.peer is None:
        return None if policy.is_loopback else Why.UNKNOWN_CALLING_AE
    if not policy.is_loopback and not caller.is_known_host:
        return Why.WRONG_HOST
    return None if is_bound(certificate, caller.peer.certificate) else Why.WRONG_CERTIFICATE


def rights_of(peer: Peer | None, called: CalledTitle | None) -> frozenset[str]:
    """The operations of an association: what its requestor may do, under the title that it called."""
    allowed = peer.allow if peer is not None else DEFAULT_OPERATIONS  # not registered: served on loopback alone
    return allowed if called is None else allowed & called.allow


def agree(request: AssociateRequest, policy: Policy, caller: Caller, *, is_verified: bool = False) -> Agreement:
    """Answer each presentation context and each negotiation item."""
    user = request.user
    rights = rights_of(caller.peer, caller.called)
    services = {one.sop_class_uid: one.service_class_uid for one in user.common_extended}
    roles = tuple(role for proposed in user.roles if (role := _role(proposed, rights)) is not None)
    takers = frozenset(role.sop_class_uid for role in roles if role.scp)
    offer = _Offer(rights, takers, services, caller.peer.transfer_syntaxes if caller.peer is not None else ())
    extended = tuple(_answer_extended(uid, information) for uid, information in user.extended)
    wants_response = user.user_identity is not None and user.user_identity.response_requested
    return Agreement(
        results=tuple(_answer(context, offer) for context in request.contexts),
        user=UserInformation(
            max_length=policy.limits.max_length,
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version=IMPLEMENTATION_VERSION_NAME,
            async_window=None if user.async_window is None else (1, 1),
            roles=roles,
            extended=tuple(answer for answer in extended if answer is not None),
            # PS3.7 D.3.3.7.2: a response says that the user was verified; for names and tokens it is empty.
            identity_response=b"" if is_verified and wants_response else None,
        ),
    )


def operation_of(abstract_syntax: str) -> str | None:
    """The operation that an abstract syntax is for, as the registry names it; None when it is not served.

    Whatever is no known SOP class of another service is taken to be storage: private classes and those
    of later editions.
    """
    if (operation := _OPERATION_OF.get(abstract_syntax)) is not None:
        return operation
    known = SOP_CLASSES.get(abstract_syntax)
    if known is None:
        return "store" if is_uid(abstract_syntax) else None
    return "store" if known.service is Service.STORAGE and known.hierarchy is Hierarchy.PATIENT else None


def _role(proposed: Role, rights: frozenset[str]) -> Role | None:
    """The roles that the requestor may have (PS3.7 D.3.3.4): SCP of storage alone, for what it gets by C-GET."""
    if not is_uid(proposed.sop_class_uid):
        return None
    operation = operation_of(proposed.sop_class_uid)
    may_take = operation == "store" and "get" in rights
    return Role(proposed.sop_class_uid, proposed.scu and operation in rights, proposed.scp and may_take)


def _answer_extended(uid: str, asked: bytes) -> tuple[str, bytes] | None:
    """What of a SOP Class Extended Negotiation we agree to; None where we know none (PS3.7 D.3.3.5)."""
    if uid in FIND_LEVELS:
        return uid, agreed_extensions(asked)
    known = SOP_CLASSES.get(uid)
    is_storage = known is not None and known.service is Service.STORAGE
    return (uid, STORAGE_SUPPORT[: len(asked)]) if is_storage else None


@dataclass(frozen=True, slots=True)
class _Offer:
    """What holds for all contexts of a request."""

    rights: frozenset[str]
    takers: frozenset[str]  # storage classes that the requestor is an SCP of
    services: Mapping[str, str]  # service class of SOP classes that common extended negotiation names
    order: tuple[str, ...]  # transfer syntaxes as the peer's are preferred


def _answer(context: ProposedContext, offer: _Offer) -> ContextResult:
    operation = operation_of(context.abstract_syntax)
    is_storage = offer.services.get(context.abstract_syntax, STORAGE_SERVICE_CLASS) == STORAGE_SERVICE_CLASS
    if operation is None or (operation == "store" and not is_storage):
        return _refuse(context, Result.ABSTRACT_SYNTAX_NOT_SUPPORTED)
    if operation not in offer.rights and context.abstract_syntax not in offer.takers:
        return _refuse(context, Result.USER_REJECTION)
    usable = [uid for uid in context.transfer_syntaxes if is_usable(uid, operation)]
    if not usable:
        return _refuse(context, Result.TRANSFER_SYNTAXES_NOT_SUPPORTED)
    if context.abstract_syntax in VIDEO_CLASSES & offer.takers:  # films are not decoded: they go as they are
        usable = [uid for uid in usable if transfer_syntax(uid).encapsulated][:1] or usable
    order = offer.order
    chosen = min(usable, key=lambda uid: order.index(uid) if uid in order else len(order) + preference(uid))
    return ContextResult(context.context_id, Result.ACCEPTANCE, chosen)


def is_usable(uid: str, operation: str) -> bool:
    """Whether data sets of an operation can be in this transfer syntax."""
    if operation in {"find", "move", "get", "commit"}:
        return uid in _QUERY_SYNTAXES
    return is_uid(uid) and transfer_syntax(uid).stored_pixels


def _refuse(context: ProposedContext, result: Result) -> ContextResult:
    return ContextResult(context.context_id, result, IMPLICIT_VR_LITTLE_ENDIAN)  # the syntax has no meaning here
