"""Which media type carries the frames of which transfer syntax (PS3.18 8.7.3.3, tables 8.7.3-4 and 8.7.3-5)."""

from dataclasses import dataclass

from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN

OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class PixelMediaType:
    """One row: the first transfer syntax is meant where none is named (PS3.18 8.7.3.5.2)."""

    name: str
    transfer_syntaxes: tuple[str, ...]

    @property
    def default(self) -> str:
        """The transfer syntax that is meant where none is named."""
        return self.transfer_syntaxes[0]


def _jpeg(*endings: str) -> tuple[str, ...]:
    return tuple(f"1.2.840.10008.1.2.4.{ending}" for ending in endings)


PIXEL_MEDIA_TYPES = (
    PixelMediaType(OCTETS, (EXPLICIT_VR_LITTLE_ENDIAN,)),
    PixelMediaType("image/jpeg", _jpeg("70", "50", "51", "57")),
    PixelMediaType("image/dicom-rle", ("1.2.840.10008.1.2.5",)),
    PixelMediaType("image/jls", _jpeg("80", "81")),
    PixelMediaType("image/jp2", _jpeg("90", "91")),
    PixelMediaType("image/jpx", _jpeg("92", "93")),
    PixelMediaType("image/jphc", _jpeg("201", "202", "203")),
    PixelMediaType("image/jxl", _jpeg("110", "111", "112")),
    PixelMediaType("video/mpeg", _jpeg("100", "100.1", "101", "101.1")),
    PixelMediaType("video/mp4", _jpeg("102", "102.1", "103", "103.1", "104", "104.1", "105", "105.1", "106", "106.1")),
    PixelMediaType("video/H265", _jpeg("107", "108")),
)

_OF_SYNTAX = {uid: row for row in PIXEL_MEDIA_TYPES for uid in row.transfer_syntaxes}


def media_type_of(transfer_syntax_uid: str) -> PixelMediaType | None:
    """The media type of frames as they are stored in this transfer syntax; None where there is none but octets."""
    return _OF_SYNTAX.get(transfer_syntax_uid)


def is_video(transfer_syntax_uid: str) -> bool:
    """Whether frames in this transfer syntax are those of a film, which is played and not shown one by one."""
    found = _OF_SYNTAX.get(transfer_syntax_uid)
    return found is not None and found.name.startswith("video/")
