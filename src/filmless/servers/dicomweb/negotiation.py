"""Which representation a client is given: what it accepts against what there is (PS3.18 8.7, RFC 9110 12.5.1).

A resource says what can be had of it as a list of offers. What the client takes is its Accept header, or the query
parameter of that name. The offer that it wants most is given; of those that it wants alike, one that lies here as it
is before one that has to be made, then the one named first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from filmless.servers.http_messages import Problem
from filmless.servers.media_types import MediaType, parse

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
MULTIPART = "multipart/related"
ZIP = "application/zip"

_LISTED = 12  # offers that a refusal names


class Form(StrEnum):
    """How a representation travels."""

    SINGLE = "single"
    MULTIPART = "multipart"


@dataclass(frozen=True, slots=True)
class Offer:
    """A representation that can be had.

    ``transfer_syntaxes`` are those of its parts, none where it has none. ``is_default``: a range that names no
    transfer syntax means it (PS3.18 8.7.3.5.2). ``is_made``: it is not what is stored. ``by_name``: a wildcard does
    not mean it.
    """

    media_type: str
    transfer_syntaxes: frozenset[str] = frozenset()
    form: Form = Form.SINGLE
    is_default: bool = True
    is_made: bool = False
    by_name: bool = False

    def __str__(self) -> str:
        text = self.media_type if self.form is Form.SINGLE else f'{MULTIPART}; type="{self.media_type}"'
        if not self.transfer_syntaxes:
            return text
        only = next(iter(self.transfer_syntaxes)) if len(self.transfer_syntaxes) == 1 else "*"
        return f"{text}; transfer-syntax={only}"


def both_forms(offers: Iterable[Offer]) -> list[Offer]:
    """Each as parts and alone: for resources of one part."""
    forms = (Form.MULTIPART, Form.SINGLE)
    return [
        Offer(each.media_type, each.transfer_syntaxes, form, each.is_default, each.is_made, each.by_name)
        for each in offers
        for form in forms
    ]


def negotiate(ranges: Sequence[MediaType], offers: Sequence[Offer]) -> Offer:
    """The offer that is given; ``Problem`` 406 with what there is when the client takes none."""
    offer = best(ranges, offers)
    if offer is None:
        listed = dict.fromkeys(str(each) for each in offers)
        more = " and others" if len(listed) > _LISTED else ""
        raise Problem(406, f"Offered here: {', '.join(list(listed)[:_LISTED])}{more}.")
    return offer


def best(ranges: Sequence[MediaType], offers: Sequence[Offer]) -> Offer | None:
    """The offer that the client wants most; None when it takes none."""
    found: tuple[tuple[float, bool, int], Offer] | None = None
    for offer in offers:
        wish = _wish(ranges, offer)
        if wish is None or not wish[0]:
            continue
        quality, position = wish
        rank = (-quality, offer.is_made, position)
        if found is None or rank < found[0]:
            found = (rank, offer)
    return None if found is None else found[1]


def _wish(ranges: Sequence[MediaType], offer: Offer) -> tuple[float, int] | None:
    """How much an offer is wanted, and by which range: the most specific one decides (RFC 9110 12.5.1)."""
    found: tuple[tuple[int, ...], float, int] | None = None
    for position, each in enumerate(ranges):
        specificity = _specificity(each, offer)
        if specificity is None:
            continue
        if found is None or (specificity, each.quality) > found[:2]:
            found = (specificity, each.quality, position)
    return None if found is None else found[1:]


def _specificity(wanted: MediaType, offer: Offer) -> tuple[int, ...] | None:
    """How closely a range names an offer, None where it does not: the name, the type of parts, transfer syntax."""
    if offer.form is Form.SINGLE:
        name, kind = _closeness(wanted.name, offer.media_type), 0
        syntax = wanted.parameters.get("transfer-syntax", "")
    else:
        parts = parse(wanted.parameters.get("type", "*/*"))  # some put the transfer syntax within it
        name, kind = _closeness(wanted.name, MULTIPART), _closeness(parts.name, offer.media_type)
        syntax = wanted.parameters.get("transfer-syntax", parts.parameters.get("transfer-syntax", ""))
    named = kind if offer.form is Form.MULTIPART else name
    if name < 0 or kind < 0 or (offer.by_name and named < _EXACT) or not _carries(offer, syntax):
        return None
    return name, kind, int(syntax not in ("", "*"))


_EXACT = 2


def _closeness(wanted: str, name: str) -> int:
    """2 the very name, 1 its kind, 0 anything, -1 another."""
    if wanted == name.lower():
        return _EXACT
    if wanted == "*/*":
        return 0
    kind, _, subtype = wanted.partition("/")
    return 1 if subtype == "*" and name.lower().startswith(kind + "/") else -1


def _carries(offer: Offer, syntax: str) -> bool:
    """Whether all that is offered is in the transfer syntax that was named."""
    if not offer.transfer_syntaxes:
        return True
    if syntax in ("", "*"):
        return offer.is_default if not syntax else not offer.is_made
    return offer.transfer_syntaxes == {syntax}
