"""Where spans go: through the SDK's own batching, as in a bot that exports them, to an exporter that counts and drops.

What a batch costs to encode and to send is the exporter's thread's, and not in these figures.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from argus_otel.otel.lazy_spans import TracerProvider, readable
from argus_otel.otel.sampling import sampler
from argus_otel.settings import Settings
from argus_otel.telemetry import Telemetry


class _Counting(SpanExporter):
    """Counts spans, and forgets them."""

    spans = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += len(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass


class Traces:
    """A provider of tracers as argus-otel sets it up, which keeps a share of what it is given, by ``traceidratio``.

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
        """Return how many spans have arrived, when all have."""
        self.provider.force_flush()
        return self._exporter.spans
