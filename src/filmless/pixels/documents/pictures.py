"""Documents as pictures: grid paper with curves, the beginning of a report; runs in the codec child."""

from PIL import Image

from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.pixels.derived.listing import Line, Listing, drawn
from filmless.pixels.documents.attributes import encapsulated
from filmless.pixels.documents.clinical import TITLE, clinical_document, clinical_lines
from filmless.pixels.documents.paper import page_of
from filmless.pixels.documents.pdf import first_page
from filmless.pixels.documents.report import report_lines
from filmless.pixels.documents.sheet import sheet
from filmless.pixels.documents.signals import waveform_of
from filmless.pixels.documents.surface import surface_of
from filmless.pixels.render.card import CARD_SIZE, card, names
from filmless.pixels.request import Member

REPORT_SIZE = (800, 1100)  # columns, rows where no viewport is asked for


def document_picture(data_set: bytes, member: Member, room: tuple[int, int] | None) -> Image.Image | None:
    """The picture of a document that fits into ``room`` (columns, rows); None of what is none, or is empty."""
    kind = KINDS.get(member.sop_class_uid)
    if kind is Kind.WAVEFORM:
        waveform = waveform_of(data_set, member.transfer_syntax_uid)
        return sheet(page_of(waveform), room) if waveform.groups else None
    if kind is Kind.REPORT:
        title, lines = report_lines(data_set, member.transfer_syntax_uid)
        return drawn(Listing(title, tuple(map(Line, lines))), *(room or REPORT_SIZE)) if lines else None
    if kind is Kind.PDF:
        page = first_page(encapsulated(data_set, member.transfer_syntax_uid), room)
        return card(names(member.sop_class_uid)[0], (page,), *(room or CARD_SIZE)) if isinstance(page, str) else page
    if kind is Kind.CLINICAL_DOCUMENT:
        document = clinical_document(encapsulated(data_set, member.transfer_syntax_uid))
        clinical = tuple(map(Line, clinical_lines(document)))
        return drawn(Listing(document.title or TITLE, clinical), *(room or REPORT_SIZE))
    if kind is Kind.MODEL:
        surface = surface_of(encapsulated(data_set, member.transfer_syntax_uid))
        return card(names(member.sop_class_uid)[0], (str(surface),), *(room or CARD_SIZE)) if surface else None
    return None
