"""Documents and videos as they are rendered: as text, or as what is stored (PS3.18 8.7.4, 10.4.1.1.3)."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from filmless.archive.errors import NotFound
from filmless.archive.model import KeptInstance
from filmless.archive.scope import Scope
from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.pixels.documents.page import STYLE
from filmless.servers.byte_ranges import is_known, with_ranges
from filmless.servers.dicomweb.charsets import charset_of, encoded
from filmless.servers.dicomweb.negotiation import Offer
from filmless.servers.dicomweb.render.pictures import Pictures
from filmless.servers.dicomweb.retrieve.values import PIXELS, Value, locate, own_media_type, stream
from filmless.servers.dicomweb.service import Service, entity_tag
from filmless.servers.http_messages import Answer, Request

HTML, PLAIN, SVG, MP4 = "text/html", "text/plain", "image/svg+xml", "video/mp4"
MAX_DOCUMENT_BYTES = 16 << 20

_TEXTS: dict[Kind | None, tuple[Offer, ...]] = {
    Kind.REPORT: (Offer(HTML), Offer(PLAIN)),
    Kind.CLINICAL_DOCUMENT: (Offer(HTML), Offer(PLAIN)),
    Kind.WAVEFORM: (Offer(SVG, by_name=True),),
}
_WRAPPERS = frozenset((Kind.PDF, Kind.CLINICAL_DOCUMENT))  # rendered as what they hold, too

_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
_POLICY = (  # no script, nothing loaded; a sandbox would take the session from the links to images
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
).encode()


class Documents:
    """``offers`` of an instance, and its ``answer``."""

    def __init__(self, service: Service, pictures: Pictures) -> None:
        self._service = service
        self._pictures = pictures

    async def offers(self, kept: KeptInstance, pictures: Sequence[Offer], scope: Scope) -> list[Offer]:
        """What can be had of an instance, the default first: a document or video before its picture."""
        kind, own = KINDS.get(kept.sop_class_uid), own_media_type(kept)
        offers = list(pictures)
        if own is not None and own[0] == MP4 and await self._service.call(self._is_mp4, kept, scope):
            return [Offer(MP4), *offers]
        if own is not None and kind in _WRAPPERS:
            offers = [Offer(own[0]), *offers]
        return [*_TEXTS.get(kind, ()), *offers] if kept.length <= MAX_DOCUMENT_BYTES else offers

    async def answer(self, request: Request, kept: KeptInstance, media_type: str) -> Answer:
        """What was agreed on, where it is no picture."""
        own = own_media_type(kept)
        if own is not None and own[0] == media_type:
            return await self._stored(request, kept, *own)
        root, charset = self._service.root(request), charset_of(request)
        tag = entity_tag([kept], media_type, root, charset.name)
        headers = (
            (b"vary", b"accept, accept-charset"),
            (b"cache-control", b"private, no-cache"),
            (b"etag", tag.encode()),
        )
        if is_known(request, tag):
            return Answer(304, headers=headers)
        text = await self._pictures.text(kept, media_type, root)
        if media_type == SVG:  # under the policy of every answer: nothing loaded, in a sandbox
            return Answer(200, text, SVG, headers)
        text = await self._service.call(encoded, text, media_type, charset)
        named = f"{media_type}; charset={charset.name.lower()}"
        return Answer(200, text, named, (*headers, (b"content-security-policy", _POLICY)))

    async def _stored(self, request: Request, kept: KeptInstance, media_type: str, path: str) -> Answer:
        """The document or the video itself, in any part; never shown in this house's name."""
        service = self._service
        value = _joined(await service.call(locate, service.archive, kept, path, request.scope))
        headers = (
            (b"vary", b"accept"),
            (b"cache-control", b"private, no-cache"),
            (b"content-disposition", b"attachment"),
        )
        answer = Answer(200, stream(service, kept, value, 0), media_type, headers, value.lengths[0])
        tag = entity_tag([kept], media_type).removeprefix("W/")
        return with_ranges(request, answer, tag, lambda *span: stream(service, kept, value, 0, span))

    def _is_mp4(self, kept: KeptInstance, scope: Scope) -> bool:
        """Whether the stream lies in an MP4 file, and not in a transport stream or bare (PS3.5 8.2.7)."""
        try:
            start, stop = _joined(locate(self._service.archive, kept, PIXELS, scope)).parts[0][0]
        except (NotFound, IndexError):
            return False
        return self._service.archive.read(kept, start, min(start + 8, stop))[4:] == b"ftyp"


def _joined(value: Value) -> Value:
    """All of a value as one part: a stream has no frames."""
    return value if value.made is not None else Value([[span for part in value.parts for span in part]])
