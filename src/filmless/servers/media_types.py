"""Media types of requests and what a client accepts (RFC 9110 12.5.1, PS3.18 8.7)."""

import re
from dataclasses import dataclass, field

_PARAMETER = re.compile(r';\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s"]*)')
_RANGE = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^,"])+)')
MAX_RANGES = 100


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or range: names in lower case, parameters without quotes, quality 0 to 1."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    quality: float = 1.0


def parse(text: str) -> MediaType:
    """One media type with its parameters; never raises."""
    name, semicolon, rest = text.partition(";")
    parameters: dict[str, str] = {}
    for key, value in _PARAMETER.findall(semicolon + rest):
        parameters.setdefault(key.lower(), re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] == '"' else value)
    try:
        quality = min(max(float(parameters.pop("q", "1")), 0.0), 1.0)
    except ValueError:
        quality = 1.0
    return MediaType(name.strip().lower(), parameters, quality)


def accepted(header: str) -> list[MediaType]:
    """The ranges of an Accept header in their order; a header that names none takes everything."""
    return [parse(text) for text in _RANGE.findall(header)[:MAX_RANGES] if text.strip()] or [MediaType("*/*")]
