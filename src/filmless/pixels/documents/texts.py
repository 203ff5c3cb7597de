"""Documents as text: which text of which object (PS3.18 8.7.4). Runs in the codec child: a document may be hostile."""

from collections.abc import Callable, Mapping

from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.pixels.documents.attributes import encapsulated
from filmless.pixels.documents.clinical import clinical_page, clinical_text
from filmless.pixels.documents.paper import page_of, svg
from filmless.pixels.documents.report import html_report, plain_report
from filmless.pixels.documents.signals import waveform_of
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import Facts, Question

HTML, PLAIN, SVG = "text/html", "text/plain", "image/svg+xml"

_TEXTS: Mapping[tuple[Kind, str], Callable[[bytes, Facts], bytes]] = {
    (Kind.WAVEFORM, SVG): lambda data_set, facts: svg(page_of(waveform_of(data_set, _syntax(facts)))),
    (Kind.REPORT, HTML): lambda data_set, facts: html_report(data_set, _syntax(facts), facts.root),
    (Kind.REPORT, PLAIN): lambda data_set, facts: plain_report(data_set, _syntax(facts)),
    (Kind.CLINICAL_DOCUMENT, HTML): lambda data_set, facts: clinical_page(encapsulated(data_set, _syntax(facts))),
    (Kind.CLINICAL_DOCUMENT, PLAIN): lambda data_set, facts: clinical_text(encapsulated(data_set, _syntax(facts))),
}


def document_text(question: Question) -> bytes:
    """The text that is wanted of the first member, in UTF-8; raises CannotRender."""
    facts, brought = question.facts, question.members[0]
    make = _TEXTS.get((KINDS.get(brought.member.sop_class_uid, Kind.MODEL), facts.text))
    if make is None:
        raise CannotRender(Reason.UNSUPPORTED, "no text of this kind")
    return make(brought.header, facts)


def _syntax(facts: Facts) -> str:
    return facts.members[0].transfer_syntax_uid
