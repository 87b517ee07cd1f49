"""Metrics of the process and of Python, by OpenTelemetry's own instrumentation of them.

By default that emits ``system.*`` metrics of the whole machine too, a series for each processor, disk and network
interface: a scrape of hundreds of kilobytes. Here it emits ``process.*`` and ``cpython.*`` only, and of these not
``process.runtime.*``, which are deprecated and say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from argus_otel.telemetry import Attribute, Catalogue, Health, Kind, Metric, State

PART = "process metrics"
INSTRUMENTATION = "system_metrics"
"""Its name among the entry points, and so in ``OTEL_PYTHON_DISABLED_INSTRUMENTATIONS``."""

_Callback = Callable[[CallbackOptions], Iterable[Observation]]

_TYPE_CPU = Attribute("type", "Whose work: the process's own, or the system's for it.", values=("user", "system"))
_TYPE_SWITCH = Attribute("type", "Whether the process gave way by itself.", values=("involuntary", "voluntary"))
_DIRECTION = Attribute("direction", "The way of the bytes.", values=("read", "write"))
_GENERATION = Attribute("cpython.gc.generation", "The garbage collector's generation.", values=(0, 1, 2))
_GENERATION_BEFORE = Attribute("generation", "The same, under its former name.", values=("0", "1", "2"))
_GENERATIONS = (_GENERATION, _GENERATION_BEFORE)

CATALOGUE = Catalogue(
    "process metrics",
    metrics=(
        Metric("process.cpu.time", Kind.COUNTER, "s", "Processor time that the process used.", (_TYPE_CPU,)),
        Metric(
            "process.cpu.utilization",
            Kind.GAUGE,
            "1",
            "Processor time used since the last collection, as a share of what all processors had.",
        ),
        Metric(
            "process.context_switches",
            Kind.COUNTER,
            "",
            "Context switches; absent where the system does not tell them.",
            (_TYPE_SWITCH,),
        ),
        Metric("process.memory.usage", Kind.UP_DOWN, "By", "Physical memory in use."),
        Metric("process.memory.virtual", Kind.UP_DOWN, "By", "Virtual memory."),
        Metric("process.open_file_descriptor.count", Kind.UP_DOWN, "", "Open file descriptors; not on Windows."),
        Metric("process.thread.count", Kind.UP_DOWN, "", "Threads."),
        Metric(
            "process.disk.io", Kind.COUNTER, "By", "Bytes read from and written to disks; not on macOS.", (_DIRECTION,)
        ),
        Metric("cpython.gc.collections", Kind.COUNTER, "{collection}", "Runs of the garbage collector.", _GENERATIONS),
        Metric("cpython.gc.collected_objects", Kind.COUNTER, "{object}", "Objects that it collected.", _GENERATIONS),
        Metric(
            "cpython.gc.uncollectable_objects",
            Kind.COUNTER,
            "{object}",
            "Objects that it could not collect.",
            _GENERATIONS,
        ),
    ),
)
"""What the instrumentation emits, as measured. A version of it that does not know one of these leaves it out."""


class SystemMetrics:
    """The instrumentation, with a switch: what it registered with a meter cannot be taken back."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._made = False
        self._on = False

    def install(self, meter_provider: MeterProvider | None) -> None:
        """Emit from now on; safe to repeat. Without the package nothing is, which is reported.

        Parameters
        ----------
        meter_provider:
            By default the global one. Counts the first time only.
        """
        try:
            from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
        except ImportError:
            self._health.report(PART, State.OFF, "not installed: pip install 'argus-otel[system]'")
            return
        # Not called for an instance, which would set up anew the one that there is.
        loaded = SystemMetricsInstrumentor._instance  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        if not self._made and loaded is not None and loaded.is_instrumented_by_opentelemetry:
            self._health.report(PART, State.OFF, "something else has loaded that instrumentation, system.* and all")
            return
        if not self._made:
            provider = _Switched(meter_provider or metrics.get_meter_provider(), lambda: self._on)
            SystemMetricsInstrumentor(config=_configuration()).instrument(meter_provider=provider)
            self._made = True
        self._on = True
        self._health.report(PART, State.OK)

    def drop_in_child(self) -> None:
        """After a fork, in the child: what was measured is the parent, by its process id."""
        self._on = False
        if self._made:
            from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor

            made = SystemMetricsInstrumentor._instance  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            measured = getattr(made, "_proc", None)
            if measured is not None:
                measured.__init__()

    def uninstall(self) -> None:
        """Emit no more; safe to repeat."""
        if self._on:
            self._on = False
            self._health.report(PART, State.OFF, "uninstrumented")


def _configuration() -> dict[str, list[str] | None]:
    """Return the metrics that are wanted, each with the states that are told apart."""
    return {
        metric.name: [str(value) for value in metric.attributes[0].values]
        if metric.attributes and metric.name.startswith("process.")
        else None
        for metric in CATALOGUE.metrics
    }


class _Switched:
    """A meter provider, and its meters, whose observables tell nothing while ``is_on`` says no."""

    def __init__(self, wrapped: Any, is_on: Callable[[], bool]) -> None:
        self._wrapped = wrapped
        self._is_on = is_on

    def get_meter(self, *args: Any, **kwargs: Any) -> Any:
        return _Switched(self._wrapped.get_meter(*args, **kwargs), self._is_on)

    def __getattr__(self, name: str) -> Any:
        create = getattr(self._wrapped, name)
        if not name.startswith("create_observable_"):
            return create

        def create_switched(name: str, callbacks: Iterable[_Callback] = (), **options: Any) -> Any:
            return create(name, [self._switched(callback) for callback in callbacks], **options)

        return create_switched

    def _switched(self, callback: _Callback) -> _Callback:
        return lambda options: callback(options) if self._is_on() else ()
