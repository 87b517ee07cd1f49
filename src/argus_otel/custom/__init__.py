"""Custom instrumentation: the program's own metrics, spans, annotations and events.

The functions of :mod:`argus_otel.api` record into a :class:`CustomTelemetry`. A metric is defined by its first use, and
each call is checked. This package is imported at the first call.
"""

from .custom_telemetry import CustomTelemetry, Timing, current_worker

__all__ = ["CustomTelemetry", "Timing", "current_worker"]
