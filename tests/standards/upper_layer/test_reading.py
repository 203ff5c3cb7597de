"""Properties of the reader: the cut of the bytes does not matter, and no bytes of a peer raise or fill memory."""

import struct
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from filmless.standards.upper_layer.association import Association, Limits
from filmless.standards.upper_layer.indications import Aborted, AssociateRequested, Data, Indication
from filmless.standards.upper_layer.items import (
    ContextResult,
    ProposedContext,
    Result,
    Role,
    UserIdentity,
    UserInformation,
    item,
)
from filmless.standards.upper_layer.pdu import AssociateRequest, PduType, read_pdu, write_pdu
from filmless.standards.upper_layer.state_table import State

IMPLICIT = "1.2.840.10008.1.2"
REQUEST = AssociateRequest(
    "FILMLESS",
    "CT1",
    (
        ProposedContext(1, "1.2.840.10008.1.1", (IMPLICIT,)),
        ProposedContext(3, "1.2.840.10008.5.1.4.1.1.2", ("1.2.840.10008.1.2.1", IMPLICIT)),
    ),
    UserInformation(
        16384,
        "1.2.3",
        "PEER_1",
        async_window=(5, 1),
        roles=(Role("1.2.840.10008.5.1.4.1.1.2", scu=True, scp=True),),
        extended=(("1.2.840.10008.5.1.4.1.1.2", b"\x02\x00\x01"),),
    ),
)


def pdata(*values: tuple[int, int, bytes]) -> bytes:
    """One P-DATA-TF of (context ID, control, payload)."""
    body = b"".join(struct.pack(">IBB", len(payload) + 2, cid, control) + payload for cid, control, payload in values)
    return struct.pack(">BxI", 4, len(body)) + body


SESSION = (
    write_pdu(REQUEST),
    pdata((1, 3, b"command")),
    pdata((3, 1, b"com"), (3, 3, b"mand"), (3, 0, b"data " * 40)),
    pdata((3, 0, b"")),
    pdata((3, 2, b"set" * 100)),
    write_pdu(PduType.RELEASE_RQ),
)


def established(limits: Limits | None = None) -> Association:
    association = Association.acceptor(limits or Limits(), now=0)
    association.receive_data(SESSION[0], now=0)
    association.accept(tuple(ContextResult(i, Result.ACCEPTANCE, IMPLICIT) for i in (1, 3)), UserInformation(), now=0)
    association.data_to_send()
    return association


def joined(indications: list[Indication]) -> list[object]:
    """Indications with the pieces of one payload put together, so that they can be compared."""
    result: list[object] = []
    for indication in indications:
        if not isinstance(indication, Data):
            result.append(indication)
            continue
        key = (indication.context_id, indication.is_command)
        if result and isinstance(result[-1], list) and result[-1][:2] == [*key] and not result[-1][2]:
            result[-1][2:] = [indication.is_last, result[-1][3] + bytes(indication.fragment)]
        else:
            result.append([*key, indication.is_last, bytes(indication.fragment)])
    return result


def fed(association: Association, stream: bytes, cuts: list[int]) -> list[object]:
    indications: list[object] = []
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    kept: list[Indication] = []
    for start, stop in pairwise(edges):
        if stop > start:
            kept += [
                one._replace(fragment=memoryview(bytes(one.fragment))) if isinstance(one, Data) else one
                for one in association.receive_data(bytearray(stream[start:stop]), now=0)
            ]
    indications += joined(kept)
    return indications


@given(st.lists(st.integers(0, 5000)))
def test_events_do_not_depend_on_how_tcp_cut_the_bytes(cuts: list[int]) -> None:
    stream = b"".join(SESSION[1:])
    assert fed(established(), stream, cuts) == fed(established(), stream, [])


def test_byte_by_byte_gives_the_same_as_in_one_piece() -> None:
    stream = b"".join(SESSION[1:])
    assert fed(established(), stream, list(range(len(stream)))) == fed(established(), stream, [])


def test_a_request_in_pieces_is_the_same_request() -> None:
    association = Association.acceptor(Limits(), now=0)
    seen = [one for byte in SESSION[0] for one in association.receive_data(bytes([byte]), now=0)]
    assert seen == [AssociateRequested(REQUEST)]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_no_bytes_raise_while_a_request_is_awaited(stream: bytes, cuts: list[int]) -> None:
    fed(Association.acceptor(Limits(), now=0), stream, cuts)


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_damage_to_a_request_raises(noise: bytes, place: int) -> None:
    raw = bytearray(SESSION[0])
    raw[place : place + len(noise)] = noise
    fed(Association.acceptor(Limits(), now=0), bytes(raw), [])


@given(st.sampled_from([1, 2, 3, 5, 6, 7]), st.binary(max_size=200))
def test_no_bytes_raise_once_established(kind: int, body: bytes) -> None:
    fed(established(), struct.pack(">BxI", kind, len(body)) + body + b"".join(SESSION[1:]), [])


@given(st.binary(max_size=200))
def test_no_content_of_p_data_raises(body: bytes) -> None:
    fed(established(), struct.pack(">BxI", 4, len(body)) + body + b"".join(SESSION[1:]), [3, 9])


