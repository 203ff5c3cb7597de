"""QIDO-RS: search for studies, series and instances (PS3.18 10.6), and, beyond the standard, for patients."""

from dataclasses import replace
from urllib.parse import urlencode

from filmless.archive.model import DicomJson, Level, Page, Query
from filmless.servers.dicomweb.data_sets import DATA_SETS, data_sets_answer
from filmless.servers.dicomweb.negotiation import negotiate
from filmless.servers.dicomweb.search.query_parameters import Asked, read_query
from filmless.servers.dicomweb.service import Service, instance_url, ranges, series_url, study_url, warning
from filmless.servers.http_messages import Answer, Request

STUDY_UID, SERIES_UID, INSTANCE_UID = "0020000D", "0020000E", "00080018"
RETRIEVE_URL = "00081190"


class Qido:
    """Answers searches."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def patients(self, request: Request) -> Answer:
        """Search at patient level."""
        return await self._search(request, Level.PATIENT)

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
        offer = negotiate(ranges(request), DATA_SETS)
        asked = read_query(request.query(), level, request.parameters)
        page = await self._service.call(self._service.archive.find, asked.query, request.scope)
        total = await self._total(asked, request)
        headers = self._headers(request, asked, page, total)
        if not page.matches:
            return Answer(204, headers=headers)  # PS3.18 Table 10.6.3-1: no results
        if level is not Level.PATIENT:
            _add_urls(page, level, self._service.root(request), request.parameters)
        return data_sets_answer(page.matches, offer, headers)

    async def _total(self, asked: Asked, request: Request) -> int | None:
        """The number of all matches, where it is asked for."""
        if not asked.is_counted:
            return None
        everything = replace(asked.query, after=None)
        return (await self._service.call(self._service.archive.count, everything, request.scope, exact=True)).number

    def _headers(
        self, request: Request, asked: Asked, page: Page, total: int | None
    ) -> tuple[tuple[bytes, bytes], ...]:
        root = self._service.root(request)
        headers = [(b"vary", b"accept")]
        if total is not None:
            headers.append((b"x-total-count", b"%d" % total))
        unsupported = (*page.unsupported, *asked.ignored)
        if unsupported:
            headers.append(warning(root, f"The following were not supported: {', '.join(unsupported)[:500]}"))
        if page.cursor is not None:
            remaining = _remaining(asked, page, total)
            headers.append(warning(root, f"There are {remaining}additional results that can be requested"))
            headers.append((b"link", _next(request, root, asked.query, page.cursor).encode()))
        return tuple(headers)


def _remaining(asked: Asked, page: Page, total: int | None) -> str:
    """How many are left (PS3.18 8.3.4.4.1), where all were counted and those before are known."""
    if total is None or asked.query.after is not None:
        return ""
    return f"{max(total - asked.query.offset - len(page.matches), 1)} "


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
