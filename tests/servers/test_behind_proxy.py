"""Behind a proxy the address is the one that the proxy saw, whatever its client claims."""

import asyncio
from typing import Any

import pytest

from filmless.servers.behind_proxy import BehindProxy

PROXY = ("10.0.0.5", 40_000)


def seen(*headers: tuple[bytes, bytes], type_: str = "http") -> tuple[str, str]:
    """Address and scheme of a request as the application sees them."""
    found: dict[str, Any] = {}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        found.update(scope)

    scope = {"type": type_, "client": PROXY, "scheme": "http", "headers": list(headers)}
    asyncio.run(BehindProxy(application)(scope, None, None))  # type: ignore[arg-type]
    return found["client"][0], found["scheme"]


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (b"192.0.2.7", "192.0.2.7"),
        (b"192.0.2.7:51000", "192.0.2.7"),
        (b"[2001:db8::7]:51000", "2001:db8::7"),
        (b"2001:db8::7", "2001:db8::7"),
        (b"203.0.113.1, 192.0.2.7", "192.0.2.7"),
        (b"unknown", PROXY[0]),
        (b"", PROXY[0]),
        (b"192.0.2.7,", PROXY[0]),
        (b"\xff" * 1000, PROXY[0]),
    ],
)
def test_the_last_address_is_the_one_that_the_proxy_wrote(forwarded: bytes, address: str) -> None:
    assert seen((b"x-forwarded-for", forwarded))[0] == address


def test_a_header_that_the_client_sent_before_does_not_count() -> None:
    assert seen((b"x-forwarded-for", b"203.0.113.1"), (b"x-forwarded-for", b"192.0.2.7"))[0] == "192.0.2.7"


@pytest.mark.parametrize(("said", "scheme"), [(b"https", "https"), (b"HTTPS", "https"), (b"gopher", "http")])
def test_the_scheme_is_the_one_that_the_proxy_was_asked_by(said: bytes, scheme: str) -> None:
    assert seen((b"x-forwarded-proto", said))[1] == scheme


def test_without_such_headers_nothing_changes() -> None:
    assert seen() == (PROXY[0], "http")
