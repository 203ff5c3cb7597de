"""TLS certificates of peers as the registry binds them: by fingerprint, or by what the subject must hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_ATTRIBUTES = {  # short names (RFC 4514 3) of the attributes that OpenSSL names in full
    "CN": "commonName",
    "O": "organizationName",
    "OU": "organizationalUnitName",
    "L": "localityName",
    "ST": "stateOrProvinceName",
    "C": "countryName",
    "SERIALNUMBER": "serialNumber",
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that a peer showed and that was verified."""

    fingerprint: str  # SHA-256 of its DER form, 64 lower-case hexadecimal digits
    subject: Mapping[str, frozenset[str]] = field(default_factory=dict)  # attribute (OpenSSL's name) to its values

    @property
    def common_name(self) -> str:
        """What people call it."""
        return ", ".join(sorted(self.subject.get("commonName", ())))


def check_certificate(binding: str) -> str:
    """Why a text binds no certificate; empty when it does: a SHA-256 fingerprint, or ``CN=CT1,O=Hospital``."""
    if _FINGERPRINT.fullmatch(_plain(binding)):
        return ""
    for part in binding.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or not value.strip() or name.strip().upper() not in _ATTRIBUTES:
            return (
                "A certificate is bound by its SHA-256 fingerprint (64 hexadecimal digits) or by its subject, "
                f"as CN=CT1,O=Hospital with {', '.join(_ATTRIBUTES)}."
            )
    return ""


def is_bound(certificate: Certificate | None, binding: str) -> bool:
    """Whether a certificate is the one that the registry demands; no binding demands none."""
    if not binding:
        return True
    if certificate is None:
        return False
    if _FINGERPRINT.fullmatch(_plain(binding)):
        return certificate.fingerprint == _plain(binding)
    for part in binding.split(","):
        name, _, value = part.strip().partition("=")
        if value.strip() not in certificate.subject.get(_ATTRIBUTES.get(name.strip().upper(), ""), ()):
            return False
    return True


def _plain(fingerprint: str) -> str:
    """A fingerprint without the colons and prefix that tools write."""
    return fingerprint.strip().lower().removeprefix("sha256:").replace(":", "")