@given(st.binary(max_size=400))
def test_no_body_raises_out_of_the_reading_of_a_pdu(body: bytes) -> None:
    for kind in range(10):
        read_pdu(kind, memoryview(bytes(68) + body))


def test_a_pdu_over_its_limit_is_aborted_from_its_header() -> None:
    association = established(Limits(max_length=1000))
    indications = association.receive_data(struct.pack(">BxI", 4, 1001), now=0)
    assert [type(one) for one in indications] == [Aborted]
    assert association.data_to_send() == bytes([7, 0, 0, 0, 0, 4, 0, 0, 2, 6])  # invalid parameter value
    assert association.receive_data(b"x" * 100_000, now=0) == []
    assert association.state is State.STA13


def test_a_pdu_of_exactly_the_announced_length_is_taken() -> None:
    association = established(Limits(max_length=1000))
    indications = association.receive_data(pdata((3, 3, b"x" * 994)), now=0)
    assert [bytes(one.fragment) for one in indications if isinstance(one, Data)] == [b"x" * 994]


def test_an_association_request_over_its_limit_is_aborted_from_its_header() -> None:
    association = Association.acceptor(Limits(), now=0)
    association.receive_data(struct.pack(">BxI", 1, (1 << 20) + 1), now=0)
    assert association.data_to_send()[:1] == b"\x07"


def test_an_unknown_pdu_is_answered_with_its_reason() -> None:
    association = established()
    association.receive_data(b"\x0a\0\0\0\0\x04abcd", now=0)
    assert association.data_to_send() == bytes([7, 0, 0, 0, 0, 4, 0, 0, 2, 1])  # unrecognized PDU


def test_a_context_that_was_not_accepted_is_aborted() -> None:
    association = established()
    indications = association.receive_data(pdata((99, 3, b"x")), now=0)
    assert [type(one) for one in indications] == [Aborted]


def test_an_unfinished_pdu_has_a_deadline_of_its_own() -> None:
    association = established()
    assert association.deadline is None
    association.receive_data(SESSION[1][:3], now=5)
    association.receive_data(SESSION[1][3:9], now=40)
    assert association.deadline == 65
    association.restart_reading(50)
    assert association.deadline == 110
    indications = association.expire(now=110)
    assert [type(one) for one in indications] == [Aborted]
    assert association.data_to_send()[:1] == b"\x07"


def test_the_deadline_of_a_request_counts_from_the_connection() -> None:
    association = Association.acceptor(Limits(), now=100)
    for second in range(29):
        association.receive_data(SESSION[0][second : second + 1], now=100 + second)
    assert association.deadline == 130


def test_what_is_sent_is_cut_to_what_the_peer_takes() -> None:
    association = Association.acceptor(Limits(), now=0)
    association.receive_data(write_pdu(AssociateRequest("A", "B", REQUEST.contexts, UserInformation(50))), now=0)
    association.accept((ContextResult(1, Result.ACCEPTANCE, IMPLICIT),), UserInformation(), now=0)
    association.data_to_send()
    association.send_data(1, bytes(range(100)), now=0)
    sent, payload, controls = association.data_to_send(), b"", []
    while sent:
        length, pdv, cid, control = struct.unpack_from(">xxIIBB", sent)
        assert length <= 50
        assert (pdv, cid) == (length - 4, 1)
        payload += sent[12 : 6 + length]
        controls.append(control)
        sent = sent[6 + length :]
    assert payload == bytes(range(100))
    assert controls == [0, 0, 2]


def test_items_come_back_as_they_were_written() -> None:
    read = read_pdu(1, memoryview(write_pdu(REQUEST))[6:])
    assert read == REQUEST


def test_user_identity_and_common_extended_negotiation_are_read() -> None:
    identity = b"\x02\x01" + b"\0\x04user" + b"\0\x06secret"
    common = b"\0\x031.2" + b"\0\x011" + b"\0\x07" + b"\0\x051.2.3"
    user = item(0x51, struct.pack(">I", 1)) + item(0x58, identity) + item(0x57, common)
    raw = struct.pack(">H66x", 1) + item(0x50, user)
    read = read_pdu(1, memoryview(raw))
    assert isinstance(read, AssociateRequest)
    assert read.user.user_identity == UserIdentity(2, response_requested=True, primary=b"user", secondary=b"secret")
    assert read.user.common_extended[0].related_general == ("1.2.3",)
    assert "secret" not in repr(read)


def test_requests_that_break_the_rules_are_invalid() -> None:
    def request(items: bytes) -> object:
        return read_pdu(1, memoryview(struct.pack(">H66x", 1) + items))

    context = struct.pack(">Bxxx", 1) + item(0x30, b"1.2")
    assert request(item(0x20, context)) is not None
    assert request(item(0x20, context) * 2) is None  # an ID used twice
    assert request(item(0x20, b"\x02\0\0\0")) is None  # an even ID
    assert request(item(0x20, context)[:-1]) is None  # cut short
    assert request(item(0, b"") * 20_001) is None  # too many items
