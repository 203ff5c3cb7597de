"""DIMSE command sets (PS3.7 6.3.1, annex E): read and written by struct, always Implicit VR Little Endian."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

MAX_COMMAND_LENGTH = 65_536  # bytes of one command set
NO_DATA_SET = 0x0101  # value of Command Data Set Type (PS3.7 E.2)
RESPONSE = 0x8000  # bit of Command Field that marks a response

_NO_NUMBERS: Mapping[int, int] = MappingProxyType({})
_ELEMENT = struct.Struct("<HHI")
_US = struct.Struct("<H")


class CommandField(IntEnum):
    """Requests (PS3.7 E.1); a response has ``RESPONSE`` added."""

    C_STORE = 0x0001
    C_GET = 0x0010
    C_FIND = 0x0020
    C_MOVE = 0x0021
    C_ECHO = 0x0030
    N_EVENT_REPORT = 0x0100
    N_GET = 0x0110
    N_SET = 0x0120
    N_ACTION = 0x0130
    N_CREATE = 0x0140
    N_DELETE = 0x0150
    C_CANCEL = 0x0FFF


class Element(IntEnum):
    """Elements of group 0000 (PS3.7 E.1)."""

    GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS_UID = 0x0002
    REQUESTED_SOP_CLASS_UID = 0x0003
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    MESSAGE_ID_RESPONDED_TO = 0x0120
    MOVE_DESTINATION = 0x0600
    PRIORITY = 0x0700
    DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    OFFENDING_ELEMENT = 0x0901
    ERROR_COMMENT = 0x0902
    ERROR_ID = 0x0903
    AFFECTED_INSTANCE_UID = 0x1000
    REQUESTED_INSTANCE_UID = 0x1001
    EVENT_TYPE_ID = 0x1002
    ACTION_TYPE_ID = 0x1008
    REMAINING_SUBOPERATIONS = 0x1020
    COMPLETED_SUBOPERATIONS = 0x1021
    FAILED_SUBOPERATIONS = 0x1022
    WARNING_SUBOPERATIONS = 0x1023
    MOVE_ORIGINATOR_AE = 0x1030
    MOVE_ORIGINATOR_MESSAGE_ID = 0x1031


_TEXT = frozenset(
    (
        Element.AFFECTED_SOP_CLASS_UID,
        Element.REQUESTED_SOP_CLASS_UID,
        Element.MOVE_DESTINATION,
        Element.ERROR_COMMENT,
        Element.AFFECTED_INSTANCE_UID,
        Element.REQUESTED_INSTANCE_UID,
        Element.MOVE_ORIGINATOR_AE,
    )
)
_UIDS = frozenset(element for element in _TEXT if element.name.endswith("_UID"))
_NUMBERS = frozenset(Element) - _TEXT - {Element.GROUP_LENGTH, Element.OFFENDING_ELEMENT}


_NAMED = (  # what a response is about, and where a request of the N services names it
    (Element.AFFECTED_SOP_CLASS_UID, Element.REQUESTED_SOP_CLASS_UID),
    (Element.AFFECTED_INSTANCE_UID, Element.REQUESTED_INSTANCE_UID),
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command set: numbers and texts by the element of group 0000 they stand in."""

    numbers: Mapping[int, int]
    texts: Mapping[int, str]

    @property
    def field(self) -> int:
        """Command Field."""
        return self.numbers[Element.COMMAND_FIELD]

    @property
    def message_id(self) -> int:
        """Message ID of a request, Message ID Being Responded To of a response or C-CANCEL; 0 when missing."""
        message_id = self.numbers.get(Element.MESSAGE_ID)
        return self.numbers.get(Element.MESSAGE_ID_RESPONDED_TO, 0) if message_id is None else message_id

    @property
    def has_data_set(self) -> bool:
        """Whether a data set follows."""
        return self.numbers[Element.DATA_SET_TYPE] != NO_DATA_SET

    @property
    def status(self) -> int | None:
        """Status of a response."""
        return self.numbers.get(Element.STATUS)

    @property
    def sop_class_uid(self) -> str:
        """Affected SOP Class UID, empty when missing."""
        return self.texts.get(Element.AFFECTED_SOP_CLASS_UID, "")

    @property
    def instance_uid(self) -> str:
        """Affected SOP Instance UID, empty when missing."""
        return self.texts.get(Element.AFFECTED_INSTANCE_UID, "")


