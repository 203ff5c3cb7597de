"""The files of DICOM over TLS as the settings name them, for peers that call and for those that are called."""

from filmless.clients.tls import FreshContext, TlsFiles, client_context
from filmless.settings import Settings


def tls_files(settings: Settings) -> TlsFiles:
    """Our certificate and key, and whom we trust."""
    return TlsFiles(settings.dimse_tls_certificate, settings.dimse_tls_key, settings.dimse_tls_authorities)


def calling_tls(settings: Settings) -> FreshContext:
    """The TLS by which we call peers that are registered with ``--tls``."""
    return FreshContext(tls_files(settings), client_context)
