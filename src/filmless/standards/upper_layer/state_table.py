"""The state table of the upper layer (PS3.8 9.2): states, events, actions, with the standard's own numbers."""

from enum import Enum, IntEnum, StrEnum


class State(IntEnum):
    """The states of an association (PS3.8 9.2.1)."""

    STA1 = 1  # idle
    STA2 = 2  # transport open, awaiting A-ASSOCIATE-RQ
    STA3 = 3  # awaiting local A-ASSOCIATE response primitive
    STA4 = 4  # awaiting transport connection
    STA5 = 5  # awaiting A-ASSOCIATE-AC or -RJ
    STA6 = 6  # established, ready for data transfer
    STA7 = 7  # awaiting A-RELEASE-RP
    STA8 = 8  # awaiting local A-RELEASE response primitive
    STA9 = 9  # release collision, requestor: awaiting local A-RELEASE response
    STA10 = 10  # release collision, acceptor: awaiting A-RELEASE-RP
    STA11 = 11  # release collision, requestor: awaiting A-RELEASE-RP
    STA12 = 12  # release collision, acceptor: awaiting local A-RELEASE response
    STA13 = 13  # awaiting transport connection close


class Event(IntEnum):
    """What may happen to an association (PS3.8 Table 9-10)."""

    EVT1 = 1  # local: A-ASSOCIATE request
    EVT2 = 2  # transport connection confirmed
    EVT3 = 3  # A-ASSOCIATE-AC received
    EVT4 = 4  # A-ASSOCIATE-RJ received
    EVT5 = 5  # transport connection indication
    EVT6 = 6  # A-ASSOCIATE-RQ received
    EVT7 = 7  # local: A-ASSOCIATE response, accept
    EVT8 = 8  # local: A-ASSOCIATE response, reject
    EVT9 = 9  # local: P-DATA request
    EVT10 = 10  # P-DATA-TF received
    EVT11 = 11  # local: A-RELEASE request
    EVT12 = 12  # A-RELEASE-RQ received
    EVT13 = 13  # A-RELEASE-RP received
    EVT14 = 14  # local: A-RELEASE response
    EVT15 = 15  # local: A-ABORT request
    EVT16 = 16  # A-ABORT received
    EVT17 = 17  # transport connection closed
    EVT18 = 18  # ARTIM timer expired
    EVT19 = 19  # unrecognized or invalid PDU received


class Step(Enum):
    """One thing that an action does; an action is a sequence of them."""

    START_ARTIM = "start ARTIM"
    STOP_ARTIM = "stop ARTIM"
    CONNECT = "issue transport connect"
    CLOSE = "close transport connection"
    SEND = "send the PDU of the primitive"  # the -RQ, -AC, -RJ, P-DATA-TF or -RP that the caller has made
    SEND_USER_ABORT = "send A-ABORT (service-user source)"
    SEND_PROVIDER_ABORT = "send A-ABORT (service-provider source)"
    INDICATE = "issue indication or confirmation of the PDU"
    INDICATE_PROVIDER_ABORT = "issue A-P-ABORT indication"
    JUDGE_REQUEST = "indicate the A-ASSOCIATE-RQ, or reject it when the version is not ours"


class Action(StrEnum):
    """Names of the actions (PS3.8 Tables 9-6 to 9-9)."""

    AE_1 = "AE-1"
    AE_2 = "AE-2"
    AE_3 = "AE-3"
    AE_4 = "AE-4"
    AE_5 = "AE-5"
    AE_6 = "AE-6"
    AE_7 = "AE-7"
    AE_8 = "AE-8"
    DT_1 = "DT-1"
    DT_2 = "DT-2"
    AR_1 = "AR-1"
    AR_2 = "AR-2"
    AR_3 = "AR-3"
    AR_4 = "AR-4"
    AR_5 = "AR-5"
    AR_6 = "AR-6"
    AR_7 = "AR-7"
    AR_8 = "AR-8"
    AR_9 = "AR-9"
    AR_10 = "AR-10"
    AA_1 = "AA-1"
    AA_2 = "AA-2"
    AA_3 = "AA-3"
    AA_4 = "AA-4"
    AA_5 = "AA-5"
    AA_6 = "AA-6"
    AA_7 = "AA-7"
    AA_8 = "AA-8"


