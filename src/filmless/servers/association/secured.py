"""What the TLS below an association tells: its version and the certificate that the peer showed."""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import cast

from filmless.access.certificates import Certificate


@dataclass(frozen=True, slots=True)
class Secured:
    """The TLS of one connection; nothing of it on a plain one."""

    version: str = ""  # "TLSv1.2", "TLSv1.3"
    certificate: Certificate | None = None  # verified against our authorities

    @property
    def name(self) -> str:
        """What people call the peer's certificate."""
        return "" if self.certificate is None else self.certificate.common_name or self.certificate.fingerprint


NO_TLS = Secured()


def read_tls(connection: ssl.SSLObject | None) -> Secured:
    """What a connection after its handshake tells; None for a plain one."""
    if connection is None:
        return NO_TLS
    encoded = connection.getpeercert(binary_form=True)
    if encoded is None:
        return Secured(connection.version() or "")
    subject: dict[str, set[str]] = {}
    names = cast(Iterable[Iterable[tuple[str, str]]], (connection.getpeercert() or {}).get("subject", ()))
    for attribute, value in chain.from_iterable(names):
        subject.setdefault(attribute, set()).add(value)
    certificate = Certificate(sha256(encoded).hexdigest(), {name: frozenset(found) for name, found in subject.items()})
    return Secured(connection.version() or "", certificate)


@dataclass(frozen=True, slots=True)
class HandshakeFault:
    """Why TLS was not agreed on, and what to change."""

    reason: str
    advice: str


_UNTRUSTED = HandshakeFault(
    "our certificate not trusted", "The peer does not take our certificate: give it our authority."
)
_OLD = HandshakeFault("TLS version", "The peer speaks only TLS below 1.2. Let it use TLS 1.2 or 1.3.")
_ENDED = HandshakeFault(
    "ended by the peer", "The peer ended the handshake. It may not trust our certificate: give it our authority."
)
_HANDSHAKES = {  # faults as OpenSSL names them
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": HandshakeFault(
        "no certificate",
        "The peer showed no certificate. Give it one of an authority in dimse_tls_authorities, or set "
        "dimse_tls_optional.",
    ),
    "CERTIFICATE_VERIFY_FAILED": HandshakeFault(
        "certificate not trusted",
        "The peer's certificate could not be verified. Add its authority to dimse_tls_authorities, or renew it.",
    ),
    "UNSUPPORTED_PROTOCOL": _OLD,
    "VERSION_TOO_LOW": _OLD,
    "NO_SHARED_CIPHER": HandshakeFault(
        "cipher suites", "The peer offered no strong cipher suite. Let it offer ECDHE with AES-GCM."
    ),
    "WRONG_VERSION_NUMBER": HandshakeFault(
        "no TLS", "The peer spoke without TLS to the TLS port. Let it use TLS, or the plain port."
    ),
    "HTTP_REQUEST": HandshakeFault("no TLS", "A web client spoke to the DICOM TLS port."),
    "UNKNOWN_CA": _UNTRUSTED,
    "CERTIFICATE_UNKNOWN": _UNTRUSTED,
}


def explain_handshake(fault: OSError) -> HandshakeFault:
    """A fault of a handshake in words; the peer's own alerts come as faults too."""
    if isinstance(fault, TimeoutError):
        return HandshakeFault("not in time", "The peer did not end the handshake in time.")
    named = str(getattr(fault, "reason", None) or fault).upper()
    return next((known for name, known in _HANDSHAKES.items() if name in named), _ENDED)
