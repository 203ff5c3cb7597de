"""Signing in and out, the session, and the link that makes the first administrator."""

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from filmless.access.accounts import TooManyFailures, User
from filmless.access.credentials import csrf_token
from filmless.access.roles import GRANTS
from filmless.servers.gate import Gate, check_own_page, cookie_name
from filmless.servers.http_messages import Answer, Problem, Request, json_answer

T = TypeVar("T")


class Accounts(Protocol):
    """Where accounts are kept."""

    def log_in(self, name: str, password: str, address: str, /) -> User | TooManyFailures | None:
        """The user, None for a wrong name or password."""

    def set_up(self, token: str, name: str, password: str, /) -> User | None:
        """The first administrator, None when the token is not the one given out."""


class Sessions(Protocol):
    """Where sessions are kept."""

    def open(self, user_name: str, address: str, /) -> str:
        """The secret of a new session."""

    def close(self, secret: str, address: str, /) -> None:
        """End a session."""


@dataclass(frozen=True, slots=True)
class House:
    """What a signed-in person is told of this installation."""

    ae_title: str
    version: str
    host: str  # where DICOM is listened for
    port: int
    dicom_is_local: bool  # whether only this machine reaches that
    insecure: tuple[str, ...] = ()  # sentences about what is not safe yet

    def archive(self) -> dict[str, object]:
        """What the archive is called, and where modalities send to."""
        dicom = {"host": self.host, "port": self.port, "is_local": self.dicom_is_local}
        return {"ae_title": self.ae_title, "version": self.version, "dicom": dicom}


class Session:
    """Answers what concerns the session itself."""

    def __init__(self, accounts: Accounts, sessions: Sessions, gate: Gate, house: House, executor: Executor) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._gate = gate
        self._house = house
        self._executor = executor

    async def log_in(self, request: Request) -> Answer:
        """Open a session; 401 for a wrong name or password alike, 429 after too many failures."""
        check_own_page(request)
        if not request.is_json:
            raise Problem(401, "Send user name and password as application/json.")
        name, password = await request.json_fields("username", "password")
        result = await self._call(lambda: self._accounts.log_in(name, password, request.address))
        if isinstance(result, TooManyFailures):
            seconds = math.ceil(result.retry_after.total_seconds())
            raise Problem(429, "Too many failed tries. Wait a while.", ((b"retry-after", str(seconds).encode()),))
        if result is None:
            raise Problem(401, "Wrong user name or password.", id="login-refused")
        secret = await self._call(lambda: self._sessions.open(result.name, request.address))
        return json_answer(
            {"user": {"name": result.name, "role": result.role}, "csrf": csrf_token(secret)},
            headers=(_cookie(request, secret),),
        )

    async def log_out(self, request: Request) -> Answer:
        """End the session."""
        if request.session:
            await self._call(lambda: self._sessions.close(request.session, request.address))
            self._gate.forget(request.session)
        return Answer(204, headers=(_cookie(request, ""),))

    async def show(self, request: Request) -> Answer:
        """Who is signed in, what they may do, and the token for state changes."""
        principal = request.principal
        if principal is None:
            raise RuntimeError("the gate lets nobody through unnamed")
        return json_answer(
            {
                "user": {"name": principal.name, "role": principal.role},
                "rights": sorted(GRANTS[principal.role].rights),
                "csrf": csrf_token(request.session) if request.session else "",
                "archive": self._house.archive(),
                "insecure": list(self._house.insecure),
            }
        )

    async def set_up(self, request: Request) -> Answer:
        """Make the first administrator by the one-time link."""
        check_own_page(request)
        if not request.is_json:
            raise Problem(403, "Send the link's token as application/json.")
        token, name, password = await request.json_fields("token", "username", "password")
        user = await self._call(lambda: self._accounts.set_up(token, name, password))
        if user is None:
            raise Problem(403, "This link has been used or is no longer valid. Each start prints a new one.")
        return json_answer({"user": {"name": user.name, "role": user.role}}, 201)

    async def _call(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)


def _cookie(request: Request, secret: str) -> tuple[bytes, bytes]:
    """Set-Cookie of a session; the empty secret takes it away."""
    age = "" if secret else "; Max-Age=0"
    secure = "; Secure" if request.secure else ""
    text = f"{cookie_name(request.secure)}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}{age}"
    return (b"set-cookie", text.encode())
