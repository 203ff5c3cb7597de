"""Certificates for tests, made when they are needed: an authority that is trusted, and one that is not."""

from dataclasses import dataclass
from pathlib import Path

import trustme

from filmless.clients.tls import TlsFiles


@dataclass(frozen=True)
class Pki:
    """PEM files of an authority and of those it vouches for."""

    folder: Path
    authority: trustme.CA

    @property
    def authorities(self) -> Path:
        path = self.folder / "authorities.pem"
        self.authority.cert_pem.write_to_path(str(path))
        return path

    def issue(self, name: str, authority: trustme.CA | None = None) -> TlsFiles:
        """A certificate with its key; the files that are there are replaced."""
        made = (authority or self.authority).issue_cert("localhost", "127.0.0.1", common_name=name)
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        made.private_key_pem.write_to_path(str(key))
        return TlsFiles(certificate, key, self.authorities)


def make_pki(folder: Path) -> Pki:
    """A new authority."""
    return Pki(folder, trustme.CA(organization_name="Test authority"))
