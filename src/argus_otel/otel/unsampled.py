"""The sentinel span of unsampled traces; separate, so that the log bridge need not import tracing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

if TYPE_CHECKING:
    from .private import LogRecord

# Valid, so that samplers heed its "not sampled". Those that go by the trace's number instead, keep the low ones.
UNSAMPLED = NonRecordingSpan(SpanContext(2**128 - 1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.DEFAULT)))
"""The parent of everything that is started in an unsampled trace."""


def without_unsampled_ids(record: LogRecord) -> LogRecord:
    """Return ``record`` without the ids of an unsampled trace, which no backend knows."""
    if trace.get_current_span(record.context) is UNSAMPLED:
        record.trace_id = record.span_id = 0
        record.trace_flags = TraceFlags(TraceFlags.DEFAULT)
    return record
