"""What the bot's own code counts, times, annotates and records: its metrics are defined by their first use.

Nothing here raises into the bot. What a call got wrong is told once, with what would be right, and counts nothing; what
exceeds a cap becomes ``_OTHER``.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

from .catalogue import TIMED_SPAN
from .complaints import Complaints, shown
from .counters import CounterCell
from .definitions import Attribute, AttributeValue, Catalogue, Kind
from .operations import Operation
from .own_events import OwnEvents
from .own_metrics import ERROR, MOST_ATTRIBUTES, MOST_VALUES, OwnCounter, OwnHistogram, OwnMetric, Pairs
from .own_values import (
    AMOUNT_RULE,
    ATTRIBUTE_RULE,
    LONGEST_VALUE,
    NAME_RULE,
    VALUE_RULE,
    amount_of,
    annotation_of,
    is_attribute_name,
    is_id,
    is_name,
    label_of,
    plain,
    value_of,
)
from .recorder import Telemetry
from .reserved import RESERVED

HOOK = "helpers"

MOST_METRICS = 200
"""The most metrics of the bot's own."""

MOST_ANNOTATIONS = 64
"""The most attributes that annotations may bring: a span holds 128, and drops its oldest for one more."""

TIMED = "timed"
"""The kind of work, for sampling rates, of what is timed outside of any other work."""

Given: TypeAlias = Mapping[str, "AttributeValue | None"]
"""Attributes as a call has them. ``None`` is an attribute that is absent."""

_CALLS = {Kind.COUNTER: "count", Kind.HISTOGRAM: "timed"}
_METRICS = {Kind.COUNTER: OwnCounter, Kind.HISTOGRAM: OwnHistogram}
_DONE = {Kind.COUNTER: "counted", Kind.HISTOGRAM: "timed"}
# Of Prometheus' own making, or the exporter's.
_NO_LABELS = ("le", "quantile")
# Beyond it a call's cell is looked up anew each time: keys may come in any order, and must not fill the memory.
_REMEMBERED = 20_000


class _RefusalError(Exception):
    """A call counts nothing. The message says why, and what would be right."""


class Timing(Operation):
    """One run of a block or function that is timed.

    Attributes
    ----------
    worker:
        The task or thread that runs it.
    """

    __slots__ = ("metric", "pairs", "worker")

    def __init__(self, metric: OwnHistogram, pairs: Pairs, worker: int) -> None:
        self.metric = metric
        self.pairs = pairs
        self.worker = worker
        super().__init__()


