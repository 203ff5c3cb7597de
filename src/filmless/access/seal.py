"""The seal of what we hand out and want back unread and unaltered, such as the cursors of pages."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

KEY_BYTES = 64  # AES-256-SIV (RFC 5297)


class AesSivSeal:
    """Authenticated encryption that needs no nonce: nothing is counted, and processes share nothing but the key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)

    def close(self, plain: bytes, about: bytes) -> bytes:
        """Close bytes together with what they are about, which is not part of what is given out."""
        return self._cipher.encrypt(plain, [about])

    def open(self, closed: bytes, about: bytes) -> bytes | None:
        """Give what was closed with this key about this, None for anything else."""
        try:
            return self._cipher.decrypt(closed, [about])
        except InvalidTag:
            return None
