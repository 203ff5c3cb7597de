"""What makes a password or a token good, and how secrets are kept: as digests only."""

import base64
import hashlib
import re
from dataclasses import dataclass

TOKEN_MARK = "flm_"  # noqa: S105  not a secret: how every token begins
TOKEN_BYTES = 32  # 256 random bits, base64url without padding: 43 characters
SHOWN = len(TOKEN_MARK) + 8  # characters of a token that lists show

PASSWORD_LENGTH = range(12, 1025)  # characters

_TOKEN = re.compile(r"flm_[A-Za-z0-9_-]{43}")

# Very common passwords of 12 characters and more, folded; shorter ones are refused for their length.
_COMMON_TEXT = """
123456789012 1234567890123 12345678901234 123456789123 1234567891011 1q2w3e4r5t6y 1qaz2wsx3edc 1qaz2wsx3edc4rfv
qwertyuiop12 qwertyuiop123 qwertyuiop[] qwerty123456 qwerty12345678 qwertyuiopas qwertyuiopasdf qwertyasdfgh
asdfghjkl123 zaq12wsxcde3 zaq1zaq1zaq1 password1234 password12345 password123456 passwordpassword password123!
passw0rd1234 p@ssw0rd1234 p@ssword1234 administrator administrator1 admin1234567 admin12345678 adminadmin12
adminadminadmin letmein12345 letmein123456 iloveyou1234 iloveyou12345 welcome12345 welcome123456 changeme1234
changemenow1 changeit1234 abcdefghijkl abcd12345678 abcdef123456 abc123456789 aaaaaaaaaaaa 111111111111
000000000000 222222222222 999999999999 121212121212 123123123123 112233445566 987654321098 098765432109
monkey123456 dragon123456 football1234 baseball1234 sunshine1234 princess1234 superman1234 trustno1trustno1
correcthorsebatterystaple mypassword12 mypassword123 secret123456 testtesttest test12345678 temp12345678
radiology123 radiology1234 radiologist1 filmless1234 filmlessfilmless orthancorthanc dicomdicomdicom hospital1234
hospital12345 qazwsxedcrfv qweasdzxcrfv 1234qwerasdf 1234qwerasdfzxcv q1w2e3r4t5y6 zxcvbnm12345
"""
_COMMON = frozenset(_COMMON_TEXT.split())


@dataclass(eq=False)
class BadPassword(Exception):
    """A password that is not taken; ``str()`` is a sentence for people."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def check_password(password: str, name: str) -> None:
    """Refuse with ``BadPassword`` what is short, very common, the user's name, or one character repeated."""
    folded = password.casefold()
    if len(password) not in PASSWORD_LENGTH:
        raise BadPassword("A password has at least 12 characters (and at most 1024).")
    if folded in _COMMON or len(set(folded)) < 4 or folded.replace(name.casefold(), "") == "":
        raise BadPassword("This password is among the first that are guessed. Take another one.")


def token_text(random_bits: bytes) -> str:
    """The text of an API token made of ``TOKEN_BYTES`` random bytes."""
    return TOKEN_MARK + base64.urlsafe_b64encode(random_bits).rstrip(b"=").decode()


def is_token(text: str) -> bool:
    """Whether this has the form of an API token; anything else need not be looked up."""
    return _TOKEN.fullmatch(text) is not None


def digest(secret: str) -> bytes:
    """SHA-256: what is stored of a secret that has 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def csrf_token(session: str) -> str:
    """The token a page sends with each state change; follows from the session's secret, tells nothing of it."""
    return base64.urlsafe_b64encode(digest("csrf:" + session)).rstrip(b"=").decode()
