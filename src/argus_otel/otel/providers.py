"""Sets up the SDK: providers, exporters and readers, part by part.

If a part cannot be set up, one warning and ``/status`` name it, and all others go on. A provider that has been set
before is used as it is, and never replaced.

The SDK of a signal is imported only if that is exported: without an OTLP endpoint only metrics are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource

from argus_otel.settings import Settings
from argus_otel.telemetry import State, Telemetry

from . import private
from .prometheus import ScrapedReader, scraped_reader
from .readers import OwnReader, PushReader, reader_class
from .shutdown import Ending, end_on_sigterm, end_with_the_process, end_with_this_thread

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.sampling import Sampler

    from .lazy_spans import TracerProvider
    from .losses import Restartable
    from .private import LogRecordProcessor, SdkLoggerProvider

T = TypeVar("T")


class Providers:
    """The providers that argus-otel sets up, with their exporters.

    Attributes
    ----------
    meter_provider:
        Ours, or ``None`` if another was set before or no metrics are exported.
    prometheus:
        The reader behind ``/metrics``, or ``None`` if Prometheus is not among the exporters.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self._settings = settings
        self._telemetry = telemetry
        self._health = telemetry.health
        self._ending: list[tuple[str, Callable[[], object]]] = []
        self._first: Callable[[], object] = tuple
        self._end: Ending | None = None
        self._unlocking: list[Callable[[], object]] = []
        self._pushes = False
        self._others: list[TracerProvider | SdkLoggerProvider] = []
        self._exported: list[tuple[Restartable, Callable[[], object]]] = []
        self.meter_provider: MeterProvider | None = None
        self.prometheus: ScrapedReader | None = None
        self._prometheus: ScrapedReader | None = None

    def set_up(self, resource: Resource) -> None:
        """Set up each signal that has an exporter and no provider yet."""
        private.report_to(self._health)
        setting_up = {"metrics": self._set_up_metrics, "traces": self._set_up_traces, "logs": self._set_up_logs}
        for signal, set_up in setting_up.items():
            self._telemetry.attempt(f"exporter:{signal}", partial(set_up, resource))
        if self._pushes:
            self._end_with_the_process()

    def _end_with_the_process(self) -> None:
        timeout = self._settings.shutdown_timeout
        self._end = end_with_the_process(self._ending, timeout, self._health, self._first)

    def at_first(self, begin: Callable[[], object]) -> None:
        """Have ``begin`` called when the process begins to end; call this before :meth:`set_up`."""
        self._first = begin

    def at_the_end(self, name: str, end: Callable[[], object]) -> None:
        """Have ``end`` called too when the process ends; call this before :meth:`set_up`."""
        self._ending.append((name, end))

    def activate(self) -> None:
        """Export the rest when the process ends, also when SIGTERM ends it.

        Where nothing is pushed, threads that end the providers are started only now: a process that is not observed
        has none of ours.
        """
        if self._ending and self._end is None:
            self._end_with_the_process()
        if self._end is not None:
            end_on_sigterm(self._end)

    # -- in a forked child

    def drop_in_child(self) -> None:
        """After a fork, in the child: export nothing, and leave queued items to the parent."""
        if self._end is not None:
            self._end.drop_in_child()
            self._end = None
        for processor, _ in self._exported:
            processor.drop_in_child()
        if self.meter_provider is not None:
            private.stop_reading(self.meter_provider)
        for unlock in self._unlocking:
            unlock()

    def end_with_this_thread(self) -> None:
        """Let a child that was forked from a thread end with that thread."""
        end_with_this_thread(lambda: None if self._end is None else self._end())

    def restart_in_child(self, resource: Resource) -> None:
        """Export from the child, as another instance: by exporters and connections of its own, and from zero."""
        if self.meter_provider is not None:
            self._read_anew(self.meter_provider)
        for processor, exporter in self._exported:
            made = exporter()
            if made is not None:
                processor.restart_in_child(made)
        self.bear(resource)
        if self._ending:
            self._end_with_the_process()

    def bear(self, resource: Resource) -> None:
        """Export everything with ``resource`` from now on."""
        ours = (self.meter_provider, *self._others)
        private.replace_resource([provider for provider in ours if provider is not None], resource)

    def _read_anew(self, provider: MeterProvider) -> None:
        self._prometheus = None
        if private.can_replace_readers(provider):
            private.replace_readers(provider, self._each("metrics", self._settings.metrics_exporters, self._reader))
        else:
            for name in self._settings.metrics_exporters:
                detail = f"not in a forked child, with the installed OpenTelemetry: see {private.PART}* in /status"
                self._health.report(f"exporter:metrics {name}", State.OFF, detail)
        self.prometheus = self._prometheus

    # -- metrics

    def _set_up_metrics(self, resource: Resource) -> None:
        if self._is_set_up("metrics", metrics.get_meter_provider(), self._settings.metrics_exporters):
            return
        readers = self._each("metrics", self._settings.metrics_exporters, self._reader)
        if not readers:
            return
        self.meter_provider = MeterProvider(metric_readers=readers, resource=resource, shutdown_on_exit=False)
        self.prometheus = self._prometheus
        metrics.set_meter_provider(self.meter_provider)
        self._at_the_end("metrics", self.meter_provider.shutdown)

    def _reader(self, name: str, part: str) -> OwnReader:
        reader = self._bare_reader(name, part)
        reader.show(self._telemetry)
        return reader

    def _bare_reader(self, name: str, part: str) -> OwnReader:
        if name == "prometheus":
            self._prometheus = scraped_reader()
            return self._prometheus
        from .exporters import batches, load, with_health
        from .temporality import warn_of_delta

        self._pushes = True
        component = load("opentelemetry_metrics_exporter", name, "OTEL_METRICS_EXPORTER")
        if issubclass(component, MetricReader):
            return reader_class(component)()
        exporter = with_health(component, self._telemetry, part)(**batches(component))
        warn_of_delta(exporter)
        return PushReader(exporter)

    # -- traces

    def _set_up_traces(self, resource: Resource) -> None:
        if self._is_set_up("traces", trace.get_tracer_provider(), self._settings.traces_exporters):
            return
        processors = self._each("traces", self._settings.traces_exporters, self._span_processor)
        if not processors:
            return
        from .lazy_spans import TracerProvider

        provider = TracerProvider(self._sampler(), resource, processors, self._telemetry.guard)
        trace.set_tracer_provider(provider)
        self._unlocking.append(provider.drop_in_child)
        self._others.append(provider)
        self._at_the_end("traces", provider.shutdown)

    def _span_processor(self, name: str, part: str) -> SpanProcessor:
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from .exporters import load, with_health
        from .lazy_spans import readable
        from .losses import count_drops
        from .portions import in_portions
        from .redacted_spans import texts_of

        exporter = with_health(
            load("opentelemetry_traces_exporter", name, "OTEL_TRACES_EXPORTER"), self._telemetry, part
        )
        exporter = readable(in_portions(exporter, texts_of), self._telemetry.redact)
        made = count_drops(BatchSpanProcessor, "on_end", exporter(), part, self._telemetry)
        self._restarts(made, exporter, part)
        return made

    def _sampler(self) -> Sampler:
        from .sampling import SAMPLE_ALL, sampler

        made = self._telemetry.attempt("sampler", partial(sampler, self._settings))
        return SAMPLE_ALL if made is None else made

    # -- logs

    def _set_up_logs(self, resource: Resource) -> None:
        if self._is_set_up("logs", private.get_logger_provider(), self._settings.logs_exporters):
            return
        processors = self._each("logs", self._settings.logs_exporters, self._log_processor)
        if not processors:
            return
        provider = private.SdkLoggerProvider(resource=resource, shutdown_on_exit=False)
        for processor in processors:
            provider.add_log_record_processor(processor)
        private.set_logger_provider(provider)
        self._others.append(provider)
        self._at_the_end("logs", provider.shutdown)

    def _log_processor(self, name: str, part: str) -> LogRecordProcessor:
        from .exporters import load, with_health
        from .losses import count_drops
        from .portions import in_portions, texts_of_log_record

        exporter = with_health(load("opentelemetry_logs_exporter", name, "OTEL_LOGS_EXPORTER"), self._telemetry, part)
        exporter = in_portions(exporter, texts_of_log_record)
        made = count_drops(private.BatchLogRecordProcessor, "on_emit", exporter(), part, self._telemetry)
        self._restarts(made, exporter, part)
        return made

    # -- all three

    def _is_set_up(self, signal: str, provider: object, exporters: Sequence[str]) -> bool:
        """Whether this signal had a provider before, which then has its own exporters."""
        if private.is_proxy(provider):
            return False
        detail = f"the {type(provider).__name__} that was there already is used"
        if exporters:
            detail += f"; {', '.join(exporters)} not set up"
        self._health.report(f"exporter:{signal}", State.OFF, detail)
        return True

    def _restarts(self, processor: object, exporter: Callable[[], object], part: str) -> None:
        self._pushes = True
        self._exported.append((cast("Restartable", processor), partial(self._telemetry.attempt, part, exporter)))

    def _at_the_end(self, signal: str, shutdown: Callable[[], object]) -> None:
        self._ending.append((signal, partial(self._telemetry.attempt, f"shutdown:{signal}", shutdown)))

    def _each(self, signal: str, names: Sequence[str], make: Callable[[str, str], T]) -> list[T]:
        """Make the exporter of each name; report and skip those that cannot be made."""
        made: list[T] = []
        for name in names:
            part = f"exporter:{signal} {name}"
            exporter = self._telemetry.attempt(part, partial(make, name, part))
            if exporter is not None:
                self._health.report(part, State.OK)
                made.append(exporter)
        return made
