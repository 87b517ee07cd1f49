"""What the program's own code counts, times, annotates and records.

Nothing here raises into the program. Misuse is warned of once, with the fix, and records nothing. A value beyond a
cardinality limit becomes ``_OTHER``.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping
from typing import Any, cast

from argus_otel.telemetry import Catalogue, CounterCell, IdReference, InstrumentKind, Operation, Telemetry
from argus_otel.telemetry.catalogue import TIMED_SPAN

from .annotations import Annotations
from .events import CustomEvents
from .metrics import ERROR, CustomCounter, CustomHistogram, Pairs
from .misuse import MisuseWarnings, shown
from .registry import CustomMetrics
from .reserved import RESERVED
from .values import AMOUNT_RULE, GivenAttributes, amount_of

HOOK = "custom telemetry"

TIMED = "timed"
"""The kind of work, for sampling rates, of a timed block outside of any other work."""

# Calls beyond it are resolved anew each time: attributes may come in any order, and must not fill the memory.
_MAX_CACHED = 20_000


class Timing(Operation):
    """One run of a timed block or function.

    Attributes
    ----------
    metric:
        The histogram of its duration.
    pairs:
        The attributes of its point.
    worker:
        The task or thread that runs it, by :func:`current_worker`.
    """

    __slots__ = ("metric", "pairs", "worker")

    def __init__(self, metric: CustomHistogram, pairs: Pairs, worker: int) -> None:
        self.metric = metric
        self.pairs = pairs
        self.worker = worker
        super().__init__()


class CustomTelemetry:
    """Records the program's own metrics, spans, annotations and events.

    Each public method accepts any arguments, on any thread, and never raises.

    Parameters
    ----------
    catalogues:
        The catalogues of the active sources: their names are in use.
    prefixes:
        First words of names that the installed sources reserve, besides :data:`.reserved.RESERVED`.
    references:
        Keywords of :func:`argus_otel.record` that take an id, of the installed sources.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        catalogues: Iterable[Catalogue],
        *,
        prefixes: Iterable[str] = (),
        references: Mapping[str, IdReference] | None = None,
    ) -> None:
        self._telemetry = telemetry
        self._misuse = MisuseWarnings(telemetry.redact)
        catalogues = tuple(catalogues)
        names = [metric.name for catalogue in catalogues for metric in catalogue.metrics]
        reserved = {name.partition(".")[0] for name in names}.union(RESERVED, prefixes)
        attributes = {name for each in catalogues for span in each.spans for name in span.attributes}
        self._metrics = CustomMetrics(telemetry, self._misuse, names, reserved)
        self._annotations = Annotations(telemetry, self._misuse, attributes)
        self._cells: dict[tuple[Any, ...], CounterCell] = {}
        self._timers: dict[tuple[Any, ...], tuple[CustomHistogram, Pairs]] = {}
        self._in_flight = telemetry.guard.in_flight
        shield = telemetry.guard.shield
        self._cancel = shield(HOOK, self._record, arguments=2)
        self.count = shield(HOOK, self._count, arguments=3)
        self.begin = shield(HOOK, self._begin, arguments=2)
        self.end = shield(HOOK, self._end, arguments=2)
        self.annotate = shield(HOOK, self._annotations.annotate, arguments=2)
        self.record = shield(HOOK, CustomEvents(telemetry, self._misuse, references or {}, reserved).record)

    # -- counting

    def _count(self, name: str, amount: float, attributes: GivenAttributes) -> None:
        if amount.__class__ is not int or amount != 1:
            summand = amount_of(amount)
            if summand is None:
                self._misuse.warn_once(f"count({shown(name)})", f"{AMOUNT_RULE}. Nothing is counted")
                return
            amount = summand
        key = (name, *attributes.items())
        try:
            cell = self._cells[key]
        except (KeyError, TypeError):  # a new call, or an attribute that cannot be hashed
            resolved = self._metrics.resolve(InstrumentKind.COUNTER, name, attributes)
            if resolved is None:
                return
            metric, pairs = resolved
            cell = cast("CustomCounter", metric).cells[pairs]
            if _is_unchanged(pairs, attributes) and len(self._cells) < _MAX_CACHED:
                self._cells[key] = cell
        cell.value += amount  # pyright: ignore[reportAttributeAccessIssue] - only the counts of sources are ints

    # -- timing

    def _begin(self, name: str, attributes: GivenAttributes) -> Timing | None:
        key = (name, *attributes.items())
        try:
            metric, pairs = self._timers[key]
        except (KeyError, TypeError):
            resolved = self._metrics.resolve(InstrumentKind.HISTOGRAM, name, attributes)
            if resolved is None:
                return None
            metric, pairs = resolved = cast("tuple[CustomHistogram, Pairs]", resolved)
            if _is_unchanged(pairs, attributes) and len(self._timers) < _MAX_CACHED:
                self._timers[key] = resolved
        timing = Timing(metric, pairs, current_worker())
        tracing = self._telemetry.tracing
        if tracing is not None:
            if tracing.within():
                timing.span = tracing.child(name, TIMED_SPAN.kind, {})
            else:
                rate = self._telemetry.rates.of(TIMED, name)
                timing.span = tracing.root(name, TIMED_SPAN.kind, dict, rate=rate)
            if timing.span is not None:
                if attributes and timing.span.sampled:
                    timing.span.set_attributes(self._annotations.span_attributes("timed", attributes))
                timing.span.attach()
        self._in_flight[timing] = self._cancel
        return timing

    def _end(self, timing: Timing, error: BaseException | None) -> None:
        if self._in_flight.pop(timing, None) is not None:
            self._record(timing, error)

    def _record(self, timing: Timing, error: BaseException | None) -> None:
        if isinstance(error, GeneratorExit):  # the caller stopped reading a generator that has the block inside
            error = None
        pairs, span, attributes = timing.pairs, timing.span, None
        if span is not None:
            span.detach()
        if error is not None:
            error_type = type(error).__qualname__
            pairs, attributes = self._metrics.with_error(timing.metric, pairs, error_type), {ERROR: error_type}
        timing.error = error
        timing.metric.cells[pairs].record(timing.settle(), timing.trace)
        trace = timing.trace
        if error is not None and trace is not None:
            self._telemetry.exception_reports.report(TIMED_SPAN.exception, error, attributes or {}, trace)
        timing.end_span(error is not None, attributes)


def current_worker() -> int:
    """Return an identifier of the running task, or of the thread if no task runs."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return threading.get_ident() if task is None else id(task)


def _is_unchanged(pairs: Pairs, attributes: GivenAttributes) -> bool:
    """Whether a point has exactly the given attributes: only such a call is cached."""
    given = {name: value for name, value in attributes.items() if value is not None}
    return dict(pairs) == given and all(type(given[name]) is type(value) for name, value in pairs)
