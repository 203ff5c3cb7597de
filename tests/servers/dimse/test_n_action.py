"""N-ACTION at the door: a list that can be read is recorded and answered, anything else is refused in its own terms."""

import pytest

from commitments import asked, encoded
from dicom_door import IMPLICIT, VERIFICATION, RawPeer, door
from filmless.access.peers import Peer
from filmless.archive.errors import Unavailable
from filmless.standards.dimse.commands import CommandField, Element
from filmless.standards.upper_layer.items import Result
from filmless.standards.upper_layer.pdu import AssociateAccept, PduType, read_pdu
from serving import wait_until

PUSH_MODEL, INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
CONTEXTS = [(VERIFICATION, (IMPLICIT,)), (PUSH_MODEL, (IMPLICIT,))]
GOOD = encoded(asked("1.2.3", ["1.9", "1.8"]), IMPLICIT)
COMMAND: dict[int, int | str] = {
    Element.COMMAND_FIELD: CommandField.N_ACTION.value,
    Element.REQUESTED_SOP_CLASS_UID: PUSH_MODEL,
    Element.REQUESTED_INSTANCE_UID: INSTANCE,
    Element.ACTION_TYPE_ID: 1,
}


def ask(peer: RawPeer, data: bytes | None = GOOD, **elements: int | str) -> tuple[int, str]:
    changed = COMMAND | {Element[name]: value for name, value in elements.items()}
    peer.command(3, changed if data is not None else changed | {Element.DATA_SET_TYPE: 0x0101})
    if data is not None:
        peer.data_set(3, data)
    numbers, texts, _ = peer.message()
    assert numbers[Element.COMMAND_FIELD] == CommandField.N_ACTION | 0x8000
    return numbers[Element.STATUS], texts.get(Element.ERROR_COMMENT, "")


def test_a_list_is_recorded_and_answered_with_what_it_was_about() -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate(CONTEXTS)
        peer.command(3, COMMAND)
        peer.data_set(3, GOOD)
        numbers, texts, _ = peer.message()
        (request,) = house.commitments.requests
    assert numbers[Element.STATUS] == 0
    assert (numbers[Element.ACTION_TYPE_ID], texts[Element.AFFECTED_SOP_CLASS_UID]) == (1, PUSH_MODEL)
    assert texts[Element.AFFECTED_INSTANCE_UID] == INSTANCE
    assert (request.ae, request.called_ae, request.transaction_uid) == ("CT1", "FILMLESS", "1.2.3")
    assert [one.instance_uid for one in request.references] == ["1.9", "1.8"]


@pytest.mark.parametrize(
    ("elements", "status"),
    [
        ({"REQUESTED_SOP_CLASS_UID": VERIFICATION}, 0x0118),
        ({"REQUESTED_INSTANCE_UID": "1.2.x"}, 0x0117),
        ({"REQUESTED_INSTANCE_UID": "1.2.3"}, 0x0112),
        ({"ACTION_TYPE_ID": 2}, 0x0123),
    ],
)
def test_a_command_that_is_wrong_is_refused(elements: dict[str, int | str], status: int) -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate(CONTEXTS)
        answer, comment = ask(peer, **elements)
        assert answer == status
        assert comment
        assert ask(peer)[0] == 0
        assert len(house.commitments.requests) == 1


@pytest.mark.parametrize("data", [None, b"\x08\x00", encoded(asked("1.2.3", []), IMPLICIT)])
def test_a_list_that_is_none_is_an_invalid_argument(data: bytes | None) -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate(CONTEXTS)
        assert ask(peer, data)[0] == 0x0115
        assert house.commitments.requests == []


def test_a_list_that_is_too_long_is_refused_and_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filmless.servers.dimse.n_action.MAX_LIST", 1 << 20)
    with door() as house, RawPeer(house.port) as peer:
        peer.associate(CONTEXTS)
        assert ask(peer, bytes(5 << 20))[0] == 0x0213
        assert ask(peer)[0] == 0


