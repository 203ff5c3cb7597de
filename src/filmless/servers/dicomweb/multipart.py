"""multipart/related (RFC 2387): requests taken apart where they lie, answers whose length is known in advance."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from filmless.servers.http_messages import Problem
from filmless.servers.media_types import MediaType
from filmless.servers.memory import Regions

MAX_BOUNDARY = 200  # characters: RFC 2046 5.1.1 allows 70, Orthanc sends 73
MAX_PARTS = 10_000  # of one request
MAX_HEADER = 16 << 10  # bytes of all headers of a part
MAX_HEADERS = 20  # of one part
LARGE = 4 << 20  # bytes: larger parts come in pieces
REGION = LARGE + (1 << 20)  # bytes that the parts of one request share; each whole part lies in one region
READ = 1 << 20  # bytes asked for at once
GUESSED_FROM = 16 << 10  # bytes: so much of a part is looked at before its length is guessed
SMALL = 64 << 10  # bytes: shorter bodies have memory of their own

_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
_PADDING = b" \t"


@dataclass(frozen=True, slots=True)
class PartBegins:
    """The headers of a part are known."""

    content_type: str
    location: str = ""  # Content-Location


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a large part, not its last; they may be overwritten once the step has been taken."""

    view: memoryview


@dataclass(frozen=True, slots=True)
class PartEnds:
    """The part is whole; ``view`` is all of it, or what follows its pieces, and stays as it is."""

    view: memoryview


Step = PartBegins | Piece | PartEnds


class _In(Enum):
    """What the bytes that come next belong to."""

    PREAMBLE = auto()
    DELIMITER = auto()  # behind the boundary
    HEADERS = auto()
    PART = auto()
    EPILOGUE = auto()


def boundary_of(content_type: MediaType, wanted: str) -> bytes:
    """The boundary of a request's multipart/related body of ``wanted`` parts; ``Problem`` 415 or 400."""
    if content_type.name != "multipart/related" or content_type.parameters.get("type", wanted).lower() != wanted:
        raise Problem(415, f'The body must be multipart/related; type="{wanted}".')
    boundary = content_type.parameters.get("boundary", "")
    if not 1 <= len(boundary) <= MAX_BOUNDARY:
        raise Problem(400, f"The Content-Type names no boundary of 1 to {MAX_BOUNDARY} characters.")
    return boundary.encode("latin-1", "replace")


