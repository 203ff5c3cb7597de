"""Answers that are asked for conditionally or in part: If-None-Match, Range, If-Range (RFC 9110 13 and 14)."""

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from filmless.archive.model import Chunk
from filmless.servers.http_messages import Answer, Problem, Request

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


Part = Callable[[int, int], AsyncGenerator[bytes]]
"""Gives the bytes of a body from one offset up to another."""


def with_ranges(request: Request, answer: Answer, tag: str, part: Part | None = None) -> Answer:
    """The answer with its strong ETag, 304 to who has it, 206 to who wants a part of it; ``Problem`` 416.

    A body that is streamed gives a part only where its length is known: by ``part``, or by passing over what is before
    it. Of several ranges the whole is given.
    """
    headers = (*answer.headers, (b"etag", tag.encode()))
    if is_known(request, tag):
        return Answer(304, headers=headers)
    length = len(answer.body) if isinstance(answer.body, bytes) else answer.length
    if length is None:
        return replace(answer, headers=headers)
    headers = (*headers, (b"accept-ranges", b"bytes"))
    span = _span(request, tag, length)
    if span is None:
        return replace(answer, headers=headers)
    start, stop = span
    headers = (*headers, (b"content-range", f"bytes {start}-{stop - 1}/{length}".encode()))
    body = answer.body
    given: bytes | AsyncGenerator[Chunk]
    if isinstance(body, bytes):
        given = body[start:stop]
    else:
        given = part(start, stop) if part is not None else _part(body, start, stop)
    return replace(answer, status=206, headers=headers, body=given, length=stop - start)


def is_known(request: Request, tag: str) -> bool:
    """Whether the client has this already (RFC 9110 13.1.2, weak comparison)."""
    sent = request.header(b"if-none-match")
    if not sent:
        return False
    known = [each.strip().removeprefix("W/") for each in sent.split(",")]
    return "*" in known or tag.removeprefix("W/") in known


def _span(request: Request, tag: str, length: int) -> tuple[int, int] | None:
    """The bytes that are asked for; None for all of them."""
    condition = request.header(b"if-range")
    found = _RANGE.fullmatch(request.header(b"range").replace(" ", ""))
    if found is None or request.method != "GET" or (condition and condition != tag):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        start, stop = max(0, length - int(last)), length
    else:
        start, stop = int(first), min(int(last) + 1, length) if last else length
        if last and int(last) < start:
            return None  # not a range: it is ignored (RFC 9110 14.1.1)
    if start >= stop:
        raise Problem(416, f"There are {length} bytes.", ((b"content-range", f"bytes */{length}".encode()),))
    return start, stop


async def _part(body: AsyncGenerator[Chunk], start: int, stop: int) -> AsyncGenerator[Chunk]:
    at = 0
    async with aclosing(body):
        async for chunk in body:
            piece = chunk[max(start - at, 0) : max(stop - at, 0)]
            at += len(chunk)
            if piece:
                yield piece
            if at >= stop:
                return
