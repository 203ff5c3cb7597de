"""The DICOM door over loopback: what is stored arrives as it was sent, and limits and ends are kept."""

import gc
import socket
import struct
import threading
import weakref

import pytest

from dicom_door import CT, IMPLICIT, VERIFICATION, RawPeer, door, value
from filmless.access.peers import Peer
from filmless.archive.model import DuplicatePolicy, Refusal, Refused
from filmless.servers.association.policy import Policy
from filmless.servers.association.summary import ContextGroup, FailedOperation
from filmless.servers.dimse.c_store import STATUS_OF
from filmless.standards.data_set.part10 import Head, read_head
from filmless.standards.dimse.commands import CommandField, Element
from filmless.standards.upper_layer.association import Limits
from filmless.standards.upper_layer.pdu import PduType, write_pdu
from serving import wait_until

PERMANENT, TRANSIENT = 1, 2


def test_what_is_stored_reaches_the_archive_byte_for_byte() -> None:
    data = bytes(range(256)) * 300
    with door() as house, RawPeer(house.port) as peer:
        assert peer.associate()[0] == PduType.ASSOCIATE_AC
        assert peer.store("1.2.3.4", data) == 0x0000
        assert peer.release() == PduType.RELEASE_RP
        (received,) = house.archive.received
    assert bytes(received.data_set) == data
    assert (received.sop_class_uid, received.instance_uid) == (CT, "1.2.3.4")
    assert received.source.calling_ae == "CT1"
    head = read_head(received.head + data)
    assert isinstance(head, Head)
    assert head.head_length == len(received.head)
    assert head.transfer_syntax_uid == received.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert house.archive.scopes[0].actor == "ae:CT1"
    assert house.archive.scopes[0].address == "127.0.0.1"


def test_a_large_object_streams_in_bounded_chunks() -> None:
    data = bytes(range(251)) * 80_000  # 20 MB
    with door() as house, RawPeer(house.port) as peer:
        peer.associate()
        peer.store_command("1.2.3.5")
        peer.data_set(3, data, piece=16378)
        assert peer.status() == 0x0000
        assert peer.store("1.2.3.6", b"small") == 0x0000
    large = house.archive.large["1.2.3.5"]
    assert large.content == data
    assert max(large.chunks) < 5 << 20
    assert house.archive.received[0].data_set == b"small"


def test_reading_stops_while_the_disk_is_slower_than_the_peer() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.gate.clear()
        peer.associate()
        peer.store_command("1.2.3.5")
        peer.socket.settimeout(1)
        assert peer.flood(value(3, 0, bytes(16378)), 256 << 20) < 64 << 20  # what the system's socket buffers took


def test_a_slow_disk_is_not_held_against_the_peer() -> None:
    policy = Policy("FILMLESS", limits=Limits(pdu=0.2))
    with door(policy) as house, RawPeer(house.port) as peer:
        peer.associate()
        house.archive.gate.clear()
        threading.Timer(2.5, house.archive.gate.set).start()  # longer than the limit and two looks at the timers
        peer.store_command("1.2.3.5")
        peer.data_set(3, bytes(48 << 20))
        assert peer.status() == 0x0000


def test_a_large_object_whose_sender_goes_away_is_given_up() -> None:
    with door() as house:
        with RawPeer(house.port) as peer:
            peer.associate()
            peer.store_command("1.2.3.5")
            for _ in range(400):
                peer.send(value(3, 0, bytes(16378)))
        house.record.wait(1)
    assert house.archive.aborted == ["1.2.3.5"]
    assert house.record.summaries[0].counts == {"C-STORE unanswered": 1}


def test_a_large_object_that_cannot_be_written_is_refused_and_the_association_goes_on() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.refusals["1.2.3.5"] = Refused(Refusal.NO_SPACE, "disk full")
        peer.associate()
        assert peer.store("1.2.3.5", bytes(6 << 20)) == 0xA700
        assert peer.store("1.2.3.6", b"x") == 0x0000


def test_an_error_while_a_large_object_is_written_leaves_nothing_of_it() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.fault = ValueError("a bug")
        peer.associate()
        assert peer.store("1.2.3.5", bytes(6 << 20)) == 0x0110
        assert peer.echo() == 0
    assert house.archive.aborted == ["1.2.3.5"]


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_its_status_and_says_why(refusal: Refusal) -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.refusals["1.2.3"] = Refused(refusal, "why it was refused")
        peer.associate()
        peer.store_command("1.2.3")
        peer.data_set(3, b"x")
        numbers, texts, _ = peer.message()
        assert peer.echo() == 0
    assert numbers[Element.STATUS] == STATUS_OF[refusal] != 0
    assert texts[Element.ERROR_COMMENT] == "why it was refused"
    assert texts[Element.AFFECTED_INSTANCE_UID] == "1.2.3"


