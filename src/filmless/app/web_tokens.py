"""JSON Web Tokens (RFC 7519) of issuers that are configured; keys come from there alone, whatever a token says."""

import base64
import json
from collections.abc import Sequence
from datetime import datetime

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

from filmless.servers.association.refusals import Why
from filmless.settings import JwtIssuer

LEEWAY = 60  # seconds by which clocks may differ
LONGEST = 16_384  # characters
_KEYS: dict[str, type[OctKey] | type[RSAKey] | type[ECKey]] = {"HS256": OctKey, "RS256": RSAKey, "ES256": ECKey}


def subject_of(token: str, issuers: Sequence[JwtIssuer], now: datetime) -> str | Why:
    """The user that a token speaks for, or why it is not believed.

    Signature by the one algorithm and key of its issuer; ``iss``, ``aud``, ``exp`` and ``sub`` are demanded, ``nbf``
    and ``iat`` looked at. The claims are read first only to choose among our issuers.
    """
    issuer = next((one for one in issuers if one.issuer == _claimed_issuer(token)), None)
    if issuer is None:
        return Why.UNKNOWN_ISSUER
    claims_registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer.issuer},
        aud={"essential": True, "value": issuer.audience},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        key = _KEYS[issuer.algorithm].import_key(issuer.key.read_bytes().strip())
        claims = jwt.decode(token, key, algorithms=[issuer.algorithm]).claims
        claims_registry.validate(claims)
    except (JoseError, ValueError, OSError):
        return Why.WRONG_IDENTITY
    subject = claims["sub"]
    return subject if isinstance(subject, str) and subject else Why.WRONG_IDENTITY


def _claimed_issuer(token: str) -> object:
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return claims.get("iss") if isinstance(claims, dict) else None
