"""The deflated data set: inflated within limits, and never whole when only its head is needed (PS3.5 A.5)."""

import zlib
from collections.abc import Iterator

from filmless.standards.dicom.elements import Buffer
from filmless.standards.dicom.fault import FREE_INFLATED, MAX_INFLATED, MAX_RATIO, BadBytes, Fault, FaultKind

_CHUNK = 256 << 10  # bytes inflated at a time


def inflate_chunks(deflated: Buffer, final: bool = True) -> Iterator[bytes]:
    """Inflate a raw deflate stream (RFC 1951) in pieces of bounded size.

    Raises BadBytes where the stream is broken, exceeds the limits, or with ``final`` does not end. One byte of
    padding may follow it (PS3.5 A.5); more is passed over too.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    pending: Buffer = deflated
    total = 0
    while not inflater.eof:
        try:
            chunk = inflater.decompress(pending, _CHUNK)
        except zlib.error:
            raise BadBytes(FaultKind.DEFLATE, "Deflate stream is broken") from None
        pending = inflater.unconsumed_tail
        total += len(chunk)
        if total > MAX_INFLATED or (total > FREE_INFLATED and total > MAX_RATIO * len(deflated)):
            raise BadBytes(FaultKind.LIMIT, "Inflated data set exceeds the limit")
        if chunk:
            yield chunk
        elif not pending:
            if final and not inflater.eof:
                raise BadBytes(FaultKind.DEFLATE, "Deflate stream ends early")
            return


def inflate(deflated: Buffer) -> bytes | Fault:
    """Inflate a whole data set."""
    try:
        return b"".join(inflate_chunks(deflated))
    except BadBytes as bad:
        return bad.fault
