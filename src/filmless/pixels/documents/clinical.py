"""Clinical documents (HL7 CDA, PS3.3 A.45.2) as people read them: title, header and the narrative of the sections.

The reader takes what it knows of the narrative (paragraphs, lists, tables) and the text of everything else; styles,
scripts, links and pictures do not pass. A document type declaration ends the reading: there are no entities.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from xml.parsers import expat

from filmless.pixels.documents.attributes import date_time
from filmless.pixels.documents.page import html_page

TITLE = "Clinical document"  # of one without a title
MAX_BLOCKS = 20_000
MAX_DEPTH = 200  # elements within each other
_HL7 = "urn:hl7-org:v3"
_PART = 1 << 16  # bytes that are parsed before the limits are looked at again


class Kind(StrEnum):
    """What a piece of the narrative is."""

    SECTION = "section"  # its title
    PARAGRAPH = "paragraph"
    ITEM = "item"  # of a list
    ROW = "row"  # of a table


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the narrative; ``depth`` of sections or lists around it; ``cells`` of a row, else one text."""

    kind: Kind
    depth: int
    cells: tuple[str, ...]


@dataclass(slots=True)
class ClinicalDocument:
    """What is shown of a document."""

    title: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    remark: str = ""  # why this is not all


class _StopError(Exception):
    """The rest is not read; says why."""


