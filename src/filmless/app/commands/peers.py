"""``filmless ae add``, ``list``, ``remove``, and how commands find the peer they are told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from filmless.access.peers import Peer
from filmless.app.commands.command_error import CommandError
from filmless.app.data_folder import reached_database
from filmless.archive.model import DuplicatePolicy
from filmless.database.ae_titles import AeTitles
from filmless.database.connect import Database
from filmless.settings import Address, Settings, parse_address


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a command speaks to."""

    title: str
    host: str
    port: int


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
    )
    with _registry(settings) as registry:
        registry.add(peer)


def list_peers(settings: Settings) -> list[str]:
    """One line per peer, fields separated by tabs."""
    with _registry(settings) as registry:
        return ["\t".join(_fields(peer)) for peer in registry.all()]


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
    if not peer.port:
        raise CommandError(f"{title} is registered as a peer that only calls: it has no port.")
    return Target(peer.title, peer.host, peer.port)


@contextmanager
def _registry(settings: Settings) -> Iterator[AeTitles]:
    with reached_database(settings.data, settings.database_url) as reached:
        database = Database(reached.dsn, connections=1)
        try:
            yield AeTitles(database)
        finally:
            database.close()


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise CommandError(f'"{text}" {error}.'.replace(" is HOST", " must be HOST")) from None


def _fields(peer: Peer) -> Iterator[str]:
    yield from (peer.title, peer.host, str(peer.port), ",".join(sorted(peer.allow)), peer.duplicates.value)
    yield "tls" if peer.tls else "plain"
    yield peer.issuer
    yield ",".join(peer.transfer_syntaxes)
    yield str(peer.find_limit)


def _words(text: object) -> list[str]:
    return [word.strip() for word in str(text).split(",") if word.strip()]
