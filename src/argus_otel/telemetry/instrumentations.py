"""How sources, which may not import OpenTelemetry, get at its own instrumentations. The bridge provides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class ForeignInstrumentation(Protocol):
    """One instrumentation of OpenTelemetry's, with a switch: what it has registered with a meter cannot be undone."""

    def on(self) -> None:
        """Let it emit from now on; safe to repeat. If that is not possible, the part is off, with the reason."""
        ...

    def off(self) -> None:
        """Let it emit nothing more; safe to repeat."""
        ...

    def drop_in_child(self) -> None:
        """After a fork, in the child: emit nothing until :meth:`on`, and nothing of the parent then."""
        ...


class ForeignInstrumentations(Protocol):
    """Finds instrumentations of OpenTelemetry's by the name of their entry point."""

    def find(
        self, name: str, *, part: str, install: str, options: Mapping[str, object], measures_process: bool = False
    ) -> ForeignInstrumentation:
        """Return an instrumentation, off. It is imported when it is switched on first.

        Parameters
        ----------
        name:
            Its name in the entry-point group ``opentelemetry_instrumentor``.
        part:
            The name of the part whose state it reports.
        install:
            The command that installs it.
        options:
            Keywords for its class.
        measures_process:
            Whether it measures the process that made it, and so has to be told of a fork.
        """
        ...
