"""What a user has set for the pages: read with a version, changed only against the version that was read."""

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Protocol

from filmless.access.roles import Right
from filmless.access.scope import Kind
from filmless.access.user_settings import BadSettings, Kept, UserSettings, read_settings
from filmless.servers.http_messages import JSON, Answer, Problem, Request, json_answer
from filmless.servers.routes import Route

_TAG = re.compile(r'"([0-9]{1,18})"')


class Rows(Protocol):
    """Where settings are kept; blocks."""

    def read(self, user_name: str, /) -> Kept:
        """What this user has set."""

    def write(self, user_name: str, settings: UserSettings, version: int, address: str, /) -> int | None:
        """Replace what was read as ``version``; the new version, None when it is another one by now."""


class SettingPages:
    """Answers for ``/api/settings``: one's own, nobody else's."""

    def __init__(self, rows: Rows, executor: Executor) -> None:
        self._rows, self._executor = rows, executor

    def routes(self) -> Sequence[Route]:
        """One row each."""
        path = "/api/settings"
        return (
            Route("GET", path, Right.SESSION, self.show, "What you have set for the pages, and its version (ETag)"),
            Route("PUT", path, Right.SESSION, self.change, "Replace it, as it was read (If-Match)", takes=(JSON,)),
        )

    async def show(self, request: Request) -> Answer:
        """The settings; ``{}`` when nothing was ever set."""
        name = _user(request)
        kept = await asyncio.get_running_loop().run_in_executor(self._executor, self._rows.read, name)
        return json_answer(dict(kept.settings), headers=_tagged(kept.version))

    async def change(self, request: Request) -> Answer:
        """Replace all settings; 428 without If-Match, 412 when another window was faster."""
        name, version = _user(request), _version(request)
        try:
            settings = read_settings(await request.json())
        except BadSettings as fault:
            raise Problem(400, str(fault)) from None
        written = await asyncio.get_running_loop().run_in_executor(
            self._executor, self._rows.write, name, settings, version, request.address
        )
        if written is None:
            raise Problem(412, "These settings were changed meanwhile. Read them again.")
        return json_answer(settings, headers=_tagged(written))


def _user(request: Request) -> str:
    """Tell whose settings they are; a token is nobody who looks at pages."""
    principal = request.principal
    if principal is None or principal.kind is not Kind.USER:
        raise Problem(404, "Settings belong to a signed-in user; a token has none.")
    return principal.name


def _version(request: Request) -> int:
    text = request.header(b"if-match").strip()
    if not text:
        raise Problem(428, "Send If-Match with the ETag that the settings were read with.")
    found = _TAG.fullmatch(text)
    if found is None:
        raise Problem(412, "If-Match is no ETag of these settings.")
    return int(found[1])


def _tagged(version: int) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"etag", b'"%d"' % version),)
