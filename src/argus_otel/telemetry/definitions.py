"""Definitions of signals: metrics, spans and events, their attributes, units, boundaries and descriptions.

A definition is data. Each source lists its definitions in a :class:`Catalogue`. Only a catalogue spells a name: hooks,
bridge, documentation and tests all read names from it.

Definitions do not change once their catalogue is made, and are compared by identity. They are plain classes, because
the methods that a dataclass or a named tuple generates are compiled at each start of a program: 0.1 to 0.5 ms a class.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

AttributeValue: TypeAlias = str | int | float | bool
"""The types of the value of a metric's, span's or event's attribute."""

OTHER = "_OTHER"
"""The value that replaces one beyond the cardinality limit or outside the closed set.

OpenTelemetry's semantic conventions define it for ``error.type``.
"""


class InstrumentKind(Enum):
    """The kind of instrument that OpenTelemetry exports a metric through."""

    COUNTER = "counter"
    UP_DOWN_COUNTER = "updowncounter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class SpanKind(Enum):
    """The role of an operation in a trace, as OpenTelemetry defines it."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    CONSUMER = "consumer"


EXCEPTION_ATTRIBUTES = (
    "exception.type",
    "exception.message",
    "exception.stacktrace",
    "argus.exception.fingerprint",
    "error.type",
)
"""The attributes of each event of an exception, beside those of the operation."""


class Severity(Enum):
    """The severity of an event's log record."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class Attribute:
    """An attribute of metrics, with a limit on the number of its values.

    Parameters
    ----------
    name:
        The attribute's name on every signal.
    description:
        One sentence for the documentation.
    values:
        The closed set of values. Empty if the set is open.
    cardinality_limit:
        For an open set: how many distinct values are reported. Later ones become :data:`OTHER`.
    normalise:
        Turns a raw value into the reported one, before the limit is applied. It is called again for each raw value that
        differs from its normal form, because raw values are not remembered. Hot paths use normal forms as keys.
    examples:
        For an open set: typical values, all of the same type.

    Raises
    ------
    ValueError
        Neither ``values`` nor ``cardinality_limit`` is given, or both are. No attribute of a metric may be unbounded.
    """

    __slots__ = ("name", "description", "values", "cardinality_limit", "normalise", "examples")

    def __init__(
        self,
        name: str,
        description: str,
        values: tuple[AttributeValue, ...] = (),
        cardinality_limit: int = 0,
        normalise: Callable[[str], str] | None = None,
        examples: tuple[AttributeValue, ...] = (),
    ) -> None:
        if bool(values) == bool(cardinality_limit):
            raise ValueError(f"attribute {name}: give either a closed set of values or a cardinality limit")
        self.name = name
        self.description = description
        self.values = values
        self.cardinality_limit = cardinality_limit
        self.normalise = normalise
        self.examples = examples


class SpanAttribute:
    """An attribute of spans and events that no metric has, such as an id. It needs no limit.

    Parameters
    ----------
    name, description:
        As in :class:`Attribute`.
    examples:
        Typical values, all of the same type.
    """

    __slots__ = ("name", "description", "examples")

    def __init__(self, name: str, description: str, examples: tuple[AttributeValue, ...]) -> None:
        self.name = name
        self.description = description
        self.examples = examples


class Metric:
    """A metric.

    Parameters
    ----------
    name, unit, description:
        As OpenTelemetry and UCUM spell them: time in seconds (``s``), counts in ``{thing}``.
    kind:
        The kind of its instrument.
    attributes:
        In the order in which the keys of a :class:`~.families.Family` hold their values.
    boundaries:
        Histograms only: the upper bounds of the buckets in ``unit``, as ascending floats.
    series_limit:
        How many series of it are told apart; 0 for :data:`~.families.MAX_SERIES`.
    finite:
        Whether points that are infinite or not a number are left out. For gauges.

    Attributes
    ----------
    scope:
        The name of the first catalogue that lists the metric; the catalogue sets it. Each scope has its own cardinality
        limits.

    Raises
    ------
    ValueError
        A histogram has no boundaries, another kind has some, or they are not ascending finite floats.
    """

    __slots__ = ("name", "kind", "unit", "description", "attributes", "boundaries", "series_limit", "finite", "scope")

    def __init__(
        self,
        name: str,
        kind: InstrumentKind,
        unit: str,
        description: str,
        attributes: tuple[Attribute, ...] = (),
        boundaries: tuple[float, ...] = (),
        series_limit: int = 0,
        finite: bool = True,
    ) -> None:
        if (kind is InstrumentKind.HISTOGRAM) != bool(boundaries):
            raise ValueError(f"metric {name}: every histogram needs boundaries, and no other instrument has them")
        if list(boundaries) != sorted(set(boundaries)) or not all(map(math.isfinite, boundaries)):
            raise ValueError(f"metric {name}: boundaries must ascend and be finite")
        if not all(isinstance(boundary, float) for boundary in boundaries):
            raise ValueError(f'metric {name}: boundaries must be floats, since Prometheus would show an int\'s le="1"')
        self.name = name
        self.kind = kind
        self.unit = unit
        self.description = description
        self.attributes = attributes
        self.boundaries = boundaries
        self.series_limit = series_limit
        self.finite = finite
        self.scope = ""

    @property
    def is_large_gauge(self) -> bool:
        """Whether it is a gauge that may have many series, whose points are made without an instrument if possible."""
        return self.kind is InstrumentKind.GAUGE and self.series_limit > 0

    @property
    def max_series(self) -> int:
        """How many series its attributes allow. Each attribute may also be absent or :data:`OTHER`."""
        return math.prod((len(one.values) or one.cardinality_limit) + 2 for one in self.attributes)


