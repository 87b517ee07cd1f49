"""Certificates of a test authority."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """Files in PEM."""

    authority: Path
    certificate: Path
    key: Path

    @classmethod
    def made_in(cls, directory: Path) -> Certificates:
        """For a server on 127.0.0.1."""
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1", "localhost")
        made = cls(directory / "ca.pem", directory / "server.pem", directory / "server.key")
        authority.cert_pem.write_to_path(str(made.authority))
        issued.private_key_pem.write_to_path(str(made.key))
        for number, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(str(made.certificate), append=number > 0)
        return made

    @property
    def of_collector(self) -> dict[str, str]:
        """The environment that tls.yaml asks for."""
        return {"COLLECTOR_TLS_CERT": str(self.certificate), "COLLECTOR_TLS_KEY": str(self.key)}