def test_another_version_is_a_success_that_says_so() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.versions.add("1.2.3")
        peer.associate()
        peer.store_command("1.2.3")
        peer.data_set(3, b"x")
        numbers, texts, _ = peer.message()
    assert numbers[Element.STATUS] == 0
    assert texts[Element.ERROR_COMMENT] == "Kept as another version: this UID has another content"


@pytest.mark.parametrize(
    ("instance_uid", "sop_class_uid", "status"),
    [
        ("../../etc", CT, 0x0117),
        ("", CT, 0x0117),
        ("1.2.3", "1.2.840.10008.5.1.4.1.1.4", 0x0122),
        ("1.2.3", "", 0x0122),
    ],
)
def test_a_command_that_is_wrong_is_refused_after_its_data_set(
    instance_uid: str, sop_class_uid: str, status: int
) -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate()
        assert peer.store(instance_uid, bytes(50_000), sop_class_uid) == status
        assert peer.echo() == 0
        assert house.archive.received == []


def test_an_error_of_the_archive_costs_one_request_only() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.fault = ValueError("a bug")
        peer.associate()
        assert peer.store("1.2.3", b"x") == 0x0110
        house.archive.fault = None
        assert peer.store("1.2.3", b"x") == 0x0000


def test_an_unknown_operation_is_answered() -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate()
        peer.command(1, {Element.COMMAND_FIELD: 0x0140, Element.DATA_SET_TYPE: 0x0101})
        assert peer.status() == 0x0211


def test_a_service_in_a_context_of_another_is_refused() -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate()
        peer.store_command("1.2.3", VERIFICATION, context_id=1)
        peer.data_set(1, b"x")
        assert peer.status() == 0x0122


def test_requests_that_come_before_the_answer_are_served_in_their_order() -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate()
        house.archive.gate.clear()
        for number in range(5):
            peer.store_command(f"1.2.{number}")
            peer.data_set(3, bytes([number]) * 3000, piece=700)
        peer.send(write_pdu(PduType.RELEASE_RQ))
        house.archive.gate.set()
        answers = [peer.message() for _ in range(5)]
        assert [texts[Element.AFFECTED_INSTANCE_UID] for _, texts, _ in answers] == [f"1.2.{n}" for n in range(5)]
        assert peer.pdu()[0] == PduType.RELEASE_RP
    assert [bytes(one.data_set) for one in house.archive.received] == [bytes([n]) * 3000 for n in range(5)]


@pytest.mark.parametrize(
    "messages",
    [
        value(3, 2, b"a data set without command"),
        value(1, 1, bytes(16000)) * 5,  # a command set over 64 KiB
        value(1, 3, b"no command set"),
        value(1, 3, b""),
        value(1, 1, bytes(4)) + value(3, 3, bytes(4)),  # a command that changes its context
    ],
)
def test_values_that_make_no_message_are_aborted(messages: bytes) -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate()
        peer.send(messages)
        assert peer.wait_closed() == PduType.ABORT


def test_a_release_inside_a_data_set_is_aborted() -> None:
    with door() as house:
        with RawPeer(house.port) as peer:
            peer.associate()
            peer.store_command("1.2.3")
            peer.send(value(3, 0, b"part") + write_pdu(PduType.RELEASE_RQ))
            assert peer.wait_closed() == PduType.ABORT
        assert house.record.wait(1)[0].end == "a release came inside a message"


def test_a_pdu_over_the_announced_length_is_aborted_and_the_flood_is_cut() -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate()
        peer.send(struct.pack(">BxI", 4, 0xFFFFFFFF))
        assert peer.wait_closed() == PduType.ABORT
        assert peer.flood(bytes(65536), 64 << 20) < 64 << 20


@pytest.mark.parametrize(
    ("called", "calling", "reason"), [("OTHER", "CT1", 7), ("FILMLESS", "BAD\\NAME", 3), ("FILMLESS", "", 3)]
)
def test_wrong_titles_are_rejected_for_good(called: str, calling: str, reason: int) -> None:
    with door() as house:
        with RawPeer(house.port) as peer:
            kind, body = peer.associate(called=called, calling=calling)
            assert (kind, *body[1:]) == (PduType.ASSOCIATE_RJ, PERMANENT, 1, reason)
        assert house.record.wait(1)[0].end.startswith(f"rejected 1/1/{reason}: call")