class Event:
    """A named event, exported as an OpenTelemetry log record with an event name. Its attributes may be ids."""

    __slots__ = ("name", "description", "attributes", "severity")

    def __init__(
        self, name: str, description: str, attributes: tuple[str, ...] = (), severity: Severity = Severity.INFO
    ) -> None:
        self.name = name
        self.description = description
        self.attributes = attributes
        self.severity = severity


class Span:
    """A type of span: its name, its role, and the names of the attributes that it may have, ids included.

    Parameters
    ----------
    exception:
        The event of an exception that ends such an operation. By default, the catalogue defines it: of severity ERROR,
        since nothing above the operation handles the exception, and named after :attr:`rate_key`, such as
        ``discord.task.exception``. Semantic conventions advise against one name for all exceptions:
        https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/
    raises:
        Whether an exception may end such an operation. If not, no event is defined for it.

    Attributes
    ----------
    rate_key:
        The key of its sampling rate: the name of the first catalogue that lists it, and :attr:`work`, such as
        ``discord.task``. The catalogue sets it.
    """

    __slots__ = ("name", "kind", "description", "attributes", "rate_key", "exception", "raises")

    exception: Event

    def __init__(
        self,
        name: str,
        kind: SpanKind,
        description: str,
        attributes: tuple[str, ...] = (),
        exception: Event | None = None,
        raises: bool = True,
    ) -> None:
        self.name = name
        self.kind = kind
        self.description = description
        self.attributes = attributes
        self.rate_key = self.work
        self.raises = raises
        if exception is not None:
            self.exception = exception

    @property
    def work(self) -> str:
        """The kind of work: the first word of the name."""
        return self.name.partition(" ")[0]


class Catalogue:
    """The definitions of every signal that a source emits.

    Parameters
    ----------
    name:
        The source's name.
    span_attributes:
        The attributes of spans and events that no metric has.
    external:
        Whether one of OpenTelemetry's own instrumentations emits these signals. The bridge then makes no instruments.

    Raises
    ------
    ValueError
        Two definitions of the same type have the same name.
    """

    __slots__ = ("name", "metrics", "spans", "events", "span_attributes", "external")

    def __init__(
        self,
        name: str,
        metrics: tuple[Metric, ...] = (),
        spans: tuple[Span, ...] = (),
        events: tuple[Event, ...] = (),
        span_attributes: tuple[SpanAttribute, ...] = (),
        external: bool = False,
    ) -> None:
        for definitions in (metrics, spans, events, span_attributes):
            names = [definition.name for definition in definitions]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"catalogue {name}: defined twice: {', '.join(twice)}")
        for metric in metrics:
            metric.scope = metric.scope or name
        for span in spans:
            if span.rate_key == span.work:
                span.rate_key = f"{name}.{span.work}"
        events += _exception_events(spans)
        self.name = name
        self.metrics = metrics
        self.spans = spans
        self.events = events
        self.span_attributes = span_attributes
        self.external = external


def _exception_events(spans: tuple[Span, ...]) -> tuple[Event, ...]:
    """Return the events of the exceptions that end ``spans``. Spans with the same rate key share one."""
    events: dict[str, Event] = {}
    for span in spans:
        if not span.raises:
            continue
        if not hasattr(span, "exception"):
            name = f"{span.rate_key}.exception"
            if name not in events:
                events[name] = Event(name, f"An exception ended the {span.work}", severity=Severity.ERROR)
            span.exception = events[name]
        event = events.setdefault(span.exception.name, span.exception)
        event.attributes = tuple(dict.fromkeys((*EXCEPTION_ATTRIBUTES, *event.attributes, *span.attributes)))
    return tuple(events.values())
