"""The context of log records: the ids of a span, or none in an unsampled trace.

Separate from the spans, so that the log bridge need not import tracing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

if TYPE_CHECKING:
    from argus_otel.telemetry import SpanIds

    from .private import LogRecord

# Valid, so that samplers heed its "not sampled". Those that go by the trace's number instead, keep the low ones.
UNSAMPLED = NonRecordingSpan(SpanContext(2**128 - 1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.DEFAULT)))
"""The parent of everything that is started in an unsampled trace."""


def span_context(span: SpanIds) -> SpanContext:
    """Return the ids of ``span``, which is sampled, as OpenTelemetry has them."""
    return SpanContext(span.trace_id, span.span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def context_of(span: SpanIds) -> Context:
    """Return a context in which ``span``, which is sampled, is current."""
    return trace.set_span_in_context(NonRecordingSpan(span_context(span)), Context())


def without_unsampled_ids(record: LogRecord) -> LogRecord:
    """Return ``record`` without the ids of an unsampled trace, which no backend knows."""
    if trace.get_current_span(record.context) is UNSAMPLED:
        record.trace_id = record.span_id = 0
        record.trace_flags = TraceFlags(TraceFlags.DEFAULT)
    return record
