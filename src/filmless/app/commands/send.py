"""``filmless echo`` and ``filmless send``: we as the requesting side of an association."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import rich.console
from rich.markup import escape

from filmless.app.commands.command_error import CommandError
from filmless.app.commands.peers import Target, find_target
from filmless.app.dicom_tls import tls_files
from filmless.app.tables import as_record
from filmless.clients.dimse import MAX_CONTEXTS, Client, connect
from filmless.clients.faults import DimseError, NotAccepted, Reply, explain
from filmless.clients.files import Sendable, contexts_of, sendable
from filmless.clients.tls import client_context
from filmless.settings import Settings
from filmless.standards.data_set.fault import Fault
from filmless.standards.dicom.sop_classes import VERIFICATION
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from filmless.standards.dimse.status import StatusKind, status_kind

DEFAULT_SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
BATCH = 500  # files of one association

console = rich.console.Console(stderr=True, highlight=False, soft_wrap=True)


def echo(settings: Settings, target: str, *, json: bool) -> int:
    """C-ECHO: its status; 1 when that is none of success. Raises a sentence when the peer does not answer."""
    reply = asyncio.run(_echo(settings, find_target(settings, target)))
    _tell({"status": f"{reply.status:04X}", "comment": reply.comment}, json=json)
    return 0 if reply.is_success else 1


async def _echo(settings: Settings, peer: Target) -> Reply:
    contexts = [(VERIFICATION, DEFAULT_SYNTAXES)]
    try:
        async with _connect(settings, peer, contexts) as client:
            return await client.echo()
    except DimseError as error:
        raise CommandError(f"{peer.title} does not answer: {explain(error)}.") from None


def _connect(
    settings: Settings, peer: Target, contexts: Sequence[tuple[str, Sequence[str]]]
) -> AbstractAsyncContextManager[Client]:
    tls = client_context(tls_files(settings)) if peer.tls else None
    return connect(peer.host, peer.port, peer.title, settings.ae, contexts, tls=tls)


def send(settings: Settings, target: str, paths: list[Path], *, json: bool) -> int:
    """C-STORE every DICOM file below the paths: how many were taken; 1 when a file was not, otherwise 0."""
    peer = find_target(settings, target)
    completed, warning, not_dicom = 0, 0, 0
    failures: list[dict[str, str]] = []
    files = _sendable_files(paths)
    while batch := list(islice(files, BATCH)):
        ready = [each for each in batch if isinstance(each, Sendable)]
        not_dicom += len(batch) - len(ready)
        for result in asyncio.run(_send(settings, peer, ready)):
            path, reason = str(result.file.path).encode(errors="backslashreplace").decode(), result.reason
            completed += not reason and not result.has_warning
            warning += result.has_warning
            if reason:
                console.print(f"  not taken: {escape(path)}: {escape(reason)}")
                failures.append({"path": path, "instance_uid": result.file.instance_uid, "reason": reason})
    counts = {"completed": completed, "failed": len(failures), "warning": warning, "not_dicom": not_dicom}
    _tell({**counts, "failures": failures}, json=json)
    return 1 if failures else 0


def _tell(told: dict[str, object], *, json: bool) -> None:
    print("\n".join(as_record(told, json=json)))  # noqa: T201  what a script reads


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of one file; no reason: the peer took it."""

    file: Sendable
    reason: str = ""
    has_warning: bool = False


def _sendable_files(paths: Iterable[Path]) -> Iterator[Sendable | Fault]:
    for path in paths:
        if not path.exists():
            raise CommandError(f"{path} does not exist.")
        found = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        for file in found:
            try:
                yield sendable(file)
            except OSError as error:
                raise CommandError(f"{file} cannot be read: {error.strerror}.") from None


async def _send(settings: Settings, peer: Target, files: list[Sendable]) -> list[_Result]:
    """Send files over as many associations as their SOP classes and transfer syntaxes need."""
    results: list[_Result] = []
    for group in _groups(files):
        before = len(results)
        try:
            async with _connect(settings, peer, contexts_of(group)) as client:
                for file in group:
                    results.append(await _send_one(client, file))  # noqa: PERF401  what was answered stays when the rest fails
        except DimseError as error:
            answered = len(results) - before
            results += [_Result(file, explain(error)) for file in group[answered:]]
    return results


async def _send_one(client: Client, file: Sendable) -> _Result:
    try:
        reply = await client.store(file)
    except NotAccepted as error:
        return _Result(file, explain(error))
    if reply.is_success:
        return _Result(file, has_warning=status_kind(reply.status) is StatusKind.WARNING)
    return _Result(file, f"status {reply.status:04X} {reply.comment}".strip())


def _groups(files: list[Sendable]) -> Iterator[list[Sendable]]:
    """Runs of files that need at most as many presentation contexts as one association has."""
    group: list[Sendable] = []
    for file in files:
        if len(contexts_of([*group[-1:], file])) > 1 and len(contexts_of([*group, file])) > MAX_CONTEXTS:
            yield group
            group = []
        group.append(file)
    if group:
        yield group
