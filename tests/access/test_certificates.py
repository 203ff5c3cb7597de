"""A peer's certificate is bound by its fingerprint or its subject, and nothing else passes."""

import pytest

from filmless.access.certificates import Certificate, check_certificate, is_bound
from filmless.access.peers import BadPeer, Peer

FINGERPRINT = "ab" * 32
CERTIFICATE = Certificate(
    FINGERPRINT, {"commonName": frozenset(("CT1",)), "organizationName": frozenset(("Hospital", "Clinic"))}
)


@pytest.mark.parametrize(
    "binding",
    [
        "",
        FINGERPRINT,
        FINGERPRINT.upper(),
        ":".join([FINGERPRINT[:2]] * 32),
        f"SHA256:{FINGERPRINT}",
        "CN=CT1",
        "cn = CT1",
        "O=Clinic,CN=CT1",
    ],
)
def test_the_certificate_that_is_bound_passes(binding: str) -> None:
    assert not binding or not check_certificate(binding)
    assert is_bound(CERTIFICATE, binding)


@pytest.mark.parametrize("binding", ["cd" * 32, "CN=CT2", "CN=CT1,O=Elsewhere", "CN=CT1,OU=Radiology", "C=CT1"])
def test_another_certificate_does_not(binding: str) -> None:
    assert not check_certificate(binding)
    assert not is_bound(CERTIFICATE, binding)
    assert not is_bound(None, binding)


@pytest.mark.parametrize("binding", ["ab" * 31, "CT1", "CN=", "X=1", "CN=CT1,"])
def test_what_binds_nothing_is_refused_with_a_sentence(binding: str) -> None:
    with pytest.raises(BadPeer, match="fingerprint"):
        Peer("CT1", "host", 104, certificate=binding)


def test_a_network_is_for_peers_that_only_call() -> None:
    assert Peer("CT1", "10.0.0.0/24", 0).host == "10.0.0.0/24"
    for host, port in (("10.0.0.0/24", 104), ("10.0.0.1/24", 0), ("host/24", 0)):
        with pytest.raises(BadPeer, match="network"):
            Peer("CT1", host, port)