def test_any_called_title_is_served_where_the_policy_says_so() -> None:
    with door(Policy("FILMLESS", any_called_ae=True)) as house, RawPeer(house.port) as peer:
        assert peer.associate(called="WHATEVER")[0] == PduType.ASSOCIATE_AC


def test_beyond_loopback_only_registered_peers_from_their_address_are_served() -> None:
    known, elsewhere = Peer("KNOWN", "127.0.0.1", 104), Peer("ELSEWHERE", "192.0.2.1", 104)
    with door(Policy("FILMLESS", is_loopback=False), known, elsewhere) as house:
        for title, expected in (("KNOWN", PduType.ASSOCIATE_AC), ("NOBODY", 3), ("ELSEWHERE", 3)):
            with RawPeer(house.port) as peer:
                kind, body = peer.associate(calling=title)
                assert kind == expected
                assert kind == PduType.ASSOCIATE_AC or tuple(body[1:]) == (PERMANENT, 1, 3)


def test_a_registry_that_does_not_answer_is_a_transient_rejection() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.peers.fault = OSError("no database")
        kind, body = peer.associate()
        assert (kind, *body[1:]) == (PduType.ASSOCIATE_RJ, TRANSIENT, 3, 1)


def test_rules_of_the_registry_hold_for_what_a_peer_sends() -> None:
    peer_row = Peer("CT1", "127.0.0.1", 104, duplicates=DuplicatePolicy.REFUSE, issuer="HOSPITAL")
    with door(None, peer_row) as house, RawPeer(house.port) as peer:
        peer.associate()
        peer.store("1.2.3", b"x")
        source = house.archive.received[0].source
    assert (source.duplicates, source.issuer) == (DuplicatePolicy.REFUSE, "HOSPITAL")


def test_a_peer_without_the_right_gets_its_contexts_rejected() -> None:
    with door(None, Peer("CT1", "127.0.0.1", 104, allow=frozenset(("echo",)))) as house:
        with RawPeer(house.port) as peer:
            peer.associate()
            assert peer.echo() == 0
            peer.release()
        (summary,) = house.record.wait(1)
    assert {group.abstract_syntaxes: group.result for group in summary.contexts} == {
        (VERIFICATION,): "accepted",
        (CT,): "not allowed",
    }
    (sentence,) = summary.advice
    assert sentence.startswith('"CT1" may not use CT Image Storage; it may echo. Change --allow of filmless ae add')


def test_more_associations_than_the_limit_are_rejected_until_one_ends() -> None:
    policy = Policy("FILMLESS", max_associations_per_peer=2)
    with door(policy) as house, RawPeer(house.port) as first, RawPeer(house.port) as second:
        assert first.associate()[0] == second.associate()[0] == PduType.ASSOCIATE_AC
        with RawPeer(house.port) as third:
            kind, body = third.associate()
            assert (kind, *body[1:]) == (PduType.ASSOCIATE_RJ, TRANSIENT, 3, 2)
        first.release()
        with RawPeer(house.port) as fourth:
            assert fourth.associate()[0] == PduType.ASSOCIATE_AC
        assert second.echo() == 0


def test_an_idle_association_makes_room_when_slots_run_out() -> None:
    policy = Policy("FILMLESS", max_associations=1, spare_idle=0)
    with door(policy) as house, RawPeer(house.port) as first, RawPeer(house.port) as second:
        first.associate()
        assert second.associate()[0] == PduType.ASSOCIATE_AC
        assert first.wait_closed() == PduType.ABORT
        assert second.echo() == 0


def test_a_busy_association_keeps_its_slot() -> None:
    policy = Policy("FILMLESS", max_associations=1, spare_idle=0)
    with door(policy) as house, RawPeer(house.port) as busy, RawPeer(house.port) as late:
        busy.associate()
        house.archive.gate.clear()
        busy.store_command("1.2.3")
        busy.data_set(3, b"x")
        assert house.archive.came.wait(10)
        kind, body = late.associate()
        assert (kind, *body[1:]) == (PduType.ASSOCIATE_RJ, TRANSIENT, 3, 2)
        house.archive.gate.set()
        assert busy.status() == 0


