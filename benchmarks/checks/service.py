"""The probed service from outside: its addresses, and its ledger."""

from __future__ import annotations

import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from benchmarks.cores import on

from .child import Child

HOSTS = 50
"""Over how many addresses of the loopback device checks are spread: an agent limits how many probe one host at once."""


@dataclass(frozen=True)
class Request:
    """One request as the service saw it.

    Attributes
    ----------
    number:
        What the path said.
    accepted:
        When its connection was accepted, in seconds since 1970.
    took:
        From there to the last byte of the answer, in seconds; infinite if it was not answered.
    """

    number: int
    accepted: float
    took: float


class Service:
    """The service.

    Attributes
    ----------
    ca:
        The file of the certificate that signed the service's.
    """

    def __init__(self, child: Child, ca: Path, directory: Path) -> None:
        self._child = child
        self._file = directory / "ledger"
        self.ca = ca

    def url(self, scheme: str, manner: str, number: int) -> str:
        """Return a URL that is answered in this manner, and noted by this number."""
        host = f"127.0.0.{1 + number % HOSTS}"
        return f"{scheme}://{host}:{self._child.ready[scheme]}/{manner}/{number}"

    def ledger(self) -> list[Request]:
        """Return what was requested since the last call."""
        length = self._child.ask("ledger", file=str(self._file))["length"]
        columns: list[array.array[float]] = []
        with self._file.open("rb") as file:
            for code in "qdd":
                column = array.array(code)
                column.fromfile(file, length)
                columns.append(column)
        return [Request(int(number), accepted, took) for number, accepted, took in zip(*columns, strict=True)]


@contextmanager
def running(directory: Path, core: int) -> Iterator[Service]:
    """Run the service on a core."""
    authority, certificate = trustme.CA(), directory / "service.pem"
    issued = authority.issue_cert(*(f"127.0.0.{1 + number}" for number in range(HOSTS)))
    issued.private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(directory / "ca.pem")
    with on([core]):
        child = Child("the service", ["-m", "benchmarks.checks.service_process", str(certificate)])
    try:
        yield Service(child, directory / "ca.pem", directory)
    finally:
        child.end()
