"""Why bytes of a peer cannot be taken as a DICOM object; the peers' bytes never raise."""

from dataclasses import dataclass
from enum import StrEnum

MAX_DEPTH = 64  # nested sequences
MAX_ELEMENTS = 200_000  # of one data set, those within items included
MAX_VALUE = 64 << 20  # bytes of one value that is not pixel data
MAX_INFLATED = 2 << 30  # bytes of an inflated data set
MAX_RATIO = 200  # inflated bytes per deflated byte, above FREE_INFLATED
FREE_INFLATED = 64 << 20  # bytes that may come of any stream


class FaultKind(StrEnum):
    """What is wrong, as far as a door must tell cases apart."""

    NOT_DICOM = "not-dicom"  # cannot be parsed up to Pixel Data
    TRUNCATED = "truncated"  # claims more bytes than there are
    INCOMPLETE = "incomplete"  # a prefix that does not reach Pixel Data: more of it may help
    DEFLATE = "deflate"  # the deflate stream is broken
    LIMIT = "limit"  # nesting, element count, size of a value or inflated size


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the bytes; ``reason`` is one sentence without patient data, at most 64 characters."""

    kind: FaultKind
    reason: str


class BadBytes(Exception):  # carries a Fault inside this package; callers get the Fault, never this
    """Carries a fault from the place that saw it to the function that returns it."""

    def __init__(self, kind: FaultKind, reason: str) -> None:
        super().__init__(reason)
        self.fault = Fault(kind, reason)
