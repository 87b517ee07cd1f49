"""How a signal is defined: name, kind, unit, attributes, buckets, meaning.

A definition is data. Sources list theirs in a :class:`Catalogue`, which is the only place that spells a name; hooks,
bridge, documentation and tests all read it from there.

They do not change once their catalogue is made, and two are the same only if they are one. (Dataclasses and named
tuples would enforce and compare, by methods that are written and compiled at each start of a program, at 0.1 to 0.5 ms
for each class.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

AttributeValue: TypeAlias = str | int | float | bool
"""What a metric, span or event attribute may hold."""

OTHER = "_OTHER"
"""Stands for every value beyond a cap or outside a closed set (the spelling of ``error.type`` in OTel semconv)."""


class Kind(Enum):
    """What a metric's numbers mean, and so which OpenTelemetry instrument carries it."""

    COUNTER = "counter"
    UP_DOWN = "updowncounter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class SpanKind(Enum):
    """The role of an operation in a trace, in OpenTelemetry's words."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    CONSUMER = "consumer"


class Severity(Enum):
    """How much an event matters to whoever reads it."""

    INFO = "info"
    WARN = "warn"


class Attribute:
    """One metric attribute, with the bound on how many values it can ever take.

    Parameters
    ----------
    name:
        Its name on every signal.
    meaning:
        One sentence for the documentation.
    values:
        The closed set of values. Empty where the set is open.
    cap:
        For an open set: the most distinct values that are told apart; later ones become :data:`OTHER`.
    normalise:
        Turns a raw value into the one reported, before the cap is applied. Raw values are not remembered, so it is
        called each time for one that differs from its normal form: hot paths key by the normal form.
    examples:
        For an open set: values as they come, of the type that all of them have.

    Raises
    ------
    ValueError
        Neither ``values`` nor ``cap`` is given: an unbounded attribute has no place on a metric.
    """

    __slots__ = ("name", "meaning", "values", "cap", "normalise", "examples")

    def __init__(
        self,
        name: str,
        meaning: str,
        values: tuple[AttributeValue, ...] = (),
        cap: int = 0,
        normalise: Callable[[str], str] | None = None,
        examples: tuple[AttributeValue, ...] = (),
    ) -> None:
        if bool(values) == bool(cap):
            raise ValueError(f"attribute {name}: give either a closed set of values or a cap")
        self.name = name
        self.meaning = meaning
        self.values = values
        self.cap = cap
        self.normalise = normalise
        self.examples = examples


class Detail:
    """An attribute of spans and events only, which needs no bound: an id, a name, a figure.

    Parameters
    ----------
    name, meaning:
        As :class:`Attribute` has them.
    examples:
        Values as they come, of the type that all of them have.
    """

    __slots__ = ("name", "meaning", "examples")

    def __init__(self, name: str, meaning: str, examples: tuple[AttributeValue, ...]) -> None:
        self.name = name
        self.meaning = meaning
        self.examples = examples


class Metric:
    """One metric.

    Parameters
    ----------
    name, unit, meaning:
        As OpenTelemetry and UCUM spell them; time is in seconds (``s``), counts are in ``{thing}``.
    kind:
        See :class:`Kind`.
    attributes:
        In the order in which a family's keys give their values.
    buckets:
        Histograms only: upper bucket edges in ``unit``, ascending floats.

    Attributes
    ----------
    scope:
        The name of the catalogue that lists it first, which sets this. The values of an attribute are limited in each
        scope by itself.

    Raises
    ------
    ValueError
        Buckets on something that is no histogram, a histogram without, or edges that are not ascending floats.
    """

    __slots__ = ("name", "kind", "unit", "meaning", "attributes", "buckets", "scope")

    def __init__(
        self,
        name: str,
        kind: Kind,
        unit: str,
        meaning: str,
        attributes: tuple[Attribute, ...] = (),
        buckets: tuple[float, ...] = (),
    ) -> None:
        if (kind is Kind.HISTOGRAM) != bool(buckets):
            raise ValueError(f"metric {name}: buckets belong to histograms, and every histogram has them")
        if list(buckets) != sorted(set(buckets)) or not all(map(math.isfinite, buckets)):
            raise ValueError(f"metric {name}: bucket edges must ascend and be finite")
        if not all(isinstance(edge, float) for edge in buckets):
            raise ValueError(
                f'metric {name}: bucket edges must be floats, since Prometheus would show an int\'s le="1"'
            )
        self.name = name
        self.kind = kind
        self.unit = unit
        self.meaning = meaning
        self.attributes = attributes
        self.buckets = buckets
        self.scope = ""

    @property
    def most_series(self) -> int:
        """How many series the bounds on its attributes allow, each of which may be absent or :data:`OTHER` too."""
        return math.prod((len(attribute.values) or attribute.cap) + 2 for attribute in self.attributes)


class Span:
    """One kind of span: how it is named, its role, and which attributes it may carry (ids are allowed here).

    Attributes
    ----------
    rate_key:
        The kind of work for sampling rates: the name of the first catalogue that lists it, and :attr:`work`. That
        catalogue sets it: ``discord.task``.
    """

    __slots__ = ("name", "kind", "meaning", "attributes", "rate_key")

    def __init__(self, name: str, kind: SpanKind, meaning: str, attributes: tuple[str, ...] = ()) -> None:
        self.name = name
        self.kind = kind
        self.meaning = meaning
        self.attributes = attributes
        self.rate_key = self.work

    @property
    def work(self) -> str:
        """The kind of work: the first word of the name."""
        return self.name.partition(" ")[0]


class Event:
    """A named fact, which becomes an OpenTelemetry log record with an event name (ids are allowed here)."""

    __slots__ = ("name", "meaning", "attributes", "severity")

    def __init__(
        self, name: str, meaning: str, attributes: tuple[str, ...] = (), severity: Severity = Severity.INFO
    ) -> None:
        self.name = name
        self.meaning = meaning
        self.attributes = attributes
        self.severity = severity


class Catalogue:
    """Everything that one source emits.

    Parameters
    ----------
    name:
        The source's name.
    details:
        The attributes of spans and events that no metric has.
    external:
        Whether an instrumentation of OpenTelemetry's own emits all of it: the bridge then makes no instruments.

    Raises
    ------
    ValueError
        Two definitions of one name.
    """

    __slots__ = ("name", "metrics", "spans", "events", "details", "external")

    def __init__(
        self,
        name: str,
        metrics: tuple[Metric, ...] = (),
        spans: tuple[Span, ...] = (),
        events: tuple[Event, ...] = (),
        details: tuple[Detail, ...] = (),
        external: bool = False,
    ) -> None:
        for definitions in (metrics, spans, events, details):
            names = [definition.name for definition in definitions]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"catalogue {name}: defined twice: {', '.join(twice)}")
        for metric in metrics:
            metric.scope = metric.scope or name
        for span in spans:
            if span.rate_key == span.work:
                span.rate_key = f"{name}.{span.work}"
        self.name = name
        self.metrics = metrics
        self.spans = spans
        self.events = events
        self.details = details
        self.external = external
