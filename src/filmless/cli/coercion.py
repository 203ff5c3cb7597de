"""``filmless coercion``: rules that mend what modalities send."""

from pathlib import Path
from typing import Annotated

import typer

from filmless.cli.common import Config, Data, Json, read_settings, say, say_lines

coercions = typer.Typer(no_args_is_help=True, help="Rules that mend what modalities send.")


@coercions.command("add")
def coercion_add(
    name: Annotated[str, typer.Argument(help="The name of the rule; one that is there is changed where it stands.")],
    attribute: Annotated[str, typer.Argument(help="What it changes: a keyword as PatientID, or a tag as 00100020.")],
    action: Annotated[str, typer.Argument(help="set, default, remove, trim, prefix, replace or map.")],
    value: Annotated[str, typer.Option(help="Of set, default and prefix; what replace puts in.")] = "",
    pattern: Annotated[str, typer.Option(help="Of replace: a regular expression (RE2).")] = "",
    map_: Annotated[list[str] | None, typer.Option("--map", help="Of map: OLD=NEW; may be repeated.")] = None,
    calling_ae: Annotated[str, typer.Option(help="Only what this AE title sends; * and ? are wildcards.")] = "*",
    called_ae: Annotated[str, typer.Option(help="Only what is sent to this AE title of ours.")] = "*",
    sop_class: Annotated[str, typer.Option(help="Only objects of this SOP Class UID.")] = "*",
    modality: Annotated[str, typer.Option(help="Only objects of this modality.")] = "*",
    when: Annotated[
        list[str] | None, typer.Option(help="Only where ATTRIBUTE=VALUE; an empty value: where it is missing. Repeat.")
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Add a rule of coercion behind the others; it holds for what comes two seconds from now."""
    from filmless.app.commands.coercion import Wish, add_rule

    wish = Wish(name, attribute, action, value, pattern, tuple(map_ or ()), calling_ae, called_ae, tuple(when or ()))
    add_rule(read_settings(config, data=data), wish, sop_class, modality)
    say(f"Rule {name} is in force.")


@coercions.command("list")
def coercion_list(json: Json = False, data: Data = None, config: Config = None) -> None:
    """Print the rules in the order in which they are applied."""
    from filmless.app.commands.coercion import list_rules

    say_lines(list_rules(read_settings(config, data=data), json=json))


@coercions.command("remove")
def coercion_remove(
    name: Annotated[str, typer.Argument(help="The name of the rule.")], data: Data = None, config: Config = None
) -> None:
    """Take a rule away; what came while it was there stays as it made it."""
    from filmless.app.commands.coercion import remove_rule

    remove_rule(read_settings(config, data=data), name)
    say(f"Rule {name} is removed.")


@coercions.command("test")
def coercion_test(
    file: Annotated[Path, typer.Argument(help="A DICOM file.")],
    calling_ae: Annotated[str, typer.Option(help="As if this AE title sent it.")] = "",
    called_ae: Annotated[str, typer.Option(help="As if it was sent to this AE title of ours.")] = "",
    json: Json = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print what the rules would make of a file: each attribute that they change, with its old and new value."""
    from filmless.app.commands.coercion import test_rules

    say_lines(test_rules(read_settings(config, data=data), file, (calling_ae, called_ae), json=json))
