"""Why an association is rejected: the answer by PS3.8 Table 9-21, and the sentence that says what to change."""

from dataclasses import dataclass
from enum import StrEnum

from filmless.standards.upper_layer.pdu import (
    REJECT_APPLICATION_CONTEXT,
    REJECT_CALLED_AE,
    REJECT_CALLING_AE,
    REJECT_CONGESTION,
    REJECT_LOCAL_LIMIT,
    REJECT_NO_REASON,
    AssociateReject,
)

# PS3.7 D.3.3.7: a failed user identity is a permanent rejection by the service provider (ACSE), no reason given.
REJECT_IDENTITY = AssociateReject(1, 2, 1)


class Why(StrEnum):
    """Why a request is rejected; the value is what the record keeps."""

    APPLICATION_CONTEXT = "application context"
    CALLED_AE = "called AE title"
    CALLING_AE = "calling AE title is none"
    UNKNOWN_CALLING_AE = "calling AE title is not registered"
    WRONG_HOST = "calling AE title from another host"
    WRONG_CERTIFICATE = "calling AE title without its certificate"
    MAX_LENGTH = "maximum length"
    WRONG_IDENTITY = "user identity"
    UNKNOWN_ISSUER = "user identity of another issuer"
    IDENTITY_KIND = "kind of user identity"
    TOO_MANY_FAILURES = "too many failed user identities"
    LOCAL_LIMIT = "no place"
    CONGESTION = "not now"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the peer is answered, and what people are told; the advice is filled with the facts of the request."""

    answer: AssociateReject
    advice: str


REFUSALS: dict[Why, Refusal] = {
    Why.APPLICATION_CONTEXT: Refusal(
        REJECT_APPLICATION_CONTEXT, "The peer asked for another application context than DICOM's: it is no DICOM peer."
    ),
    Why.CALLED_AE: Refusal(
        REJECT_CALLED_AE,
        'The peer called "{called}". Set the called AE title to "{ours}" at the peer, '
        'or serve its title: filmless view add "{called}".',
    ),
    Why.CALLING_AE: Refusal(
        REJECT_CALLING_AE, "The calling AE title is no title. Set one of 1 to 16 printable characters at the peer."
    ),
    Why.UNKNOWN_CALLING_AE: Refusal(
        REJECT_CALLING_AE,
        'Register the peer: filmless ae add "{calling}" {address} PORT, with port 0 if it only calls.',
    ),
    Why.WRONG_HOST: Refusal(
        REJECT_CALLING_AE,
        '"{calling}" is registered at {host} and called from {address}. Correct the host: filmless ae add "{calling}" '
        "{address} PORT; or give the other peer a title of its own.",
    ),
    Why.WRONG_CERTIFICATE: Refusal(
        REJECT_CALLING_AE,
        '"{calling}" must show the certificate that it is registered with, and showed {certificate}. Let it call the '
        'TLS port with its certificate, or change the binding: filmless ae add "{calling}" ... --certificate ...',
    ),
    Why.MAX_LENGTH: Refusal(
        REJECT_NO_REASON, "The peer takes PDUs of less than 128 bytes. Set its maximum PDU length to 16384 or more."
    ),
    Why.WRONG_IDENTITY: Refusal(
        REJECT_IDENTITY, "The user name or password, or the token, is wrong. Correct it at the peer."
    ),
    Why.UNKNOWN_ISSUER: Refusal(
        REJECT_IDENTITY, "The token is of an issuer that is not configured. Name it in the setting jwt_issuers."
    ),
    Why.IDENTITY_KIND: Refusal(
        REJECT_IDENTITY,
        "The peer proves its user by Kerberos, SAML or an unknown way. Let it send user name and password, or a JSON "
        "Web Token.",
    ),
    Why.TOO_MANY_FAILURES: Refusal(
        REJECT_IDENTITY, "Too many wrong passwords came for this user or from {address}. Correct it, then wait."
    ),
    Why.LOCAL_LIMIT: Refusal(
        REJECT_LOCAL_LIMIT,
        "There were too many associations, of this address or of all. Let the peer open fewer at one time, or raise "
        "the settings associations_per_peer and associations.",
    ),
    Why.CONGESTION: Refusal(
        REJECT_CONGESTION, "The archive was stopping or its database did not answer. The peer may try again."
    ),
}