def read_command(data: bytes | bytearray) -> Command | None:
    """The command set, or None when it is none (PS3.7 6.3.1).

    A wrong group length, repeated and unknown elements are met in the field and passed over, as are those of
    other groups (Failed SOP Instance UID List as status detail); Command Field and Command Data Set Type must
    be there, since without them nothing can be answered.
    """
    numbers: dict[int, int] = {}
    texts: dict[int, str] = {}
    position, end = 0, len(data)
    while position + 8 <= end:
        group, element, length = _ELEMENT.unpack_from(data, position)
        position += 8
        if length > end - position:
            return None
        if group == 0 and element in _NUMBERS:
            if length >= 2:
                (numbers[element],) = _US.unpack_from(data, position)
        elif group == 0 and element in _TEXT:
            texts[element] = data[position : position + length].decode("latin-1").strip("\0 ")
        position += length
    if position != end or Element.COMMAND_FIELD not in numbers or Element.DATA_SET_TYPE not in numbers:
        return None
    return Command(numbers, texts)


def write_command(elements: Mapping[int, int | str]) -> bytes:
    """The command set with its group length; elements in any order."""
    parts = []
    for element in sorted(elements):
        value = elements[element]
        if isinstance(value, int):
            encoded = _US.pack(value)
        else:
            encoded = value.encode("latin-1", "replace")
            if len(encoded) & 1:
                encoded += b"\0" if element in _UIDS else b" "
        parts.append(_ELEMENT.pack(0, element, len(encoded)) + encoded)
    body = b"".join(parts)
    return _ELEMENT.pack(0, 0, 4) + struct.pack("<I", len(body)) + body


def write_response(
    request: Command,
    status: int,
    comment: str = "",
    numbers: Mapping[int, int] = _NO_NUMBERS,
    *,
    has_data_set: bool = False,
) -> bytes:
    """The response to a request (PS3.7 9.3); the SOP class and instance are those of the request.

    ``numbers`` are further elements, as the counts of sub-operations.
    """
    elements: dict[int, int | str] = {
        Element.COMMAND_FIELD: request.field | RESPONSE,
        Element.MESSAGE_ID_RESPONDED_TO: request.message_id,
        Element.DATA_SET_TYPE: 0x0001 if has_data_set else NO_DATA_SET,
        Element.STATUS: status,
        **numbers,
    }
    for element, requested in _NAMED:
        if (uid := request.texts.get(element, request.texts.get(requested))) is not None and len(uid) <= 64:
            elements[element] = uid
    if (action := request.numbers.get(Element.ACTION_TYPE_ID)) is not None:
        elements[Element.ACTION_TYPE_ID] = action
    if comment:
        elements[Element.ERROR_COMMENT] = comment[:64]  # VR LO
    return write_command(elements)


def store_request(
    sop_class_uid: str, instance_uid: str, priority: int, originator: tuple[str, int] | None = None
) -> dict[int, int | str]:
    """The elements of a C-STORE request but its Message ID (PS3.7 9.3.1.1).

    ``originator`` is the AE title and the Message ID of the C-MOVE that it is a sub-operation of.
    """
    elements: dict[int, int | str] = {
        Element.AFFECTED_SOP_CLASS_UID: sop_class_uid,
        Element.COMMAND_FIELD: CommandField.C_STORE,
        Element.PRIORITY: priority,
        Element.DATA_SET_TYPE: 1,
        Element.AFFECTED_INSTANCE_UID: instance_uid,
    }
    if originator is not None:
        elements[Element.MOVE_ORIGINATOR_AE], elements[Element.MOVE_ORIGINATOR_MESSAGE_ID] = originator
    return elements
