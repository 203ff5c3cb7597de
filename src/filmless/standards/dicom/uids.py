"""UIDs: whether a text is one, and the digest by which one is found."""

import hashlib
import re
import uuid

MAX_UID_LENGTH = 64  # characters (PS3.5 9.1)

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)


def is_uid(text: str) -> bool:
    """Tell whether the text is a UID (PS3.5 9.1); leading zeros of a component are tolerated, since they are met."""
    return len(text) <= MAX_UID_LENGTH and _UID.fullmatch(text) is not None


def uid_digest(uid: str) -> uuid.UUID:
    """Give the first 16 bytes of the SHA-256 of a UID."""
    return uuid.UUID(bytes=hashlib.sha256(uid.encode("utf-8", "surrogatepass")).digest()[:16])