class PartReader:
    """Takes a body apart in the memory into which it is read, so that no byte of a part is copied on the way.

    ``room`` is where the next bytes go, ``take`` says how many came and gives the steps they make.

    ``likely_length`` guesses the length of a part from its beginning. Where the guess finds a delimiter, the part is
    not searched for one: RFC 2046 5.1.1 forbids it in a part, and to search costs as much as half a hash.
    """

    def __init__(
        self,
        boundary: bytes,
        regions: Regions,
        length: int | None = None,
        likely_length: Callable[[memoryview], int] = lambda _: 0,
    ) -> None:
        """``length`` of the body in bytes, None when it is not known."""
        self._delimiter = b"\r\n--" + boundary
        self._regions = regions
        is_small = length is not None and length < SMALL
        self._region = bytearray(SMALL + 3) if is_small else regions.take()  # 3: the line end below, one for the end
        self._size = len(self._region)
        self._view = memoryview(self._region)
        self._region[:2] = b"\r\n"  # so that the first delimiter looks like the others
        self._start, self._end = 0, 2  # of what is not told yet
        self._searched = 0  # up to here no delimiter begins
        self._likely_length = likely_length
        self._likely_end: int | None = None  # of the part, None before it was guessed
        self._is_shared = False  # a part that was given away lies in this region
        self._in = _In.PREAMBLE
        self._parts = 0

    def room(self) -> memoryview:
        """Where the next bytes of the body are to be read to."""
        if self._end == self._size:
            self._make_room()
        return self._view[self._end : self._end + READ]

    def take(self, count: int, *, is_last: bool = False) -> list[Step]:
        """The next ``count`` bytes are in the room; ``Problem`` 400 for a malformed body, 413 for too many parts."""
        self._end += count
        if is_last and self._likely_end is not None:
            self._likely_end = 0  # it will not be reached
        steps: list[Step] = []
        while self._go_on(steps):
            pass
        if self._in is _In.PART and self._end == self._size and self._end - self._start > LARGE:
            kept = self._end - len(self._delimiter) + 1  # of what follows, a delimiter may have begun
            steps.append(Piece(self._view[self._start : kept]))
            self._start = self._searched = kept
        return steps

    def close(self) -> None:
        """Let go of the memory."""
        self._view = memoryview(b"")
        self._regions.give(self._region)

    def finish(self) -> None:
        """``Problem`` 400 when the closing delimiter has not come."""
        if self._in is not _In.EPILOGUE:
            raise Problem(400, "The multipart body ended before its closing delimiter.")

    def _go_on(self, steps: list[Step]) -> bool:
        """Tell the next thing; False when more bytes are needed for it."""
        if self._in is _In.PREAMBLE:
            return self._preamble()
        if self._in is _In.DELIMITER:
            return self._delimiter_line()
        if self._in is _In.HEADERS:
            return self._headers(steps)
        if self._in is _In.PART:
            return self._part(steps)
        self._start = self._end  # the epilogue is ignored
        return False

    def _preamble(self) -> bool:
        found = self._find_delimiter()
        if found < 0:
            self._start = self._searched
            return False
        self._pass(found + len(self._delimiter), _In.DELIMITER)
        return True

    def _delimiter_line(self) -> bool:
        """The rest of a delimiter's line: two hyphens close the body (RFC 2046 5.1.1)."""
        line = bytes(self._view[self._start : min(self._end, self._start + MAX_HEADER)])
        if line.startswith(b"--"):
            self._pass(self._end, _In.EPILOGUE)
            return False
        rest = line.lstrip(_PADDING)
        if rest.startswith(b"\r\n"):
            self._parts += 1
            if self._parts > MAX_PARTS:
                raise Problem(413, f"A request has at most {MAX_PARTS} parts.")
            self._pass(self._start + len(line) - len(rest), _In.HEADERS)  # with the line end
            return True
        if rest not in (b"", b"\r", b"-") or len(line) == MAX_HEADER:
            raise _malformed()
        return False

    def _headers(self, steps: list[Step]) -> bool:
        block = bytes(self._view[self._start : min(self._end, self._start + MAX_HEADER)])
        end = block.find(b"\r\n\r\n")
        if end < 0:
            if len(block) == MAX_HEADER:
                raise _malformed()
            return False
        lines = block[2:end].split(b"\r\n") if end else []
        fields = [_FIELD.fullmatch(line) for line in lines]
        if len(fields) > MAX_HEADERS or not all(fields):
            raise _malformed()
        named = {field[1].lower(): field[2].decode("latin-1") for field in fields if field}
        steps.append(PartBegins(named.get(b"content-type", ""), named.get(b"content-location", "")))
        self._pass(self._start + end + 4, _In.PART)
        return True

    def _part(self, steps: list[Step]) -> bool:
        found = self._find_end()
        if found < 0:
            return False
        steps.append(PartEnds(self._view[self._start : found]))
        self._is_shared = True
        self._pass(found + len(self._delimiter), _In.DELIMITER)
        return True

    def _find_end(self) -> int:
        """Where the part ends, -1 when more bytes are needed."""
        if self._likely_end is None:
            looked_at = min(self._end, self._start + GUESSED_FROM)
            found = self._region.find(self._delimiter, self._start, looked_at)
            if found >= 0:
                return found
            self._likely_end = self._start + self._likely_length(self._view[self._start : looked_at])
        behind = self._likely_end + len(self._delimiter)
        if self._start < self._likely_end and behind <= self._size:
            if behind > self._end:
                return -1
            if self._region.startswith(self._delimiter, self._likely_end):
                return self._likely_end
        return self._find_delimiter()

    def _find_delimiter(self) -> int:
        found = self._region.find(self._delimiter, self._searched, self._end)
        if found < 0:
            self._searched = max(self._start, self._end - len(self._delimiter) + 1)
        return found

    def _pass(self, position: int, then: _In) -> None:
        self._start = self._searched = position
        self._in = then
        self._likely_end = None

    def _make_room(self) -> None:
        """Move what is not told yet to the beginning of a region that nobody else looks at."""
        kept = bytes(self._view[self._start : self._end])
        if self._is_shared:
            self._regions.give(self._region)
            self._region = self._regions.take()
            self._view = memoryview(self._region)
            self._is_shared = False
        self._region[: len(kept)] = kept
        self._searched -= self._start
        if self._likely_end is not None:
            self._likely_end -= self._start
        self._start, self._end = 0, len(kept)


def _malformed() -> Problem:
    return Problem(400, "The multipart body is malformed.")


class PartWriter:
    """Lays out an answer of parts whose lengths are known."""

    def __init__(self, boundary: str) -> None:
        self._boundary = boundary
        self.end = f"\r\n--{boundary}--\r\n".encode()

    def head(self, content_type: str, *, is_first: bool, location: str = "") -> bytes:
        """What stands before a part's body; ``location`` is the part's own address."""
        before = "" if is_first else "\r\n"
        content_location = f"\r\nContent-Location: {location}" if location else ""
        return f"{before}--{self._boundary}\r\nContent-Type: {content_type}{content_location}\r\n\r\n".encode()

    def length(self, parts: Iterator[tuple[str, int]]) -> int:
        """Bytes of a whole body whose parts have these types and lengths."""
        total = len(self.end)
        for number, (content_type, length) in enumerate(parts):
            total += len(self._boundary) + len(content_type) + length + (22 if number == 0 else 24)
        return total

    def media_type(self, part_type: str) -> str:
        """The Content-Type of the answer."""
        return f'multipart/related; type="{part_type}"; boundary={self._boundary}'
