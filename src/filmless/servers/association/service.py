"""What an association asks of a DIMSE service."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from filmless.servers.association.operation import Operation, Requestor
from filmless.standards.dimse.commands import Command
from filmless.standards.upper_layer.association import AgreedContext


@dataclass(frozen=True, slots=True)
class Service:
    """One DIMSE service."""

    name: str  # as the record counts it
    operation: str  # as the AE registry allows it
    serve: Callable[[Operation], Awaitable[None]]
    head: Callable[[AgreedContext, Command, Requestor], bytes] | None = None  # of the file that its data set becomes


Services = Mapping[int, Service]
"""Which service serves which request, by its Command Field."""
