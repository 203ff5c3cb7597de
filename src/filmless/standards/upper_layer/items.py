"""Items of association PDUs (PS3.8 9.3.2 to 9.3.4 and annex D; PS3.7 annex D.3.3): parsed within limits, encoded."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"  # PS3.7 A.2.1
MAX_ITEMS = 20_000  # items of all kinds in one PDU; an honest one has some thousands at most
MAX_USER_IDENTITY = 65_536  # bytes of one field of User Identity (PS3.7 D.3.3.7)

_ITEM = struct.Struct(">BxH")


class BadItem(ValueError):
    """An item cannot be read; never leaves this folder."""


class Result(IntEnum):
    """Answer to a proposed presentation context (PS3.8 9.3.3.2)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """A presentation context as the requestor offers it (PS3.8 9.3.2.2)."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContextResult:
    """The acceptor's answer to one context; the transfer syntax has no meaning unless accepted."""

    context_id: int
    result: Result
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Role:
    """SCP/SCU Role Selection for one SOP class (PS3.7 D.3.3.4)."""

    sop_class_uid: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class CommonExtended:
    """SOP Class Common Extended Negotiation (PS3.7 D.3.3.6)."""

    sop_class_uid: str
    service_class_uid: str
    related_general: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """User Identity as claimed, never as verified (PS3.7 D.3.3.7). Its fields stay out of logs."""

    kind: int
    response_requested: bool
    primary: bytes = field(repr=False)
    secondary: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class UserInformation:
    """User Information item (PS3.8 9.3.2.3 and annex D)."""

    max_length: int = 0  # bytes after the PDU header that this side takes; 0: unlimited
    implementation_class_uid: str = ""
    implementation_version: str = ""
    async_window: tuple[int, int] | None = None  # operations (invoked, performed); 0: unlimited
    roles: tuple[Role, ...] = ()
    extended: tuple[tuple[str, bytes], ...] = ()  # (SOP class, service class application information)
    common_extended: tuple[CommonExtended, ...] = ()
    user_identity: UserIdentity | None = None
    identity_response: bytes | None = field(repr=False, default=None)  # of the acceptor: the user was verified


class ItemReader:
    """Walks the items of one PDU and counts them all against one limit."""

    def __init__(self) -> None:
        self._left = MAX_ITEMS

    def items(self, field_: memoryview) -> Iterator[tuple[int, memoryview]]:
        """(type, value) of each item; ``BadItem`` when one reaches beyond the field."""
        position, end = 0, len(field_)
        while position < end:
            self._left -= 1
            if self._left < 0 or position + 4 > end:
                raise BadItem("too many items, or one cut short")
            kind, length = _ITEM.unpack_from(field_, position)
            position += 4
            if position + length > end:
                raise BadItem("item reaches beyond its field")
            yield kind, field_[position : position + length]
            position += length


def uid_text(value: memoryview | bytes) -> str:
    """A UID field; padding that some add though PS3.8 annex F has none is taken off."""
    return str(value, "latin-1").strip("\0 ")


def item(kind: int, value: bytes) -> bytes:
    """One encoded item."""
    return _ITEM.pack(kind, len(value)) + value


def read_proposed_context(value: memoryview, reader: ItemReader) -> ProposedContext:
    """Presentation Context of an A-ASSOCIATE-RQ (PS3.8 Table 9-13)."""
    if len(value) < 4 or not value[0] & 1:
        raise BadItem("presentation context ID is not odd")
    abstract, transfers = "", []
    for kind, content in reader.items(value[4:]):
        if kind == 0x30:
            abstract = uid_text(content)
        elif kind == 0x40:
            transfers.append(uid_text(content))
    return ProposedContext(value[0], abstract, tuple(transfers))


def read_context_result(value: memoryview, reader: ItemReader) -> ContextResult:
    """Presentation Context of an A-ASSOCIATE-AC (PS3.8 Table 9-18)."""
    if len(value) < 4 or value[2] > max(Result):
        raise BadItem("presentation context result is unknown")
    transfers = [uid_text(content) for kind, content in reader.items(value[4:]) if kind == 0x40]
    return ContextResult(value[0], Result(value[2]), transfers[0] if transfers else "")


