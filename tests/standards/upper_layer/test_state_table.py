"""The state table of PS3.8: complete, and obeyed by the association for each state and event."""

import pytest

from filmless.standards.upper_layer.association import Association, Limits
from filmless.standards.upper_layer.items import ContextResult, ProposedContext, Result, UserInformation
from filmless.standards.upper_layer.pdu import (
    REJECT_NO_REASON,
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    PduType,
    write_pdu,
)
from filmless.standards.upper_layer.state_table import ACTIONS, TRANSITIONS, Action, Event, State, Step

REQUEST = AssociateRequest(
    "CALLED", "CALLING", (ProposedContext(1, "1.2.840.10008.1.1", ("1.2.840.10008.1.2",)),), UserInformation(16384)
)
RESULTS = (ContextResult(1, Result.ACCEPTANCE, "1.2.840.10008.1.2"),)
ACCEPT = AssociateAccept("CALLED", "CALLING", RESULTS, UserInformation(16384))
ABORT_FROM_PEER = Abort(0)

# How each event of the network reaches the association.
RECEIVED: dict[Event, bytes] = {
    Event.EVT3: write_pdu(ACCEPT),
    Event.EVT4: write_pdu(REJECT_NO_REASON),
    Event.EVT6: write_pdu(REQUEST),
    Event.EVT10: bytes.fromhex("04 00 00000006 00000002 01 03"),
    Event.EVT12: write_pdu(PduType.RELEASE_RQ),
    Event.EVT13: write_pdu(PduType.RELEASE_RP),
    Event.EVT16: write_pdu(ABORT_FROM_PEER),
    Event.EVT17: b"",
    Event.EVT19: bytes.fromhex("09 00 00000004 00000000"),
}
NETWORK_PAIRS = [(event, state) for (event, state) in TRANSITIONS if event in RECEIVED and state is not State.STA4]
# Where the requestor's side gets to, the rest is the acceptor's.
REQUESTOR_STATES = {State.STA5, State.STA9, State.STA11}


def association_in(state: State) -> Association:
    """An association that came into this state the way a real one does."""
    if state in REQUESTOR_STATES:
        association = Association.requestor(REQUEST, Limits(), now=0)
        if state is not State.STA5:
            association.receive_data(write_pdu(ACCEPT), now=0)
            association.release(now=0)
            association.receive_data(write_pdu(PduType.RELEASE_RQ), now=0)
        if state is State.STA11:
            association.release(now=0)
    else:
        association = _acceptor_in(state)
    association.data_to_send()
    assert association.state is state
    return association


def _acceptor_in(state: State) -> Association:
    association = Association.acceptor(Limits(), now=0)
    if state is State.STA2:
        return association
    association.receive_data(write_pdu(REQUEST), now=0)
    if state is State.STA3:
        return association
    if state is State.STA13:
        association.reject(REJECT_NO_REASON, now=0)
        return association
    association.accept(RESULTS, UserInformation(16384), now=0)
    if state in {State.STA7, State.STA10, State.STA12}:
        association.release(now=0)
    if state in {State.STA8, State.STA10, State.STA12}:
        association.receive_data(write_pdu(PduType.RELEASE_RQ), now=0)
    if state is State.STA12:
        association.receive_data(write_pdu(PduType.RELEASE_RP), now=0)
    return association


def test_every_event_has_a_row_and_every_action_is_used() -> None:
    assert {event for event, _ in TRANSITIONS} == set(Event)
    assert set(TRANSITIONS.values()) == set(Action) == set(ACTIONS)
    assert {state for _, state in TRANSITIONS} == set(State)


def test_the_peer_can_do_nothing_that_the_table_does_not_foresee() -> None:
    open_states = set(State) - {State.STA1, State.STA4}
    assert {(event, state) for event in RECEIVED for state in open_states} <= set(TRANSITIONS)


def test_pairs_without_an_entry_are_misuse_by_our_own_code() -> None:
    for event in Event:
        for state in State:
            association = Association(Limits())
            association.state = state
            if (event, state) not in TRANSITIONS:
                with pytest.raises(RuntimeError, match=event.name):
                    association._happen(event, None, 0)


@pytest.mark.parametrize(("event", "state"), NETWORK_PAIRS, ids=lambda value: value.name)
def test_what_the_peer_does_leads_where_the_table_says(event: Event, state: State) -> None:
    association = association_in(state)
    steps, states = ACTIONS[TRANSITIONS[event, state]]

    indications = association.receive_data(RECEIVED[event], now=1)

    assert association.state in states
    sent = association.data_to_send()
    aborts = [step for step in steps if step in {Step.SEND_USER_ABORT, Step.SEND_PROVIDER_ABORT}]
    assert (sent[:1] == b"\x07") == bool(aborts)
    if aborts:
        assert sent[8] == (0 if aborts == [Step.SEND_USER_ABORT] else 2)
    assert association.is_over == (Step.CLOSE in steps or event is Event.EVT17)
    is_told = any(step in steps for step in (Step.INDICATE, Step.INDICATE_PROVIDER_ABORT, Step.JUDGE_REQUEST))
    assert bool(indications) == is_told
    if Step.START_ARTIM in steps:
        assert association.deadline is not None


@pytest.mark.parametrize("state", [State.STA2, State.STA13])
def test_the_artim_timer_ends_what_waits_for_the_peer(state: State) -> None:
    association = association_in(state)
    assert association.deadline is not None
    association.expire(association.deadline)
    assert association.state is State.STA1
    assert association.is_over


@pytest.mark.parametrize(
    "state", [state for event, state in TRANSITIONS if event is Event.EVT15 and state is not State.STA4]
)
def test_our_side_may_abort_where_the_table_says(state: State) -> None:
    association = association_in(state)
    association.abort(now=0)
    assert association.state is State.STA13
    assert association.data_to_send() == write_pdu(Abort(0))


def test_release_collision_ends_by_the_numbers_on_both_sides() -> None:
    requestor, acceptor = association_in(State.STA9), association_in(State.STA10)
    requestor.release(now=0)
    assert requestor.state is State.STA11
    acceptor.receive_data(requestor.data_to_send(), now=0)
    assert acceptor.state is State.STA12
    acceptor.release(now=0)
    assert acceptor.state is State.STA13
    requestor.receive_data(acceptor.data_to_send(), now=0)
    assert requestor.state is State.STA1
    assert requestor.is_over


def test_another_protocol_version_is_rejected_by_the_provider() -> None:
    association = Association.acceptor(Limits(), now=0)
    raw = bytearray(write_pdu(REQUEST))
    raw[6:8] = b"\x00\x02"
    assert association.receive_data(raw, now=0) == []
    assert association.data_to_send() == write_pdu(AssociateReject(1, 2, 2))
    assert association.state is State.STA13
