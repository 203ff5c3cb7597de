"""``filmless ae add``, ``list``, ``remove``, and how commands find the peer they are told."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta

from filmless.access.commitment_rules import CommitmentRules
from filmless.access.peers import OPERATIONS, Peer, check_transfer_syntaxes
from filmless.app.commands.command_error import CommandError
from filmless.app.commands.database import open_database
from filmless.app.tables import as_json, as_table
from filmless.archive.commitment import Proof
from filmless.archive.model import DuplicatePolicy
from filmless.database.ae_titles import AeTitles
from filmless.database.commitment_rules import CommitmentRegistry
from filmless.database.events import EventLog
from filmless.settings import Address, Settings, parse_address

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a command speaks to."""

    title: str
    host: str
    port: int
    tls: bool = False


def add_peer(settings: Settings, place: tuple[str, str, int], values: Mapping[str, object]) -> None:
    """Register a peer at (title, host, port); ``values`` are the texts of the command line."""
    title, host, port = place
    try:
        duplicates = DuplicatePolicy(str(values["duplicates"]))
    except ValueError:
        raise CommandError(f"What to do with duplicates is one of: {', '.join(DuplicatePolicy)}.") from None
    peer = Peer(
        title,
        host,
        port,
        allow=frozenset(_words(values["allow"])),
        tls=bool(values["tls"]),
        duplicates=duplicates,
        issuer=str(values["issuer"]),
        transfer_syntaxes=tuple(_words(values["transfer_syntaxes"])),
        find_limit=int(str(values["find_limit"])),
        certificate=str(values["certificate"]),
        parallel=int(str(values["parallel"])),
        notify_after=_notify_after(str(values["notify_after"])) if values["notify"] else None,
    )
    check_transfer_syntaxes(peer.transfer_syntaxes)
    rules = _commitment_rules(values)
    with open_database(settings, may_begin=True) as database:
        AeTitles(database).add(peer)
        CommitmentRegistry(database, EventLog(database)).set_rules(title, rules)


def list_peers(settings: Settings, *, json: bool) -> Iterable[str]:
    """Every peer by title: a table for people, or JSON."""
    with _registry(settings) as registry:
        peers = registry.all()
    if json:
        return [as_json(_fields(peer) for peer in peers)]
    return as_table(_HEADINGS, map(_row, peers))


def remove_peer(settings: Settings, title: str) -> None:
    """Forget a peer."""
    with _registry(settings) as registry:
        if not registry.remove(title):
            raise CommandError(f"{title} is not registered.")


def find_target(settings: Settings, target: str) -> Target:
    """The peer that a command names: a registered title, or TITLE@HOST:PORT."""
    title, at, place = target.partition("@")
    if at:
        address = _address(place)
        return Target(title, address.host, address.port)
    with _registry(settings) as registry:
        peer = registry.find(title)
    if peer is None:
        raise CommandError(
            f"{title} is not registered; name it as TITLE@HOST:PORT, or register it with filmless ae add."
        )
    if not peer.port:
        raise CommandError(f"{title} is registered without a port: it calls us and does not listen.")
    return Target(peer.title, peer.host, peer.port, peer.tls)


@contextmanager
def _registry(settings: Settings) -> Iterator[AeTitles]:
    with open_database(settings) as database:
        yield AeTitles(database)


def _commitment_rules(values: Mapping[str, object]) -> CommitmentRules:
    place, _, title = str(values["commit_to"]).partition("/")
    address = _address(place) if place else Address("", 0)
    try:
        proof = Proof(str(values["commit_proof"]))
    except ValueError:
        raise CommandError(f"What proves that an instance is safe is one of: {', '.join(Proof)}.") from None
    return CommitmentRules(address.host, address.port, title, _duration(str(values["commit_wait"])), proof)


def _duration(text: str) -> timedelta:
    parts = re.fullmatch(r"(\d{1,6})([smh])", text.strip())
    if parts is None:
        raise CommandError(f'"{text}" is no length of time; give it as 10m, 30s or 2h.')
    return timedelta(**{_UNITS[parts[2]]: int(parts[1])})


def _notify_after(text: str) -> int:
    return int(_duration(text).total_seconds())


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise CommandError(f'"{text}" {error}.'.replace(" is HOST", " must be HOST")) from None


_HEADINGS = (
    "TITLE",
    "HOST",
    "PORT",
    "ALLOWED",
    "TLS",
    "CERTIFICATE",
    "DUPLICATES",
    "LIMIT",
    "PARALLEL",
    "TOLD",
    "ISSUER",
    "LAST SEEN",
)


def _fields(peer: Peer) -> dict[str, object]:
    return asdict(peer) | {"allow": sorted(peer.allow)}


def _row(peer: Peer) -> tuple[str, ...]:
    return (
        peer.title,
        peer.host,
        str(peer.port) if peer.port else "only calls",
        ",".join(one for one in OPERATIONS if one in peer.allow),
        "tls" if peer.tls else "",
        peer.certificate,
        peer.duplicates.value,
        str(peer.find_limit or ""),
        str(peer.parallel),
        f"after {peer.notify_after} s" if peer.notify_after else "",
        peer.issuer,
        f"{peer.last_seen_at:%Y-%m-%d %H:%M}" if peer.last_seen_at else "never",
    )


def _words(text: object) -> list[str]:
    return [word.strip() for word in str(text).split(",") if word.strip()]
