"""A tracer provider with the SDK's own batching, as in a bot that exports, and an exporter that counts and drops.

Encoding and sending a batch costs time on the exporter's thread, which these figures do not include.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from argus_otel.otel.lazy_spans import TracerProvider, readable
from argus_otel.otel.sampling import sampler
from argus_otel.settings import Settings
from argus_otel.telemetry import Telemetry


class _Counting(SpanExporter):
    """Counts spans, and drops them."""

    spans = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += len(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass


class Traces:
    """A tracer provider as argus-otel sets it up, with the sampler ``traceidratio``.

    Parameters
    ----------
    share:
        From 0 to 1.
    """

    def __init__(self, share: float) -> None:
        chosen = Settings.resolve({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": str(share)})
        telemetry = Telemetry()
        self._exporter = readable(_Counting, telemetry.redact)()
        processors = [BatchSpanProcessor(self._exporter)]
        self.provider = TracerProvider(sampler(chosen), Resource.create(), processors, telemetry.guard)

    def exported(self) -> int:
        """Return the number of exported spans, after a flush."""
        self.provider.force_flush()
        return self._exporter.spans


class PlainTraces:
    """A tracer provider of the SDK, as in a program without argus-otel; every span is kept."""

    def __init__(self) -> None:
        self._exporter = _Counting()
        self.provider = sdk.TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(BatchSpanProcessor(self._exporter))

    def exported(self) -> int:
        """Return the number of exported spans, after a flush."""
        self.provider.force_flush()
        return self._exporter.spans
