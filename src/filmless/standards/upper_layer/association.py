"""One association (PS3.8) as a state machine: bytes in, indications out, no socket, clock or thread."""

from dataclasses import dataclass
from struct import Struct

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
    PDV_HEADER,
    REJECT_PROTOCOL_VERSION,
    Abort,
    AbortReason,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    Pdu,
    PduType,
    write_pdu,
)
from filmless.standards.upper_layer.reading import Broken, PduReader
from filmless.standards.upper_layer.state_table import ACTIONS, TRANSITIONS, Event, State, Step

MAX_PDU_LENGTH = 131_072  # bytes after the PDU header that we announce (PS3.8 D.1)
SERVICE_USER, SERVICE_PROVIDER = 0, 2  # source of an A-ABORT (PS3.8 Table 9-26)

_DATA_HEADERS = Struct(">BxIIBB")  # of a P-DATA-TF with one PDV (PS3.8 9.3.5)

_EVENT_OF: dict[object, Event] = {
    AssociateRequest: Event.EVT6,
    AssociateAccept: Event.EVT3,
    AssociateReject: Event.EVT4,
    PduType.P_DATA_TF: Event.EVT10,
    PduType.RELEASE_RQ: Event.EVT12,
    PduType.RELEASE_RP: Event.EVT13,
    Abort: Event.EVT16,
}
_RECEIVING = frozenset((State.STA6, State.STA7))
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


