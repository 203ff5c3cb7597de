"""Retrieve Capabilities (PS3.18 8.9): what this origin server answers, written from its table of routes."""

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

import orjson

from filmless.servers.dicomweb.negotiation import Offer, negotiate
from filmless.servers.dicomweb.service import Service, ranges
from filmless.servers.http_messages import JSON, Answer, Request
from filmless.servers.openapi import describe
from filmless.servers.routes import Route

WADL = "application/vnd.sun.wadl+xml"
OPENAPI = "application/vnd.oai.openapi+json"

DESCRIBED = (WADL, OPENAPI, JSON)

_PARAMETER = re.compile(r"\{(\w+)\*?\}")
_PREFIX = "/dicomweb"
_OFFERS = (Offer(WADL), Offer(OPENAPI, by_name=True), Offer(JSON, by_name=True))


class Capabilities:
    """Answers OPTIONS of the service: WADL, or OpenAPI where it is asked for."""

    def __init__(self, service: Service, routes: Sequence[Route]) -> None:
        self._service, self._routes = service, routes

    async def retrieve(self, request: Request) -> Answer:
        """The description in the media type that is wanted most; 406 for another."""
        allow = ", ".join(sorted({"HEAD", "OPTIONS", *(route.method for route in self._routes)}))
        headers = (
            (b"allow", allow.encode()),
            (b"vary", b"accept"),
            (b"link", b'</api/openapi.json>; rel="service-desc"'),
        )
        media_type = negotiate(ranges(request), _OFFERS).media_type
        if media_type == WADL:
            return Answer(200, _wadl(self._service.root(request), self._routes), WADL, headers)
        return Answer(200, orjson.dumps(describe(self._routes)), media_type, headers)


def _wadl(root: str, routes: Sequence[Route]) -> bytes:
    """The routes as a Web Application Description (W3C member submission WADL)."""
    paths: dict[str, list[Route]] = {}
    for route in routes:
        paths.setdefault(route.path.removeprefix(_PREFIX).replace("*}", "}").lstrip("/"), []).append(route)
    resources = "".join(_resource(path, rows) for path, rows in paths.items())
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<application xmlns="http://wadl.dev.java.net/2009/02">'
        f"<resources base={quoteattr(root + '/')}>{resources}</resources></application>\n"
    )
    return text.encode()


def _resource(path: str, routes: Sequence[Route]) -> str:
    parameters = "".join(
        f'<param name="{name}" style="template" required="true"/>' for name in _PARAMETER.findall(path)
    )
    methods = "".join(_method(route) for route in routes)
    return f"<resource path={quoteattr(path)}>{parameters}{methods}</resource>"


def _method(route: Route) -> str:
    query = "".join(f'<param name="{name}" style="query"/>' for name in route.query)
    takes = "".join(f"<representation mediaType={quoteattr(each)}/>" for each in route.takes)
    request = f"<request>{query}{takes}</request>" if query or takes else ""
    gives = "".join(f"<representation mediaType={quoteattr(each)}/>" for each in route.gives)
    response = f"<response>{gives}</response>" if gives else ""
    return f"<method name={quoteattr(route.method)}><doc>{escape(route.summary)}</doc>{request}{response}</method>"
