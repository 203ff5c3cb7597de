"""Commands and messages: read as they were written, whatever the peer sends (PS3.7 6.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.standards.dimse.commands import (
    Command,
    CommandField,
    Element,
    read_command,
    write_command,
    write_response,
)
from filmless.standards.dimse.messages import CommandReceived, DataSetPiece, Malformed, MessageReader
from filmless.standards.dimse.status import Status, StatusKind, status_kind
from filmless.standards.upper_layer.indications import Data

STORE: dict[int, int | str] = {
    Element.AFFECTED_SOP_CLASS_UID: "1.2.840.10008.5.1.4.1.1.2",
    Element.COMMAND_FIELD: CommandField.C_STORE,
    Element.MESSAGE_ID: 7,
    Element.PRIORITY: 0,
    Element.DATA_SET_TYPE: 1,
    Element.AFFECTED_INSTANCE_UID: "1.2.3",
}


def read(data: bytes) -> Command:
    command = read_command(data)
    assert command is not None
    return command


def piece(fragment: bytes, *, is_last: bool) -> Data:
    return Data(3, is_command=False, is_last=is_last, fragment=memoryview(fragment))


def test_a_command_comes_back_as_it_was_written() -> None:
    command = read(write_command(STORE))
    assert {**command.numbers, **command.texts} == STORE
    assert (command.field, command.message_id, command.has_data_set) == (1, 7, True)
    assert (command.sop_class_uid, command.instance_uid) == ("1.2.840.10008.5.1.4.1.1.2", "1.2.3")


def test_the_encoding_is_implicit_little_endian_with_group_length_and_padding() -> None:
    assert write_command({Element.AFFECTED_INSTANCE_UID: "1.2", Element.STATUS: 0xA700}) == bytes.fromhex(
        "0000 0000 04000000 16000000  0000 0009 02000000 00A7  0000 0010 04000000 312E3200"
    )


def test_a_response_names_its_request() -> None:
    response = read(write_response(read(write_command(STORE)), Status.OUT_OF_RESOURCES, "x" * 100))
    assert response.field == 0x8001
    assert response.message_id == 7
    assert response.status == 0xA700
    assert (response.sop_class_uid, response.instance_uid) == (STORE[2], "1.2.3")
    assert response.texts[Element.ERROR_COMMENT] == "x" * 64
    assert not response.has_data_set


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-1],
        lambda raw: raw + b"\0",
        lambda raw: bytes.fromhex("0800 5800 02000000 3100"),  # a data set
        lambda raw: raw[:4] + b"\xff\xff\xff\xff" + raw[8:],
        lambda raw: b"",
        lambda raw: write_command({Element.COMMAND_FIELD: 1}),
        lambda raw: write_command({Element.DATA_SET_TYPE: 1}),
    ],
)
def test_what_is_no_command_set_is_none(damage: object) -> None:
    assert read_command(damage(write_command(STORE))) is None  # type: ignore[operator]


def test_a_wrong_group_length_and_unknown_elements_are_passed_over() -> None:
    raw = bytearray(write_command(STORE)) + bytes.fromhex("0000 5550 02000000 0101")
    raw[8:12] = b"\x01\0\0\0"
    assert read(raw).message_id == 7


def test_elements_of_other_groups_behind_the_command_are_passed_over() -> None:
    failed_instances, in_the_place_of_the_message_id = "0800 5800 04000000 312e3200", "0800 1001 02000000 0900"
    raw = write_command(STORE) + bytes.fromhex(failed_instances) + bytes.fromhex(in_the_place_of_the_message_id)
    assert read(raw).message_id == 7


@given(st.binary(max_size=200))
def test_no_bytes_raise_out_of_the_reading_of_a_command(data: bytes) -> None:
    read_command(data)


@given(st.lists(st.tuples(st.sampled_from((1, 3)), st.booleans(), st.booleans(), st.binary(max_size=60)), max_size=12))
def test_no_sequence_of_values_raises(values: list[tuple[int, bool, bool, bytes]]) -> None:
    reader = MessageReader()
    for context_id, is_command, is_last, payload in values:
        reader.take(Data(context_id, is_command, is_last, memoryview(payload)))


@given(st.integers(1, 60))
def test_a_message_in_any_fragments_is_the_same_message(size: int) -> None:
    reader, raw, seen = MessageReader(), write_command(STORE), []
    for start in range(0, len(raw), size):
        is_last = start + size >= len(raw)
        seen.append(
            reader.take(Data(3, is_command=True, is_last=is_last, fragment=memoryview(raw)[start : start + size]))
        )
    assert seen[:-1] == [None] * (len(seen) - 1)
    assert seen[-1] == CommandReceived(3, read(raw))
    assert reader.take(piece(b"ab", is_last=False)) == DataSetPiece(memoryview(b"ab"), is_last=False)
    assert reader.take(piece(b"", is_last=True)) == DataSetPiece(memoryview(b""), is_last=True)
    assert isinstance(reader.take(piece(b"more", is_last=True)), Malformed)


def test_endless_commands_end_at_their_limit() -> None:
    reader = MessageReader()
    piece = Data(1, is_command=True, is_last=False, fragment=memoryview(bytes(16384)))
    assert [reader.take(piece) for _ in range(4)] == [None] * 4
    assert isinstance(reader.take(piece), Malformed)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0x0000, StatusKind.SUCCESS),
        (0xFF00, StatusKind.PENDING),
        (0xFF01, StatusKind.PENDING),
        (0xFE00, StatusKind.CANCEL),
        (0xB000, StatusKind.WARNING),
        (0x0107, StatusKind.WARNING),
        (0xA700, StatusKind.FAILURE),
        (0xC123, StatusKind.FAILURE),
        (0x0110, StatusKind.FAILURE),
    ],
)
def test_kinds_of_status_follow_their_ranges(code: int, kind: StatusKind) -> None:
    assert status_kind(code) is kind
