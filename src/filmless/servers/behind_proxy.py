"""Requests that come through a proxy: the address and the scheme that it has seen, not those of the way to us."""

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from filmless.servers.http_messages import Message, Receive, Send


@dataclass(frozen=True, slots=True)
class BehindProxy:
    """An ASGI application to which one proxy is the only client.

    Of ``X-Forwarded-For`` the last address counts, which our proxy wrote; what stands before it is what its own client
    claims, so nobody chooses the address that is recorded and throttled.
    """

    application: Callable[[Message, Receive, Send], Awaitable[None]]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve the request as the proxy received it (ASGI 3)."""
        if scope["type"] == "http":
            address = _address(_last(scope, b"x-forwarded-for"))
            scheme = _last(scope, b"x-forwarded-proto")
            if address:
                scope["client"] = (address, 0)
            if scheme in ("http", "https"):
                scope["scheme"] = scheme
        await self.application(scope, receive, send)


def _last(scope: Message, wanted: bytes) -> str:
    values = [value for name, value in scope["headers"] if name == wanted]
    return values[-1].decode("latin-1").rpartition(",")[2].strip().lower() if values else ""


def _address(text: str) -> str:
    """Give the address in one of the forms that proxies write, with or without a port; "" when there is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
