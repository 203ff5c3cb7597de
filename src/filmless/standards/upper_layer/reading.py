"""Cuts what arrives into PDUs (PS3.8 9.3.1); the content of P-DATA-TF passes through in pieces and never waits."""

from dataclasses import dataclass

from filmless.standards.upper_layer.indications import Data
from filmless.standards.upper_layer.pdu import (
    HEADER,
    MAX_ASSOCIATE_LENGTH,
    PDV_HEADER,
    AbortReason,
    Pdu,
    PduType,
    read_pdu,
)

_HEADER_LENGTH = 6  # bytes, of a PDU as of a PDV
_LONG = frozenset((PduType.ASSOCIATE_RQ, PduType.ASSOCIATE_AC))


@dataclass(frozen=True, slots=True)
class Broken:
    """A PDU that is unknown, beyond its limit or cannot be read."""

    reason: AbortReason
    explanation: str
    is_framing_lost: bool = True  # where the next PDU begins is not known


Read = Pdu | Data | Broken


class PduReader:
    """Holds what is cut short: part of a header, or of an association PDU within its limit."""

    def __init__(self, max_length: int) -> None:
        self.since: float | None = None  # when the first byte of an unfinished PDU came
        self._max_length = max_length  # bytes after the header of a P-DATA-TF
        self._header = bytearray()
        self._kind: PduType | None = None  # None: a PDU header comes next
        self._pdu_left = 0  # bytes of the PDU not seen yet
        self._pdv_left = 0  # bytes of the PDV's payload not seen yet
        self._context_id = 0
        self._control = 0  # message control header (PS3.8 E.2)
        self._body = bytearray()

    def read(self, view: memoryview, position: int, now: float) -> tuple[Read | None, int]:
        """Take some bytes at ``position``: what they complete, if anything, and the position after them.

        For a P-DATA-TF its type comes when its header is read, then its data piece by piece.
        """
        if self._kind is None:
            return self._read_pdu_header(view, position, now)
        if self._kind is not PduType.P_DATA_TF:
            return self._read_body(view, position)
        if self._pdv_left:
            return self._read_piece(view, position)
        return self._read_pdv_header(view, position)

    def _take_header(self, view: memoryview, position: int) -> tuple[bytes | memoryview | None, int]:
        held = self._header
        if not held and position + _HEADER_LENGTH <= len(view):
            return view[position : position + _HEADER_LENGTH], position + _HEADER_LENGTH
        taken = min(_HEADER_LENGTH - len(held), len(view) - position)
        held += view[position : position + taken]
        if len(held) < _HEADER_LENGTH:
            return None, position + taken
        header = bytes(held)
        held.clear()
        return header, position + taken

    def _read_pdu_header(self, view: memoryview, position: int, now: float) -> tuple[Read | None, int]:
        if self.since is None:
            self.since = now
        header, position = self._take_header(view, position)
        if header is None:
            return None, position
        number, length = HEADER.unpack(header)
        if not PduType.ASSOCIATE_RQ <= number <= PduType.ABORT:
            return Broken(AbortReason.UNRECOGNIZED_PDU, "a PDU of unknown type"), position
        kind = PduType(number)
        if not self._least(kind) <= length <= self._most(kind):
            return Broken(AbortReason.INVALID_PARAMETER, "a PDU beyond its limits"), position
        self._kind, self._pdu_left = kind, length
        return (kind if kind is PduType.P_DATA_TF else None), position

    def _most(self, kind: PduType) -> int:
        if kind is PduType.P_DATA_TF:
            return self._max_length
        return MAX_ASSOCIATE_LENGTH if kind in _LONG else 4

    @staticmethod
    def _least(kind: PduType) -> int:
        return _HEADER_LENGTH if kind is PduType.P_DATA_TF else 4

    def _read_body(self, view: memoryview, position: int) -> tuple[Read | None, int]:
        taken = min(self._pdu_left, len(view) - position)
        self._body += view[position : position + taken]
        self._pdu_left -= taken
        position += taken
        if self._pdu_left or self._kind is None:
            return None, position
        pdu = read_pdu(self._kind, memoryview(self._body))
        self._body = bytearray()
        self._end_pdu()
        if pdu is None:
            return Broken(AbortReason.INVALID_PARAMETER, "a PDU that cannot be read", is_framing_lost=False), position
        return pdu, position

    def _read_pdv_header(self, view: memoryview, position: int) -> tuple[Read | None, int]:
        header, position = self._take_header(view, position)
        if header is None:
            return None, position
        length, self._context_id, self._control = PDV_HEADER.unpack(header)
        self._pdv_left = length - 2
        self._pdu_left -= length + 4
        if length < 2 or self._pdu_left < 0 or 0 < self._pdu_left < _HEADER_LENGTH:
            return Broken(AbortReason.INVALID_PARAMETER, "a PDV that does not fit its PDU"), position
        return self._read_piece(view, position) if length == 2 else (None, position)

    def _read_piece(self, view: memoryview, position: int) -> tuple[Read | None, int]:
        taken = min(self._pdv_left, len(view) - position)
        self._pdv_left -= taken
        is_last = self._control & 2 != 0 and not self._pdv_left
        piece = Data(self._context_id, self._control & 1 != 0, is_last, view[position : position + taken])
        if not self._pdv_left and not self._pdu_left:
            self._end_pdu()
        return piece, position + taken

    def _end_pdu(self) -> None:
        self._kind = self.since = None
