"""The commands of ``filmless``; what a script reads goes to standard output, everything else to standard error."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from filmless import __version__
from filmless.cli import query_retrieve
from filmless.cli.coercion import coercions
from filmless.cli.common import Config, Data, Json, read_settings, say, say_lines
from filmless.settings import SettingsError

commands = typer.Typer(
    name="filmless",
    help="A complete PACS. `filmless serve --data DIR` starts it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
tokens = typer.Typer(no_args_is_help=True, help="Bearer tokens for the HTTP interfaces.")
users = typer.Typer(no_args_is_help=True, help="People's accounts.")
peers = typer.Typer(no_args_is_help=True, help="The registry of DICOM peers (application entities).")
views = typer.Typer(no_args_is_help=True, help="AE titles of ours beside the configured one, each with its view.")
commands.add_typer(tokens, name="token")
commands.add_typer(users, name="user")
commitments = typer.Typer(help="What peers asked us to keep safe (storage commitment).")
commands.add_typer(peers, name="ae")
commands.add_typer(views, name="view")
commands.add_typer(commitments, name="commitments")
commands.add_typer(coercions, name="coercion")
query_retrieve.add_to(commands)


_ALLOW = "echo,store,find,move,get,commit"
_ALLOW_HELP = "What may be done, separated by commas: echo, store, find, move, get, commit, expire."


@commands.command()
def serve(
    data: Data = None,
    config: Config = None,
    http: Annotated[str | None, typer.Option(help="HOST:PORT of the web and DICOMweb.")] = None,
    dimse: Annotated[str | None, typer.Option(help="HOST:PORT of the DICOM network.")] = None,
    ae: Annotated[str | None, typer.Option(help="Our AE title.")] = None,
    workers: Annotated[str | None, typer.Option(help="Server processes; 0: one per core.")] = None,
    database_url: Annotated[str | None, typer.Option(help="A PostgreSQL to use instead of our own.")] = None,
    tls_certificate: Annotated[str | None, typer.Option(help="PEM file with the certificate chain for HTTPS.")] = None,
    tls_key: Annotated[str | None, typer.Option(help="PEM file with the private key for HTTPS.")] = None,
    behind_proxy: Annotated[bool | None, typer.Option("--behind-proxy", help="A proxy before us does TLS.")] = None,
    base_url: Annotated[str | None, typer.Option(help="The address by which others reach the web.")] = None,
    cors_origins: Annotated[str | None, typer.Option(help="Origins whose pages may use DICOMweb.")] = None,
    dimse_tls: Annotated[str | None, typer.Option(help="HOST:PORT of the DICOM network over TLS.")] = None,
    dimse_tls_certificate: Annotated[str | None, typer.Option(help="PEM file with our chain for DICOM TLS.")] = None,
    dimse_tls_key: Annotated[str | None, typer.Option(help="PEM file with its private key.")] = None,
    dimse_tls_authorities: Annotated[
        str | None, typer.Option(help="PEM file with the authorities that peers' certificates come from.")
    ] = None,
    dimse_tls_optional: Annotated[
        bool | None, typer.Option("--dimse-tls-optional", help="Peers may come without a certificate.")
    ] = None,
    any_called_ae: Annotated[
        bool | None, typer.Option("--any-called-ae", help="Serve whatever AE title a peer calls.")
    ] = None,
    jwt_issuers: Annotated[str | None, typer.Option(help="Issuers of JSON Web Tokens, as JSON.")] = None,
    associations: Annotated[str | None, typer.Option(help="DICOM associations at one time.")] = None,
    associations_per_peer: Annotated[str | None, typer.Option(help="DICOM associations of one address.")] = None,
    settle_after: Annotated[str | None, typer.Option(help="Seconds without news, then a study is settled.")] = None,
) -> None:
    """Start the PACS on a data folder and run until SIGTERM or Ctrl-C."""
    flags = {name: value for name, value in locals().items() if name != "config"}
    found = read_settings(config, **flags)
    from filmless.app.serving.serve import serve as run

    run(found)


@tokens.command("create")
def token_create(
    name: Annotated[str, typer.Option(help="What the token is for; shown in lists and in the record.")],
    role: Annotated[str, typer.Option(help="What it may do; an unknown role is answered with the list.")] = "service",
    expires: Annotated[str, typer.Option(help="Lifetime as 90d or 12h.")] = "90d",
    data: Data = None,
    config: Config = None,
) -> None:
    """Make a bearer token and print it, alone on the last line."""
    from filmless.app.commands.accounts import create_token

    typer.echo(create_token(read_settings(config, data=data), name, role, expires))


@tokens.command("list")
def token_list(data: Data = None, config: Config = None) -> None:
    """Print the tokens, one a line: id, prefix, name, role, validity, last use."""
    from filmless.app.commands.accounts import list_tokens

    for line in list_tokens(read_settings(config, data=data)):
        typer.echo(line)


@tokens.command("revoke")
def token_revoke(
    token_id: Annotated[str, typer.Argument(help="The id that the list shows.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """End a token at once."""
    from filmless.app.commands.accounts import revoke_token

    revoke_token(read_settings(config, data=data), token_id)
    say(f"Token {token_id} is revoked.")


@users.command("add")
def user_add(
    name: Annotated[str, typer.Argument(help="The name to sign in with.")],
    role: Annotated[str, typer.Option(help="What the user may do; an unknown role is answered with the list.")],
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it from standard input.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Make an account; asks for its password."""
    from filmless.app.commands.accounts import add_user, check_role

    check_role(role)
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    add_user(read_settings(config, data=data), name, role, password)
    say(f"User {name} may sign in.")


