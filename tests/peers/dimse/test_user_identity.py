"""pynetdicom proves its user, asks for extended negotiation, and is answered as PS3.7 D.3.3 says."""

import pytest
from pynetdicom import AE
from pynetdicom.pdu_primitives import (
    SOPClassCommonExtendedNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)

from dicom_door import CT, door
from filmless.access.called_titles import CalledTitle
from filmless.archive.scope import View

VERIFICATION = "1.2.840.10008.1.1"


def identity(kind: int, primary: bytes, secondary: bytes | None = None) -> UserIdentityNegotiation:
    item = UserIdentityNegotiation()
    item.user_identity_type = kind
    item.positive_response_requested = True
    item.primary_field = primary
    if secondary is not None:
        item.secondary_field = secondary
    return item


@pytest.mark.parametrize(
    ("item", "user", "is_answered"),
    [
        (identity(1, b"alice"), "claimed:alice", False),
        (identity(2, b"alice", b"correct horse"), "user:alice", True),
        (identity(5, b"alice"), "user:alice", True),
    ],
)
def test_a_verified_user_gets_the_response_it_asked_for(
    item: UserIdentityNegotiation, user: str, is_answered: bool
) -> None:
    with door() as house:
        ae = AE("PYNET")
        ae.add_requested_context(VERIFICATION)
        association = ae.associate("127.0.0.1", house.port, ae_title="FILMLESS", ext_neg=[item])
        assert association.is_established
        assert (association.acceptor.user_identity is not None) is is_answered
        assert association.send_c_echo().Status == 0
        association.release()
        (summary,) = house.record.wait(1)
    assert summary.user == user


@pytest.mark.parametrize("item", [identity(2, b"alice", b"wrong"), identity(3, b"ticket"), identity(4, b"<saml/>")])
def test_a_user_who_is_not_proved_is_rejected_for_good(item: UserIdentityNegotiation) -> None:
    with door() as house:
        ae = AE("PYNET")
        ae.add_requested_context(VERIFICATION)
        association = ae.associate("127.0.0.1", house.port, ae_title="FILMLESS", ext_neg=[item])
        assert association.is_rejected
        (summary,) = house.record.wait(1)
    assert summary.end.startswith("rejected 1/2/1: ")
    assert summary.advice


def test_storage_says_that_it_keeps_everything_as_it_came() -> None:
    extended = SOPClassExtendedNegotiation()
    extended.sop_class_uid, extended.service_class_application_information = CT, b"\x02\x00\x03\x00\x01\x00"
    common = SOPClassCommonExtendedNegotiation()
    common.sop_class_uid, common.service_class_uid = "1.2.3.4.5", "1.2.840.10008.4.2.9"
    with door() as house:
        ae = AE("PYNET")
        ae.add_requested_context(CT)
        ae.add_requested_context("1.2.3.4.5")  # of a service class that is not storage
        association = ae.associate("127.0.0.1", house.port, ae_title="FILMLESS", ext_neg=[extended, common])
        assert association.acceptor.sop_class_extended == {CT: b"\x02\x00\x01\x00\x00\x00"}
        assert [one.abstract_syntax for one in association.accepted_contexts] == [CT]
        association.release()


def test_a_second_title_is_served_with_its_own_rights_and_view() -> None:
    with door() as house:
        house.peers.called["CTONLY"] = CalledTitle("CTONLY", frozenset(("store",)), View(modalities=frozenset(("CT",))))
        ae = AE("PYNET")
        ae.add_requested_context(VERIFICATION)
        ae.add_requested_context(CT)
        association = ae.associate("127.0.0.1", house.port, ae_title="CTONLY")
        assert [one.abstract_syntax for one in association.accepted_contexts] == [CT]
        association.release()
        assert ae.associate("127.0.0.1", house.port, ae_title="MRONLY").is_rejected