def read_user_information(value: memoryview, reader: ItemReader) -> UserInformation:
    """Every sub-item that is known; the others are passed over (PS3.8 9.3.1)."""
    found: dict[str, object] = {}
    gathered: dict[str, list[object]] = {}
    for kind, content in reader.items(value):
        if kind in _SINGLE_SUB_ITEMS:
            name, read = _SINGLE_SUB_ITEMS[kind]
            found[name] = read(content)
        elif kind in _REPEATED_SUB_ITEMS:
            name, read = _REPEATED_SUB_ITEMS[kind]
            gathered.setdefault(name, []).append(read(content))
    found |= {name: tuple(values) for name, values in gathered.items()}
    return UserInformation(**found)  # type: ignore[arg-type]  # names and types stand in the two tables


def write_user_information(user: UserInformation) -> bytes:
    """The User Information item with every sub-item that has a value, in order of their types."""
    parts = [
        item(0x51, struct.pack(">I", user.max_length)),
        item(0x52, user.implementation_class_uid.encode("latin-1")),
    ]
    if user.async_window is not None:
        parts.append(item(0x53, struct.pack(">HH", *user.async_window)))
    parts += [item(0x54, _counted(role.sop_class_uid) + bytes((role.scu, role.scp))) for role in user.roles]
    if user.implementation_version:
        parts.append(item(0x55, user.implementation_version.encode("latin-1")))
    parts += [item(0x56, _counted(uid) + information) for uid, information in user.extended]
    if user.user_identity is not None:
        identity = user.user_identity
        fields = _counted_bytes(identity.primary) + _counted_bytes(identity.secondary)
        parts.append(item(0x58, bytes((identity.kind, identity.response_requested)) + fields))
    if user.identity_response is not None:
        parts.append(item(0x59, _counted_bytes(user.identity_response)))
    return item(0x50, b"".join(parts))


def _counted(uid: str) -> bytes:
    return _counted_bytes(uid.encode("latin-1"))


def _counted_bytes(value: bytes) -> bytes:
    return struct.pack(">H", len(value)) + value


def _split(value: memoryview, width: str = ">H") -> tuple[memoryview, memoryview]:
    """A field that begins with its length, and what follows it."""
    size = struct.calcsize(width)
    if len(value) < size:
        raise BadItem("length field is cut short")
    (length,) = struct.unpack_from(width, value)
    if size + length > len(value):
        raise BadItem("field reaches beyond its item")
    return value[size : size + length], value[size + length :]


def _max_length(value: memoryview) -> int:
    return _unpack(">I", value)[0]


def _async_window(value: memoryview) -> tuple[int, int]:
    invoked, performed = _unpack(">HH", value)
    return invoked, performed


def _unpack(form: str, value: memoryview) -> tuple[int, ...]:
    if len(value) != struct.calcsize(form):
        raise BadItem("sub-item has the wrong length")
    return struct.unpack(form, value)


def _role(value: memoryview) -> Role:
    uid, rest = _split(value)
    if len(rest) != 2:
        raise BadItem("role selection has the wrong length")
    return Role(uid_text(uid), rest[0] == 1, rest[1] == 1)


def _extended(value: memoryview) -> tuple[str, bytes]:
    uid, rest = _split(value)
    return uid_text(uid), bytes(rest)


def _common_extended(value: memoryview) -> CommonExtended:
    uid, rest = _split(value)
    service, rest = _split(rest)
    related, rest = _split(rest)
    general = []
    while related:
        one, related = _split(related)
        general.append(uid_text(one))
    return CommonExtended(uid_text(uid), uid_text(service), tuple(general))


def _identity_response(value: memoryview) -> bytes:
    return bytes(_split(value)[0])


def _user_identity(value: memoryview) -> UserIdentity:
    if len(value) < 2:
        raise BadItem("user identity is cut short")
    primary, rest = _split(value[2:])
    secondary, _ = _split(rest) if rest else (rest, rest)
    return UserIdentity(value[0], value[1] == 1, bytes(primary), bytes(secondary))


_SINGLE_SUB_ITEMS = {
    0x51: ("max_length", _max_length),
    0x52: ("implementation_class_uid", uid_text),
    0x53: ("async_window", _async_window),
    0x55: ("implementation_version", uid_text),
    0x58: ("user_identity", _user_identity),
    0x59: ("identity_response", _identity_response),
}
_REPEATED_SUB_ITEMS = {
    0x54: ("roles", _role),
    0x56: ("extended", _extended),
    0x57: ("common_extended", _common_extended),
}
