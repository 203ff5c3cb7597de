"""C-FIND at the door: what is asked reaches the archive, matches go out one by one, and a cancel stops them."""

import struct

import orjson
import pytest

from dicom_door import EXPLICIT, IMPLICIT, STUDY_FIND, VERIFICATION, RawPeer, door, value
from filmless.access.peers import Peer
from filmless.archive.errors import BadQuery, Unavailable
from filmless.archive.model import DicomJson, Level
from filmless.standards.data_set.identifier import Identifier, parse_identifier
from filmless.standards.dimse.commands import CommandField, Element
from filmless.standards.models.dicom_json import data_set_json
from filmless.standards.upper_layer.items import UserInformation
from filmless.standards.upper_layer.pdu import AssociateAccept, PduType, read_pdu

PATIENT_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
CONTEXTS = [(VERIFICATION, (IMPLICIT,)), (STUDY_FIND, (IMPLICIT,)), (PATIENT_FIND, (EXPLICIT, IMPLICIT))]
LEVEL, PATIENT_NAME, PATIENT_ID, STUDY_UID, COMMENTS = 0x00080052, 0x00100010, 0x00100020, 0x0020000D, 0x00104000


def implicit(*elements: tuple[int, str]) -> bytes:
    encoded = b""
    for tag, text in elements:
        raw = text.encode()
        raw += b" " * (len(raw) % 2)
        encoded += struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(raw)) + raw
    return encoded


def ask(peer: RawPeer, identifier: bytes, context_id: int = 3, model: str = STUDY_FIND) -> None:
    elements: dict[int, int | str] = {Element.COMMAND_FIELD: CommandField.C_FIND.value, Element.PRIORITY: 0}
    peer.command(context_id, elements | {Element.AFFECTED_SOP_CLASS_UID: model})
    peer.data_set(context_id, identifier)


def answers(peer: RawPeer) -> tuple[list[int], list[Identifier]]:
    statuses, matches = [], []
    while True:
        numbers, _, data = peer.message()
        statuses.append(numbers[Element.STATUS])
        if not data:
            return statuses, matches
        match = parse_identifier(data, IMPLICIT)
        assert isinstance(match, Identifier)
        matches.append(match)


def studies(count: int) -> list[DicomJson]:
    return [
        {
            "0020000D": {"vr": "UI", "Value": [f"1.2.{number}"]},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Jörg"}]},
            "00100020": {"vr": "LO", "Value": ["not asked for"]},
        }
        for number in range(count)
    ]


def test_matches_hold_what_was_asked_for_and_who_has_it() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.matches = studies(2)
        peer.associate(CONTEXTS)
        ask(peer, implicit((LEVEL, "STUDY"), (PATIENT_NAME, "M*"), (COMMENTS, ""), (STUDY_UID, "")))
        statuses, matches = answers(peer)
        (query,) = house.archive.queries
        assert house.archive.is_closed.wait(10)
    assert statuses == [0xFF00, 0xFF00, 0x0000]
    assert query.level is Level.STUDY
    assert ((PATIENT_NAME,), "M*") in query.matches
    keys = dict(matches[1].keys)
    assert keys[(STUDY_UID,)] == "1.2.1"
    assert keys[(PATIENT_NAME,)] == "Müller^Jörg"
    assert keys[(LEVEL,)] == "STUDY"
    assert keys[(0x00080054,)] == "FILMLESS"
    assert keys[(COMMENTS,)] == ""
    assert (PATIENT_ID,) not in keys


def test_items_hold_the_keys_that_were_asked_of_them() -> None:
    codes = [{"00080100": {"vr": "SH", "Value": [code]}, "00080104": {"vr": "LO", "Value": ["x"]}} for code in "AB"]
    empty_item = struct.pack("<HHI", 0xFFFE, 0xE000, 0)
    item = implicit((0x00080100, ""), (0x00080102, ""))
    nested = struct.pack("<HHI", 0xFFFE, 0xE000, len(item)) + item
    with door() as house, RawPeer(house.port) as peer:
        house.archive.matches = [{"00081032": {"vr": "SQ", "Value": codes}, "00081110": {"vr": "SQ", "Value": codes}}]
        peer.associate(CONTEXTS)
        sequences = struct.pack("<HHI", 0x0008, 0x1032, len(nested)) + nested
        sequences += struct.pack("<HHI", 0x0008, 0x1110, len(empty_item)) + empty_item
        ask(peer, implicit((LEVEL, "STUDY")) + sequences)
        peer_answer = peer.message()[2]
    found = data_set_json(peer_answer, IMPLICIT, None)
    answer = orjson.loads(found)
    assert [set(one) for one in answer["00081032"]["Value"]] == [{"00080100", "00080102"}] * 2
    assert answer["00081110"]["Value"] == codes


