"""The listening sockets, bound once by the supervisor, and the rules for who may reach them."""

import errno
import socket
from dataclasses import dataclass
from functools import partial

from filmless.app.dicom_tls import tls_files
from filmless.clients.tls import FreshContext, server_context
from filmless.servers.association.listener import Entrance
from filmless.settings import Address, Settings


@dataclass(frozen=True, slots=True)
class Listening:
    """The bound sockets of all doors."""

    http: socket.socket
    dimse: socket.socket
    dimse_tls: socket.socket | None = None

    @property
    def all(self) -> list[socket.socket]:
        """Every one that is there."""
        return [one for one in (self.http, self.dimse, self.dimse_tls) if one is not None]


class ListeningError(Exception):
    """We cannot or must not listen there; the text is a sentence for people."""


BACKLOG = 512


def check(settings: Settings) -> None:
    """HTTP beyond this machine demands TLS, our own or that of a proxy before us."""
    has_tls = settings.tls_certificate is not None and settings.tls_key is not None
    if (settings.tls_certificate is None) is not (settings.tls_key is None):
        raise ListeningError("TLS needs both files: --tls-certificate and --tls-key.")
    for path in (settings.tls_certificate, settings.tls_key):
        if path is not None and not path.is_file():
            raise ListeningError(f"There is no file {path}.")
    if not settings.http.is_loopback and not has_tls and not settings.behind_proxy:
        raise ListeningError(
            f"HTTP on {settings.http} is reached from other machines and so demands TLS: "
            f"give --tls-certificate and --tls-key, or --behind-proxy when a proxy before it does TLS."
        )

    _check_dimse_tls(settings)


def _check_dimse_tls(settings: Settings) -> None:
    """DICOM TLS needs its certificate and key, and says whom it trusts unless peers may come without one."""
    for issuer in settings.jwt_issuers:
        if not issuer.key.is_file():
            raise ListeningError(f"There is no file {issuer.key}, the key of the issuer {issuer.issuer}.")
    if settings.dimse_tls is None:
        return
    if settings.dimse_tls_certificate is None or settings.dimse_tls_key is None:
        raise ListeningError("DICOM TLS needs both files: --dimse-tls-certificate and --dimse-tls-key.")
    if settings.dimse_tls_authorities is None and not settings.dimse_tls_optional:
        raise ListeningError(
            "DICOM TLS demands certificates of peers: give the authorities they come from as --dimse-tls-authorities, "
            "or let peers come without one by --dimse-tls-optional."
        )
    server_context(tls_files(settings), demands_certificate=not settings.dimse_tls_optional)


def entrances(settings: Settings, sockets: Listening) -> list[Entrance]:
    """Where DICOM peers come in: the plain port, and the one over TLS whose files are read again when they change."""
    plain = Entrance(sockets.dimse)
    if sockets.dimse_tls is None:
        return [plain]
    make = partial(server_context, demands_certificate=not settings.dimse_tls_optional)
    return [plain, Entrance(sockets.dimse_tls, FreshContext(tls_files(settings), make))]


def bind(address: Address, what: str) -> socket.socket:
    """A socket bound to the address and not listening yet, so that nobody is let in before we are ready."""
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise ListeningError(f"{what} cannot listen on {address}: the host is not known.") from None
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # over connections that the last run left to TIME_WAIT
    try:
        bound.bind(target)
    except OSError as error:
        bound.close()
        reason = "the address is in use" if error.errno == errno.EADDRINUSE else (error.strerror or str(error)).lower()
        raise ListeningError(f"{what} cannot listen on {address}: {reason}.") from None
    bound.setblocking(False)  # noqa: FBT003  the name of the call says what is false
    return bound


def bound_address(listening: socket.socket) -> Address:
    """Where a socket is bound, with the port that the system gave for port 0."""
    host, port = listening.getsockname()[:2]
    return Address(host, port)
