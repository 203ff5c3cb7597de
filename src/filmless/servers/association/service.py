"""What an association asks of a DIMSE service."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from filmless.servers.association.operation import Operation


@dataclass(frozen=True, slots=True)
class Service:
    """One DIMSE service."""

    name: str  # as the record counts it
    operation: str  # as the AE registry allows it
    serve: Callable[[Operation], Awaitable[None]]
    prepare: Callable[[Operation], None] | None = None  # before its data set comes


Services = Mapping[int, Service]
"""Which service serves which request, by its Command Field."""
