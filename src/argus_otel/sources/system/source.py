"""The system source: switches OpenTelemetry's instrumentation of the process on and off. It has no hooks."""

from __future__ import annotations

from argus_otel.sources.spec import Source
from argus_otel.telemetry import ForeignInstrumentation, State

from .catalogue import CATALOGUE

PART = "process metrics"

INSTRUMENTATION = "system_metrics"
"""Its name among the entry points, and so in ``OTEL_PYTHON_DISABLED_INSTRUMENTATIONS``."""


class SystemSource(Source):
    """Processor time, memory and garbage collection of the process, if ``argus-otel[system]`` is installed."""

    _instrumentation: ForeignInstrumentation | None = None

    def start(self) -> None:
        """Emit from now on; safe to repeat."""
        health = self.telemetry.health
        if INSTRUMENTATION in self.settings.disabled_instrumentations:
            detail = f"`{INSTRUMENTATION}` is among OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
            health.report(PART, State.OFF, detail)
            return
        if self._instrumentation is None:
            if self.telemetry.instrumentations is None:
                health.report(PART, State.OFF, "the bridge to OpenTelemetry is not connected")
                return
            self._instrumentation = self.telemetry.instrumentations.find(
                INSTRUMENTATION,
                part=PART,
                install="pip install 'argus-otel[system]'",
                options={"config": _configuration()},
                measures_process=True,
            )
        self._instrumentation.on()

    def uninstall(self) -> None:
        """Emit no more; safe to repeat."""
        if self._instrumentation is not None:
            self._instrumentation.off()

    def drop_in_child(self) -> None:
        """After a fork, in the child: emit nothing until a source is activated there."""
        if self._instrumentation is not None:
            self._instrumentation.drop_in_child()


def _configuration() -> dict[str, list[str] | None]:
    """Return the metrics that are wanted, each with the values of its first attribute that are told apart."""
    return {
        metric.name: [str(value) for value in metric.attributes[0].values]
        if metric.attributes and metric.name.startswith("process.")
        else None
        for metric in CATALOGUE.metrics
    }
