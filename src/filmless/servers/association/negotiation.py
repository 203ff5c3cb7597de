"""What is agreed with a requestor: pure decisions on titles, rights, abstract and transfer syntaxes (PS3.8 7.1.1)."""

import re
from dataclasses import dataclass

from filmless.access.peers import Peer
from filmless.servers.association.policy import Policy
from filmless.standards.data_set.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from filmless.standards.dicom.sop_classes import (
    SOP_CLASSES,
    VERIFICATION,
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
from filmless.standards.upper_layer.pdu import (
    REJECT_APPLICATION_CONTEXT,
    REJECT_CALLED_AE,
    REJECT_CALLING_AE,
    REJECT_NO_REASON,
    AssociateReject,
    AssociateRequest,
)

LEAST_MAX_LENGTH = 128  # bytes; a peer that takes less per PDU cannot be answered in reason

_TITLE = re.compile(r"[ -\[\]-~]{1,16}")  # PS3.5 6.2 AE: printable, no backslash
_QUERY_SYNTAXES = frozenset((EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN))
_OPERATION_OF = {
    VERIFICATION: "echo",
    **dict.fromkeys(FIND_LEVELS, "find"),
    **dict.fromkeys(MOVE_LEVELS, "move"),
    **dict.fromkeys(GET_LEVELS, "get"),
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """The answer to a request that is accepted."""

    results: tuple[ContextResult, ...]
    user: UserInformation


def check_titles(
    request: AssociateRequest, policy: Policy, peer: Peer | None, *, is_known_host: bool
) -> AssociateReject | None:
    """Why the request is rejected before its contexts are looked at, None when it is not (PS3.8 Table 9-21).

    ``is_known_host``: the network address is one the registry has for this peer.
    """
    if request.application_context != APPLICATION_CONTEXT:
        return REJECT_APPLICATION_CONTEXT
    if not policy.any_called_ae and request.called_ae != policy.ae_title:
        return REJECT_CALLED_AE
    if not _TITLE.fullmatch(request.calling_ae):
        return REJECT_CALLING_AE
    if not policy.is_loopback and (peer is None or not is_known_host):
        return REJECT_CALLING_AE
    if 0 < request.user.max_length < LEAST_MAX_LENGTH:
        return REJECT_NO_REASON
    return None


def agree(request: AssociateRequest, policy: Policy, peer: Peer | None) -> Agreement:
    """Answer each presentation context and each negotiation item."""
    user = request.user
    roles = tuple(role for proposed in user.roles if (role := _role(proposed, peer)) is not None)
    takers = frozenset(role.sop_class_uid for role in roles if role.scp)
    return Agreement(
        results=tuple(_answer(context, peer, takers) for context in request.contexts),
        user=UserInformation(
            max_length=policy.limits.max_length,
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version=IMPLEMENTATION_VERSION_NAME,
            async_window=None if user.async_window is None else (1, 1),
            roles=roles,
            extended=tuple((uid, agreed_extensions(asked)) for uid, asked in user.extended if uid in FIND_LEVELS),
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


def _role(proposed: Role, peer: Peer | None) -> Role | None:
    """The roles that the requestor may have (PS3.7 D.3.3.4): SCP of storage alone, for what it gets by C-GET."""
    if not is_uid(proposed.sop_class_uid):
        return None
    operation = operation_of(proposed.sop_class_uid)
    may_call = peer is None or operation in peer.allow
    may_take = operation == "store" and (peer is None or "get" in peer.allow)
    return Role(proposed.sop_class_uid, proposed.scu and may_call, proposed.scp and may_take)


def _answer(context: ProposedContext, peer: Peer | None, takers: frozenset[str]) -> ContextResult:
    """Judge one context; ``takers`` are the storage classes that the requestor is an SCP of."""
    operation = operation_of(context.abstract_syntax)
    if operation is None:
        return _refuse(context, Result.ABSTRACT_SYNTAX_NOT_SUPPORTED)
    if peer is not None and operation not in peer.allow and context.abstract_syntax not in takers:
        return _refuse(context, Result.USER_REJECTION)
    usable = [uid for uid in context.transfer_syntaxes if _is_usable(uid, operation)]
    if not usable:
        return _refuse(context, Result.TRANSFER_SYNTAXES_NOT_SUPPORTED)
    order = peer.transfer_syntaxes if peer is not None else ()
    chosen = min(usable, key=lambda uid: order.index(uid) if uid in order else len(order) + preference(uid))
    return ContextResult(context.context_id, Result.ACCEPTANCE, chosen)


def _is_usable(uid: str, operation: str) -> bool:
    if operation in {"find", "move", "get"}:
        return uid in _QUERY_SYNTAXES
    return is_uid(uid) and transfer_syntax(uid).stored_pixels


def _refuse(context: ProposedContext, result: Result) -> ContextResult:
    return ContextResult(context.context_id, result, IMPLICIT_VR_LITTLE_ENDIAN)  # the syntax has no meaning here
