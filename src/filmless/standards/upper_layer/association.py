"""One association (PS3.8) as a state machine: bytes in, indications out, no socket, clock or thread."""

from collections.abc import Callable
from dataclasses import dataclass, field

from filmless.standards.upper_layer.indications import (
    Aborted,
    AssociateAccepted,
    AssociateRejected,
    AssociateRequested,
    Data,
    Indication,
    Released,
    ReleaseRequested,
)
from filmless.standards.upper_layer.items import ContextResult, Result, UserInformation
from filmless.standards.upper_layer.pdu import (
    HEADER,
    MAX_ASSOCIATE_LENGTH,
    PDV_HEADER,
    REJECT_PROTOCOL_VERSION,
    Abort,
    AbortReason,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    Pdu,
    PduType,
    read_pdu,
    write_pdu,
)
from filmless.standards.upper_layer.state_table import ACTIONS, TRANSITIONS, Event, State, Step

MAX_PDU_LENGTH = 131_072  # bytes after the PDU header that we announce (PS3.8 D.1)
SERVICE_USER, SERVICE_PROVIDER = 0, 2  # source of an A-ABORT (PS3.8 Table 9-26)

_EVENT_OF = {
    PduType.ASSOCIATE_RQ: Event.EVT6,
    PduType.ASSOCIATE_AC: Event.EVT3,
    PduType.ASSOCIATE_RJ: Event.EVT4,
    PduType.P_DATA_TF: Event.EVT10,
    PduType.RELEASE_RQ: Event.EVT12,
    PduType.RELEASE_RP: Event.EVT13,
    PduType.ABORT: Event.EVT16,
}
_CLOSED = "the peer closed the connection"


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes and times in seconds that hold for one association."""

    max_length: int = MAX_PDU_LENGTH
    artim: float = 30.0  # until the A-ASSOCIATE-RQ is whole
    closing: float = 5.0  # ARTIM while the peer is awaited to close
    pdu: float = 60.0  # from the first byte of a PDU to its last


@dataclass(frozen=True, slots=True)
class AgreedContext:
    """A presentation context that was accepted."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str


@dataclass(slots=True)
class _Reading:
    """How far the PDU that is arriving has been read; its payload never waits here."""

    header: bytearray = field(default_factory=bytearray)  # part of a PDU or PDV header
    kind: PduType | None = None  # None: a PDU header comes next
    pdu_left: int = 0  # bytes of the PDU not seen yet
    pdv_left: int = 0  # bytes of the PDV's payload not seen yet
    context_id: int = 0
    control: int = 0  # message control header (PS3.8 E.2)
    body: bytearray = field(default_factory=bytearray)
    ignored: bool = False  # the PDU's content has no meaning in this state
    since: float | None = None  # when the first byte of an unfinished PDU was seen