class Association:
    """Both sides of the upper layer. The peer's bytes never raise; misuse by our own code does.

    Times are seconds of one monotonic clock. After each call write ``data_to_send()``, or take ``output`` for a
    gathering write without a copy; close the transport once it is written if ``is_over``, and call ``expire`` when
    ``deadline`` has passed.
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
        self._reader = PduReader(limits.max_length)
        self._is_deaf = False  # the framing is lost: nothing more can be read
        self.output: list[bytes | memoryview] = []  # what waits to be written, with views of what was given
        self._indications: list[Indication] = []
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
            read, position = self._reader.read(view, position, now)
            if type(read) is Data:
                self._take_piece(read, now)
            elif read is not None:
                self._take_read(read, now)
        return self._take_indications()

    def data_to_send(self) -> bytes:
        """Everything that is to be written now, for one write."""
        pieces, self.output = self.output, []
        return b"".join(pieces)

    @property
    def deadline(self) -> float | None:
        """When ``expire`` is to be called: the ARTIM timer, else the end of an unfinished PDU's time."""
        if self._artim is not None:
            return self._artim
        return None if self._reader.since is None else self._reader.since + self._limits.pdu

    def expire(self, now: float) -> list[Indication]:
        """The deadline has passed."""
        if self._artim is not None:
            self._artim = None
            self._happen(Event.EVT18, None, now)
        elif (Event.EVT19, self.state) in TRANSITIONS:
            self._take_read(Broken(AbortReason.NOT_SPECIFIED, "a PDU did not end in time"), now)
        return self._take_indications()

    def restart_reading(self, moment: float) -> None:
        """Reading was held up on our side until then: an unfinished PDU has its whole time from there."""
        if self._reader.since is not None:
            self._reader.since = max(self._reader.since, moment)

    # What the user of the service does

    def accept(self, results: tuple[ContextResult, ...], user: UserInformation, now: float) -> None:
        """Answer the request that was indicated (A-ASSOCIATE response, accept)."""
        if self.request is None:
            raise RuntimeError("there is no request to accept")
        accept = AssociateAccept(self.request.called_ae, self.request.calling_ae, results, user)
        self._happen(Event.EVT7, accept, now)
        self._agree(results, self.request.user.max_length)

    def reject(self, rejection: AssociateReject, now: float) -> None:
        """Answer the request that was indicated (A-ASSOCIATE response, reject)."""
        self._happen(Event.EVT8, rejection, now)

    def send_data(
        self, context_id: int, data: bytes | memoryview, now: float, *, is_command: bool = False, is_last: bool = True
    ) -> None:
        """Send (a part of) a command or data set, cut to what the peer takes (P-DATA request).

        ``data`` must not change until it is written.
        """
        self._happen(Event.EVT9, None, now)
        view, length = memoryview(data), len(data)
        step = max(1, (self.peer_max_length or MAX_PDU_LENGTH) - PDV_HEADER.size)
        for start in range(0, length or 1, step):
            piece = view[start : start + step]
            size, control = len(piece), is_command | (is_last and start + step >= length) << 1
            self.output.append(_DATA_HEADERS.pack(PduType.P_DATA_TF, size + 6, size + 2, context_id, control))
            self.output.append(piece)

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
            self._do(step, pdu, now)

    def _takes_first(self, event: Event) -> bool:
        return self._is_requestor or event is not Event.EVT12  # AE-6 may still be changed by its judgement

    def _do(self, step: Step, pdu: Pdu | None, now: float) -> None:
        match step:
            case Step.START_ARTIM:
                self._artim = now + (self._limits.closing if self.state is State.STA13 else self._limits.artim)
            case Step.STOP_ARTIM:
                self._artim = None
            case Step.CLOSE:
                self.is_over = True
            case Step.SEND | Step.SEND_USER_ABORT | Step.SEND_PROVIDER_ABORT:
                self._send(step, pdu)
            case Step.INDICATE | Step.INDICATE_PROVIDER_ABORT:
                self._indicate(step, pdu)
            case Step.JUDGE_REQUEST:
                self._judge_request(pdu, now)
            case Step.CONNECT:
                pass  # the shell has begun to connect

    def _send(self, step: Step, pdu: Pdu | None) -> None:
        if step is Step.SEND_USER_ABORT:
            pdu = Abort(SERVICE_USER)
        elif step is Step.SEND_PROVIDER_ABORT:
            pdu = Abort(SERVICE_PROVIDER, self._reason)
        if pdu is not None:  # None: send_data appends the P-DATA-TF itself
            self.output.append(write_pdu(pdu))

    def _judge_request(self, pdu: Pdu | None, now: float) -> None:
        if isinstance(pdu, AssociateRequest) and pdu.protocol_version & 1:  # PS3.8 9.3.2: only bit 0 is looked at
            self.request = pdu
            self._indications.append(AssociateRequested(pdu))
            return
        self.state = State.STA13
        self._send(Step.SEND, REJECT_PROTOCOL_VERSION)
        self._do(Step.START_ARTIM, None, now)

    def _indicate(self, step: Step, pdu: Pdu | None) -> None:
        if step is Step.INDICATE_PROVIDER_ABORT:
            by_peer = self._explanation == _CLOSED
            self._indications.append(Aborted(by_peer, SERVICE_PROVIDER, self._reason, self._explanation))
            return
        match pdu:
            case AssociateAccept():
                self._agree(pdu.results, pdu.user.max_length)
                self._indications.append(AssociateAccepted(pdu))
            case AssociateReject():
                self._indications.append(AssociateRejected(pdu))
            case PduType.RELEASE_RQ:
                self._indications.append(ReleaseRequested())
            case PduType.RELEASE_RP:
                self._indications.append(Released())
            case Abort(source, reason):
                self._indications.append(Aborted(True, source, reason, "the peer aborted"))  # noqa: FBT003  by the peer
            case _:
                pass  # P-DATA-TF: indicated piece by piece while it arrives

    def _agree(self, results: tuple[ContextResult, ...], peer_max_length: int) -> None:
        proposed = {one.context_id: one.abstract_syntax for one in self.request.contexts} if self.request else {}
        self.contexts = {
            result.context_id: AgreedContext(result.context_id, proposed[result.context_id], result.transfer_syntax)
            for result in results
            if result.result is Result.ACCEPTANCE and result.context_id in proposed
        }
        self.peer_max_length = peer_max_length

    def _take_read(self, read: Pdu | Data | Broken, now: float) -> None:
        match read:
            case Broken():
                self._is_deaf = read.is_framing_lost
                self._reason, self._explanation = read.reason, read.explanation
                self._happen(Event.EVT19, None, now)
            case Data():
                self._take_piece(read, now)
            case PduType.P_DATA_TF if self.state is State.STA6:
                pass  # DT-2 changes nothing: the usual way needs no look at the table
            case _:
                kind = read if isinstance(read, PduType) else type(read)
                self._reason, self._explanation = AbortReason.UNEXPECTED_PDU, "a PDU that was not expected"
                self._happen(_EVENT_OF[kind], read, now)

    def _take_piece(self, piece: Data, now: float) -> None:
        if self.state not in _RECEIVING:
            return  # AA-6: of a P-DATA-TF that was ignored
        if piece.context_id in self.contexts:
            self._indications.append(piece)
        else:
            self._take_read(Broken(AbortReason.INVALID_PARAMETER, "a PDV of no accepted context"), now)

    def _take_indications(self) -> list[Indication]:
        taken, self._indications = self._indications, []
        return taken
