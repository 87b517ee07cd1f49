"""Sets up the SDK: providers, exporters and readers, part by part.

A part that cannot be set up is named in one warning and in ``/status``; all others go on. A provider that is there
already is used as it is, and never replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Sampler
from prometheus_client import CollectorRegistry

from argus_otel.settings import Settings
from argus_otel.telemetry import State, Telemetry

from .exporters import load, watched
from .readers import HistogramReader, PrometheusReader, PushReader, reader_class
from .shutdown import end_with_the_process

T = TypeVar("T")

# What OpenTelemetry's TracerProvider resolves by itself; any other name is an entry point's.
_BUILT_IN_SAMPLERS = (
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
)


class Providers:
    """The providers that we set up, and what they export to.

    Attributes
    ----------
    meter_provider:
        Ours, or ``None`` where another was there first or no metrics are exported.
    registry:
        What ``/metrics`` serves, or ``None`` where Prometheus is not among the exporters.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._health = telemetry.health
        self._ending: list[tuple[str, Callable[[], object]]] = []
        self.meter_provider: MeterProvider | None = None
        self.registry: CollectorRegistry | None = None

    def set_up(self, resource: Resource) -> None:
        """Set up each signal that has an exporter and no provider yet."""
        self._set_up_metrics(resource)
        self._set_up_traces(resource)
        self._set_up_logs(resource)
        if self._ending:
            end_with_the_process(self._ending, self._settings.shutdown_timeout, self._health)

    # -- metrics

    def _set_up_metrics(self, resource: Resource) -> None:
        if self._taken("metrics", metrics.get_meter_provider(), self._settings.metrics_exporters):
            return
        readers = self._each("metrics", self._settings.metrics_exporters, self._reader)
        if not readers:
            return
        for reader in readers:
            reader.show(self._telemetry)
        self.meter_provider = MeterProvider(metric_readers=readers, resource=resource, shutdown_on_exit=False)
        metrics.set_meter_provider(self.meter_provider)
        self._ending.append(("metrics", self.meter_provider.shutdown))

    def _reader(self, name: str, part: str) -> HistogramReader:
        if name == "prometheus":
            self.registry = CollectorRegistry()
            return PrometheusReader(self.registry)
        component = load("opentelemetry_metrics_exporter", name, "OTEL_METRICS_EXPORTER")
        if issubclass(component, MetricReader):
            return reader_class(component)()
        return PushReader(watched(component, self._health, part)())

    # -- traces

    def _set_up_traces(self, resource: Resource) -> None:
        if self._taken("traces", trace.get_tracer_provider(), self._settings.traces_exporters):
            return
        exporters = self._each(
            "traces",
            self._settings.traces_exporters,
            lambda name, part: watched(
                load("opentelemetry_traces_exporter", name, "OTEL_TRACES_EXPORTER"), self._health, part
            )(),
        )
        if not exporters:
            return
        provider = TracerProvider(sampler=self._sampler(), resource=resource, shutdown_on_exit=False)
        for exporter in exporters:
            provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        self._ending.append(("traces", provider.shutdown))

    def _sampler(self) -> Sampler | None:
        name = self._settings.sampler
        if name is None or name.lower() in _BUILT_IN_SAMPLERS:
            return None

        def make() -> Sampler:
            return load("opentelemetry_traces_sampler", name, "OTEL_TRACES_SAMPLER")(self._settings.sampler_argument)

        # Without it OpenTelemetry's default keeps every trace.
        return self._telemetry.attempt("sampler", make)

    # -- logs

    def _set_up_logs(self, resource: Resource) -> None:
        if self._taken("logs", _logs.get_logger_provider(), self._settings.logs_exporters):
            return
        exporters = self._each(
            "logs",
            self._settings.logs_exporters,
            lambda name, part: watched(
                load("opentelemetry_logs_exporter", name, "OTEL_LOGS_EXPORTER"), self._health, part
            )(),
        )
        if not exporters:
            return
        provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
        for exporter in exporters:
            provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        _logs.set_logger_provider(provider)
        self._ending.append(("logs", provider.shutdown))

    # -- all three

    def _taken(self, signal: str, provider: object, exporters: Sequence[str]) -> bool:
        """Whether somebody else has set up this signal, whose exporters then are theirs."""
        if "proxy" in type(provider).__name__.lower():
            return False
        detail = f"the {type(provider).__name__} that was there already is used"
        if exporters:
            detail += f"; {', '.join(exporters)} not set up"
        self._health.report(f"exporter:{signal}", State.OFF, detail)
        return True

    def _each(self, signal: str, names: Sequence[str], make: Callable[[str, str], T]) -> list[T]:
        """Make the exporter of each name; leave out, and report, those that cannot be made."""
        made: list[T] = []
        for name in names:
            part = f"exporter:{signal} {name}"
            exporter = self._telemetry.attempt(part, partial(make, name, part))
            if exporter is not None:
                self._health.report(part, State.OK)
                made.append(exporter)
        return made
