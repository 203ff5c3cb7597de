"""The program's log: one line per association, request or job, on standard error."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

_CUT = "ASGI callable returned without completing response."  # which the web application has told, with the reason


def configure() -> None:
    """Set up structlog for this process: a moment in UTC, the level, the event, then its facts as key=value."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _without_messages,
            structlog.processors.LogfmtRenderer(key_order=["at", "level", "event"], bool_as_flag=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.msg != _CUT)
    logging.basicConfig(handlers=[_Libraries(logging.WARNING)], force=True)


class _Libraries(logging.Handler):
    """What libraries log, as one line each: where they said it and what was raised, without their words."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().warning(
            "library_warned",
            library=record.name,
            said_at=f"{record.filename}:{record.lineno}",
            exc_info=record.exc_info,
        )


def _without_messages(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Exceptions as their types and places: the messages of libraries quote values, and so patients' data."""
    given = event.pop("exc_info", None)
    error = sys.exception() if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = " <- ".join(_shown(each) for each in _chain(error))
    return event


def _chain(error: BaseException) -> list[BaseException]:
    """The exception, what it contains, and what caused each; each once."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if each in found:
            continue
        found.append(each)
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        waiting += [cause for cause in (each.__cause__, each.__context__) if cause is not None]
    return found


def _shown(error: BaseException) -> str:
    kind = type(error)
    own = f" {error}" if kind.__module__.startswith("filmless.") else ""
    places = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return f"{kind.__module__}.{kind.__qualname__}{own} at {' > '.join(places)}"
