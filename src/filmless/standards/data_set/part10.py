"""The head of a stored DICOM object: preamble, DICM and group 0002 (PS3.10 7.1)."""

from dataclasses import dataclass

from filmless import __version__
from filmless.standards.data_set.elements import Buffer, guessed_encoding, read_header
from filmless.standards.data_set.fault import Fault, FaultKind
from filmless.standards.dicom.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

IMPLEMENTATION_CLASS_UID = "2.25.161743260925094563182263430867420194237"
IMPLEMENTATION_VERSION_NAME = f"FILMLESS_{__version__}"[:16]

_PREAMBLE = 128  # bytes
_MAX_META_ELEMENTS = 1000
_GROUP_LENGTH = 0x00020000
_GROUP_LENGTH_BYTES = 12  # of the element that says how many follow
_MEDIA_STORAGE_SOP_CLASS_UID = 0x00020002
_MEDIA_STORAGE_SOP_INSTANCE_UID = 0x00020003
_TRANSFER_SYNTAX_UID = 0x00020010
_IMPLEMENTATION_CLASS_UID = 0x00020012
_SOURCE_AE = 0x00020016


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the data set, and what it says of it; empty where it does not say."""

    head_length: int  # bytes; 0 for a bare data set
    sop_class_uid: str
    instance_uid: str
    transfer_syntax_uid: str
    source_ae: str = ""  # who sent it to us, where the head is one of ours; what others write there says nothing


def read_head(buffer: Buffer) -> Head | Fault:
    """Read the head of a file, of which at least the beginning is given; never raises.

    Tolerates a missing preamble, a group length that is missing or too small, and a missing group 0002: the transfer
    syntax is then guessed from the first element. A head beyond the buffer is a fault of kind INCOMPLETE.
    """
    start = _start(buffer)
    if start == 0 and not _looks_like_elements(buffer, 0):
        return Fault(FaultKind.NOT_DICOM, "Not a DICOM file")
    values: dict[int, bytes] = {}
    position = _read_group(buffer, start, values)
    if position > len(buffer):
        return Fault(FaultKind.INCOMPLETE, "File ends within its head")
    stated = values.get(_GROUP_LENGTH)
    stated_end = start + _GROUP_LENGTH_BYTES + int.from_bytes(stated, "little") if stated else position
    is_cut_short = position < stated_end <= len(buffer)
    if is_cut_short or (position == start > 0 and not _looks_like_elements(buffer, start)):
        return Fault(FaultKind.NOT_DICOM, "Group 0002 cannot be read")
    return Head(
        position,
        _uid(values, _MEDIA_STORAGE_SOP_CLASS_UID),
        _uid(values, _MEDIA_STORAGE_SOP_INSTANCE_UID),
        _uid(values, _TRANSFER_SYNTAX_UID) or _guessed_syntax(buffer, position),
        _uid(values, _SOURCE_AE) if _uid(values, _IMPLEMENTATION_CLASS_UID) == IMPLEMENTATION_CLASS_UID else "",
    )


def _start(buffer: Buffer) -> int:
    """Where group 0002 starts."""
    if bytes(buffer[_PREAMBLE : _PREAMBLE + 4]) == b"DICM":
        return _PREAMBLE + 4
    return 4 if bytes(buffer[:4]) == b"DICM" else 0


def _read_group(buffer: Buffer, position: int, values: dict[int, bytes]) -> int:
    """Read the elements of group 0002 and give where they end, beyond the buffer when a value is cut."""
    size = len(buffer)
    encoding = guessed_encoding(buffer, position, size)
    for _ in range(_MAX_META_ELEMENTS):
        header = read_header(buffer, position, size, encoding)
        if header is None or header[0] >> 16 != 2:
            break
        tag, _, value, length = header
        position = value + length
        if position > size:
            break
        values[tag] = bytes(buffer[value:position])
    return position


def _uid(values: dict[int, bytes], tag: int) -> str:
    return values.get(tag, b"").decode("ascii", "replace").strip(" \0")


def write_head(sop_class_uid: str, instance_uid: str, transfer_syntax_uid: str, source_ae: str = "") -> bytes:
    """Write the head for a data set that came without one."""
    body = b"".join(
        (
            b"\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00\x00\x01",
            _element(0x0002, b"UI", sop_class_uid),
            _element(0x0003, b"UI", instance_uid),
            _element(0x0010, b"UI", transfer_syntax_uid),
            _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID),
            _element(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME),
            _element(0x0016, b"AE", source_ae) if source_ae else b"",
        )
    )
    return bytes(_PREAMBLE) + b"DICM\x02\x00\x00\x00UL\x04\x00" + len(body).to_bytes(4, "little") + body


def _element(element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii", "replace")
    if len(value) % 2:
        value += b"\0" if vr == b"UI" else b" "
    return b"\x02\x00" + element.to_bytes(2, "little") + vr + len(value).to_bytes(2, "little") + value


def _guessed_syntax(buffer: Buffer, position: int) -> str:
    encoding = guessed_encoding(buffer, position, len(buffer))
    if not encoding.little_endian:
        return EXPLICIT_VR_BIG_ENDIAN
    return EXPLICIT_VR_LITTLE_ENDIAN if encoding.explicit_vr else IMPLICIT_VR_LITTLE_ENDIAN


def _looks_like_elements(buffer: Buffer, position: int) -> bool:
    """Without group 0002: the first element must be of a group that data sets start with, in either byte order."""
    encoding = guessed_encoding(buffer, position, len(buffer))
    header = read_header(buffer, position, len(buffer), encoding)
    return header is not None and header[0] >> 16 in (0x0000, 0x0002, 0x0004, 0x0008) and header[3] <= len(buffer)
