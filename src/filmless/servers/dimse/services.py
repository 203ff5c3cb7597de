"""The services of the DICOM door: which function serves which request, and the right it needs in the registry."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from filmless.servers.dimse.c_echo import c_echo
from filmless.servers.dimse.c_find import c_find
from filmless.servers.dimse.c_store import c_store
from filmless.servers.dimse.operation import Operation
from filmless.standards.dimse.commands import CommandField


@dataclass(frozen=True, slots=True)
class Service:
    """One DIMSE service."""

    name: str  # as the record counts it
    operation: str  # as the AE registry allows it
    serve: Callable[[Operation], Awaitable[None]]


SERVICES: dict[int, Service] = {
    CommandField.C_ECHO: Service("C-ECHO", "echo", c_echo),
    CommandField.C_STORE: Service("C-STORE", "store", c_store),
    CommandField.C_FIND: Service("C-FIND", "find", c_find),
}
