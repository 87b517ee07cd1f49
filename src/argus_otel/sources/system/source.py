"""The system source: enables and disables OpenTelemetry's instrumentation of the process. It has no hooks."""

from __future__ import annotations

from argus_otel.sources.spec import Source
from argus_otel.telemetry import ForeignInstrumentation, State

from .catalogue import CATALOGUE

PART = "process metrics"

INSTRUMENTATION = "system_metrics"
"""The name of its entry point, which ``OTEL_PYTHON_DISABLED_INSTRUMENTATIONS`` uses too."""


class SystemSource(Source):
    """Observes what the process source does not measure, if ``argus-otel[system]`` is installed."""

    _instrumentation: ForeignInstrumentation | None = None

    def start(self) -> None:
        """Start emitting; safe to repeat."""
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
        self._instrumentation.enable()

    def uninstall(self) -> None:
        """Stop emitting; safe to repeat."""
        if self._instrumentation is not None:
            self._instrumentation.disable()

    def drop_in_child(self) -> None:
        """After a fork, in the child: emit nothing until a source is activated there."""
        if self._instrumentation is not None:
            self._instrumentation.drop_in_child()


def _configuration() -> dict[str, list[str] | None]:
    """Return the metrics to emit, each with the values of its attribute to report."""
    return {
        metric.name: [str(value) for value in metric.attributes[0].values] if metric.attributes else None
        for metric in CATALOGUE.metrics
    }
