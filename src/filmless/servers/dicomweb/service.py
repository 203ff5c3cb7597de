"""What the DICOMweb handlers share: the archive, threads for its calls, addresses and headers of answers."""

import asyncio
import hashlib
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote

from filmless import __version__
from filmless.archive.archive import Archive
from filmless.archive.errors import ArchiveError
from filmless.archive.metadata.series import SeriesMetadata
from filmless.archive.model import KeptInstance
from filmless.pixels.errors import CannotRender
from filmless.servers.http_messages import BrokenOff, Problem, Request
from filmless.servers.media_types import MediaType, accepted, parse
from filmless.standards.dicom.resources import instance_path

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Service:
    """One DICOMweb origin server; ``base_url`` is the configured address of the house, "" when there is none."""

    archive: Archive
    executor: Executor
    metadata: SeriesMetadata
    base_url: str = ""
    spool_folder: str | None = None  # for what is put together from parts; None: where the system keeps such files

    def root(self, request: Request) -> str:
        """The service's address in answers: configured, else the one that was connected to; never what Host says."""
        return (self.base_url or request.origin) + "/dicomweb"

    async def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking call in the executor."""
        call = (lambda: function(*args, **kwargs)) if kwargs else function
        return await asyncio.get_running_loop().run_in_executor(self.executor, call, *(() if kwargs else args))


@contextmanager
def sending(kept: KeptInstance) -> Iterator[None]:
    """What goes wrong with an instance once an answer has begun names it."""
    try:
        yield
    except (ArchiveError, CannotRender, Problem) as error:
        raise BrokenOff(kept.study_uid, kept.instance_uid, _reason(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, Problem):
        return error.detail
    return str(error) if isinstance(error, CannotRender) else type(error).__name__.lower()


async def all_done(futures: Sequence[Future[Any]]) -> None:
    """Wait for futures of other threads; the task is woken once, however many they are."""
    if not futures:
        return
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    missing = itertools.count(1)  # one step of it is atomic

    def count(_: Future[Any]) -> None:
        if next(missing) == len(futures):
            loop.call_soon_threadsafe(done.set)

    for future in futures:
        future.add_done_callback(count)
    await done.wait()


def entity_tag(kept: Sequence[KeptInstance], *form: str) -> str:
    """ETag (RFC 9110 8.8.3) of what is made of these instances in this form: weak, since boundaries and coding vary."""
    state = hashlib.sha256("\0".join((__version__, *form)).encode())
    for each in kept:
        state.update(each.placement.head_sha256 + each.digest + each.instance_uid.encode())
    return f'W/"{state.hexdigest()[:32]}"'


def study_url(root: str, study_uid: str) -> str:
    """RetrieveURL of a study (PS3.18 10.1.2)."""
    return f"{root}/studies/{study_uid}"


def series_url(root: str, study_uid: str, series_uid: str) -> str:
    """RetrieveURL of a series."""
    return f"{root}/studies/{study_uid}/series/{series_uid}"


def instance_url(root: str, study_uid: str, series_uid: str, instance_uid: str) -> str:
    """RetrieveURL of an instance."""
    return root + instance_path(study_uid, series_uid, instance_uid)


def warning(root: str, text: str) -> tuple[bytes, bytes]:
    """A Warning header (PS3.18 8.3.4.4, 10.6.3); what is not ASCII goes percent-encoded."""
    return (b"warning", f'299 {root} "{quote(text, safe=_PLAIN)}"'.encode())


def annotation_warning(root: str, unknown: Sequence[str]) -> tuple[bytes, bytes]:
    """Warns of annotations that are not known here (PS3.18 8.3.5.1.1)."""
    return warning(root, f"The following annotation values are not supported: {','.join(unknown)}")


_PLAIN = " !#$&'()*+,-./:;<=>?@[]^_`{|}~"


def ranges(request: Request) -> list[MediaType]:
    """What the client accepts; the ``accept`` query parameter wins over the header (PS3.18 8.3.3.1)."""
    for name, value in request.query():
        if name.lower() == "accept":
            return accepted(with_plus(value))
    return accepted(request.header(b"accept"))


def with_plus(text: str) -> str:
    """Media types of a query parameter whose "+" was not encoded, and came as a space."""
    return _LOST_PLUS.sub("+", text)


_LOST_PLUS = re.compile(r"(?<=[A-Za-z0-9]) (?=[A-Za-z0-9])")


def media_type(request: Request) -> MediaType:
    """The request's Content-Type."""
    return parse(request.header(b"content-type"))