def test_answers_are_in_the_character_set_of_the_request() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.matches = studies(1)
        peer.associate(CONTEXTS)
        ask(peer, implicit((0x00080005, "ISO_IR 100"), (LEVEL, "STUDY"), (PATIENT_NAME, "")))
        answer = peer.message()[2]
    assert "Müller^Jörg".encode("latin-1") in answer
    assert b"ISO_IR 100" in answer


def test_an_optional_key_that_is_not_matched_is_told() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.matches = studies(1)
        peer.associate(CONTEXTS)
        ask(peer, implicit((LEVEL, "STUDY"), (0x00181030, "protocol"), (STUDY_UID, "")))
        assert answers(peer)[0] == [0xFF01, 0x0000]


@pytest.mark.parametrize(
    ("context_id", "model", "identifier", "status"),
    [
        (3, STUDY_FIND, implicit((PATIENT_NAME, "")), 0xA900),
        (3, STUDY_FIND, implicit((LEVEL, "NONSENSE")), 0xA900),
        (3, STUDY_FIND, implicit((LEVEL, "PATIENT")), 0xA900),
        (3, STUDY_FIND, b"\x01\x02\x03", 0xA900),
        (3, STUDY_FIND, b"", 0xA900),
        (3, STUDY_FIND, implicit((LEVEL, "STUDY"), (0x00080020, "no date")), 0xC000),
    ],
)
def test_a_bad_identifier_is_answered(context_id: int, model: str, identifier: bytes, status: int) -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate(CONTEXTS)
        ask(peer, identifier, context_id, model)
        numbers, texts, _ = peer.message()
        assert numbers[Element.STATUS] == status
        assert texts[Element.ERROR_COMMENT]
        assert peer.echo() == 0


SERIES_UID = 0x0020000E
ONLY_FIND = "1.2.840.10008.5.1.4.1.2.3.1"


@pytest.mark.parametrize(
    ("context_id", "keys", "named"),
    [
        (3, ((LEVEL, "SERIES"), (SERIES_UID, "")), "StudyInstanceUID"),
        (3, ((LEVEL, "SERIES"), (STUDY_UID, "1.2*")), "StudyInstanceUID"),
        (3, ((LEVEL, "SERIES"), (STUDY_UID, "1.2\\1.3")), "StudyInstanceUID"),
        (3, ((LEVEL, "IMAGE"), (STUDY_UID, "1.2")), "SeriesInstanceUID"),
        (5, ((LEVEL, "STUDY"), (STUDY_UID, "1.2")), "PatientID"),
        (5, ((LEVEL, "STUDY"), (PATIENT_ID, "P*")), "PatientID"),
        (5, ((LEVEL, "SERIES"), (PATIENT_ID, "P1"), (STUDY_UID, "")), "StudyInstanceUID"),
    ],
)
def test_a_hierarchical_search_needs_one_value_of_each_unique_key_above(
    context_id: int, keys: tuple[tuple[int, str], ...], named: str
) -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate([(VERIFICATION, (IMPLICIT,)), (STUDY_FIND, (IMPLICIT,)), (PATIENT_FIND, (IMPLICIT,))])
        ask(peer, implicit(*sorted(keys)), context_id, STUDY_FIND if context_id == 3 else PATIENT_FIND)
        numbers, texts, _ = peer.message()
    assert numbers[Element.STATUS] == 0xA900
    assert named in texts[Element.ERROR_COMMENT]
    assert len(texts[Element.ERROR_COMMENT]) <= 64
    assert house.archive.queries == []


def test_what_is_agreed_beyond_the_baseline_holds_for_the_query() -> None:
    asked = ((STUDY_FIND, b"\1\1\1\1\1\1\1\1"), ("1.2.840.10008.5.1.4.1.2.2.2", b"\1"))
    user = UserInformation(16384, "1.2.3", "RAW", extended=asked)
    with door() as house, RawPeer(house.port) as peer:
        kind, body = peer.associate(CONTEXTS, user=user)
        accepted = read_pdu(kind, body)
        ask(peer, implicit((LEVEL, "SERIES"), (SERIES_UID, "")))
        assert answers(peer)[0] == [0x0000]
        (query,) = house.archive.queries
    assert isinstance(accepted, AssociateAccept)
    assert dict(accepted.user.extended)[STUDY_FIND] == b"\1\1\1\1\0\1\1"
    assert (query.fuzzy, query.combined, query.all_values) == (True, True, True)


def test_without_negotiation_names_are_literal_and_date_and_time_apart() -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate(CONTEXTS)
        ask(peer, implicit((LEVEL, "STUDY"), (STUDY_UID, "")))
        assert answers(peer)[0] == [0x0000]
        (query,) = house.archive.queries
    assert (query.fuzzy, query.combined, query.all_values) == (False, False, False)


