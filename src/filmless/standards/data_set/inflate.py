"""The deflated data set: inflated within limits, and never whole when only its head is needed (PS3.5 A.5)."""

import zlib
from collections.abc import Iterator

from filmless.standards.data_set.elements import Buffer, Encoding, actual_encoding
from filmless.standards.data_set.fault import FREE_INFLATED, MAX_INFLATED, MAX_RATIO, BadBytes, FaultKind
from filmless.standards.dicom.transfer_syntaxes import transfer_syntax

MAX_READABLE = 128 << 20  # bytes held of an inflated data set
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


def readable(data_set: Buffer, transfer_syntax_uid: str) -> tuple[Buffer, Encoding]:
    """Give the bytes in which the elements lie, and the encoding in which they are written; never raises.

    Of a deflated data set that is what can be inflated, up to MAX_READABLE.
    """
    syntax = transfer_syntax(transfer_syntax_uid)
    data = _inflated(data_set) if syntax.deflated else data_set
    return data, actual_encoding(data, 0, len(data), Encoding(syntax.little_endian, syntax.explicit_vr))


def _inflated(deflated: Buffer) -> bytes:
    held = bytearray()
    try:
        for chunk in inflate_chunks(deflated):
            held += chunk
            if len(held) >= MAX_READABLE:
                break
    except BadBytes:
        pass  # what came before the fault can be read
    return bytes(held)
