"""In which representations the frames of an object can be had (PS3.18 8.7.3.3, 10.4.1.1.6)."""

from filmless.pixels.targets import LOSSLESS, LOSSY
from filmless.servers.dicomweb.negotiation import Form, Offer, both_forms
from filmless.servers.transcoding import is_decodable
from filmless.standards.dicom.pixel_media_types import OCTETS, media_type_of
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, TransferSyntax, transfer_syntax

NATIVE = frozenset((EXPLICIT_VR_LITTLE_ENDIAN,))


def frame_offers(transfer_syntax_uid: str, *, is_single: bool) -> list[Offer]:
    """Of frames that are stored in this transfer syntax: as they are, and what can be made of them."""
    syntax = transfer_syntax(transfer_syntax_uid)
    offers = _encapsulated(syntax) if syntax.encapsulated or not syntax.known else _native(syntax)
    if is_decodable(syntax):
        offers += _compressed(syntax)
    if is_single:
        return both_forms(offers)
    return [
        Offer(each.media_type, each.transfer_syntaxes, Form.MULTIPART, each.is_default, each.is_made) for each in offers
    ]


def _native(syntax: TransferSyntax) -> list[Offer]:
    offers = [Offer(OCTETS, NATIVE)]
    if syntax.little_endian and syntax.uid != EXPLICIT_VR_LITTLE_ENDIAN:  # its pixels are the same bytes
        offers.append(Offer(OCTETS, frozenset((syntax.uid,)), is_default=False))
    return offers


def _encapsulated(syntax: TransferSyntax) -> list[Offer]:
    stored = frozenset((syntax.uid,))
    media_type = media_type_of(syntax.uid)
    offers = [Offer(media_type.name, stored)] if media_type is not None else []
    offers.append(Offer(OCTETS, stored, is_default=False))
    if is_decodable(syntax):
        offers.append(Offer(OCTETS, NATIVE, is_made=True))
    return offers


def _compressed(syntax: TransferSyntax) -> list[Offer]:
    """Lossless as its media type means it, or by the name of the transfer syntax; lossy only by that name."""
    offers = []
    for uid in (*LOSSLESS, *LOSSY):
        media_type = media_type_of(uid)
        if uid != syntax.uid and media_type is not None:
            is_default = uid in LOSSLESS and uid == media_type.default
            offers.append(Offer(media_type.name, frozenset((uid,)), is_default=is_default, is_made=True))
    return offers
