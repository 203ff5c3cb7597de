"""Transfer syntaxes: how each encodes a data set (PS3.5 10 and annex A)."""

from dataclasses import dataclass

from filmless.standards.dicom.transfer_syntax_table import ROWS

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.57"
JPEG_LOSSLESS_SV1 = "1.2.840.10008.1.2.4.70"
JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR_LOSSLESS = "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
HTJ2K_LOSSLESS = "1.2.840.10008.1.2.4.201"
HTJ2K_LOSSLESS_RPCL = "1.2.840.10008.1.2.4.202"
HTJ2K = "1.2.840.10008.1.2.4.203"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"
DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1"

_PAPYRUS_3 = "1.2.840.10008.1.20"
_NATIVE = frozenset(
    (
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_LITTLE_ENDIAN,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
        _PAPYRUS_3,
    )
)
# The data set is one deflate stream (PS3.5 A.5, A.7 JPIP Referenced Deflate and its HTJ2K sibling).
_DEFLATED = frozenset((DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"))
# Pixels are elsewhere: behind a JPIP URL (PS3.5 A.6) or in a stream of their own (SMPTE ST 2110).
# The retired MIME and XML encodings hold no data set at all.
_ELSEWHERE = ("JPIP", "SMPTE", "RFC 2557", "XML Encoding")
_LOSSLESS_BY_UID = frozenset((ENCAPSULATED_UNCOMPRESSED, DEFLATED_IMAGE_FRAME))


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """How elements, and the pixels among them, are encoded."""

    uid: str
    name: str
    explicit_vr: bool = True
    little_endian: bool = True
    deflated: bool = False  # the whole data set is one deflate stream
    encapsulated: bool = False  # Pixel Data is a sequence of fragments (PS3.5 A.4)
    lossy: bool = False  # the encoding may have lost something
    stored_pixels: bool = True  # False: the object refers to pixels that are elsewhere
    known: bool = True


def _of_row(uid: str, name: str) -> TransferSyntax:
    native = uid in _NATIVE
    elsewhere = name.startswith(_ELSEWHERE)
    encapsulated = not native and not elsewhere
    lossless = ("Lossless" in name and "Near-Lossless" not in name) or uid in _LOSSLESS_BY_UID
    return TransferSyntax(
        uid=uid,
        name=name,
        explicit_vr=uid not in (IMPLICIT_VR_LITTLE_ENDIAN, _PAPYRUS_3),
        little_endian=uid != EXPLICIT_VR_BIG_ENDIAN,
        deflated=uid in _DEFLATED,
        encapsulated=encapsulated,
        lossy=encapsulated and not lossless,
        stored_pixels=not elsewhere,
    )


TRANSFER_SYNTAXES: dict[str, TransferSyntax] = {uid: _of_row(uid, name) for uid, name in ROWS}

_PREFERRED = {
    EXPLICIT_VR_LITTLE_ENDIAN: 0,
    IMPLICIT_VR_LITTLE_ENDIAN: 1,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: 2,
    EXPLICIT_VR_BIG_ENDIAN: 3,
}
_LOSSLESS, _LOSSY, _UNKNOWN = 4, 5, 6


def transfer_syntax(uid: str) -> TransferSyntax:
    """Give the transfer syntax; one that is not known is read as Explicit VR Little Endian (PS3.5 A.4)."""
    return TRANSFER_SYNTAXES.get(uid) or TransferSyntax(uid, uid, lossy=True, known=False)


def preference(uid: str) -> int:
    """Give the place of a transfer syntax in the order in which we would receive: the lowest is taken."""
    if (place := _PREFERRED.get(uid)) is not None:
        return place
    syntax = transfer_syntax(uid)
    if not syntax.known:
        return _UNKNOWN
    return _LOSSY if syntax.lossy or not syntax.stored_pixels else _LOSSLESS
