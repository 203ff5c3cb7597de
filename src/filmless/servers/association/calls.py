"""Our own requests to the peer on its association: the C-STORE sub-operations of a C-GET, reports that follow."""

import asyncio
from typing import NoReturn

from filmless.servers.association.line import AssociationEnded, Buffer, Line
from filmless.standards.dimse.commands import Command, Element, write_command

ANSWER_SECONDS = 120.0  # that a peer may take to answer


class Calls:
    """One request at a time (the operations window is 1), sent in parts; then its response is awaited."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._message_id = 0
        self._is_lost = False
        self._response: asyncio.Future[Command] | None = None

    # For the connection

    @property
    def is_waiting(self) -> bool:
        """Whether a response is still to come, late as it may be."""
        return self._response is not None and not self._response.done()

    def take(self, response: Command) -> bool:
        """Take the peer's response; False when it answers nothing that was asked."""
        waiting, answered = self._response, response.numbers.get(Element.MESSAGE_ID_RESPONDED_TO)
        if waiting is None or waiting.done() or answered != self._message_id or response.has_data_set:
            return False
        waiting.set_result(response)
        return True

    def lose(self) -> None:
        """The association is over."""
        self._is_lost = True
        if self._response is not None and not self._response.done():
            self._response.set_exception(AssociationEnded())

    # For the service

    def request(self, context_id: int, elements: dict[int, int | str], data_set: Buffer, *, is_last: bool) -> None:
        """Send a command with its data set or the first part of it, which must not change until it is written."""
        self._message_id = next(self._line.message_ids) % 0xFFFF + 1
        self._response = asyncio.get_running_loop().create_future()
        command = write_command({**elements, Element.MESSAGE_ID: self._message_id})
        self._send(context_id, command, data_set, is_last=is_last)

    async def go_on(self, context_id: int, part: Buffer, *, is_last: bool) -> None:
        """Send the next part of the data set, once the peer has read enough of what was sent before."""
        await self._line.flow.writable()
        self._send(context_id, None, part, is_last=is_last)

    def break_off(self, reason: str) -> NoReturn:
        """Leave a message unfinished, which ends the association."""
        self._line.abort(reason)
        raise AssociationEnded

    async def response(self) -> Command:
        """The peer's response. Raises ``AssociationEnded``, also when it does not answer in time."""
        try:
            return await self.response_within(ANSWER_SECONDS)
        except TimeoutError:
            self._line.abort("a sub-operation was not answered in time")
            raise AssociationEnded from None

    async def response_within(self, seconds: float) -> Command:
        """The peer's response; ``TimeoutError`` leaves the association as it is, and a late response unheeded."""
        if self._response is None:
            raise RuntimeError("nothing was asked")
        await asyncio.wait((self._response,), timeout=seconds)
        if not self._response.done():
            self._response.add_done_callback(asyncio.Future.exception)  # nobody asks for it any more
            raise TimeoutError
        return self._response.result()

    def _send(self, context_id: int, command: bytes | None, data_set: Buffer, *, is_last: bool) -> None:
        if self._is_lost:
            raise AssociationEnded
        self._line.send(context_id, command, data_set, is_last=is_last)