class Association:
    """Both sides of the upper layer. The peer's bytes never raise; misuse by our own code does.

    Times are seconds of one monotonic clock. After each call write ``data_to_send()``, close the
    transport once it is written if ``is_over``, and call ``expire`` when ``deadline`` has passed.
    """

    def __init__(self, limits: Limits, request: AssociateRequest | None = None) -> None:
        self.state = State.STA1
        self.is_over = False
        self.request = request
        self.contexts: dict[int, AgreedContext] = {}
        self.peer_max_length = 0  # 0: unlimited
        self._limits = limits
        self._is_requestor = request is not None
        self._artim: float | None = None
        self._reading = _Reading()
        self._is_deaf = False  # the framing is lost: nothing more can be read
        self._output: list[bytes] = []
        self._indications: list[Indication] = []
        self._steps: dict[Step, Callable[[Pdu | None, float], None]] = {
            Step.START_ARTIM: self._start_artim,
            Step.STOP_ARTIM: self._stop_artim,
            Step.CONNECT: lambda pdu, now: None,  # the shell has begun to connect
            Step.CLOSE: self._close,
            Step.SEND: self._send,
            Step.SEND_USER_ABORT: lambda pdu, now: self._send(Abort(SERVICE_USER), now),
            Step.SEND_PROVIDER_ABORT: lambda pdu, now: self._send(Abort(SERVICE_PROVIDER, self._reason), now),
            Step.INDICATE: self._indicate,
            Step.INDICATE_PROVIDER_ABORT: self._indicate_provider_abort,
            Step.JUDGE_REQUEST: self._judge_request,
        }
        self._reason = AbortReason.NOT_SPECIFIED
        self._explanation = ""

    @classmethod
    def acceptor(cls, limits: Limits, now: float) -> "Association":
        """For a connection that was just accepted: the peer's A-ASSOCIATE-RQ is awaited."""
        association = cls(limits)
        association._happen(Event.EVT5, None, now)
        return association

    @classmethod
    def requestor(cls, request: AssociateRequest, limits: Limits, now: float) -> "Association":
        """For a connection that was just made: the A-ASSOCIATE-RQ is ready to be sent."""
        association = cls(limits, request)
        association._happen(Event.EVT1, None, now)
        association._happen(Event.EVT2, request, now)
        return association

    # What the network does

    def receive_data(self, data: bytes | bytearray | memoryview, now: float) -> list[Indication]:
        """Take what has arrived; empty data say that the peer has closed."""
        if not data:
            self._explanation = _CLOSED
            if (Event.EVT17, self.state) in TRANSITIONS:
                self._happen(Event.EVT17, None, now)
            self.is_over = True
            return self._take_indications()
        view = memoryview(data)
        position, end = 0, len(view)
        while position < end and not self._is_deaf and not self.is_over:
            position = self._read(view, position, now)
        self._time_reading(now)
        return self._take_indications()

    def data_to_send(self) -> bytes:
        """Everything that is to be written now, for one write."""
        output, self._output = self._output, []
        return output[0] if len(output) == 1 else b"".join(output)

    @property
    def deadline(self) -> float | None:
        """When ``expire`` is to be called: the ARTIM timer, else the end of an unfinished PDU's time."""
        if self._artim is not None:
            return self._artim
        return None if self._reading.since is None else self._reading.since + self._limits.pdu

    def expire(self, now: float) -> list[Indication]:
        """The deadline has passed."""
        if self._artim is not None:
            self._artim = None
            self._happen(Event.EVT18, None, now)
        elif (Event.EVT19, self.state) in TRANSITIONS:
            self._fault(AbortReason.NOT_SPECIFIED, "a PDU did not end in time", now)
        return self._take_indications()

    def restart_reading(self, now: float) -> None:
        """Reading was held up on our side: an unfinished PDU gets its whole time again."""
        if self._reading.since is not None:
            self._reading.since = now

    # What the user of the service does

    def accept(self, results: tuple[ContextResult, ...], user: UserInformation, now: float) -> None:
        """Answer the request that was indicated (A-ASSOCIATE response, accept)."""
        assert self.request is not None  # Sta3 follows a request only
        accept = AssociateAccept(self.request.called_ae, self.request.calling_ae, results, user)
        self._happen(Event.EVT7, accept, now)
        self._agree(self.request, results, self.request.user.max_length)

    def reject(self, rejection: AssociateReject, now: float) -> None:
        """Answer the request that was indicated (A-ASSOCIATE response, reject)."""
        self._happen(Event.EVT8, rejection, now)

    def send_data(self, context_id: int, is_command: bool, data: bytes | memoryview, is_last: bool, now: float) -> None:
        """Send (a part of) a command or data set, cut to what the peer takes (P-DATA request)."""
        self._happen(Event.EVT9, None, now)
        step = max(1, (self.peer_max_length or MAX_PDU_LENGTH) - PDV_HEADER.size)
        for start in range(0, len(data) or 1, step):
            piece = data[start : start + step]
            control = is_command | (is_last and start + step >= len(data)) << 1
            headers = HEADER.pack(PduType.P_DATA_TF, len(piece) + 6) + PDV_HEADER.pack(len(piece) + 2, context_id, control)
            self._output.append(headers)
            self._output.append(bytes(piece) if isinstance(piece, memoryview) else piece)

    def release(self, now: float) -> None:
        """Ask the peer to release, or confirm when it has asked (A-RELEASE request, response)."""
        if (Event.EVT14, self.state) in TRANSITIONS:
            self._happen(Event.EVT14, PduType.RELEASE_RP, now)
        else:
            self._happen(Event.EVT11, PduType.RELEASE_RQ, now)

    def abort(self, now: float) -> None:
        """End the association at once (A-ABORT request); without effect where there is none."""
        if (Event.EVT15, self.state) in TRANSITIONS:
            self._happen(Event.EVT15, None, now)

    # The state machine

    def _happen(self, event: Event, pdu: Pdu | None, now: float) -> None:
        action = TRANSITIONS.get((event, self.state))
        if action is None:
            raise RuntimeError(f"{event.name} cannot happen in {self.state.name}")
        steps, states = ACTIONS[action]
        self.state = states[0] if len(states) == 1 or self._takes_first(event) else states[1]
        for step in steps:
            self._steps[step](pdu, now)

    def _takes_first(self, event: Event) -> bool:
        return self._is_requestor or event is not Event.EVT12  # AE-6 may still be changed by its judgement

    def _judge_request(self, pdu: Pdu | None, now: float) -> None:
        assert isinstance(pdu, AssociateRequest)  # Evt6
        if pdu.protocol_version & 1:  # PS3.8 9.3.2: only bit 0 is looked at
            self.request = pdu
            self._indications.append(AssociateRequested(pdu))
            return
        self.state = State.STA13
        self._send(REJECT_PROTOCOL_VERSION, now)
        self._start_artim(None, now)

    def _start_artim(self, pdu: Pdu | None, now: float) -> None:
        self._artim = now + (self._limits.closing if self.state is State.STA13 else self._limits.artim)

    def _stop_artim(self, pdu: Pdu | None, now: float) -> None:
        self._artim = None

    def _close(self, pdu: Pdu | None, now: float) -> None:
        self.is_over = True

    def _send(self, pdu: Pdu | None, now: float) -> None:
        if pdu is not None:  # None: send_data appends the P-DATA-TF itself
            self._output.append(write_pdu(pdu))

    def _indicate(self, pdu: Pdu | None, now: float) -> None:
        match pdu:
            case AssociateAccept():
                assert self.request is not None  # Sta5 follows our own request
                self._agree(self.request, pdu.results, pdu.user.max_length)
                self._indications.append(AssociateAccepted(pdu))
            case AssociateReject():
                self._indications.append(AssociateRejected(pdu))
            case PduType.RELEASE_RQ:
                self._indications.append(ReleaseRequested())
            case PduType.RELEASE_RP:
                self._indications.append(Released())
            case Abort():
                self._indications.append(Aborted(True, pdu.source, pdu.reason, "the peer aborted"))
            case _:
                pass  # P-DATA-TF: indicated piece by piece while it arrives

    def _indicate_provider_abort(self, pdu: Pdu | None, now: float) -> None:
        by_peer = self._explanation == _CLOSED
        self._indications.append(Aborted(by_peer, SERVICE_PROVIDER, self._reason, self._explanation))

    def _agree(self, request: AssociateRequest, results: tuple[ContextResult, ...], peer_max_length: int) -> None:
        proposed = {context.context_id: context.abstract_syntax for context in request.contexts}
        self.contexts = {
            result.context_id: AgreedContext(result.context_id, proposed[result.context_id], result.transfer_syntax)
            for result in results
            if result.result is Result.ACCEPTANCE and result.context_id in proposed
        }
        self.peer_max_length = peer_max_length

    def _fault(self, reason: AbortReason, explanation: str, now: float, *, is_framing_lost: bool = True) -> None:
        self._is_deaf = is_framing_lost
        self._reason, self._explanation = reason, explanation
        self._happen(Event.EVT19, None, now)

    def _take_indications(self) -> list[Indication]:
        taken, self._indications = self._indications, []
        return taken

    # Reading: each step takes some bytes at ``position`` and returns the position after them

    def _read(self, view: memoryview, position: int, now: float) -> int:
        reading = self._reading
        if reading.kind is None:
            return self._read_pdu_header(view, position, now)
        if reading.kind is not PduType.P_DATA_TF:
            return self._read_body(view, position, now)
        if reading.ignored:
            return self._skip(view, position)
        if reading.pdv_left:
            return self._read_fragment(view, position)
        return self._read_pdv_header(view, position, now)

    def _header(self, view: memoryview, position: int) -> tuple[bytes | memoryview | None, int]:
        """The six bytes of a PDU or PDV header, or None while some are missing."""
        held = self._reading.header
        if not held and position + 6 <= len(view):
            return view[position : position + 6], position + 6
        taken = min(6 - len(held), len(view) - position)
        held += view[position : position + taken]
        if len(held) < 6:
            return None, position + taken
        header = bytes(held)
        held.clear()
        return header, position + taken

    def _read_pdu_header(self, view: memoryview, position: int, now: float) -> int:
        header, position = self._header(view, position)
        if header is None:
            return position
        number, length = HEADER.unpack(header)
        if not PduType.ASSOCIATE_RQ <= number <= PduType.ABORT:
            self._fault(AbortReason.UNRECOGNIZED_PDU, "a PDU of unknown type", now)
            return position
        kind = PduType(number)
        if length > self._longest(kind) or (kind is PduType.P_DATA_TF and length < PDV_HEADER.size):
            self._fault(AbortReason.INVALID_PARAMETER, "a PDU beyond its limits", now)
            return position
        self._reading = _Reading(kind=kind, pdu_left=length, since=now)
        if kind is PduType.P_DATA_TF:
            if self.state is not State.STA6:  # DT-2 changes nothing: the usual way needs no look at the table
                self._reason, self._explanation = AbortReason.UNEXPECTED_PDU, "P-DATA-TF was not expected"
                self._happen(Event.EVT10, None, now)
            self._reading.ignored = self.state not in (State.STA6, State.STA7)
        elif not length:
            return self._read_body(view, position, now)
        return position

    def _longest(self, kind: PduType) -> int:
        if kind is PduType.P_DATA_TF:
            return self._limits.max_length
        return MAX_ASSOCIATE_LENGTH if kind in (PduType.ASSOCIATE_RQ, PduType.ASSOCIATE_AC) else 4

    def _read_body(self, view: memoryview, position: int, now: float) -> int:
        reading = self._reading
        taken = min(reading.pdu_left, len(view) - position)
        reading.body += view[position : position + taken]
        reading.pdu_left -= taken
        if not reading.pdu_left:
            self._reading = _Reading()
            self._take_pdu(reading, now)
        return position + taken

    def _take_pdu(self, reading: _Reading, now: float) -> None:
        assert reading.kind is not None  # a whole PDU has its type
        pdu = read_pdu(reading.kind, memoryview(reading.body))
        if pdu is None:
            self._fault(AbortReason.INVALID_PARAMETER, "a PDU that cannot be read", now, is_framing_lost=False)
            return
        self._reason, self._explanation = AbortReason.UNEXPECTED_PDU, f"{reading.kind.name} was not expected"
        self._happen(_EVENT_OF[reading.kind], pdu, now)

    def _read_pdv_header(self, view: memoryview, position: int, now: float) -> int:
        header, position = self._header(view, position)
        if header is None:
            return position
        reading = self._reading
        length, reading.context_id, reading.control = PDV_HEADER.unpack(header)
        reading.pdv_left = length - 2
        reading.pdu_left -= length + 4
        left = reading.pdu_left
        if length < 2 or left < 0 or 0 < left < PDV_HEADER.size or reading.context_id not in self.contexts:
            self._fault(AbortReason.INVALID_PARAMETER, "a PDV that does not fit its PDU or the contexts", now)
        elif length == 2:
            return self._read_fragment(view, position)
        return position

    def _read_fragment(self, view: memoryview, position: int) -> int:
        reading = self._reading
        taken = min(reading.pdv_left, len(view) - position)
        reading.pdv_left -= taken
        is_last = reading.control & 2 != 0 and not reading.pdv_left
        piece = view[position : position + taken]
        self._indications.append(Data(reading.context_id, reading.control & 1 != 0, is_last, piece))
        if not reading.pdv_left and not reading.pdu_left:
            self._reading = _Reading()
        return position + taken

    def _skip(self, view: memoryview, position: int) -> int:
        reading = self._reading
        taken = min(reading.pdu_left, len(view) - position)
        reading.pdu_left -= taken
        if not reading.pdu_left:
            self._reading = _Reading()
        return position + taken

    def _time_reading(self, now: float) -> None:
        """A header that is cut short is the beginning of a PDU, too."""
        if self._reading.since is None and self._reading.header:
            self._reading.since = now