@peers.command("add")
def ae_add(
    title: Annotated[str, typer.Argument(help="The peer's AE title.")],
    host: Annotated[str, typer.Argument(help="Its host name or address, or a network when it only calls us.")],
    port: Annotated[int, typer.Argument(help="Its TCP port; 0 when it only calls us.")],
    allow: Annotated[str, typer.Option(help=_ALLOW_HELP)] = _ALLOW,
    tls: Annotated[bool, typer.Option("--tls", help="We reach it by TLS.")] = False,
    duplicates: Annotated[
        str, typer.Option(help="Another content under a known SOP Instance UID: keep-both, refuse or replace.")
    ] = "keep-both",
    issuer: Annotated[str, typer.Option(help="Issuer of Patient ID where its objects say none.")] = "",
    transfer_syntaxes: Annotated[
        str, typer.Option(help="UIDs in the order we prefer within one presentation context; empty: our own order.")
    ] = "",
    certificate: Annotated[
        str, typer.Option(help="Its TLS certificate: SHA-256 fingerprint, or subject as CN=CT1,O=Hospital.")
    ] = "",
    find_limit: Annotated[int, typer.Option(min=0, help="Answers to one of its queries at most; 0: no limit.")] = 0,
    parallel: Annotated[
        int, typer.Option(min=1, max=16, help="Associations at one time over which a C-MOVE sends to it.")
    ] = 1,
    notify: Annotated[
        bool, typer.Option("--notify", help="Tell it of each study that has arrived (Instance Availability).")
    ] = False,
    notify_after: Annotated[str, typer.Option(help="How long a study is quiet before, as 60s or 5m.")] = "60s",
    commit_to: Annotated[
        str, typer.Option(help="HOST:PORT or HOST:PORT/TITLE that takes reports of commitments; else the peer itself.")
    ] = "",
    commit_wait: Annotated[str, typer.Option(help="How long instances are waited for, as 10m or 30s.")] = "10m",
    commit_proof: Annotated[
        str, typer.Option(help="What proves that an instance is safe: its stored hash, or read (all is read again).")
    ] = "hash",
    data: Data = None,
    config: Config = None,
) -> None:
    """Register a DICOM peer, or change the one with this title."""
    from filmless.app.commands.peers import add_peer

    values = {
        "allow": allow,
        "tls": tls,
        "duplicates": duplicates,
        "issuer": issuer,
        "transfer_syntaxes": transfer_syntaxes,
        "find_limit": find_limit,
        "certificate": certificate,
        "parallel": parallel,
        "notify": notify,
        "notify_after": notify_after,
        "commit_to": commit_to,
        "commit_wait": commit_wait,
        "commit_proof": commit_proof,
    }
    add_peer(read_settings(config, data=data), (title, host, port), values)
    say(f"{title} at {host}:{port} is registered.")


@peers.command("list")
def ae_list(json: Json = False, data: Data = None, config: Config = None) -> None:
    """Print the registered peers: where each is, what it may do, its rules, and when it was last seen."""
    from filmless.app.commands.peers import list_peers

    say_lines(list_peers(read_settings(config, data=data), json=json))


