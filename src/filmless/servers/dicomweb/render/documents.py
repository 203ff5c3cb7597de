"""Documents rendered as text: reports and key images as a page or plain text (PS3.18 8.7.4), waveforms as SVG."""

from base64 import b64encode
from hashlib import sha256

from filmless.archive.model import KeptInstance
from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.pixels.documents.paper import page_of, svg
from filmless.pixels.documents.report import HTML, MAX_DOCUMENT_BYTES, PLAIN, STYLE, html_report, plain_report
from filmless.pixels.documents.signals import waveform_of
from filmless.servers.byte_ranges import is_known
from filmless.servers.dicomweb.negotiation import Offer
from filmless.servers.dicomweb.service import Service, entity_tag
from filmless.servers.http_messages import Answer, Request

SVG = "image/svg+xml"
TEXTS = frozenset((HTML, PLAIN, SVG))

_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
_POLICY = (  # no script, nothing loaded; a sandbox would take the session from the links to images
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
).encode()


def text_offers(kept: KeptInstance) -> list[Offer]:
    """What text can be had of an instance, the default first; none of what is no document."""
    if KINDS.get(kept.sop_class_uid) is Kind.REPORT and kept.length <= MAX_DOCUMENT_BYTES:
        return [Offer(HTML), Offer(PLAIN)]
    if KINDS.get(kept.sop_class_uid) is Kind.WAVEFORM and kept.length <= MAX_DOCUMENT_BYTES:
        return [Offer(SVG, by_name=True)]
    return []


async def text_answer(service: Service, request: Request, kept: KeptInstance, media_type: str) -> Answer:
    """The document as the text that was agreed on."""
    root = service.root(request)
    tag = entity_tag([kept], media_type, root)
    headers = ((b"vary", b"accept"), (b"cache-control", b"private, no-cache"), (b"etag", tag.encode()))
    if is_known(request, tag):
        return Answer(304, headers=headers)
    text = await service.call(_text, service, kept, media_type, root)
    if media_type == SVG:  # under the policy of every answer: nothing loaded, in a sandbox
        return Answer(200, text, SVG, headers)
    return Answer(200, text, f"{media_type}; charset=utf-8", (*headers, (b"content-security-policy", _POLICY)))


def _text(service: Service, kept: KeptInstance, media_type: str, root: str) -> bytes:
    data_set = service.archive.read(kept, kept.head_length)
    if media_type == SVG:
        return svg(page_of(waveform_of(data_set, kept.transfer_syntax_uid)))
    if media_type == PLAIN:
        return plain_report(data_set, kept.transfer_syntax_uid)
    return html_report(data_set, kept.transfer_syntax_uid, root)