def test_a_long_list_is_taken() -> None:
    uids = [f"1.2.826.0.1.3680043.10.999.2026.1.1.1.1.1.1.{number}" for number in range(30_000)]
    with door() as house, RawPeer(house.port) as peer:
        peer.associate(CONTEXTS)
        assert ask(peer, encoded(asked("1.2.3", uids), IMPLICIT))[0] == 0
        assert len(house.commitments.requests[0].references) == 30_000


def test_a_database_that_does_not_answer_is_told() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.commitments.fault = Unavailable("gone")
        peer.associate(CONTEXTS)
        assert ask(peer)[0] == 0x0110


def test_a_peer_that_may_not_commit_gets_no_context() -> None:
    may_store = Peer("CT1", "127.0.0.1", 0, allow=frozenset({"echo", "store"}))
    with door(None, may_store) as house, RawPeer(house.port) as peer:
        kind, body = peer.associate(CONTEXTS)
        accepted = read_pdu(PduType(kind), memoryview(body))
        assert isinstance(accepted, AssociateAccept)
        assert [one.result for one in accepted.results] == [Result.ACCEPTANCE, Result.USER_REJECTION]


def answer_report(peer: RawPeer, message_id: int, status: int = 0) -> None:
    peer.command(
        3,
        {
            Element.COMMAND_FIELD: CommandField.N_EVENT_REPORT | 0x8000,
            Element.MESSAGE_ID_RESPONDED_TO: message_id,
            Element.DATA_SET_TYPE: 0x0101,
            Element.STATUS: status,
        },
    )


@pytest.mark.parametrize(("status", "end"), [(0, "reported"), (0x0110, "let go")])
def test_a_peer_that_stays_is_told_on_its_own_association(status: int, end: str) -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.commitments.at_once = True
        peer.associate(CONTEXTS)
        assert ask(peer)[0] == 0
        numbers, texts, data = peer.message()
        assert numbers[Element.COMMAND_FIELD] == CommandField.N_EVENT_REPORT
        assert (numbers[Element.EVENT_TYPE_ID], texts[Element.AFFECTED_INSTANCE_UID]) == (1, INSTANCE)
        assert b"1.2.3" in data
        assert peer.echo() == 0  # its own requests are served while we wait
        answer_report(peer, numbers[Element.MESSAGE_ID], status)
        assert house.commitments.ends.get(timeout=10) == end
        assert peer.echo() == 0


def test_a_peer_that_releases_is_told_elsewhere() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.commitments.at_once = True
        house.commitments.may_settle.clear()
        peer.associate(CONTEXTS)
        assert ask(peer)[0] == 0
        assert peer.release() == PduType.RELEASE_RP
        house.commitments.may_settle.set()
        assert house.commitments.ends.get(timeout=10) == "let go"


def test_a_peer_that_releases_instead_of_answering_is_told_elsewhere() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.commitments.at_once = True
        peer.associate(CONTEXTS)
        assert ask(peer)[0] == 0
        peer.message()
        assert peer.release() == PduType.RELEASE_RP
        assert house.commitments.ends.get(timeout=10) == "let go"


def test_a_peer_that_does_not_answer_keeps_its_association(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filmless.servers.dimse.n_action.REPORT_SECONDS", 0.01)
    with door() as house, RawPeer(house.port) as peer:
        house.commitments.at_once = True
        peer.associate(CONTEXTS)
        assert ask(peer)[0] == 0
        message_id = peer.message()[0][Element.MESSAGE_ID]
        assert house.commitments.ends.get(timeout=10) == "let go"
        assert ask(peer)[0] == 0
        assert house.commitments.ends.get(timeout=10) == "let go"  # it is not asked a second time
        answer_report(peer, message_id)
        assert peer.echo() == 0


def test_a_peer_in_the_middle_of_something_else_is_told_elsewhere() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.commitments.at_once = True
        house.commitments.may_settle.clear()
        peer.associate(CONTEXTS)
        assert ask(peer)[0] == 0
        peer.command(3, COMMAND)  # whose list has not come
        wait_until(lambda: any(one.dialogue and one.dialogue.is_busy for one in house.listener._connections))
        house.commitments.may_settle.set()
        assert house.commitments.ends.get(timeout=10) == "let go"
