"""The thin neutral layer: counters, gauges, operations and events.

Every source speaks only these nouns, and nothing here knows of OpenTelemetry, of a source or of a database. Data flows
one way: hook, neutral layer, bridge, SDK.
"""

from .counters import WITHOUT_GIL, Counter, CounterCell, runs_without_gil
from .definitions import (
    OTHER,
    Attribute,
    AttributeValue,
    Catalogue,
    Detail,
    Event,
    Kind,
    Metric,
    Severity,
    Span,
    SpanKind,
)
from .exceptions import Described, Exceptions
from .families import Attributes, Bound
from .gauges import Gauge, Reading
from .guard import Guard, PartError, message_of
from .health import Check, Health, Part, State
from .histograms import Exemplar, Histogram, HistogramCell, Relay
from .history import HERE, HistorySink, Place
from .in_flight import End, InFlight
from .instrumentations import ForeignInstrumentation, ForeignInstrumentations
from .logged import Logged, LogSink
from .operations import Operation
from .rates import Rates
from .recorder import EventSink, LoopWatcher, Telemetry
from .redaction import Redactor
from .references import IdReference
from .threads import THREAD, ThreadCells
from .tracing import Scope, SpanIds, SpanRef, TraceSpan, Tracing

__all__ = [
    "Telemetry",
    # nouns
    "Counter",
    "CounterCell",
    "runs_without_gil",
    "WITHOUT_GIL",
    "THREAD",
    "ThreadCells",
    "Bound",
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
    "Place",
    "HERE",
    "IdReference",
    "Logged",
    "LogSink",
    "LoopWatcher",
    # definitions
    "Attribute",
    "AttributeValue",
    "Attributes",
    "Catalogue",
    "Detail",
    "Event",
    "Kind",
    "Metric",
    "OTHER",
    "Severity",
    "Span",
    "SpanKind",
    # tracing
    "Rates",
    "SpanRef",
    "Scope",
    "SpanIds",
    "TraceSpan",
    "Tracing",
    "Relay",
    # keeping the bot safe
    "Check",
    "Described",
    "Exceptions",
    "Guard",
    "Health",
    "Part",
    "PartError",
    "Redactor",
    "State",
    "message_of",
]
