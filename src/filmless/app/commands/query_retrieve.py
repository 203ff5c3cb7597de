"""``filmless find``, ``move`` and ``get``: we as the user of another archive."""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from filmless.app.commands.command_error import CommandError
from filmless.app.commands.peers import Target, find_target
from filmless.app.dicom_tls import tls_files
from filmless.app.tables import as_json, as_record, as_table
from filmless.clients.dimse import MAX_CONTEXTS, Client, connect
from filmless.clients.faults import DimseError, Reply, explain
from filmless.clients.retrieve import FolderKeeper, Progress, retrieve
from filmless.clients.tls import client_context
from filmless.settings import Settings
from filmless.standards.data_set.identifier import encode_identifier
from filmless.standards.dicom.dictionary import keyword_of, tag_of, vr_of
from filmless.standards.dicom.sop_classes import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    SOP_CLASSES,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    is_storage,
)
from filmless.standards.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from filmless.standards.dimse.status import Status
from filmless.standards.models.dicom_json import data_set_json
from filmless.standards.upper_layer.items import Role

NATIVE = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")
ASKED = {
    "PATIENT": ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    "STUDY": ("StudyDate", "PatientID", "PatientName", "AccessionNumber", "StudyDescription", "StudyInstanceUID"),
    "SERIES": ("Modality", "SeriesNumber", "SeriesDescription", "SeriesInstanceUID"),
    "IMAGE": ("InstanceNumber", "SOPClassUID", "SOPInstanceUID"),
}
"""What is asked for at each level beside the keys."""

_MODELS = {  # whether a patient stands at the top: the SOP classes of C-FIND, C-MOVE and C-GET
    True: (PATIENT_ROOT_FIND, PATIENT_ROOT_MOVE, PATIENT_ROOT_GET),
    False: (STUDY_ROOT_FIND, STUDY_ROOT_MOVE, STUDY_ROOT_GET),
}
_LEVEL = "00080052"


@dataclass(frozen=True, slots=True)
class Question:
    """What a command asks for."""

    level: str
    keys: Sequence[str]  # Keyword=value, or a keyword alone


def find(settings: Settings, target: str, question: Question, *, json: bool) -> Iterable[str]:
    """C-FIND: a table of the matches, or JSON in the DICOM JSON model."""
    peer, keys = find_target(settings, target), _keys(question)
    for keyword in ASKED[question.level]:
        keys.setdefault(f"{tag_of(keyword):08X}", {"vr": vr_of(tag_of(keyword) or 0)})
    matches = asyncio.run(_find(settings, peer, question.level, keys))
    if json:
        return [as_json(matches)]
    columns = [tag for tag in keys if tag != _LEVEL]
    headings = [keyword_of(int(tag, 16)) or tag for tag in columns]
    return as_table(headings, [[_shown(match.get(tag, {})) for tag in columns] for match in matches])


async def _find(settings: Settings, peer: Target, level: str, keys: dict[str, Any]) -> list[dict[str, Any]]:
    model = _MODELS[level == "PATIENT"][0]
    try:
        async with _association(settings, peer, [(model, NATIVE)]) as client:
            syntax = client.context(model).transfer_syntax
            answers = client.find(model, encode_identifier(keys, syntax))
            return [orjson.loads(data_set_json(answer, syntax, None)) async for answer in answers]
    except DimseError as error:
        raise CommandError(f"{peer.title} gave no answer: {explain(error)}.") from None


def move(settings: Settings, target: str, question: Question, destination: str, *, json: bool) -> int:
    """C-MOVE: the peer sends to another AE; 1 when something was not sent."""
    peer = find_target(settings, target)
    return _tell(asyncio.run(_move(settings, peer, question, destination)), json=json)


async def _move(settings: Settings, peer: Target, question: Question, destination: str) -> Progress:
    model = _MODELS[question.level == "PATIENT"][1]
    try:
        async with _association(settings, peer, [(model, NATIVE)]) as client:
            return await _last(client, model, question, destination)
    except DimseError as error:
        raise CommandError(f"{peer.title} did not move: {explain(error)}.") from None


