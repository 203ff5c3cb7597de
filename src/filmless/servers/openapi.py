"""The OpenAPI description, made from the table of routes."""

import re
from collections.abc import Iterable, Sequence

from filmless import __version__
from filmless.servers.http_messages import JSON
from filmless.servers.routes import ATTRIBUTES, Route

_PARAMETER = re.compile(r"\{(\w+)\*?\}")
_Schema = dict[str, object]

_UID: _Schema = {"type": "string", "pattern": r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+$", "maxLength": 64}
_ID: _Schema = {"type": "string", "format": "uuid"}
_TEXT: _Schema = {"type": "string"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}
_TRUTH: _Schema = {"type": "string", "enum": ["true", "false"]}
_DAY: _Schema = {"type": "string", "pattern": "^[0-9]{8}$"}
_BYTES: _Schema = {}  # of a media type that is not JSON: its own format

_IN_PATHS: dict[str, _Schema] = {
    "study": _UID,
    "series": _UID,
    "instance": _UID,
    "frames": {"type": "string", "pattern": "^[1-9][0-9]{0,8}(,[1-9][0-9]{0,8})*$"},
    "deletion": _ID,
    "patient": _ID,
    "commitment": _ID,
}
# Of query parameters that are more than text; what each door takes is the same under the same name.
_IN_QUERIES: dict[str, _Schema] = {
    "limit": _COUNT,
    "offset": _COUNT,
    "fuzzymatching": _TRUTH,
    "multiplevaluematching": _TRUTH,
    "emptyvaluematching": _TRUTH,
    "totalcount": _TRUTH,
    "failed": _TRUTH,
    "sounds": _TRUTH,
    "since": _COUNT,
    "from": _DAY,
    "to": _DAY,
    "quality": {"type": "integer", "minimum": 1, "maximum": 100},
    "requestType": {"type": "string", "const": "WADO"},
    "studyUID": _UID,
    "seriesUID": _UID,
    "objectUID": _UID,
}
_REQUIRED = frozenset(("requestType", "studyUID", "seriesUID", "objectUID"))  # PS3.18 9.1.2
# Attributes of a search: any names, which the style "form" spreads over the query string.
_ATTRIBUTES: _Schema = {
    "name": "attributes",
    "in": "query",
    "style": "form",
    "explode": True,
    "description": "Attributes to match, by keyword or tag; within sequences joined by points",
    "schema": {
        "type": "object",
        "propertyNames": {"pattern": r"^[0-9A-Fa-f]{8}(\.[0-9A-Fa-f]{8})*$|^[A-Z][A-Za-z0-9]+(\.[A-Z][A-Za-z0-9]+)*$"},
        "additionalProperties": {"type": "string"},
    },
}
_PROBLEM_TYPE = "application/problem+json"
_PROBLEM = {
    "description": "What went wrong (RFC 9457)",
    "content": {_PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_PROBLEM_SCHEMA: _Schema = {
    "type": "object",
    "required": ["type", "title", "status", "id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "id": {"type": "string", "description": "Stands in the log too"},
    },
}
_REFUSED_WHOLE = ("403", "409", "503")  # store requests of which nothing was kept: a store response as well


def describe(routes: Sequence[Route]) -> dict[str, object]:
    """OpenAPI 3.1 of these routes."""
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        path = route.path.replace("*}", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Filmless", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM_SCHEMA},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "filmless"},
            },
        },
    }


def _operation(route: Route) -> dict[str, object]:
    operation: dict[str, object] = {
        "summary": route.summary,
        "security": [] if route.right is None else [{"token": []}, {"session": []}],
        "responses": _responses(route),
    }
    parameters = [*_path_parameters(route.path), *map(_query_parameter, route.query)]
    if parameters:
        operation["parameters"] = parameters
    if route.takes:
        operation["requestBody"] = {"required": True, "content": {each: _body(route, each) for each in route.takes}}
    if route.right is not None:
        operation["x-right"] = route.right.value
    return operation


def _path_parameters(path: str) -> list[_Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _IN_PATHS.get(name, _TEXT)}
        for name in _PARAMETER.findall(path)
    ]


def _query_parameter(name: str) -> _Schema:
    if name == ATTRIBUTES:
        return _ATTRIBUTES
    return {"name": name, "in": "query", "required": name in _REQUIRED, "schema": _IN_QUERIES.get(name, _TEXT)}


def _body(route: Route, media_type: str) -> dict[str, object]:
    if media_type != JSON:
        return {"schema": _BYTES}
    members = dict.fromkeys(route.members, _TEXT)
    return {"schema": {"type": "object", "required": list(route.members), "properties": members}}


def _responses(route: Route) -> dict[str, object]:
    responses: dict[str, object] = {"2XX": _done(route.gives), "4XX": _PROBLEM, "5XX": _PROBLEM}
    if route.method == "GET":
        responses["304"] = {"description": "It has not changed since it was given out"}
    if ATTRIBUTES in route.query:
        responses["204"] = {"description": "Nothing matches"}
    if any(each.startswith("multipart/") for each in route.takes):
        refused = {**_done((*route.gives, _PROBLEM_TYPE)), "description": "Nothing was stored, and why"}
        responses |= dict.fromkeys(_REFUSED_WHOLE, refused)
    return responses


def _done(media_types: Iterable[str]) -> dict[str, object]:
    content: dict[str, object] = {str(each): {} for each in media_types}
    return {"description": "Done", **({"content": content} if content else {})}
