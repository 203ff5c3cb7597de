"""Why pixels could not be shown, as facts; doors choose the code."""

from enum import StrEnum


class Reason(StrEnum):
    """What stood in the way."""

    DAMAGED = "damaged"  # the bytes do not make the picture that the attributes promise
    UNSUPPORTED = "unsupported"  # no decoder, or a form of pixels that the standard has retired
    NO_FRAME = "no-frame"  # the object has no frame of this number
    NO_REGION = "no-region"  # the region asked for lies outside of the picture
    TOO_LARGE = "too-large"  # more bytes than one request may decode
    MEMORY = "memory"  # the codec asked for more than its process may have
    TIME = "time"  # the codec took longer than one request may
    CRASHED = "crashed"  # the codec's process ended in the middle of the request
    BUSY = "busy"  # too many requests wait, or the pool is closing; try again


class CannotRender(Exception):
    """This one request gives no picture; the next may."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail  # one phrase without patient data

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else str(self.reason)
