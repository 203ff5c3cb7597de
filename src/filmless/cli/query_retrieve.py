"""``filmless echo``, ``find``, ``move``, ``get`` and ``send``: other archives asked by DICOM."""

from pathlib import Path
from typing import Annotated

import typer

from filmless.cli.common import Config, Data, Json, read_settings, say_lines

PeerName = Annotated[str, typer.Argument(metavar="TARGET", help="A registered AE title, or TITLE@HOST:PORT.")]
Keys = Annotated[
    list[str] | None,
    typer.Option("-k", "--key", help="Keyword=value, as PatientID=4711 or StudyDate=20260101-; may be repeated."),
]
Level = Annotated[str, typer.Option(help="PATIENT, STUDY, SERIES or IMAGE.")]


def find(
    target: PeerName,
    key: Keys = None,
    level: Level = "STUDY",
    json: Json = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Ask a peer what it has (C-FIND) and print the matches; a keyword without a value is only asked for."""
    from filmless.app.commands.query_retrieve import Question
    from filmless.app.commands.query_retrieve import find as run

    say_lines(run(read_settings(config, data=data), target, Question(level.upper(), key or ()), json=json))


def move(
    target: PeerName,
    to: Annotated[str, typer.Option(help="AE title of the destination, as the peer knows it.")],
    key: Keys = None,
    level: Level = "STUDY",
    json: Json = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Have a peer send to another AE (C-MOVE); exit status 1 when something was not sent."""
    from filmless.app.commands.query_retrieve import Question
    from filmless.app.commands.query_retrieve import move as run

    question = Question(level.upper(), key or ())
    raise typer.Exit(run(read_settings(config, data=data), target, question, to, json=json))


def get(
    target: PeerName,
    folder: Annotated[Path, typer.Argument(help="Where the files go, INSTANCE.dcm each.")],
    key: Keys = None,
    level: Level = "STUDY",
    json: Json = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Fetch from a peer into a folder (C-GET); exit status 1 when something did not come."""
    from filmless.app.commands.query_retrieve import Question
    from filmless.app.commands.query_retrieve import get as run

    question = Question(level.upper(), key or ())
    raise typer.Exit(run(read_settings(config, data=data), target, question, folder, json=json))


def echo(target: PeerName, json: Json = False, data: Data = None, config: Config = None) -> None:
    """Ask a peer whether it answers (C-ECHO); exit status 1 when it does not."""
    from filmless.app.commands.send import echo as run

    raise typer.Exit(run(read_settings(config, data=data), target, json=json))


def send(
    target: PeerName,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="DICOM files and folders.")],
    json: Json = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Send files to a peer as they are (C-STORE); exit status 1 when one was not taken."""
    from filmless.app.commands.send import send as run

    raise typer.Exit(run(read_settings(config, data=data), target, paths, json=json))


def add_to(commands: typer.Typer) -> None:
    """Offer these commands."""
    for command in (echo, find, move, get, send):
        commands.command()(command)
