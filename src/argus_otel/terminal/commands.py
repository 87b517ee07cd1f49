"""How a command is described, so that ``--help`` can list it without importing it."""

from __future__ import annotations

import argparse
from typing import NamedTuple, Protocol


class Command(NamedTuple):
    """One command of ``argus-otel``, or of a source: ``argus-otel NAME COMMAND``.

    Attributes
    ----------
    module:
        The module that runs it; see :class:`Runnable`. Imported when the command is run.
    summary:
        One phrase for the list of commands.
    description:
        For ``--help`` of the command: a description with its exit codes.
    examples:
        Command lines, without ``argus-otel``.
    extra:
        The extra of ``argus-otel`` that it needs, or ``None``.
    usage:
        What :mod:`argparse` cannot derive itself.
    """

    module: str
    summary: str
    description: str
    examples: tuple[str, ...] = ()
    extra: str | None = None
    usage: str | None = None


class Runnable(Protocol):
    """A module that a :class:`Command` names."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the command, and return its exit code."""
        ...
