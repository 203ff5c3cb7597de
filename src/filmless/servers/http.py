"""The web application: every request passes the gate, every answer carries the security headers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from filmless.archive.errors import Unavailable
from filmless.archive.model import Chunk, Span
from filmless.servers.cors import CrossOrigin, Headers
from filmless.servers.gate import Gate
from filmless.servers.http_messages import (
    DIRECT_ANSWER,
    DIRECT_BODY,
    Answer,
    AnswerWriter,
    BrokenOff,
    Disconnected,
    Message,
    Problem,
    Receive,
    Request,
    Send,
    problem_answer,
    read_headers,
)
from filmless.servers.problems import problem_of
from filmless.servers.routes import Found, Handler, Routes, split_path

log = structlog.get_logger()

INTERFACES = frozenset(("api", "dicomweb", "fhir", "metrics"))  # first segments that are never a page

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_DEFAULTS = (  # what an answer may say otherwise
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")
_UNREAD = 1 << 20  # bytes of a body that need not be read before the connection serves the next request


@dataclass(frozen=True, slots=True)
class WebApplication:
    """An ASGI application over the table of routes; what no route answers is a page of the web application."""

    routes: Routes
    gate: Gate
    page: Handler
    cross_origin: CrossOrigin

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        request = _request(scope, receive)
        try:
            answer = await self._answer(request, split_path(scope["raw_path"].decode("latin-1")))
        except Disconnected:
            return
        except Exception as error:  # noqa: BLE001  the outermost loop of this door
            answer = _failed(error, request)
        try:
            await _send(answer, self.cross_origin.grant(request), request, send)
        except Exception as error:  # noqa: BLE001  the connection is cut where the answer is not at its end
            _log_broken_off(error, request)

    async def _answer(self, request: Request, segments: list[str]) -> Answer:
        if request.headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise Problem(415, "A body with a content encoding is not taken.")
        found = self.routes.find(request.method, segments)
        if self.cross_origin.is_preflight(request):
            return self.cross_origin.preflight(self.routes.methods(segments))
        if isinstance(found, Found):
            request.parameters = found.parameters
            right = found.route.right
            if right is not None:
                await self.gate.identify(request)
                await self.gate.admit(request, right)
            return await found.route.handler(request)
        if found is None and not (segments and segments[0] in INTERFACES) and request.method in ("GET", "HEAD"):
            return await self.page(request)
        await self.gate.identify(request)
        if found is None:
            raise Problem(404, "There is nothing at this address.")
        allow = ((b"allow", ", ".join(self.routes.methods(segments)).encode()),)
        if request.method == "OPTIONS":
            return Answer(204, headers=allow)
        raise Problem(405, "This method is not served here.", allow)


def _request(scope: Message, receive: Receive) -> Request:
    client = scope.get("client")
    scheme = scope.get("scheme", "http")
    extensions = scope.get("extensions", {})
    return Request(
        method=scope["method"],
        path=scope["path"],
        address=client[0] if client else "",
        secure=scheme == "https",
        origin=f"{scheme}://{_place(scope.get('server'))}",
        headers=read_headers(scope["headers"]),
        query_string=scope["query_string"],
        receive=receive,
        direct_body=extensions.get(DIRECT_BODY),
        direct_answer=extensions.get(DIRECT_ANSWER),
    )


def _place(server: tuple[str, int | None] | None) -> str:
    host, port = server or ("localhost", None)
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def _failed(error: Exception, request: Request) -> Answer:
    problem = problem_of(error)
    if problem is not None:
        if isinstance(error, Unavailable):  # the client is told to try again; who runs the archive, what was missing
            log.warning("request_not_served", method=request.method, reason=error.reason)
        return problem_answer(problem)
    answer = problem_answer(Problem(500, "Something went wrong here. It was written to the log."))
    log.error("request_failed", method=request.method, problem=answer.body, exc_info=error)
    return answer


def _log_broken_off(error: Exception, request: Request) -> None:
    """What goes wrong with an object is one line; a fault of ours says where it is."""
    named = {"study_uid": request.parameters.get("study", ""), "instance_uid": request.parameters.get("instance", "")}
    problem = problem_of(error)
    if isinstance(error, BrokenOff):
        named = {"study_uid": error.study_uid, "instance_uid": error.instance_uid}
        log.warning("answer_broken_off", method=request.method, **named, reason=error.reason)
    elif problem is not None:
        log.warning("answer_broken_off", method=request.method, **named, reason=problem.detail)
    else:
        log.error("answer_broken_off", method=request.method, **named, exc_info=error)


async def _send(answer: Answer, more: Headers, request: Request, send: Send) -> None:
    body = answer.body
    length = len(body) if isinstance(body, bytes) else answer.length
    headers = [*_ALWAYS, *answer.headers, *more]
    given = {name for name, _ in answer.headers}
    headers += [pair for pair in _DEFAULTS if pair[0] not in given]
    if request.secure:
        headers.append(_HSTS)
    if answer.status not in (204, 304):
        headers.append((b"content-type", answer.media_type.encode("latin-1")))
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
    if answer.status >= 400 and _body_may_be_long(request):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if request.method == "HEAD" or isinstance(body, bytes):
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})
        return
    gone = asyncio.ensure_future(_until_gone(request.receive))
    try:
        await _stream(body, gone, request, send)
    finally:
        gone.cancel()


async def _stream(body: AsyncGenerator[Chunk], gone: asyncio.Future[None], request: Request, send: Send) -> None:
    """Send what the generator gives; an error in it goes up: the answer has no end, and the connection is cut."""
    writer: AnswerWriter | None = None
    try:
        async with aclosing(body):
            async for chunk in body:
                if gone.done():
                    return
                if writer is None and isinstance(chunk, Span) and request.direct_answer is not None:
                    writer = request.direct_answer(gone)
                if writer is None:
                    await send({"type": "http.response.body", "body": bytes(chunk), "more_body": True})
                else:
                    await writer.send(chunk)
    finally:
        if writer is not None:
            writer.close()
    await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    """Return when the client has closed the connection: a server's ``send`` does not say so."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _body_may_be_long(request: Request) -> bool:
    if b"transfer-encoding" in request.headers:
        return True
    length = request.headers.get(b"content-length", b"0")
    return not length.isdigit() or int(length[:20]) > _UNREAD
