"""The thin neutral layer: counters, gauges, operations and events.

Every source speaks only these nouns, and nothing here knows of OpenTelemetry, of a source or of a database. Data flows
one way: hook, neutral layer, bridge, SDK.
"""

from .counters import Counter, CounterCell
from .definitions import OTHER, Attribute, AttributeValue, Catalogue, Event, Kind, Metric, Span, SpanKind
from .families import Attributes, Bound
from .gauges import Gauge, Reading
from .guard import Guard, PartError, message_of
from .health import Check, Health, Part, State
from .histograms import Exemplar, Histogram, HistogramCell, Relay, TraceReference
from .operations import Operation
from .recorder import EventSink, Telemetry
from .redaction import Redactor
from .tracing import Scope, TraceSpan, Tracing

__all__ = [
    "Telemetry",
    # nouns
    "Counter",
    "CounterCell",
    "Bound",
    "Gauge",
    "Reading",
    "Histogram",
    "HistogramCell",
    "Exemplar",
    "Operation",
    "EventSink",
    # definitions
    "Attribute",
    "AttributeValue",
    "Attributes",
    "Catalogue",
    "Event",
    "Kind",
    "Metric",
    "OTHER",
    "Span",
    "SpanKind",
    # tracing
    "Scope",
    "TraceReference",
    "TraceSpan",
    "Tracing",
    "Relay",
    # keeping the bot safe
    "Check",
    "Guard",
    "Health",
    "Part",
    "PartError",
    "Redactor",
    "State",
    "message_of",
]
