"""The table of routes: method, path, the right it needs, who answers; matched by segments."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from filmless.access.roles import Right
from filmless.servers.http_messages import JSON, Answer, Request

Handler = Callable[[Request], Awaitable[Answer]]

ATTRIBUTES = "{attribute}"  # among query parameters: every attribute, by keyword or tag (PS3.18 8.3.4.1)


@dataclass(frozen=True, slots=True)
class Route:
    """One row. ``{name}`` in the path is one segment, ``{name*}`` at its end one or more."""

    method: str
    path: str
    right: Right | None  # None: public
    handler: Handler
    summary: str
    query: tuple[str, ...] = ()  # names of query parameters; ATTRIBUTES for any attribute
    takes: tuple[str, ...] = ()  # media types of the request's body
    gives: tuple[str, ...] = (JSON,)  # media types of the answer; none where it has no body
    members: tuple[str, ...] = ()  # text members of a body that is a JSON object


@dataclass(frozen=True, slots=True)
class Found:
    """The route of a request and the parameters of its path."""

    route: Route
    parameters: dict[str, str]


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "tuple[str, _Node] | None" = None
    tail: "tuple[str, dict[str, Route]] | None" = None
    methods: dict[str, Route] = field(default_factory=dict)


class Routes:
    """All rows, and the search among them."""

    def __init__(self, rows: Iterable[Route]) -> None:
        self.rows = tuple(rows)
        self._root = _Node()
        for row in self.rows:
            self._insert(row)

    def find(self, method: str, segments: list[str]) -> Found | frozenset[str] | None:
        """The route; the methods that exist where this one does not; None for an unknown path."""
        node, parameters = self._root, {}
        methods: dict[str, Route] | None = None
        for position, segment in enumerate(segments):
            step = node.literals.get(segment)
            if step is None and node.parameter is not None and segment:
                parameters[node.parameter[0]] = segment
                step = node.parameter[1]
            if step is None:
                if node.tail is None or not segment:
                    return None
                parameters[node.tail[0]] = "/".join(segments[position:])
                methods = node.tail[1]
                break
            node = step
        methods = node.methods if methods is None else methods
        route = methods.get("GET" if method == "HEAD" else method)
        if route is not None:
            return Found(route, parameters)
        return frozenset(methods) or None

    def methods(self, segments: list[str]) -> list[str]:
        """The methods that a path is served by; none for an unknown path."""
        found = self.find("", segments)
        if not isinstance(found, frozenset):
            return []
        return sorted({"OPTIONS", *found, *(("HEAD",) if "GET" in found else ())})

    def _insert(self, row: Route) -> None:
        node = self._root
        for segment in split_path(row.path):
            name = segment.strip("{*}")
            if segment.endswith("*}"):
                if node.tail is None:
                    node.tail = (name, {})
                node.tail[1][row.method] = row
                return
            if segment.startswith("{"):
                if node.parameter is None:
                    node.parameter = (name, _Node())
                node = node.parameter[1]
            else:
                node = node.literals.setdefault(segment, _Node())
        node.methods[row.method] = row


def split_path(raw_path: str) -> list[str]:
    """Segments of a path as it was sent, each decoded alone: an encoded slash never makes two of one."""
    segments = raw_path.split("?", 1)[0].split("/")[1:]
    if segments and not segments[-1]:
        segments.pop()
    return [unquote(segment) if "%" in segment else segment for segment in segments]