def test_silent_connections_are_not_counted_and_end_with_the_artim_timer() -> None:
    policy = Policy("FILMLESS", max_associations=4, limits=Limits(artim=0.2))
    with door(policy) as house:
        silent = [RawPeer(house.port) for _ in range(6)]
        with RawPeer(house.port) as peer:
            assert peer.associate()[0] == PduType.ASSOCIATE_AC
            assert [one.wait_closed() for one in silent] == [None] * 6
            assert peer.echo() == 0
        for one in silent:
            one.socket.close()


def test_an_idle_association_is_aborted() -> None:
    with door(Policy("FILMLESS", idle=0.1)) as house:
        with RawPeer(house.port) as peer:
            peer.associate()
            assert peer.wait_closed() == PduType.ABORT
        assert house.record.wait(1)[0].end == "idle"


@pytest.mark.parametrize("part", [value(3, 2, bytes(100))[:50], value(3, 0, bytes(100)), b""])
def test_a_message_that_does_not_go_on_is_aborted(part: bytes) -> None:
    with door(Policy("FILMLESS", limits=Limits(pdu=0.2))) as house, RawPeer(house.port) as peer:
        peer.associate()
        peer.store_command("1.2.3")
        peer.send(part)
        assert peer.wait_closed() == PduType.ABORT


def test_draining_answers_what_is_in_progress_and_ends_the_rest() -> None:
    with door() as house, RawPeer(house.port) as busy, RawPeer(house.port) as idle, RawPeer(house.port) as silent:
        busy.associate()
        idle.associate()
        house.archive.gate.clear()
        busy.store_command("1.2.3")
        busy.data_set(3, b"x")
        assert house.archive.came.wait(10)
        drained = house.drain(20)
        assert idle.wait_closed() == PduType.ABORT
        assert silent.wait_closed() is None
        house.archive.gate.set()
        assert busy.status() == 0x0000
        assert busy.wait_closed() == PduType.ABORT
        busy.socket.close()
        idle.socket.close()
        drained.result(10)
        assert {"C-STORE success": 1} in [summary.counts for summary in house.record.wait(2)]


def test_draining_ends_within_its_time_whatever_hangs() -> None:
    with door() as house, RawPeer(house.port) as busy:
        busy.associate()
        house.archive.gate.clear()
        busy.store_command("1.2.3")
        busy.data_set(3, b"x")
        assert house.archive.came.wait(10)
        house.drain(1.5).result(5)
        assert busy.wait_closed() == PduType.ABORT


def test_an_association_leaves_one_summary() -> None:
    with door() as house:
        with RawPeer(house.port) as peer:
            peer.associate([(VERIFICATION, (IMPLICIT,)), (CT, (IMPLICIT,)), ("1.2.840.10008.5.1.4.31", (IMPLICIT,))])
            peer.echo()
            house.archive.refusals["1.2.4"] = Refused(Refusal.NO_SPACE, "full")
            for uid in ("1.2.3", "1.2.4", "1.2.5"):
                peer.store(uid, b"x")
            peer.release()
        (summary,) = house.record.wait(1)
    assert (summary.calling_ae, summary.called_ae, summary.address) == ("CT1", "FILMLESS", "127.0.0.1")
    assert (summary.implementation_class_uid, summary.implementation_version) == ("1.2.3", "RAW")
    assert summary.contexts == (
        ContextGroup("accepted", IMPLICIT, (IMPLICIT,), (VERIFICATION, CT)),
        ContextGroup("abstract syntax not supported", "", (IMPLICIT,), ("1.2.840.10008.5.1.4.31",)),
    )
    assert summary.failures == (FailedOperation("C-STORE", 0xA700, "full", 1),)
    assert summary.is_failed
    assert summary.counts == {"C-ECHO success": 1, "C-STORE success": 2, "C-STORE failure": 1}
    assert summary.end == "released"


def test_an_answer_is_sent_in_one_segment_at_once() -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate()
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.command(1, {Element.COMMAND_FIELD: CommandField.C_ECHO.value, Element.DATA_SET_TYPE: 0x0101})
        whole = peer.socket.recv(65536)
        assert len(whole) == struct.unpack_from(">xxI", whole)[0] + 6


def test_an_association_that_has_ended_leaves_nothing_in_memory() -> None:
    gc.disable()
    try:
        with door() as house:
            with RawPeer(house.port) as peer:
                peer.associate()
                assert peer.echo() == 0
                (ended,) = [weakref.ref(each) for each in house.listener._connections]
                assert peer.release() == PduType.RELEASE_RP
            wait_until(lambda: ended() is None)
    finally:
        gc.enable()
