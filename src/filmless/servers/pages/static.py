"""The built web application: hashed assets for ever, pages never cached, addresses of pages only for known people."""

import gzip
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from filmless.servers.gate import Gate
from filmless.servers.http_messages import Answer, Problem, Request

# UI: scripts and connections of our own only; styles inline for the component library; WASM for the decoders.
PAGE_POLICY = (
    b"default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' blob: data:; "
    b"style-src 'self' 'unsafe-inline'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
PAGES = (  # as web/src/routes.tsx has them
    "/", "/login", "/setup", "/worklist", "/studies/:uid", "/studies/:uid/objects/:instance", "/patients",
    "/patients/:key", "/read/:uid", "/bin",
)  # fmt: skip
OPEN_PAGES = frozenset(("/", "/login", "/setup"))  # pages that nobody need be known for
_PAGE = re.compile("|".join(re.sub(r":\w+", "[^/]+", page) for page in PAGES))
_NAMES = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]*$")
_HASHED = re.compile(r"[.-][A-Za-z0-9_-]{8}\.[a-z0-9.]+$")
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
_VARY = (b"vary", b"accept-encoding")
_COMPRESSIBLE = ("text/", "image/svg+xml", "application/json", "application/wasm")
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2", ".wasm": "application/wasm"}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    headers: tuple[tuple[bytes, bytes], ...]
    gzipped: bytes = b""  # "" where it would not be smaller

    def answer(self, request: Request, status: int = 200) -> Answer:
        """Give it as the client takes it (RFC 9110 12.5.3)."""
        if self.gzipped and _GZIP.search(request.header(b"accept-encoding")):
            headers = (*self.headers, (b"content-encoding", b"gzip"), _VARY)
            return Answer(status, self.gzipped, self.media_type, headers)
        return Answer(status, self.content, self.media_type, (*self.headers, _VARY) if self.gzipped else self.headers)


class StaticFiles:
    """Holds the built files in memory (some 2 MB), so that no path of a request ever reaches the file system."""

    def __init__(self, folder: Path, gate: Gate) -> None:
        self._gate = gate
        self._files = {
            "/" + path.relative_to(folder).as_posix(): _read(path) for path in folder.rglob("*") if path.is_file()
        }
        self._page = self._files.get("/index.html") or _File(_NO_BUILD, "text/html; charset=utf-8", _PAGE_HEADERS)

    async def serve(self, request: Request) -> Answer:
        """A file, or the page of the web application for an address of a page."""
        path = request.path
        file = self._files.get(path)
        if file is not None:
            return file.answer(request)
        if _SUFFIX.search(path) or not all(map(_NAMES.fullmatch, filter(None, path.split("/")))):
            raise Problem(404, "There is nothing at this address.")
        if path not in OPEN_PAGES:
            try:
                await self._gate.identify(request)
            except Problem:
                if "text/html" not in request.header(b"accept"):
                    raise
                query = request.query_string.decode("latin-1")
                wanted = quote(f"{path}?{query}" if query else path, safe="/")
                return Answer(303, headers=((b"location", b"/login?next=" + wanted.encode()),))
        status = 200 if _PAGE.fullmatch(path) else 404  # the application's own page says that there is nothing
        return self._page.answer(request, status)


def _read(path: Path) -> _File:
    is_page = path.suffix == ".html"
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    cache = b"public, max-age=31536000, immutable" if _HASHED.search(path.name) else b"no-cache"
    headers = _PAGE_HEADERS if is_page else ((b"cache-control", cache), (b"content-security-policy", PAGE_POLICY))
    content = path.read_bytes()
    gzipped = gzip.compress(content, mtime=0) if media_type.startswith(_COMPRESSIBLE) else b""
    return _File(content, media_type, headers, gzipped if len(gzipped) < len(content) else b"")


_PAGE_HEADERS = ((b"cache-control", b"no-cache"), (b"content-security-policy", PAGE_POLICY))
_NO_BUILD = b"<!doctype html><title>Filmless</title><p>The web application has not been built (make web)."