def test_patient_study_only_ends_at_the_study() -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate([(VERIFICATION, (IMPLICIT,)), (ONLY_FIND, (IMPLICIT,))])
        ask(peer, implicit((LEVEL, "STUDY"), (PATIENT_ID, "P1")), model=ONLY_FIND)
        assert answers(peer)[0] == [0x0000]
        ask(peer, implicit((LEVEL, "SERIES"), (PATIENT_ID, "P1"), (STUDY_UID, "1.2")), model=ONLY_FIND)
        assert answers(peer)[0] == [0xA900]


def test_a_limit_of_the_peer_ends_the_answers_with_a_word_and_not_as_if_that_were_all() -> None:
    limited = Peer("CT1", "127.0.0.1", 104, find_limit=150)
    with door(None, limited) as house, RawPeer(house.port) as peer:
        peer.associate(CONTEXTS)
        for count, status in ((151, 0xA700), (150, 0x0000)):
            house.archive.matches = studies(count)
            ask(peer, implicit((LEVEL, "STUDY"), (STUDY_UID, "")))
            for _ in range(150):
                assert peer.message()[0][Element.STATUS] == 0xFF00
            numbers, texts, _ = peer.message()
            assert numbers[Element.STATUS] == status
            assert ("150" in texts.get(Element.ERROR_COMMENT, "")) == (status != 0)


def test_a_cancel_is_answered_while_the_archive_still_searches() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.matches = studies(1)
        house.archive.gate.clear()
        peer.associate(CONTEXTS)
        ask(peer, implicit((LEVEL, "STUDY"), (STUDY_UID, "")))
        peer.cancel(3)
        assert answers(peer)[0] == [0xFE00]
        assert house.archive.is_closed.wait(10)
        assert peer.echo() == 0


def test_a_key_of_a_level_below_is_told_though_only_its_value_is_wanted() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.matches = studies(1)
        peer.associate(CONTEXTS)
        ask(peer, implicit((0x00080052, "STUDY"), (0x00181030, ""), (STUDY_UID, "")))
        assert answers(peer)[0] == [0xFF01, 0x0000]


def test_the_patient_level_belongs_to_the_patient_root() -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate(CONTEXTS)
        explicit = bytes.fromhex("08005200") + b"CS\x08\x00PATIENT "
        ask(peer, explicit, 5, PATIENT_FIND)
        assert answers(peer)[0] == [0x0000]
        assert house.archive.queries[0].level is Level.PATIENT


@pytest.mark.parametrize(("fault", "status"), [(BadQuery("too old"), 0xC000), (Unavailable("gone"), 0xA700)])
def test_faults_of_the_archive_become_a_status(fault: Exception, status: int) -> None:
    def failing(*_: object) -> object:
        raise fault

    with door() as house, RawPeer(house.port) as peer:
        house.archive.stream = failing  # type: ignore[method-assign, assignment]
        peer.associate(CONTEXTS)
        ask(peer, implicit((LEVEL, "STUDY")))
        assert answers(peer)[0] == [status]


def test_a_cancel_stops_the_answers() -> None:
    with door() as house, RawPeer(house.port) as peer:
        house.archive.matches = studies(100_000)
        peer.associate(CONTEXTS)
        ask(peer, implicit((LEVEL, "STUDY"), (STUDY_UID, "")))
        assert peer.message()[0][Element.STATUS] == 0xFF00
        peer.cancel(3)
        statuses, _ = answers(peer)
        assert statuses[-1] == 0xFE00
        assert len(statuses) < 50_000
        assert house.archive.is_closed.wait(10)
        assert peer.echo() == 0


def test_a_peer_that_does_not_read_is_not_sent_everything_and_its_end_frees_the_query() -> None:
    with door() as house:
        with RawPeer(house.port) as peer:
            house.archive.matches = studies(200_000)
            peer.associate(CONTEXTS)
            ask(peer, implicit((LEVEL, "STUDY"), (STUDY_UID, ""), (PATIENT_NAME, "")))
            assert peer.message()[0][Element.STATUS] == 0xFF00
            assert not house.archive.is_closed.wait(0.5)  # 200,000 answers would fit no buffer
        assert house.archive.is_closed.wait(10)
        assert house.record.wait(1)[0].counts == {"C-FIND pending": 1}


def test_an_identifier_over_its_limit_ends_the_association() -> None:
    with door() as house, RawPeer(house.port) as peer:
        peer.associate(CONTEXTS)
        elements: dict[int, int | str] = {Element.COMMAND_FIELD: CommandField.C_FIND.value}
        peer.command(3, elements | {Element.AFFECTED_SOP_CLASS_UID: STUDY_FIND})
        for _ in range(66):
            peer.send(value(3, 0, bytes(16000)))
        assert peer.wait_closed() == PduType.ABORT