def clinical_document(document: bytes) -> ClinicalDocument:
    """Read a document, as far as it can be read. Never raises."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        for at in range(0, len(document), _PART):
            parser.Parse(document[at : at + _PART], at + _PART >= len(document))
    except _StopError as why:
        reader.found.remark = str(why)
    except (expat.ExpatError, ValueError, LookupError):  # the latter: an encoding that nobody has
        reader.found.remark = "The document is damaged from here on."
    if not document:
        reader.found.remark = "The document is empty."
    return reader.found


_ENDS_BLOCK = frozenset(("paragraph", "item", "caption", "text", "table", "list", "br", "tr"))
_DROPPED = frozenset(("script", "style"))  # a narrative has none (CDA R2 4.3.5)
_FACTS = {  # path of elements at the end of which a fact stands, and its name
    ("patient", "name"): "Patient",
    ("assignedPerson", "name"): "Author",
    ("representedCustodianOrganization", "name"): "Custodian",
}


class _Reader:
    """Handlers of expat's events."""

    def __init__(self) -> None:
        self.found = ClinicalDocument()
        self._path: list[str] = []
        self._words: list[str] = []
        self._cells: list[str] = []
        self._sections = 0
        self._narrative = 0  # depth of the <text> that is read; 0: none

    def refuse(self, *_: object) -> None:
        """A document type declaration: entities could stand in it."""
        raise _StopError("The document has a document type declaration, which is not read.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        space, _, local = name.rpartition(" ")
        local = local if space in ("", _HL7) else ""
        self._path.append(local)
        if len(self._path) > MAX_DEPTH or len(self.found.blocks) > MAX_BLOCKS:
            raise _StopError("The rest is not shown.")
        if self._narrative:
            self._start_narrative(local)
            return
        if local == "name" or not self._is_name():
            self._words.clear()
        self._words.append(" ")  # between the parts of a name
        if local == "section":
            self._sections += 1
        elif local == "text" and "section" in self._path:
            self._narrative = len(self._path)
        elif local == "effectiveTime" and len(self._path) == 2 and "value" in attributes:
            self.found.facts.append(("Document", date_time(attributes["value"])))
        elif local == "birthTime" and "value" in attributes:
            self.found.facts.append(("Born", date_time(attributes["value"])))

    def _start_narrative(self, local: str) -> None:
        if local in ("td", "th"):
            self._words.clear()
        elif local in _ENDS_BLOCK:
            self._end_block()

    def end(self, _: str) -> None:
        """An element ends."""
        local, depth = self._path[-1], len(self._path)
        if self._narrative:
            self._end_narrative(local)
            if depth == self._narrative:
                self._end_block()
                self._narrative = 0
        elif local == "title":
            self._end_title()
        elif (label := self._fact()) and self._joined():
            self.found.facts.append((label, self._joined()))
            self._words.clear()
        elif local == "section":
            self._sections -= 1
        self._path.pop()

    def _end_narrative(self, local: str) -> None:
        if local in ("td", "th"):
            self._cells.append(self._joined())
            self._words.clear()
        elif local == "tr":
            if any(self._cells):
                self.found.blocks.append(Block(Kind.ROW, self._sections, tuple(self._cells)))
            self._cells.clear()
        elif local in _ENDS_BLOCK:
            self._end_block()

    def _end_title(self) -> None:
        words = self._joined()
        if self._sections and words:
            self.found.blocks.append(Block(Kind.SECTION, self._sections, (words,)))
        elif len(self._path) == 2:
            self.found.title = words

    def _fact(self) -> str:
        """What the name is of that ends here, or whose part ends here."""
        return _FACTS.get(tuple(self._path[-2:]), "")  # type: ignore[arg-type]  # a path has two parts or is not there

    def _end_block(self) -> None:
        """What has come since the last block is one; inside of a table it belongs to a cell."""
        if "td" in self._path or "th" in self._path:
            self._words.append(" ")
            return
        words = self._joined()
        self._words.clear()
        if words:
            inside = self._path[self._narrative :]
            kind = Kind.ITEM if "item" in inside else Kind.PARAGRAPH
            depth = inside.count("item") if kind is Kind.ITEM else self._sections
            self.found.blocks.append(Block(kind, depth, (words,)))

    def text(self, words: str) -> None:
        """Character data."""
        local = self._path[-1]
        if local not in _DROPPED and (self._narrative or local == "title" or self._is_name()):
            self._words.append(words)

    def _is_name(self) -> bool:
        return any(label in _FACTS for label in zip(self._path[-3:], self._path[-2:], strict=False))

    def _joined(self) -> str:
        return " ".join("".join(self._words).split())


def clinical_page(document: bytes) -> bytes:
    """The document as a page: it has no scripts and loads nothing."""
    found = clinical_document(document)
    return html_page(found.title or TITLE, found.facts, clinical_blocks(found))


def clinical_text(document: bytes) -> bytes:
    """The document as lines of UTF-8 text."""
    found = clinical_document(document)
    return "\n".join((found.title or TITLE, "", *clinical_lines(found), "")).encode()


def clinical_blocks(document: ClinicalDocument) -> Iterator[str]:
    """The narrative as HTML, everything escaped."""
    inside = ""
    for block in document.blocks:
        around = _AROUND.get(block.kind, "")
        if around != inside:
            yield (f"</{inside}>" if inside else "") + (f"<{around}>" if around else "")
            inside = around
        words = escape(block.cells[0])
        if block.kind is Kind.SECTION:
            heading = f"h{min(block.depth + 1, 6)}"
            yield f"<{heading}>{words}</{heading}>"
        elif block.kind is Kind.ROW:
            yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in block.cells)}</tr>"
        else:
            tag = "li" if block.kind is Kind.ITEM else "p"
            yield f"<{tag}>{words}</{tag}>"
    yield f"</{inside}>" if inside else ""
    if document.remark:
        yield f"<p><em>{escape(document.remark)}</em></p>"


_AROUND = {Kind.ITEM: "ul", Kind.ROW: "table"}


def clinical_lines(document: ClinicalDocument) -> Iterator[str]:
    """Lines of text."""
    for label, value in document.facts:
        yield f"{label}: {value}"
    for block in document.blocks:
        if block.kind is Kind.SECTION:
            yield ""
            yield block.cells[0]
        elif block.kind is Kind.ROW:
            yield " | ".join(block.cells)
        else:
            yield ("  " * block.depth + "- " if block.kind is Kind.ITEM else "") + block.cells[0]
    if document.remark:
        yield document.remark
