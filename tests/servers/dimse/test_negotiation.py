"""What is agreed: every storage class with stored pixels, in the best syntax offered (PS3.4 B, PS3.8 7.1.1)."""

import pytest

from filmless.access.peers import Peer
from filmless.servers.association.negotiation import agree, judge, operation_of
from filmless.servers.association.policy import Policy
from filmless.servers.association.refusals import REFUSALS
from filmless.servers.association.registry import Caller
from filmless.standards.dicom.sop_classes import SOP_CLASSES, Hierarchy, Service
from filmless.standards.dicom.transfer_syntaxes import TRANSFER_SYNTAXES
from filmless.standards.upper_layer.items import ProposedContext, Result, Role, UserInformation
from filmless.standards.upper_layer.pdu import AssociateRequest

CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT, EXPLICIT, DEFLATED, BIG = (f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".1.99", ".2"))
JPEG_LOSSLESS, JPEG_BASELINE = "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.50"
PRIVATE = "1.2.752.24.3.7.6"
POLICY = Policy("FILMLESS")
NOBODY = Caller(None, is_known_host=False)


def answer(abstract: str, *transfers: str, peer: Peer | None = None) -> tuple[Result, str]:
    request = AssociateRequest("FILMLESS", "CT1", (ProposedContext(1, abstract, transfers),), UserInformation(16384))
    (result,) = agree(request, POLICY, Caller(peer, is_known_host=True)).results
    return result.result, result.transfer_syntax


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([PRIVATE, JPEG_BASELINE, JPEG_LOSSLESS, BIG, DEFLATED, IMPLICIT, EXPLICIT], EXPLICIT),
        ([PRIVATE, JPEG_BASELINE, JPEG_LOSSLESS, BIG, DEFLATED, IMPLICIT], IMPLICIT),
        ([PRIVATE, JPEG_BASELINE, JPEG_LOSSLESS, BIG, DEFLATED], DEFLATED),
        ([PRIVATE, JPEG_BASELINE, JPEG_LOSSLESS, BIG], BIG),
        ([PRIVATE, JPEG_BASELINE, JPEG_LOSSLESS], JPEG_LOSSLESS),
        ([PRIVATE, JPEG_BASELINE], JPEG_BASELINE),
        ([PRIVATE], PRIVATE),
    ],
)
def test_lossy_or_unknown_is_taken_only_if_nothing_else_is_offered(offered: list[str], chosen: str) -> None:
    assert answer(CT, *offered) == (Result.ACCEPTANCE, chosen)


def test_a_peer_may_have_an_order_of_its_own() -> None:
    peer = Peer("CT1", "host", 104, transfer_syntaxes=(JPEG_LOSSLESS, BIG))
    assert answer(CT, EXPLICIT, BIG, JPEG_LOSSLESS, peer=peer)[1] == JPEG_LOSSLESS
    assert answer(CT, EXPLICIT, BIG, peer=peer)[1] == BIG
    assert answer(CT, IMPLICIT, EXPLICIT, peer=peer)[1] == EXPLICIT


@pytest.mark.parametrize("uid", TRANSFER_SYNTAXES)
def test_every_transfer_syntax_with_stored_pixels_is_taken_alone(uid: str) -> None:
    expected = Result.ACCEPTANCE if TRANSFER_SYNTAXES[uid].stored_pixels else Result.TRANSFER_SYNTAXES_NOT_SUPPORTED
    assert answer(CT, uid)[0] is expected


@pytest.mark.parametrize("uid", SOP_CLASSES)
def test_every_storage_class_of_the_patient_hierarchy_is_served_and_no_other_is_taken_for_storage(uid: str) -> None:
    known = SOP_CLASSES[uid]
    is_stored = known.service is Service.STORAGE and known.hierarchy is Hierarchy.PATIENT
    assert (operation_of(uid) == "store") == is_stored


@pytest.mark.parametrize("uid", ["1.2.840.10008.5.1.4.1.1.999999", "1.3.46.670589.2.5.1.1", "2.25.12345"])
def test_unknown_and_private_classes_are_taken_for_storage(uid: str) -> None:
    assert answer(uid, EXPLICIT) == (Result.ACCEPTANCE, EXPLICIT)


