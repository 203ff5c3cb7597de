"""A structured report as a page and as plain text (PS3.18 8.7.4: text/html, text/plain)."""

import json
from collections.abc import Iterator
from html import escape

from filmless.pixels.documents.content import Content, Heading, content_of, heading_of
from filmless.pixels.documents.page import html_page
from filmless.standards.models.dicom_json import data_set_json

_DEEPEST_HEADING = 6


def html_report(data_set: bytes, transfer_syntax_uid: str, root: str) -> bytes:
    """A page for people: everything is escaped, nothing is loaded; ``root`` is the address of the DICOMweb service."""
    heading, content = _read(data_set, transfer_syntax_uid)
    return html_page(heading.title, heading.facts, _page(content, heading, root))


def plain_report(data_set: bytes, transfer_syntax_uid: str) -> bytes:
    """Lines of UTF-8 text, indented as the document is nested."""
    heading, content = _read(data_set, transfer_syntax_uid)
    lines = [heading.title, "=" * len(heading.title), ""]
    lines += [f"{label}: {value}" for label, value in heading.facts]
    lines += ["", *_lines(content, 0)]
    return ("\n".join(lines) + "\n").encode()


def report_lines(data_set: bytes, transfer_syntax_uid: str) -> tuple[str, list[str]]:
    """Title and lines, for a picture of the beginning."""
    heading, content = _read(data_set, transfer_syntax_uid)
    return heading.title, [*(f"{label}: {value}" for label, value in heading.facts), *_lines(content, 0)]


def _read(data_set: bytes, transfer_syntax_uid: str) -> tuple[Heading, Content]:
    model = json.loads(data_set_json(data_set, transfer_syntax_uid, None), parse_float=str)  # 3.50 stays 3.50
    return heading_of(model), content_of(model)


def _page(root_item: Content, heading: Heading, root: str) -> Iterator[str]:
    """Sections and items in the order of the document, without recursion deeper than the tree's limit."""
    yield from _children(root_item, heading, root, 2)


def _children(parent: Content, heading: Heading, root: str, level: int) -> Iterator[str]:
    in_list = False
    for child in parent.children:
        is_section = child.value_type == "CONTAINER" and not child.refers_to
        if is_section and in_list:
            yield "</ul>"
            in_list = False
        if is_section:
            tag = f"h{min(level, _DEEPEST_HEADING)}"
            name = escape(child.concept) or "Section"
            yield f'<section id="i{child.number}"><{tag}>{name}</{tag}>'
            yield from _children(child, heading, root, level + 1)
            yield "</section>"
            continue
        if not in_list:
            yield "<ul>"
            in_list = True
        yield f'<li id="i{child.number}"{_class(child)}>{_item(child, heading, root)}'
        yield from _children(child, heading, root, level + 1)
        yield "</li>"
    if in_list:
        yield "</ul>"


def _class(item: Content) -> str:
    return ' class="context"' if item.is_context else ""


def _item(item: Content, heading: Heading, root: str) -> str:
    name = f'<span class="concept"{_title(item.concept_code)}>{escape(item.concept)}</span>: ' if item.concept else ""
    if item.refers_to:
        target = escape(item.refers_to)
        return f'{name}<a href="#i{target}">see item {target}</a> ({escape(_relation(item))})'
    value = f'<span class="value"{_title(item.value_code)}>{escape(item.value)}</span>'
    address = _address(item, heading, root)
    if address:
        value = f'<a href="{escape(address)}">{value}</a>'
    relation = "" if item.relationship in _PLAIN_RELATIONS or item.is_context else f" ({escape(_relation(item))})"
    return name + value + relation


_PLAIN_RELATIONS = ("", "CONTAINS", "HAS PROPERTIES", "HAS CONCEPT MOD")


def _relation(item: Content) -> str:
    return item.relationship.lower()


def _title(detail: str) -> str:
    return f' title="{escape(detail)}"' if detail else ""


def _address(item: Content, heading: Heading, root: str) -> str:
    """Where a referred instance is shown; empty where the document does not say in which series it lies."""
    reference = item.reference
    place = heading.places.get(reference.instance_uid) if reference else None
    if reference is None or place is None or not all(map(_is_safe, (*place, reference.instance_uid))):
        return ""
    frames = ",".join(reference.frames)
    which = f"/frames/{frames}" if frames.replace(",", "").isdecimal() else ""
    return f"{root}/studies/{place[0]}/series/{place[1]}/instances/{reference.instance_uid}{which}/rendered"


def _is_safe(uid: str) -> bool:
    return bool(uid) and uid.isascii() and uid.replace(".", "").isalnum()


def _lines(parent: Content, depth: int) -> Iterator[str]:
    indent = "  " * depth
    for child in parent.children:
        name = f"{child.concept}: " if child.concept else ""
        if child.refers_to:
            yield f"{indent}{name}see item {child.refers_to}"
        elif child.value_type == "CONTAINER":
            yield f"{indent}{child.concept or 'Section'}"
        else:
            first, *rest = child.value.splitlines() or [""]
            uid = f" {child.reference.instance_uid}" if child.reference else ""
            yield f"{indent}{name}{first}{uid}"
            yield from (f"{indent}  {line}" for line in rest)
        yield from _lines(child, depth + 1)