@peers.command("test")
def ae_test(
    title: Annotated[str, typer.Argument(help="The peer's AE title.")],
    json: Json = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Ask a registered peer whether it answers (C-ECHO); exit status 1 when it does not."""
    query_retrieve.echo(title, json=json, data=data, config=config)


@peers.command("remove")
def ae_remove(
    title: Annotated[str, typer.Argument(help="The peer's AE title.")], data: Data = None, config: Config = None
) -> None:
    """Forget a peer."""
    from filmless.app.commands.peers import remove_peer

    remove_peer(read_settings(config, data=data), title)
    say(f"{title} is no longer registered.")


@views.command("add")
def view_add(
    title: Annotated[str, typer.Argument(help="An AE title of ours that peers may call.")],
    allow: Annotated[str, typer.Option(help=_ALLOW_HELP)] = _ALLOW,
    modality: Annotated[str, typer.Option(help="Modalities it shows, separated by commas.")] = "",
    institution: Annotated[list[str] | None, typer.Option(help="Institution Name; may be given again.")] = None,
    issuer: Annotated[list[str] | None, typer.Option(help="Issuer of Patient ID; may be given again.")] = None,
    source: Annotated[str, typer.Option(help="AE titles that sent what it shows, separated by commas.")] = "",
    data: Data = None,
    config: Config = None,
) -> None:
    """Serve an AE title with a view of its own, or change it; restrictions that are not given show everything."""
    from filmless.app.commands.views import add_view

    restrictions = {"modalities": modality, "institutions": institution, "issuers": issuer, "source_aes": source}
    add_view(read_settings(config, data=data), title, allow, restrictions)
    say(f"{title} is served.")


@views.command("list")
def view_list(json: Json = False, data: Data = None, config: Config = None) -> None:
    """Print the AE titles that are served beside the configured one."""
    from filmless.app.commands.views import list_views

    say_lines(list_views(read_settings(config, data=data), json=json))


@views.command("remove")
def view_remove(
    title: Annotated[str, typer.Argument(help="An AE title of ours.")], data: Data = None, config: Config = None
) -> None:
    """Serve an AE title no more."""
    from filmless.app.commands.views import remove_view

    say(remove_view(read_settings(config, data=data), title))


@commands.command()
def associations(
    failed: Annotated[bool, typer.Option("--failed", help="Only those that went wrong.")] = False,
    ae: Annotated[str | None, typer.Option(help="Only those of this calling AE title.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, from the latest on.")] = 20,
    json: Json = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print the latest associations of peers; below one that went wrong, what to change."""
    from filmless.app.commands.associations import list_associations

    say_lines(list_associations(read_settings(config, data=data), limit=limit, calling_ae=ae, failed=failed, json=json))


@commands.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, folders, ZIP files, DICOM media.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Take files into the archive; what is already there is kept once, so an import can be repeated."""
    from filmless.app.commands.import_files import import_paths

    raise typer.Exit(import_paths(read_settings(config, data=data), paths))


@commands.command()
def check(data: Data = None, config: Config = None) -> None:
    """Compare every stored byte with its hash, and rows and overlays with what the packs tell.

    Prints what is wrong, one line each with tabs between: kind, UID, place. Exit status 1 when there is something.
    """
    from filmless.app.commands.check import check as run

    raise typer.Exit(run(read_settings(config, data=data)))


@commitments.callback(invoke_without_command=True)
def commitments_list(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print the newest: id, peer, Transaction UID, when it came, state, how many are safe, next try, last error."""
    if context.invoked_subcommand is not None:
        return
    from filmless.app.commands.commitments import list_commitments

    typer.echo(list_commitments(read_settings(config, data=data), json=as_json))


@commitments.command("retry")
def commitments_retry(
    commitment_id: Annotated[str, typer.Argument(metavar="ID", help="The id that the list shows.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Find out anew and report to the peer at once."""
    from filmless.app.commands.commitments import retry_commitment

    retry_commitment(read_settings(config, data=data), commitment_id)
    say(f"Commitment {commitment_id} is carried out.")


@commands.command("rejections")
def rejections_list(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array.")] = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print what rejection notes took out of use, the newest first."""
    from filmless.app.commands.rejections import list_rejections

    typer.echo(list_rejections(read_settings(config, data=data), json=as_json))


@commands.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> NoReturn:
    """Run a command; what people must know of a failure is one sentence on standard error."""
    try:
        commands(standalone_mode=True)
    except Exception as error:  # told apart by the table of sentences; the rest goes up
        if not isinstance(error, _sentences()):
            raise
        say(str(error))
        sys.exit(2 if isinstance(error, SettingsError) else 1)
    sys.exit(0)


def _sentences() -> tuple[type[Exception], ...]:
    """The errors whose text is a sentence for people."""
    if "filmless.app" not in sys.modules:
        return (SettingsError,)
    from filmless.app.sentences import SENTENCES

    return (SettingsError, *SENTENCES)
