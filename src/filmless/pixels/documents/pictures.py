"""Documents as pictures: grid paper with curves, the beginning of a report; runs in the codec child."""

from PIL import Image

from filmless.pixels.derived.kinds import KINDS, Kind
from filmless.pixels.derived.listing import Line, Listing, drawn
from filmless.pixels.documents.paper import page_of
from filmless.pixels.documents.report import report_lines
from filmless.pixels.documents.sheet import sheet
from filmless.pixels.documents.signals import waveform_of
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
    return None
