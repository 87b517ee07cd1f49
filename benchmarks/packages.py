"""A package that argus-otel is compared with, if it is installed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import ClassVar


@dataclass(frozen=True)
class Package:
    """A package of others.

    Attributes
    ----------
    group:
        The group of dependencies that has it.
    command:
        How a user installs it, and measures.
    """

    group: ClassVar[str] = "peers"
    command: ClassVar[str] = "make bench"

    name: str
    distribution: str

    @property
    def version(self) -> str | None:
        """Its version, or ``None`` if it is not installed."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return None

    @property
    def missing(self) -> str:
        """How to install it."""
        what = f"{self.distribution} is not installed, and {self.name} not measured"
        return f"{what}: {self.command}, or uv sync --group {self.group}"
