"""TLS between DICOM peers (PS3.15 B.12, BCP 195: RFC 8996, 9325), on both sides; changed files are read again."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger()

# TLS 1.2 with forward secrecy and authenticated encryption alone (RFC 9325 4.2); those of TLS 1.3 are all so.
SUITES = "ECDHE+AESGCM:ECDHE+CHACHA20"

_Seen = tuple[tuple[int, int], ...]  # (modified, size) of each file


class TlsError(Exception):
    """Certificates or keys cannot be used; the text is a sentence that names the file."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of one side."""

    certificate: Path | None = None  # our chain, leaf first
    key: Path | None = None
    authorities: Path | None = None  # that the peer's certificate must come from


def server_context(files: TlsFiles, *, demands_certificate: bool) -> ssl.SSLContext:
    """What we accept. With authorities a peer's certificate is verified; without one it may be asked to go."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, files)
    if files.authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED if demands_certificate else ssl.CERT_OPTIONAL
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 0  # associations are long: nobody resumes, and no key for tickets can be stolen
    return context


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """What we call with: the peer's certificate must come from our authorities (those of the system without any).

    Host names are not compared: AE titles stand for them in DICOM, and certificates of devices seldom name one.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT, files)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    if files.authorities is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    return context


def _context(protocol: int, files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION
    context.set_ciphers(SUITES)
    try:
        if files.certificate is not None:
            context.load_cert_chain(files.certificate, files.key)
        if files.authorities is not None:
            context.load_verify_locations(files.authorities)
    except (ssl.SSLError, OSError) as fault:
        names = ", ".join(str(path) for path in (files.certificate, files.key, files.authorities) if path is not None)
        raise TlsError(f"TLS cannot use {names}: {fault.strerror or fault}.") from None
    return context


class FreshContext:
    """A context that is made anew when one of its files has changed; whoever has the former one keeps it."""

    def __init__(self, files: TlsFiles, make: Callable[[TlsFiles], ssl.SSLContext]) -> None:
        self._files, self._make = files, make
        self._lock = threading.Lock()
        self._seen: _Seen | None = None
        self._context: ssl.SSLContext | None = None

    def __call__(self) -> ssl.SSLContext:
        """The context of the files as they are now; the former one while they cannot be used.

        Raises ``TlsError`` where there is no former one.
        """
        with self._lock:
            seen = _look(self._files)
            if seen != self._seen:
                self._seen = seen
                try:
                    self._context = self._make(self._files)
                    log.info("tls_files_read")
                except TlsError as fault:
                    log.error("tls_files_not_usable", reason=str(fault))
            if self._context is None:
                self._context = self._make(self._files)
            return self._context


def _look(files: TlsFiles) -> _Seen:
    found = []
    for path in (files.certificate, files.key, files.authorities):
        try:
            status = path.stat() if path is not None else None
        except OSError:
            status = None
        found.append((status.st_mtime_ns, status.st_size) if status is not None else (0, 0))
    return tuple(found)
