"""multipart/related (RFC 2387): requests taken apart while they arrive, answers whose length is known in advance."""

from collections.abc import Iterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from filmless.servers.http_messages import Problem
from filmless.servers.media_types import MediaType

MAX_PARTS = 10_000  # of one request
MAX_HEADER = 4096  # bytes of one header line of a part
MAX_HEADERS = 20  # of one part


@dataclass(frozen=True, slots=True)
class PartBegins:
    """The headers of a part are known."""

    content_type: str


@dataclass(frozen=True, slots=True)
class PartEnds:
    """The part is whole."""


Step = PartBegins | bytes | PartEnds


def boundary_of(content_type: MediaType, wanted: str) -> bytes:
    """The boundary of a request's multipart/related body of ``wanted`` parts; ``Problem`` 415 or 400."""
    if content_type.name != "multipart/related" or content_type.parameters.get("type", wanted).lower() != wanted:
        raise Problem(415, f'The body must be multipart/related; type="{wanted}".')
    boundary = content_type.parameters.get("boundary", "")
    if not 1 <= len(boundary) <= 70:  # RFC 2046 5.1.1
        raise Problem(400, "The Content-Type names no boundary of 1 to 70 characters.")
    return boundary.encode("latin-1", "replace")


class PartReader:
    """Takes a body apart; holds no more of it than a delimiter's length."""

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"--" + boundary
        self._before = b"\r\n"  # what was read of the preamble (RFC 2046 5.1.1: it is ignored), its end only
        self._in_preamble = True
        self._steps: list[Step] = []
        self._parts = 0
        self._field = self._value = b""
        self._content_type = ""
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._part_data,
                "on_part_end": lambda: self._steps.append(PartEnds()),
                "on_end": self._end,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER,
        )

    def feed(self, chunk: bytes) -> list[Step]:
        """What the next bytes of the body bring; ``Problem`` 400 when they are malformed, 413 for too many parts."""
        if self._in_preamble:
            chunk = self._skip_preamble(chunk)
        self._steps = []
        if chunk and not self._ended:
            try:
                self._parser.write(chunk)
            except FormParserError:
                raise Problem(400, "The multipart body is malformed.") from None
        return self._steps

    def finish(self) -> None:
        """``Problem`` 400 when the closing delimiter has not come."""
        if not self._ended:
            raise Problem(400, "The multipart body ended before its closing delimiter.")

    def _skip_preamble(self, chunk: bytes) -> bytes:
        text = self._before + chunk
        found = text.find(b"\r\n" + self._delimiter)
        if found < 0:
            self._before = text[-len(self._delimiter) - 1 :]
            return b""
        self._in_preamble = False
        return text[found + 2 :]

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise Problem(413, f"A request has at most {MAX_PARTS} parts.")
        self._content_type = ""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        if self._field.lower() == b"content-type":
            self._content_type = self._value.decode("latin-1")
        self._field = self._value = b""

    def _headers_end(self) -> None:
        self._steps.append(PartBegins(self._content_type))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._steps.append(data[start:end])

    def _end(self) -> None:
        self._ended = True


@dataclass(frozen=True, slots=True)
class PartHead:
    """The delimiter and headers before a part of an answer."""

    text: bytes
    length: int  # bytes of the part's body


class PartWriter:
    """Lays out an answer of parts whose lengths are known."""

    def __init__(self, boundary: str) -> None:
        self._boundary = boundary
        self.end = f"\r\n--{boundary}--\r\n".encode()

    def head(self, content_type: str, *, is_first: bool) -> bytes:
        """What stands before a part's body."""
        before = "" if is_first else "\r\n"
        return f"{before}--{self._boundary}\r\nContent-Type: {content_type}\r\n\r\n".encode()

    def length(self, parts: Iterator[tuple[str, int]]) -> int:
        """Bytes of a whole body whose parts have these types and lengths."""
        total = len(self.end)
        for number, (content_type, length) in enumerate(parts):
            total += len(self._boundary) + len(content_type) + length + (22 if number == 0 else 24)
        return total

    def media_type(self, part_type: str) -> str:
        """The Content-Type of the answer."""
        return f'multipart/related; type="{part_type}"; boundary={self._boundary}'
