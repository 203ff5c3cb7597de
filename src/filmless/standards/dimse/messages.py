"""DIMSE messages from presentation data values (PS3.7 6.3, PS3.8 annex E): commands whole, data sets in pieces."""

from dataclasses import dataclass
from typing import NamedTuple

from filmless.standards.dimse.commands import MAX_COMMAND_LENGTH, Command, read_command
from filmless.standards.upper_layer.indications import Data


class CommandReceived(NamedTuple):
    """A command set is whole; its data set, if it has one, follows in pieces."""

    context_id: int
    command: Command


class DataSetPiece(NamedTuple):
    """A piece of the data set of the latest command; a view that lives until the next read."""

    fragment: memoryview | bytes
    is_last: bool


@dataclass(frozen=True, slots=True)
class Malformed:
    """The peer's values make no message; the association cannot go on."""

    reason: str


Message = CommandReceived | DataSetPiece | Malformed


class MessageReader:
    """Puts messages together; holds at most one command set, never data sets."""

    def __init__(self) -> None:
        self._command = bytearray()
        self._command_context = 0  # of the fragments in _command
        self._data_set_context = 0  # 0: no data set is awaited (IDs are odd)

    def take(self, data: Data) -> Message | None:
        """What the piece completes or continues; None while a command is not whole."""
        if not data.is_command:
            return self._take_data_set(data)
        if self._data_set_context:
            return Malformed("a command came inside a data set")
        if self._command and data.context_id != self._command_context:
            return Malformed("a command changed its presentation context")
        if len(self._command) + len(data.fragment) > MAX_COMMAND_LENGTH:
            return Malformed("a command set beyond its limit")
        self._command_context = data.context_id
        self._command += data.fragment
        return self._finish_command() if data.is_last else None

    def _finish_command(self) -> Message:
        command = read_command(self._command)
        self._command = bytearray()
        if command is None:
            return Malformed("a command set that cannot be read")
        if command.has_data_set:
            self._data_set_context = self._command_context
        return CommandReceived(self._command_context, command)

    def _take_data_set(self, data: Data) -> Message:
        if data.context_id != self._data_set_context:
            return Malformed("a data set came without its command")
        if data.is_last:
            self._data_set_context = 0
        return DataSetPiece(data.fragment, data.is_last)