@pytest.mark.parametrize(
    "abstract", ["", "no uid", "1." * 200 + "1", "1.2.840.10008.5.1.4.31", "1.2.840.10008.5.1.4.39.1"]
)
def test_what_is_no_uid_or_of_another_service_is_refused(abstract: str) -> None:
    assert answer(abstract, EXPLICIT)[0] is Result.ABSTRACT_SYNTAX_NOT_SUPPORTED


def test_a_context_without_a_usable_syntax_is_refused() -> None:
    assert answer(CT)[0] is Result.TRANSFER_SYNTAXES_NOT_SUPPORTED
    assert answer(CT, "no uid")[0] is Result.TRANSFER_SYNTAXES_NOT_SUPPORTED
    assert answer("1.2.840.10008.5.1.4.1.2.2.1", BIG)[0] is Result.TRANSFER_SYNTAXES_NOT_SUPPORTED


def test_queries_are_answered_in_explicit_or_implicit_little_endian() -> None:
    assert answer("1.2.840.10008.5.1.4.1.2.1.1", IMPLICIT, BIG) == (Result.ACCEPTANCE, IMPLICIT)


def test_rights_of_the_registry_decide_on_contexts() -> None:
    peer = Peer("CT1", "host", 104, allow=frozenset(("find",)))
    assert answer(CT, EXPLICIT, peer=peer)[0] is Result.USER_REJECTION
    assert answer("1.2.840.10008.5.1.4.1.2.2.1", EXPLICIT, peer=peer)[0] is Result.ACCEPTANCE


def test_negotiation_items_are_answered_within_what_we_do() -> None:
    user = UserInformation(
        16384, async_window=(0, 0), roles=(Role(CT, scu=True, scp=True), Role("junk", scu=True, scp=True))
    )
    agreement = agree(AssociateRequest("FILMLESS", "CT1", (), user), POLICY, NOBODY)
    assert agreement.user.async_window == (1, 1)
    assert agreement.user.roles == (Role(CT, scu=True, scp=True),)
    assert agreement.user.max_length == POLICY.limits.max_length
    assert agreement.user.user_identity is None
    assert agree(AssociateRequest("FILMLESS", "CT1", (), UserInformation()), POLICY, NOBODY).user.async_window is None


def test_a_requestor_that_gets_films_is_given_them_as_they_are() -> None:
    endoscopy, mpeg2 = "1.2.840.10008.5.1.4.1.1.77.1.1.1", "1.2.840.10008.1.2.4.100"
    user = UserInformation(16384, roles=(Role(endoscopy, scu=False, scp=True),))
    contexts = (ProposedContext(1, endoscopy, (mpeg2, EXPLICIT)),)
    (result,) = agree(AssociateRequest("FILMLESS", "WS", contexts, user), POLICY, NOBODY).results
    assert result.transfer_syntax == mpeg2


@pytest.mark.parametrize(
    ("uid", "allow", "agreed"),
    [
        (CT, ("store", "get"), (True, True)),
        (CT, ("store",), (True, False)),
        (CT, ("get",), (False, True)),
        ("1.2.840.10008.5.1.4.1.2.2.1", ("find",), (True, False)),  # we are an SCU of storage alone
    ],
)
def test_a_requestor_is_an_scp_of_storage_where_it_may_get(
    uid: str, allow: tuple[str, ...], agreed: tuple[bool, bool]
) -> None:
    peer = Peer("WS", "host", 104, allow=frozenset(allow))
    user = UserInformation(16384, roles=(Role(uid, scu=True, scp=True),))
    (role,) = agree(AssociateRequest("FILMLESS", "WS", (), user), POLICY, Caller(peer, is_known_host=True)).user.roles
    assert (role.scu, role.scp) == agreed


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (AssociateRequest("FILMLESS", "CT1", (), UserInformation(), application_context="9.9"), 2),
        (AssociateRequest("FILMLESS", "CT1", (), UserInformation(max_length=7)), 1),
        (AssociateRequest("FILMLES", "CT1", (), UserInformation()), 7),
        (AssociateRequest("FILMLESS", "CT\x01", (), UserInformation()), 3),
    ],
)
def test_requests_that_cannot_be_served_are_rejected_by_their_reason(request_: AssociateRequest, reason: int) -> None:
    why = judge(request_, POLICY, NOBODY, None)
    assert why is not None
    rejection = REFUSALS[why].answer
    assert (rejection.result, rejection.source, rejection.reason) == (1, 1, reason)
