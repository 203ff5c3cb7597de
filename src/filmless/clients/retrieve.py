"""C-MOVE and C-GET as a user (PS3.7 9.1.3, 9.1.4): progress as the peer tells it, objects streamed to files."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from filmless.clients.dimse import Client
from filmless.clients.faults import Lost, Reply
from filmless.standards.data_set.part10 import write_head
from filmless.standards.dicom.uids import is_uid
from filmless.standards.dimse.commands import Command, CommandField, Element
from filmless.standards.dimse.status import Status, StatusKind, status_kind
from filmless.standards.upper_layer.association import AgreedContext


@dataclass(frozen=True, slots=True)
class Progress:
    """One response to a retrieve."""

    reply: Reply
    remaining: int
    completed: int
    failed: int
    warning: int

    @property
    def is_final(self) -> bool:
        """Whether nothing follows."""
        return status_kind(self.reply.status) is not StatusKind.PENDING


async def retrieve(
    client: Client, sop_class_uid: str, identifier: bytes, destination: str | None = None
) -> AsyncIterator[Progress]:
    """C-MOVE to a destination, or C-GET without one: each response, the final one last. Raises ``DimseError``."""
    context = client.context(sop_class_uid)
    elements: dict[int, int | str] = {
        Element.AFFECTED_SOP_CLASS_UID: sop_class_uid,
        Element.COMMAND_FIELD: CommandField.C_GET if destination is None else CommandField.C_MOVE,
        Element.DATA_SET_TYPE: 1,
        Element.PRIORITY: 0,
    }
    if destination is not None:
        elements[Element.MOVE_DESTINATION] = destination
    client.request(context.context_id, elements, identifier)
    while True:
        progress = _progress(await client.response())
        yield progress
        if progress.is_final:
            return


def _progress(response: Command) -> Progress:
    if response.status is None:
        raise Lost("a response without a status")
    numbers = response.numbers
    return Progress(
        Reply(response.status, response.texts.get(Element.ERROR_COMMENT, "")),
        numbers.get(Element.REMAINING_SUBOPERATIONS, 0),
        numbers.get(Element.COMPLETED_SUBOPERATIONS, 0),
        numbers.get(Element.FAILED_SUBOPERATIONS, 0),
        numbers.get(Element.WARNING_SUBOPERATIONS, 0),
    )


class FolderKeeper:
    """Writes what a peer stores with us into a folder, INSTANCE.dcm each, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._path = folder
        self.kept: list[Path] = []

    def begin(self, command: Command, context: AgreedContext) -> None:
        """An object comes; what names no instance is let pass."""
        self.leave()
        if is_uid(command.instance_uid):
            self._path = self._folder / f"{command.instance_uid}.dcm"
            self._file = self._path.with_suffix(".part").open("wb")
            self._file.write(write_head(command.sop_class_uid, command.instance_uid, context.transfer_syntax))

    def write(self, fragment: bytes | memoryview) -> None:
        """A piece of the data set."""
        if self._file is not None:
            self._file.write(fragment)

    def end(self) -> int:
        """The data set is whole: the status to answer."""
        if self._file is None:
            return Status.INVALID_INSTANCE
        self._file.close()
        self._file = None
        self._path.with_suffix(".part").replace(self._path)
        self.kept.append(self._path)
        return Status.SUCCESS

    def leave(self) -> None:
        """Leave nothing of an object that did not come to its end."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.with_suffix(".part").unlink(missing_ok=True)
