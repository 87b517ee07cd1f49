"""The neutral layer: counters, gauges, histograms, operations and events.

Sources record into these instruments only. Nothing here knows OpenTelemetry, a source or a database. Data flows in one
direction: hook, neutral layer, bridge, SDK.
"""

from .counters import WITHOUT_GIL, Counter, CounterCell, runs_without_gil
from .definitions import (
    OTHER,
    Attribute,
    AttributeValue,
    Catalogue,
    Event,
    InstrumentKind,
    Metric,
    Severity,
    Span,
    SpanAttribute,
    SpanKind,
)
from .exception_reports import ExceptionReports, ExceptionSink
from .exceptions import ExceptionRedactor, RedactedException
from .families import Attributes, BoundFamily
from .fingerprints import type_name
from .foreign_instrumentations import ForeignInstrumentation, ForeignInstrumentations
from .gauges import Gauge, Reading
from .guard import Guard, PartError, message_of
from .health import Check, Health, Part, State
from .histograms import Exemplar, Histogram, HistogramCell, Relay
from .hub import EventSink, HistorySink, LoopListener, Telemetry
from .in_flight import End, InFlight
from .log_pipeline import LogPipeline, LogSink
from .operations import Operation
from .recent_errors import RecentError, RecentErrors
from .redaction import Redactor
from .references import IdReference
from .sampling_rates import SamplingRates
from .several_events import SeveralEvents
from .threads import THREAD, ThreadCells
from .tracing import Scope, SpanIds, SpanRef, TraceSpan, Tracing
from .whole_text import WholeText
from .work_context import CURRENT_WORK, WorkContext

__all__ = [
    "Telemetry",
    # instruments
    "Counter",
    "CounterCell",
    "runs_without_gil",
    "WITHOUT_GIL",
    "THREAD",
    "ThreadCells",
    "BoundFamily",
    "Gauge",
    "Reading",
    "Histogram",
    "HistogramCell",
    "Exemplar",
    "Operation",
    "InFlight",
    "End",
    "EventSink",
    "ForeignInstrumentation",
    "ForeignInstrumentations",
    "HistorySink",
    "SeveralEvents",
    "WholeText",
    "WorkContext",
    "CURRENT_WORK",
    "IdReference",
    "LogPipeline",
    "LogSink",
    "LoopListener",
    # definitions
    "Attribute",
    "AttributeValue",
    "Attributes",
    "Catalogue",
    "Event",
    "InstrumentKind",
    "Metric",
    "OTHER",
    "Severity",
    "Span",
    "SpanAttribute",
    "SpanKind",
    # tracing
    "SamplingRates",
    "SpanRef",
    "Scope",
    "SpanIds",
    "TraceSpan",
    "Tracing",
    "Relay",
    # safety of the observed program
    "Check",
    "ExceptionRedactor",
    "ExceptionReports",
    "ExceptionSink",
    "Guard",
    "Health",
    "Part",
    "PartError",
    "RecentError",
    "RecentErrors",
    "RedactedException",
    "Redactor",
    "State",
    "message_of",
    "type_name",
]
