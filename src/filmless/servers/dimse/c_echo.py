"""C-ECHO: Verification (PS3.4 A, PS3.7 9.1.5)."""

from filmless.servers.association.operation import Operation
from filmless.standards.dimse.status import Status


async def c_echo(operation: Operation) -> None:
    """Answer that we are here."""
    await operation.discard()  # a data set has no place here; one that comes is passed over
    operation.answer(Status.SUCCESS)
