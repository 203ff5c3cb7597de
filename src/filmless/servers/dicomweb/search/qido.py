"""QIDO-RS: search for studies, series and instances (PS3.18 10.6)."""

from urllib.parse import urlencode

import orjson

from filmless.archive.model import DicomJson, Level, Page, Query
from filmless.servers.dicomweb.search.query_parameters import read_query
from filmless.servers.dicomweb.service import Service, instance_url, require_json, series_url, study_url, warning
from filmless.servers.http_messages import Answer, Request

STUDY_UID, SERIES_UID, INSTANCE_UID = "0020000D", "0020000E", "00080018"
RETRIEVE_URL = "00081190"


class Qido:
    """Answers searches."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def studies(self, request: Request) -> Answer:
        """Search at study level."""
        return await self._search(request, Level.STUDY)

    async def series(self, request: Request) -> Answer:
        """Search at series level: of one study, or of all."""
        return await self._search(request, Level.SERIES)

    async def instances(self, request: Request) -> Answer:
        """Search at instance level: of one series, of one study, or of all."""
        return await self._search(request, Level.IMAGE)

    async def _search(self, request: Request, level: Level) -> Answer:
        media_type = require_json(request)
        asked = read_query(request.query(), level, request.parameters)
        page = await self._service.call(self._service.archive.find, asked.query, request.scope)
        headers = self._headers(request, asked.query, page, asked.ignored)
        if not page.matches:
            return Answer(204, headers=headers)  # PS3.18 Table 10.6.3-1: no results
        _add_urls(page, level, self._service.root(request), request.parameters)
        return Answer(200, orjson.dumps(page.matches), media_type, headers)

    def _headers(
        self, request: Request, query: Query, page: Page, ignored: tuple[str, ...]
    ) -> tuple[tuple[bytes, bytes], ...]:
        root = self._service.root(request)
        headers = []
        unsupported = (*page.unsupported, *ignored)
        if unsupported:
            headers.append(warning(root, f"The following were not supported: {', '.join(unsupported)[:500]}"))
        if page.cursor is not None:
            headers.append(warning(root, f"There are more results than these {len(page.matches)}; see Link"))
            headers.append((b"link", _next(request, root, query, page.cursor).encode()))
        return tuple(headers)


def _next(request: Request, root: str, query: Query, cursor: str) -> str:
    """The Link to what follows: the same search, from the cursor on."""
    kept = [(name, value) for name, value in request.query() if name.lower() not in ("offset", "cursor", "limit")]
    path = request.path.partition("/dicomweb")[2]
    fields = urlencode([*kept, ("limit", str(query.limit)), ("cursor", cursor)])
    return f'<{root}{path}?{fields}>; rel="next"'


def _add_urls(page: Page, level: Level, root: str, parameters: dict[str, str]) -> None:
    """Add Retrieve URL (0008,1190) to each match."""
    for match in page.matches:
        study = parameters.get("study") or _uid(match, STUDY_UID)
        if level is Level.STUDY:
            url = study_url(root, study)
        elif level is Level.SERIES:
            url = series_url(root, study, _uid(match, SERIES_UID))
        else:
            series = parameters.get("series") or _uid(match, SERIES_UID)
            url = instance_url(root, study, series, _uid(match, INSTANCE_UID))
        match[RETRIEVE_URL] = {"vr": "UR", "Value": [url]}


def _uid(match: DicomJson, tag: str) -> str:
    value = match.get(tag, {}).get("Value")
    return str(value[0]) if isinstance(value, list) and value else ""
