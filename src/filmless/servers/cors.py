"""Pages of other sites: origins that are named may use DICOMweb with a token; no other site is granted anything.

Cookies are never granted (no Access-Control-Allow-Credentials): what a browser sends by itself is for our own pages.
"""

from dataclasses import dataclass

from filmless.servers.http_messages import Answer, Request

Headers = tuple[tuple[bytes, bytes], ...]

PLACE = "/dicomweb"
MAX_AGE = 600  # seconds that a browser may keep the answer to a preflight

_ASKED = b"accept, authorization, cache-control, content-type, if-match, if-none-match, if-range, range"
_SHOWN = (
    b"accept-ranges, allow, content-disposition, content-encoding, content-location, content-range, etag, link,"
    b" retry-after, warning, www-authenticate, x-total-count"
)


@dataclass(frozen=True, slots=True)
class CrossOrigin:
    """Answers a browser that asks for a page of another site (Fetch, CORS protocol); origins are in lower case."""

    origins: frozenset[str] = frozenset()

    def is_preflight(self, request: Request) -> bool:
        """Whether a browser asks for a named origin if a request may be made; such a question has no credentials."""
        return (
            request.method == "OPTIONS"
            and self._is_named(request)
            and b"access-control-request-method" in request.headers
        )

    def preflight(self, methods: list[str]) -> Answer:
        """What may be asked of an address that is served by these methods."""
        allow: Headers = (
            (b"access-control-allow-methods", ", ".join(methods).encode()),
            (b"access-control-allow-headers", _ASKED),
            (b"access-control-max-age", b"%d" % MAX_AGE),
            (b"vary", b"access-control-request-method, access-control-request-headers"),
        )
        return Answer(204, headers=allow if methods else ())

    def grant(self, request: Request) -> Headers:
        """The headers by which a browser shows an answer to a page of a named origin."""
        if not self.origins or not _is_served(request):
            return ()
        vary = (b"vary", b"origin")
        if not self._is_named(request):
            return (vary,)
        origin = request.headers[b"origin"]
        return ((b"access-control-allow-origin", origin), (b"access-control-expose-headers", _SHOWN), vary)

    def _is_named(self, request: Request) -> bool:
        return _is_served(request) and request.header(b"origin").lower() in self.origins


def _is_served(request: Request) -> bool:
    return request.path == PLACE or request.path.startswith(PLACE + "/")
