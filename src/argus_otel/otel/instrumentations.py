"""OpenTelemetry's own instrumentations on behalf of sources, each with a switch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from argus_otel.telemetry import Health, State

from .private import entry_points, instance_of, is_emitted_by, measure_this_process

GROUP = "opentelemetry_instrumentor"

_Callback = Callable[[CallbackOptions], Iterable[Observation]]


class Instrumentations:
    """Finds instrumentations; see :class:`~argus_otel.telemetry.ForeignInstrumentations`.

    Parameters
    ----------
    meter_provider:
        The provider that they emit to, by default the global one at the time when one is switched on first.
    """

    def __init__(self, health: Health, meter_provider: MeterProvider | None) -> None:
        self._health = health
        self._meter_provider = meter_provider
        self._found: dict[str, Instrumentation] = {}
        self._kinds: dict[str, Any] = {}

    def find(
        self, name: str, *, part: str, install: str, options: Mapping[str, object], measures_process: bool = False
    ) -> Instrumentation:
        """Return an instrumentation, off."""
        found = Instrumentation(self._health, self._meter_provider, name, part, install, options, measures_process)
        self._found[name] = found
        return found

    def emits(self, name: str, metric: str) -> bool:
        """Whether the program itself runs the instrumentation of this name, and has it emit this metric."""
        ours = self._found.get(name)
        if f"opentelemetry.instrumentation.{name}" not in sys.modules or (ours is not None and ours.is_made):
            return False
        if name not in self._kinds:
            self._kinds[name] = load(name)
        kind = self._kinds[name]
        theirs = None if kind is None else instance_of(kind)
        return theirs is not None and theirs.is_instrumented_by_opentelemetry and is_emitted_by(theirs, metric)


class Instrumentation:
    """One instrumentation; see :class:`~argus_otel.telemetry.ForeignInstrumentation`."""

    def __init__(
        self,
        health: Health,
        meter_provider: MeterProvider | None,
        name: str,
        part: str,
        install: str,
        options: Mapping[str, object],
        measures_process: bool,
    ) -> None:
        self._health = health
        self._meter_provider = meter_provider
        self._name = name
        self._part = part
        self._install = install
        self._options = options
        self._measures_process = measures_process
        self._made: Any = None
        self._of_parent = False
        self._enabled = False

    @property
    def is_made(self) -> bool:
        """Whether it has been enabled once: there is one instance in a process, and this made it."""
        return self._made is not None

    def enable(self) -> None:
        """Start emitting; safe to repeat."""
        obstacle = self._obstacle()
        if obstacle is None:
            self._enabled = True
            self._health.report(self._part, State.OK)
        else:
            self._health.report(self._part, State.OFF, obstacle)

    def disable(self) -> None:
        """Stop emitting; safe to repeat."""
        if self._enabled:
            self._enabled = False
            self._health.report(self._part, State.OFF, "uninstrumented")

    def drop_in_child(self) -> None:
        """After a fork, in the child: the measurements so far belong to the parent's process id."""
        self._enabled = False
        if self._made is not None and self._measures_process:
            self._of_parent = not measure_this_process(self._made)

    def _obstacle(self) -> str | None:
        """Have the instrumentation emit, and return ``None``, or why it cannot."""
        if self._of_parent:
            return "it would measure the parent process, with the installed OpenTelemetry"
        if self._made is not None:
            return None
        kind = load(self._name)
        if kind is None:
            return f"not installed: {self._install}"
        theirs = f"something else has loaded the instrumentation {self._name}, with all that it emits by default"
        # Not called for an instance, which would set up anew the one that there is.
        loaded = instance_of(kind)
        if loaded is not None and loaded.is_instrumented_by_opentelemetry:
            return theirs
        made = kind(**self._options)
        if made.is_instrumented_by_opentelemetry:
            return theirs
        made.instrument(
            meter_provider=_Switched(self._meter_provider or metrics.get_meter_provider(), self._is_enabled)
        )
        self._made = made
        return None

    def _is_enabled(self) -> bool:
        return self._enabled


def load(name: str) -> Any:
    """Return the class of an instrumentation, or ``None`` if it is not installed, or lacks a package that it needs."""
    for entry_point in entry_points(group=GROUP, name=name):
        try:
            return entry_point.load()
        except ImportError:  # noqa: PERF203 - one; a package that it needs is missing
            continue
    return None


class _Switched:
    """A meter provider whose observable instruments have no points while ``is_enabled`` returns false."""

    def __init__(self, wrapped: Any, is_enabled: Callable[[], bool]) -> None:
        self._wrapped = wrapped
        self._is_enabled = is_enabled

    def get_meter(self, *args: Any, **kwargs: Any) -> Any:
        return _Switched(self._wrapped.get_meter(*args, **kwargs), self._is_enabled)

    def __getattr__(self, name: str) -> Any:
        create = getattr(self._wrapped, name)
        if not name.startswith("create_observable_"):
            return create

        def create_switched(name: str, callbacks: Iterable[_Callback] = (), **options: Any) -> Any:
            return create(name, [self._switched(callback) for callback in callbacks], **options)

        return create_switched

    def _switched(self, callback: _Callback) -> _Callback:
        return lambda options: callback(options) if self._is_enabled() else ()
