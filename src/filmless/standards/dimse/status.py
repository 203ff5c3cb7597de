"""Status codes of DIMSE responses (PS3.7 annex C; PS3.4 B.2.3, C.4.1.1.4)."""

from enum import IntEnum, StrEnum


class Status(IntEnum):
    """The codes this product gives."""

    SUCCESS = 0x0000
    CANCEL = 0xFE00
    PENDING = 0xFF00
    PENDING_UNSUPPORTED_KEYS = 0xFF01  # matching goes on, an optional key is not supported
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_INSTANCE = 0x0111
    NO_SUCH_INSTANCE = 0x0112
    INVALID_ARGUMENT = 0x0115  # a value of the action's data set cannot be taken
    INVALID_INSTANCE = 0x0117  # the SOP Instance UID breaks the rules for UIDs
    NO_SUCH_SOP_CLASS = 0x0118
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NO_SUCH_ACTION = 0x0123
    NOT_AUTHORIZED = 0x0124
    UNRECOGNIZED_OPERATION = 0x0211
    RESOURCE_LIMITATION = 0x0213
    SUBOPERATIONS_FAILED = 0xB000  # one or more sub-operations failed or gave a warning (PS3.4 C.4.2.1.5)
    OUT_OF_RESOURCES = 0xA700
    CANNOT_COUNT = 0xA701  # unable to calculate the number of matches
    NO_SUBOPERATION = 0xA702  # unable to perform sub-operations
    DESTINATION_UNKNOWN = 0xA801
    DATA_SET_MISMATCH = 0xA900  # also: identifier does not match SOP class
    CANNOT_UNDERSTAND = 0xC000  # also: unable to process
    BAD_UID = 0xC001
    BEYOND_LIMIT = 0xC002
    DUPLICATE = 0xC003


class StatusKind(StrEnum):
    """What a code says to the requestor (PS3.7 annex C)."""

    SUCCESS = "success"
    PENDING = "pending"
    CANCEL = "cancel"
    WARNING = "warning"
    FAILURE = "failure"


_KINDS = {0x0000: StatusKind.SUCCESS, 0xFE00: StatusKind.CANCEL, 0xFF00: StatusKind.PENDING, 0xFF01: StatusKind.PENDING}
_WARNINGS = frozenset((0x0001, 0x0107, 0x0116))


def status_kind(code: int) -> StatusKind:
    """What a code says, also for codes that are in no table of ours."""
    if code in _KINDS:
        return _KINDS[code]
    return StatusKind.WARNING if code in _WARNINGS or code >> 12 == 0xB else StatusKind.FAILURE
