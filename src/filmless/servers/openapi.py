"""The OpenAPI description, made from the table of routes."""

import re
from collections.abc import Sequence

from filmless import __version__
from filmless.servers.routes import Route

_PARAMETER = re.compile(r"\{(\w+)\*?\}")
_PROBLEM = {"description": "What went wrong (RFC 9457)", "content": {"application/problem+json": {}}}


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
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "filmless"},
            }
        },
    }


def _operation(route: Route) -> dict[str, object]:
    public = route.right is None
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]
    operation: dict[str, object] = {
        "summary": route.summary,
        "security": [] if public else [{"token": []}, {"session": []}],
        "responses": {"2XX": {"description": "Done"}, "4XX": _PROBLEM},
    }
    if parameters:
        operation["parameters"] = parameters
    if route.right is not None:
        operation["x-right"] = route.right.value
    return operation
