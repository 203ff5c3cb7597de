"""Builds every object and hands it its collaborators; the processes of the server."""

import sys


def _load_structlog_alone() -> None:
    """Load structlog without rich, which its console renderer would bring: a third of all that a start loads.

    Measured: 0.2 s of 0.6 s, and 9 MB in each server process. What we log is rendered without it.
    """
    if "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]  # how an import is made to fail (importlib documentation)
    try:
        import structlog.dev  # noqa: F401, PLC0415  while rich cannot be found
    finally:
        del sys.modules["rich"]


_load_structlog_alone()
