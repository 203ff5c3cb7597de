"""The gate before every door: who asks (token or session), is the request theirs (CSRF), may they."""

import asyncio
import hmac
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from filmless.access.credentials import csrf_token, digest
from filmless.access.roles import Right
from filmless.access.scope import NotAllowed, Principal, scope
from filmless.archive.events import Event, EventKind, Outcome
from filmless.servers.http_messages import Problem, Request

CACHE_SECONDS = 1.0  # what a revoked token or an ended session may live on in a process
CACHE_ENTRIES = 10_000
BY_ITSELF = b"x-by-itself"  # header of what a page asks without anybody's doing: it keeps no session awake
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))

_CHALLENGE = ((b"www-authenticate", b'Bearer realm="filmless"'),)


class Lookup(Protocol):
    """Finds whom a secret speaks for: tokens and sessions."""

    def find(self, secret: str, address: str, /) -> Principal | None:
        """The principal, None when the secret is unknown or has ended."""

    def look(self, secret: str, address: str, /) -> Principal | None:
        """As ``find``, but not as a use of the secret: for what a page does by itself."""


class Record(Protocol):
    """The event log, as far as the gate writes to it."""

    def gather(self, event: Event, /) -> None:
        """Keep an event for the next flush."""

    def flush(self) -> object:
        """Write what was gathered."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where secrets are looked up."""

    tokens: Lookup
    sessions: Lookup


class Gate:
    """Lets a request through as a principal with a scope, or raises the ``Problem`` that is answered."""

    def __init__(self, credentials: Credentials, record: Record, executor: Executor) -> None:
        self._credentials = credentials
        self._record = record
        self._executor = executor
        self._known: dict[tuple[bytes, str], tuple[float, Principal | None]] = {}

    async def identify(self, request: Request) -> None:
        """Set ``request.principal``; 401 when nobody is known, 403 for a state change from a foreign page."""
        authorization = request.header(b"authorization")
        if authorization:
            mark, _, secret = authorization.partition(" ")
            if mark.lower() == "bearer":
                request.principal = await self._find(self._credentials.tokens.find, secret.strip(), request.address)
        elif secret := session_cookie(request):
            sessions = self._credentials.sessions
            find = sessions.look if request.header(BY_ITSELF) else sessions.find
            request.principal = await self._find(find, secret, request.address)
            request.session = secret if request.principal else ""
        if request.principal is None:
            # Gathered by address: one event a quarter of an hour, however often somebody knocks.
            self._record.gather(Event(EventKind.DENIED, address=request.address, outcome=Outcome.DENIED))
            raise unknown()
        if request.session and request.method not in SAFE_METHODS:
            check_own_page(request)
            if not hmac.compare_digest(request.headers.get(b"x-csrf-token", b""), csrf_token(request.session).encode()):
                raise _foreign()

    async def admit(self, request: Request, right: Right) -> None:
        """Set ``request.access``; 403 when the role does not hold the right, which is recorded first."""
        principal = request.principal
        if principal is None:
            raise unknown()
        try:
            request.access = scope(principal, right, datetime.now(UTC))
        except NotAllowed as refusal:
            self._record.gather(
                Event(
                    EventKind.DENIED,
                    actor=refusal.actor,
                    address=request.address,
                    outcome=Outcome.DENIED,
                    details={"right": refusal.right.value},
                )
            )
            await asyncio.get_running_loop().run_in_executor(self._executor, self._record.flush)
            raise Problem(403, f'Your role "{principal.role}" does not allow this.') from None

    async def still_knows(self, request: Request) -> bool:
        """Whether who asked is who they were, for an answer that goes on; it is no use of a session."""
        if request.session:
            look, secret = self._credentials.sessions.look, request.session
        else:
            look, secret = self._credentials.tokens.look, request.header(b"authorization").partition(" ")[2].strip()
        return await self._find(look, secret, request.address) == request.principal

    def forget(self, secret: str) -> None:
        """Drop what is cached of a secret that this process has just ended."""
        mark = digest(secret)
        for key in [key for key in self._known if key[0] == mark]:
            del self._known[key]

    async def _find(self, find: Callable[[str, str], Principal | None], secret: str, address: str) -> Principal | None:
        now = time.monotonic()
        key = (digest(secret), address)
        held = self._known.get(key)
        if held is not None and now < held[0]:
            return held[1]
        principal = await asyncio.get_running_loop().run_in_executor(self._executor, find, secret, address)
        if len(self._known) >= CACHE_ENTRIES:
            self._known.clear()
        self._known[key] = (now + CACHE_SECONDS, principal)
        return principal


def unknown() -> Problem:
    """401: nobody that is known asks."""
    return Problem(401, "Sign in, or send a bearer token.", _CHALLENGE)


def _foreign() -> Problem:
    return Problem(403, "This request did not come from the pages of this archive.")


def check_own_page(request: Request) -> None:
    """Refuse with 403 what a browser sent for a page of another site (Fetch Metadata, RFC 6454 Origin)."""
    site = request.header(b"sec-fetch-site").lower()
    if site and site not in ("same-origin", "none"):
        raise _foreign()
    origin = request.header(b"origin")
    if origin:
        # A browser's Host cannot be chosen by another site, so equality with it says "our own page".
        scheme, _, place = origin.lower().partition("://")
        if scheme not in ("http", "https") or place != request.header(b"host").lower():
            raise _foreign()


def cookie_name(secure: bool) -> str:
    """The session cookie's name; by HTTPS its prefix binds it to this host (RFC 6265bis 4.1.3)."""
    return "__Host-filmless" if secure else "filmless"


def session_cookie(request: Request) -> str:
    """The session's secret that a request carries, "" when none."""
    wanted = cookie_name(request.secure)
    for pair in request.header(b"cookie").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == wanted:
            return value
    return ""
