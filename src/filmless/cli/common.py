"""What all commands share: options, and where their words go."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from filmless import settings
from filmless.settings import Settings

Data = Annotated[Path | None, typer.Option("--data", help="The data folder (FILMLESS_DATA; default: ./data).")]
Config = Annotated[Path | None, typer.Option("--config", help="A settings file instead of DATA/filmless.toml.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def read_settings(config: Path | None, **flags: object) -> Settings:
    """The settings of a command, whose log goes to standard error from here on; a flag of None was not given."""
    from filmless.app import logs

    logs.configure()
    chosen = config or (Path(os.environ["FILMLESS_CONFIG"]) if os.environ.get("FILMLESS_CONFIG") else None)
    return settings.read(flags, os.environ, chosen)


def say_lines(lines: Iterable[str]) -> None:
    """What a script reads: lines on standard output."""
    for line in lines:
        typer.echo(line)


def say(sentence: str) -> None:
    """What people read: a sentence on standard error."""
    typer.echo(sentence, err=True)
