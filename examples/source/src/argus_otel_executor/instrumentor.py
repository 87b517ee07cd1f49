"""The instrumentor that OpenTelemetry's loader finds."""

from argus_otel.entrypoints import SourceInstrumentor


class ExecutorInstrumentor(SourceInstrumentor):
    """Instruments concurrent.futures."""

    source = "executor"
