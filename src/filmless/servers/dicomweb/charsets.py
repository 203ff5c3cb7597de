"""In which character set text is answered: what the client accepts against what there is (PS3.18 8.8)."""

from dataclasses import dataclass

from filmless.servers.http_messages import Problem, Request
from filmless.servers.media_types import MediaType, accepted

_META = '<meta charset="{}">'


@dataclass(frozen=True, slots=True)
class Charset:
    """A character set: its preferred name at IANA, and that of Python's codec."""

    name: str
    codec: str


UTF_8 = Charset("UTF-8", "utf-8")

# IANA's name, DICOM's defined term (PS3.18 D), Python's codec. Those that shift by escape sequences are left out: a
# browser can be led astray by them.
_TABLE = (
    ("UTF-8", "ISO_IR 192", "utf-8"),
    ("US-ASCII", "ISO_IR 6", "ascii"),
    ("ISO-8859-1", "ISO_IR 100", "iso8859-1"),
    ("ISO-8859-2", "ISO_IR 101", "iso8859-2"),
    ("ISO-8859-3", "ISO_IR 109", "iso8859-3"),
    ("ISO-8859-4", "ISO_IR 110", "iso8859-4"),
    ("ISO-8859-5", "ISO_IR 144", "iso8859-5"),
    ("ISO-8859-6", "ISO_IR 127", "iso8859-6"),
    ("ISO-8859-7", "ISO_IR 126", "iso8859-7"),
    ("ISO-8859-8", "ISO_IR 138", "iso8859-8"),
    ("ISO-8859-9", "ISO_IR 148", "iso8859-9"),
    ("ISO-8859-15", "ISO_IR 203", "iso8859-15"),
    ("TIS-620", "ISO_IR 166", "tis-620"),
    ("Shift_JIS", "ISO_IR 13", "shift_jis"),
    ("EUC-KR", "ISO 2022 IR 149", "euc_kr"),
    ("GB18030", "GB18030", "gb18030"),
    ("GBK", "GBK", "gbk"),
)

CHARSETS = {key.lower(): Charset(name, codec) for name, term, codec in _TABLE for key in (name, term)}


def charset_of(request: Request) -> Charset:
    """The best that the query parameter names, else the header, else UTF-8 (PS3.18 8.8.5).

    ``Problem`` 400 for a parameter that names none there is (PS3.18 8.3.3.2); such a header is passed over.
    """
    for name, value in request.query():
        if name == "charset":
            found = _best(value)
            if found is None:
                offered = ", ".join(each[0] for each in _TABLE)
                raise Problem(400, f"This charset is not known here. It may be one of {offered}.")
            return found
    return _best(request.header(b"accept-charset")) or UTF_8


def encoded(text: bytes, media_type: str, charset: Charset) -> bytes:
    """A text in UTF-8 as it is answered; what the character set lacks is a reference in HTML, else a question mark."""
    if charset == UTF_8:
        return text
    if media_type != "text/html":
        return text.decode(errors="replace").encode(charset.codec, "replace")
    page = text.decode(errors="replace").replace(_META.format("utf-8"), _META.format(charset.name.lower()), 1)
    return page.encode(charset.codec, "xmlcharrefreplace")


def _best(listed: str) -> Charset | None:
    ranges = [each for each in accepted(listed) if listed.strip() and each.quality > 0]
    known = [(each.quality, found) for each in ranges if (found := _known(each)) is not None]
    return max(known, key=lambda each: each[0])[1] if known else None  # of equals the first


def _known(wanted: MediaType) -> Charset | None:
    return CHARSETS.get(wanted.name.strip(' "'))