def get(settings: Settings, target: str, question: Question, folder: Path, *, json: bool) -> int:
    """C-GET into a folder, INSTANCE.dcm each; 1 when something did not come."""
    peer = find_target(settings, target)
    folder.mkdir(parents=True, exist_ok=True)
    return _tell(asyncio.run(_get(settings, peer, question, folder)), json=json)


async def _get(settings: Settings, peer: Target, question: Question, folder: Path) -> Progress:
    """One association has not enough contexts for all storage classes: where something failed, a second has the rest.

    An object of a class that was not proposed has failed there, so none is sent twice.
    """
    model = _MODELS[question.level == "PATIENT"][2]
    classes = [uid for uid in SOP_CLASSES if is_storage(uid)]
    most, keeper = MAX_CONTEXTS - 1, FolderKeeper(folder)

    async def ask(proposed: Sequence[str]) -> Progress:
        contexts = [(model, NATIVE), *((uid, NATIVE) for uid in proposed)]
        roles = tuple(Role(uid, scu=False, scp=True) for uid in proposed)
        async with _association(settings, peer, contexts, roles) as client:
            client.keeper = keeper
            return await _last(client, model, question, None)

    try:
        done = await ask(classes[:most])
        return done if not done.failed else _together(done, await ask(classes[most : 2 * most]))
    except DimseError as error:
        raise CommandError(f"{peer.title} did not send: {explain(error)}.") from None
    finally:
        keeper.leave()


def _together(first: Progress, second: Progress) -> Progress:
    """What two retrieves of the same objects came to: the second fetched of those that failed in the first."""
    came = second.completed + second.warning
    failed = max(first.failed - came, 0)
    reply = Reply(Status.SUCCESS if not failed and not first.warning + second.warning else second.reply.status,
                  second.reply.comment if failed else "")  # fmt: skip
    return Progress(reply, 0, first.completed + second.completed, failed, first.warning + second.warning)


def _association(
    settings: Settings,
    peer: Target,
    contexts: Sequence[tuple[str, Sequence[str]]],
    roles: tuple[Role, ...] = (),
) -> AbstractAsyncContextManager[Client]:
    tls = client_context(tls_files(settings)) if peer.tls else None
    return connect(peer.host, peer.port, peer.title, settings.ae, contexts, timeout=120.0, tls=tls, roles=roles)


async def _last(client: Client, model: str, question: Question, destination: str | None) -> Progress:
    """The final response."""
    identifier = encode_identifier(_keys(question), client.context(model).transfer_syntax)
    responses = [one async for one in retrieve(client, model, identifier, destination) if one.is_final]
    return responses[-1]


def _tell(progress: Progress, *, json: bool) -> int:
    reply = progress.reply
    told = {
        "status": f"{reply.status:04X}",
        "comment": reply.comment,
        "completed": progress.completed,
        "failed": progress.failed,
        "warning": progress.warning,
    }
    print("\n".join(as_record(told, json=json)))  # noqa: T201  what a script reads
    if reply.is_success and not progress.completed + progress.failed + progress.warning:
        print("The peer has nothing that matches.", file=sys.stderr)  # noqa: T201
    return 0 if reply.is_success and not progress.failed else 1


def _keys(question: Question) -> dict[str, Any]:
    """The keys in the DICOM JSON model, with the level."""
    if question.level not in LEVELS:
        raise CommandError(f"The level is one of {', '.join(LEVELS)}.")
    keys: dict[str, Any] = {_LEVEL: {"vr": "CS", "Value": [question.level]}}
    for key in question.keys:
        keyword, _, value = key.partition("=")
        tag = tag_of(keyword)
        if tag is None:
            raise CommandError(f'"{keyword}" is no keyword of a DICOM attribute; keys are written as PatientID=4711.')
        keys[f"{tag:08X}"] = {"vr": vr_of(tag), "Value": value.split("\\") if value else []}
    return keys


def _shown(attribute: dict[str, Any]) -> str:
    """An attribute as a person reads it."""
    values = [next(iter(each.values()), "") if isinstance(each, dict) else each for each in attribute.get("Value", [])]
    return "\\".join("" if each is None else str(each) for each in values)
