"""The registry of custom metrics: finds or defines the metric of a call, and checks the call's name and attributes."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from argus_otel.telemetry import Attribute, AttributeValue, InstrumentKind, Telemetry

from .metrics import (
    CARDINALITY_LIMIT,
    ERROR,
    MAX_ATTRIBUTES,
    CustomCounter,
    CustomHistogram,
    CustomMetric,
    Pairs,
)
from .misuse import MisuseWarnings, shown
from .values import (
    ATTRIBUTE_RULE,
    MAX_VALUE_LENGTH,
    NAME_RULE,
    VALUE_RULE,
    GivenAttributes,
    is_attribute_name,
    is_id,
    is_name,
    label_of,
    normal_form,
    value_of,
)

MAX_METRICS = 200
"""How many custom metrics a process has."""

_FUNCTIONS = {InstrumentKind.COUNTER: "count", InstrumentKind.HISTOGRAM: "timed"}
_CLASSES = {InstrumentKind.COUNTER: CustomCounter, InstrumentKind.HISTOGRAM: CustomHistogram}
_PARTICIPLES = {InstrumentKind.COUNTER: "counted", InstrumentKind.HISTOGRAM: "timed"}
# Prometheus, or its exporter, sets these labels itself.
_RESERVED_LABELS = ("le", "quantile")


class _RefusedError(Exception):
    """A call records nothing. The message says why, and how to fix it."""


class CustomMetrics:
    """The custom metrics of this process. Any thread.

    Parameters
    ----------
    names:
        The names of the metrics of active sources.
    reserved:
        First words of names that are reserved.
    """

    def __init__(
        self, telemetry: Telemetry, misuse: MisuseWarnings, names: Iterable[str], reserved: Iterable[str]
    ) -> None:
        self._telemetry = telemetry
        self._misuse = misuse
        self._reserved = frozenset(reserved)
        self._names = {normal_form(name): name for name in names}
        self._metrics: dict[str, CustomMetric] = {}
        self._lock = threading.Lock()

    def resolve(
        self, kind: InstrumentKind, name: str, attributes: GivenAttributes
    ) -> tuple[CustomMetric, Pairs] | None:
        """Return the metric of a call and the attributes of its point; ``None`` if the call records nothing."""
        problems: list[str] = []
        resolved: tuple[CustomMetric, Pairs] | None = None
        with self._lock:
            try:
                metric = self._metric(kind, name)
                resolved = metric, self._pairs(metric, attributes, problems)
            except _RefusedError as error:
                problems.append(f"{error}. Nothing is {_PARTICIPLES[kind]}")
        # After the lock is released: a logging handler of the program may count too.
        for problem in problems:
            self._misuse.warn_once(f"{_FUNCTIONS[kind]}({shown(name)})", problem)
        return resolved

    def with_error(self, metric: CustomHistogram, pairs: Pairs, error_type: str) -> Pairs:
        """Return ``pairs`` with the class of an exception added."""
        with self._lock:
            value = metric.limits.admit(metric.error, error_type)
        return tuple(sorted((*pairs, (ERROR, value))))

    def _metric(self, kind: InstrumentKind, name: str) -> CustomMetric:
        metric = self._metrics.get(name) if isinstance(name, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
        if metric is None:
            self._check_name(name)
            metric = _CLASSES[kind](str.__str__(name), self._telemetry.count_overflow)
            self._metrics[name] = metric
            self._names[normal_form(name)] = name
            self._telemetry.define_metric(metric.definition, metric.cells)
        if metric.definition.kind is not kind:
            used = _PARTICIPLES[metric.definition.kind]
            raise _RefusedError(f"that name is {used} already; choose another name here")
        return metric

    def _check_name(self, name: object) -> None:
        """Raise if no custom metric can have this name."""
        if not isinstance(name, str):
            raise _RefusedError(f"the name has to be a str such as 'songs.played', not {type(name).__name__}")
        if not is_name(name):
            raise _RefusedError(f"{NAME_RULE}, such as 'songs.played'")
        word = name.partition(".")[0].lower()
        if word in self._reserved:
            raise _RefusedError(f"names that begin with '{word}.' are reserved; begin with a word of your own")
        known = self._names.get(normal_form(name))
        if known is not None:
            raise _RefusedError(f"in Prometheus that is the same name as {known!r}; choose another one")
        if len(self._metrics) >= MAX_METRICS:
            raise _RefusedError(f"there are {MAX_METRICS} custom metrics already; put what differs into attributes")

    def _pairs(self, metric: CustomMetric, attributes: GivenAttributes, problems: list[str]) -> Pairs:
        pairs: list[tuple[str, AttributeValue]] = []
        for name, given in attributes.items():
            if given is None:
                continue
            attribute = self._attribute(metric, name)
            if attribute is None:
                problems.append(f"{name} is attribute number {MAX_ATTRIBUTES + 1}, and is left out")
                continue
            value = value_of(given)
            if value is None:
                raise _RefusedError(f"{VALUE_RULE}; {name} is {type(given).__name__}")
            pairs.append((name, self._admit(metric, attribute, value, problems)))
        return tuple(sorted(pairs))

    def _attribute(self, metric: CustomMetric, name: str) -> Attribute | None:
        if name == ERROR and metric.definition.kind is InstrumentKind.HISTOGRAM:
            raise _RefusedError(f"argus-otel sets {ERROR} itself if an exception is raised; choose another name")
        known = metric.known(name)
        if known is not None:
            return known
        if not is_attribute_name(name):
            raise _RefusedError(f"{ATTRIBUTE_RULE}; {shown(name)} does not")
        label = label_of(name)
        if label in _RESERVED_LABELS or label.startswith("otel_"):
            raise _RefusedError(f"Prometheus uses the label {name} itself; choose another name for that attribute")
        if metric.has_label(label):
            raise _RefusedError(f"in Prometheus {name} is the same name as another attribute's; choose another one")
        return metric.add(name, label)

    def _admit(
        self, metric: CustomMetric, attribute: Attribute, value: AttributeValue, problems: list[str]
    ) -> AttributeValue:
        """Return the value to report."""
        name = attribute.name
        instead = f"it becomes _OTHER. Put it on the span with argus_otel.annotate({label_of(name)}=…)"
        if is_id(value):
            problems.append(f"{name} looks like an id, which no metric may have: {instead}")
            return metric.limits.refuse(attribute)
        if isinstance(value, str):
            if len(value) > MAX_VALUE_LENGTH:
                problems.append(f"{name} has more than {MAX_VALUE_LENGTH} characters, so it is no category: {instead}")
                return metric.limits.refuse(attribute)
            if not metric.limits.is_full(attribute) and self._telemetry.redact(value) != value:
                problems.append(f"{name} holds a secret: it becomes _OTHER")
                return metric.limits.refuse(attribute)
        admitted = metric.limits.admit(attribute, value)
        if admitted != value:
            problems.append(f"{name} has {CARDINALITY_LIMIT} values already: others become _OTHER")
        return admitted
