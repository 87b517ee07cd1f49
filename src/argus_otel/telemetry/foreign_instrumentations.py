"""OpenTelemetry's own instrumentations, for sources, which may not import OpenTelemetry. The bridge implements them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class ForeignInstrumentation(Protocol):
    """An instrumentation of OpenTelemetry's that can be switched on and off.

    The switch is needed because an instrument that the instrumentation has registered with a meter cannot be removed.
    """

    def enable(self) -> None:
        """Let it emit; safe to repeat. If that is not possible, the part is off, with the reason."""
        ...

    def disable(self) -> None:
        """Let it emit nothing; safe to repeat."""
        ...

    def drop_in_child(self) -> None:
        """After a fork, in the child: emit nothing until :meth:`enable`, and nothing of the parent then."""
        ...


class ForeignInstrumentations(Protocol):
    """Finds instrumentations of OpenTelemetry's by the names of their entry points."""

    def find(
        self, name: str, *, part: str, install: str, options: Mapping[str, object], measures_process: bool = False
    ) -> ForeignInstrumentation:
        """Return an instrumentation, disabled. It is imported when it is first enabled.

        Parameters
        ----------
        name:
            Its name in the entry-point group ``opentelemetry_instrumentor``.
        part:
            The part whose state it reports.
        install:
            The command that installs it.
        options:
            Keyword arguments of its class.
        measures_process:
            Whether it measures the process that created it, and so must be informed of a fork.
        """
        ...

    def emits(self, name: str, metric: str) -> bool:
        """Whether the program itself runs the instrumentation of this name, and has it emit this metric."""
        ...