# What each action does and the state it leads to. AE-6 and AR-8 have two outcomes: AE-6 goes on to the
# second when the request is not acceptable, AR-8 when this side is the acceptor.
ACTIONS: dict[Action, tuple[tuple[Step, ...], tuple[State, ...]]] = {
    Action.AE_1: ((Step.CONNECT,), (State.STA4,)),
    Action.AE_2: ((Step.SEND,), (State.STA5,)),
    Action.AE_3: ((Step.INDICATE,), (State.STA6,)),
    Action.AE_4: ((Step.INDICATE, Step.CLOSE), (State.STA1,)),
    Action.AE_5: ((Step.START_ARTIM,), (State.STA2,)),
    Action.AE_6: ((Step.STOP_ARTIM, Step.JUDGE_REQUEST), (State.STA3, State.STA13)),
    Action.AE_7: ((Step.SEND,), (State.STA6,)),
    Action.AE_8: ((Step.SEND, Step.START_ARTIM), (State.STA13,)),
    Action.DT_1: ((Step.SEND,), (State.STA6,)),
    Action.DT_2: ((Step.INDICATE,), (State.STA6,)),
    Action.AR_1: ((Step.SEND,), (State.STA7,)),
    Action.AR_2: ((Step.INDICATE,), (State.STA8,)),
    Action.AR_3: ((Step.INDICATE, Step.CLOSE), (State.STA1,)),
    Action.AR_4: ((Step.SEND, Step.START_ARTIM), (State.STA13,)),
    Action.AR_5: ((Step.STOP_ARTIM,), (State.STA1,)),
    Action.AR_6: ((Step.INDICATE,), (State.STA7,)),
    Action.AR_7: ((Step.SEND,), (State.STA8,)),
    Action.AR_8: ((Step.INDICATE,), (State.STA9, State.STA10)),
    Action.AR_9: ((Step.SEND,), (State.STA11,)),
    Action.AR_10: ((Step.INDICATE,), (State.STA12,)),
    Action.AA_1: ((Step.SEND_USER_ABORT, Step.START_ARTIM), (State.STA13,)),
    Action.AA_2: ((Step.STOP_ARTIM, Step.CLOSE), (State.STA1,)),
    Action.AA_3: ((Step.INDICATE, Step.CLOSE), (State.STA1,)),
    Action.AA_4: ((Step.INDICATE_PROVIDER_ABORT,), (State.STA1,)),
    Action.AA_5: ((Step.STOP_ARTIM,), (State.STA1,)),
    Action.AA_6: ((), (State.STA13,)),
    Action.AA_7: ((Step.SEND_PROVIDER_ABORT,), (State.STA13,)),
    Action.AA_8: ((Step.SEND_PROVIDER_ABORT, Step.INDICATE_PROVIDER_ABORT, Step.START_ARTIM), (State.STA13,)),
}

# PS3.8 Table 9-10 as printed: one row per event, one column per state; "-" is a pair that cannot happen.
_TABLE_9_10 = """
          1    2    3    4    5    6    7    8    9    10    11   12   13
Evt1      AE-1 -    -    -    -    -    -    -    -    -     -    -    -
Evt2      -    -    -    AE-2 -    -    -    -    -    -     -    -    -
Evt3      -    AA-1 AA-8 -    AE-3 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt4      -    AA-1 AA-8 -    AE-4 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt5      AE-5 -    -    -    -    -    -    -    -    -     -    -    -
Evt6      -    AE-6 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-7
Evt7      -    -    AE-7 -    -    -    -    -    -    -     -    -    -
Evt8      -    -    AE-8 -    -    -    -    -    -    -     -    -    -
Evt9      -    -    -    -    -    DT-1 -    AR-7 -    -     -    -    -
Evt10     -    AA-1 AA-8 -    AA-8 DT-2 AR-6 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt11     -    -    -    -    -    AR-1 -    -    -    -     -    -    -
Evt12     -    AA-1 AA-8 -    AA-8 AR-2 AR-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-6
Evt13     -    AA-1 AA-8 -    AA-8 AA-8 AR-3 AA-8 AA-8 AR-10 AR-3 AA-8 AA-6
Evt14     -    -    -    -    -    -    -    AR-4 AR-9 -     -    AR-4 -
Evt15     -    -    AA-1 AA-2 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1  AA-1 AA-1 -
Evt16     -    AA-2 AA-3 -    AA-3 AA-3 AA-3 AA-3 AA-3 AA-3  AA-3 AA-3 AA-2
Evt17     -    AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4  AA-4 AA-4 AR-5
Evt18     -    AA-2 -    -    -    -    -    -    -    -     -    -    AA-2
Evt19     -    AA-1 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8  AA-8 AA-8 AA-7
"""


def _read_table(printed: str) -> dict[tuple[Event, State], Action]:
    rows = [line.split() for line in printed.strip().splitlines()[1:]]
    return {
        (Event(int(row[0][3:])), State(column)): Action(cell)
        for row in rows
        for column, cell in enumerate(row[1:], start=1)
        if cell != "-"
    }


TRANSITIONS = _read_table(_TABLE_9_10)