class Own:
    """The metrics and annotations of the bot's own code.

    Each public method may be called with anything, on any thread, and never raises.

    Parameters
    ----------
    catalogues:
        Of the sources that are active, whose names are in use.
    prefixes:
        First words of names that are reserved, besides :data:`.reserved.RESERVED`: those of the installed sources.
    """

    def __init__(self, telemetry: Telemetry, catalogues: Iterable[Catalogue], prefixes: Iterable[str] = ()) -> None:
        self._telemetry = telemetry
        self._complaints = Complaints(telemetry.redact)
        catalogues = tuple(catalogues)
        names = [metric.name for catalogue in catalogues for metric in catalogue.metrics]
        self._namespaces = {name.partition(".")[0] for name in names}.union(RESERVED, prefixes)
        self._taken = {plain(name): name for name in names}
        self._annotated_by_us = {name for each in catalogues for span in each.spans for name in span.attributes}
        self._annotations: set[str] = set()
        self._metrics: dict[str, OwnMetric] = {}
        self._cells: dict[tuple[Any, ...], CounterCell] = {}
        self._timers: dict[tuple[Any, ...], tuple[OwnHistogram, Pairs]] = {}
        self._changing = threading.Lock()
        shield = telemetry.guard.shield
        self.count = shield(HOOK, self._count, arguments=3)
        self.begin = shield(HOOK, self._begin, arguments=2)
        self._in_flight = telemetry.guard.in_flight
        self._cut_short = shield(HOOK, self._record, arguments=2)
        self.end = shield(HOOK, self._end, arguments=2)
        self.annotate = shield(HOOK, self._annotate, arguments=2)
        self.record = shield(HOOK, OwnEvents(telemetry, self._complaints, self._namespaces).record)

    # -- counting

    def _count(self, name: str, amount: float, attributes: Given) -> None:
        if amount.__class__ is not int or amount != 1:
            summand = amount_of(amount)
            if summand is None:
                self._complaints.tell(f"count({shown(name)})", f"{AMOUNT_RULE}. Nothing is counted")
                return
            amount = summand
        key = (name, *attributes.items())
        try:
            cell = self._cells[key]
        except (KeyError, TypeError):  # new, or an attribute that cannot be hashed
            resolved = self._resolve(Kind.COUNTER, name, attributes)
            if resolved is None:
                return
            metric, pairs = resolved
            cell = cast("OwnCounter", metric).cells[pairs]
            if _is_normal(pairs, attributes) and len(self._cells) < _REMEMBERED:
                self._cells[key] = cell
        cell.value += amount  # pyright: ignore[reportAttributeAccessIssue] - only what sources count is whole

    # -- timing

    def _begin(self, name: str, attributes: Given) -> Timing | None:
        key = (name, *attributes.items())
        try:
            metric, pairs = self._timers[key]
        except (KeyError, TypeError):
            resolved = self._resolve(Kind.HISTOGRAM, name, attributes)
            if resolved is None:
                return None
            metric, pairs = resolved = cast("tuple[OwnHistogram, Pairs]", resolved)
            if _is_normal(pairs, attributes) and len(self._timers) < _REMEMBERED:
                self._timers[key] = resolved
        timing = Timing(metric, pairs, worker())
        tracing = self._telemetry.tracing
        if tracing is not None:
            if tracing.within():
                timing.span = tracing.child(name, TIMED_SPAN.kind, {})
            else:
                rate = self._telemetry.rates.of(TIMED, name)
                timing.span = tracing.root(name, TIMED_SPAN.kind, dict, rate=rate)
            if timing.span is not None:
                if attributes and timing.span.sampled:
                    timing.span.set(self._span_attributes(attributes))
                timing.span.attach()
        self._in_flight[timing] = self._cut_short
        return timing

    def _end(self, timing: Timing, error: BaseException | None) -> None:
        if self._in_flight.pop(timing, None) is not None:
            self._record(timing, error)

    def _record(self, timing: Timing, error: BaseException | None) -> None:
        if isinstance(error, GeneratorExit):  # somebody has read enough of a generator that is timed inside
            error = None
        pairs, span, ending = timing.pairs, timing.span, None
        if span is not None:
            span.detach()
        if error is not None:
            kind = type(error).__qualname__
            pairs, ending = self._with_error(timing.metric, pairs, kind), {ERROR: kind}
        timing.error = error
        timing.metric.cells[pairs].record(timing.settle(), timing.trace)
        timing.end_span(error is not None, ending)

    def _with_error(self, metric: OwnHistogram, pairs: Pairs, kind: str) -> Pairs:
        with self._changing:
            value = metric.caps.admit(metric.error, kind)
        return tuple(sorted((*pairs, (ERROR, value))))

    # -- annotating

    def _annotate(self, attributes: Given | None, more: Given) -> None:
        tracing = self._telemetry.tracing
        root = None if tracing is None else tracing.current_root()
        if root is None or not root.sampled:
            return
        if attributes is None:
            attributes = more
        elif isinstance(attributes, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - of what pyright never saw
            attributes = {**attributes, **more}
        else:
            wrong = (
                "annotate takes a mapping or keywords: annotate({'playlist.name': 'jazz'}), annotate(playlist='jazz')"
            )
            self._complaints.tell("annotate", wrong)
            return
        root.set(self._span_attributes(attributes, annotating=True))

    def _span_attributes(self, attributes: Given, *, annotating: bool = False) -> dict[str, AttributeValue]:
        made: dict[str, AttributeValue] = {}
        for name, given in attributes.items():
            if given is None:
                continue
            value = value_of(given)
            wrong = self._wrong_with_annotation(name) if annotating else None
            if wrong is None and value is None:
                wrong = f"{VALUE_RULE}, not {type(given).__name__}"
            if wrong is not None:
                self._complaints.tell(
                    f"{'annotate' if annotating else 'timed'}({shown(name)})", f"{wrong}. It is left out"
                )
            elif value is not None:
                made[name] = annotation_of(value, self._telemetry.redact)
        return made

    def _wrong_with_annotation(self, name: object) -> str | None:
        if name in self._annotations:
            return None
        if not isinstance(name, str) or not is_attribute_name(name):
            return ATTRIBUTE_RULE
        if name in self._annotated_by_us:
            return "argus-otel sets this attribute itself; take another name"
        if len(self._annotations) >= MOST_ANNOTATIONS:
            return f"there are {MOST_ANNOTATIONS} annotations by other names already"
        self._annotations.add(name)
        return None

    # -- what a call means

    def _resolve(self, kind: Kind, name: str, attributes: Given) -> tuple[OwnMetric, Pairs] | None:
        """Return the metric that a call is for, and what its point has; ``None`` where it counts nothing."""
        remarks: list[str] = []
        resolved: tuple[OwnMetric, Pairs] | None = None
        with self._changing:
            try:
                metric = self._metric(kind, name)
                resolved = metric, self._pairs(metric, attributes, remarks)
            except _RefusalError as refusal:
                remarks.append(f"{refusal}. Nothing is {_DONE[kind]}")
        # Not while the lock is held: a logging handler of the bot's may count too.
        for remark in remarks:
            self._complaints.tell(f"{_CALLS[kind]}({shown(name)})", remark)
        return resolved

    def _metric(self, kind: Kind, name: str) -> OwnMetric:
        metric = self._metrics.get(name) if isinstance(name, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
        if metric is None:
            self._refuse_name(name)
            metric = _METRICS[kind](str.__str__(name), self._telemetry.overflowed)
            self._metrics[name] = metric
            self._taken[plain(name)] = name
            self._telemetry.define(metric.definition, metric.cells)
        if metric.definition.kind is not kind:
            raise _RefusalError(f"that name is {_DONE[metric.definition.kind]} already; take another one here")
        return metric

    def _refuse_name(self, name: object) -> None:
        """Raise where no metric of the bot's own can have this name."""
        if not isinstance(name, str):
            raise _RefusalError(f"the name has to be a str such as 'songs.played', not {type(name).__name__}")
        if not is_name(name):
            raise _RefusalError(f"{NAME_RULE}, such as 'songs.played'")
        word = name.partition(".")[0].lower()
        if word in self._namespaces:
            raise _RefusalError(f"names that begin with '{word}.' are reserved; begin with a word of your own")
        taken = self._taken.get(plain(name))
        if taken is not None:
            raise _RefusalError(f"to Prometheus that is the same name as {taken!r}; take another one")
        if len(self._metrics) >= MOST_METRICS:
            raise _RefusalError(
                f"there are {MOST_METRICS} metrics of the bot's own already; what differs goes into attributes"
            )

    def _pairs(self, metric: OwnMetric, attributes: Given, remarks: list[str]) -> Pairs:
        pairs: list[tuple[str, AttributeValue]] = []
        for name, given in attributes.items():
            if given is None:
                continue
            attribute = self._attribute(metric, name)
            if attribute is None:
                remarks.append(f"{name} is attribute number {MOST_ATTRIBUTES + 1}, and is left out")
                continue
            value = value_of(given)
            if value is None:
                raise _RefusalError(f"{VALUE_RULE}; {name} is {type(given).__name__}")
            pairs.append((name, self._admit(metric, attribute, value, remarks)))
        return tuple(sorted(pairs))

    def _attribute(self, metric: OwnMetric, name: str) -> Attribute | None:
        if name == ERROR and metric.definition.kind is Kind.HISTOGRAM:
            raise _RefusalError(f"{ERROR} is what argus-otel sets when an exception leaves; take another name")
        known = metric.known(name)
        if known is not None:
            return known
        if not is_attribute_name(name):
            raise _RefusalError(f"{ATTRIBUTE_RULE}; {shown(name)} does not")
        label = label_of(name)
        if label in _NO_LABELS or label.startswith("otel_"):
            raise _RefusalError(f"{name} means something else to Prometheus; take another name for that attribute")
        if metric.has_label(label):
            raise _RefusalError(f"to Prometheus {name} is the same name as an attribute's before; take another one")
        return metric.add(name, label)

    def _admit(
        self, metric: OwnMetric, attribute: Attribute, value: AttributeValue, remarks: list[str]
    ) -> AttributeValue:
        """Return what a point has for a value."""
        name = attribute.name
        instead = f"it becomes _OTHER, and argus_otel.annotate({label_of(name)}=…) puts it on the span"
        if is_id(value):
            remarks.append(f"{name} looks like an id, which no metric may have: {instead}")
            return metric.caps.refuse(attribute)
        if isinstance(value, str):
            if len(value) > LONGEST_VALUE:
                remarks.append(f"{name} has more than {LONGEST_VALUE} characters, so it is no category: {instead}")
                return metric.caps.refuse(attribute)
            if not metric.caps.is_full(attribute) and self._telemetry.redact(value) != value:
                remarks.append(f"{name} holds a secret: it becomes _OTHER")
                return metric.caps.refuse(attribute)
        admitted = metric.caps.admit(attribute, value)
        if admitted != value:
            remarks.append(f"{name} has {MOST_VALUES} values already: others become _OTHER")
        return admitted


def worker() -> int:
    """Return what tells the running task, or the thread where none runs, from others that run now."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return threading.get_ident() if task is None else id(task)


def _is_normal(pairs: Pairs, attributes: Given) -> bool:
    """Whether a point has exactly what was given: only such a call is remembered."""
    given = {name: value for name, value in attributes.items() if value is not None}
    return dict(pairs) == given and all(type(given[name]) is type(value) for name, value in pairs)
