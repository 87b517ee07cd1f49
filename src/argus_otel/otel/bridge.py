"""Connects the neutral layer to OpenTelemetry's providers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import wrapt
from opentelemetry import metrics, trace
from opentelemetry.metrics import Meter, MeterProvider
from opentelemetry.trace import TracerProvider

from argus_otel.telemetry import Catalogue, InstrumentKind, Metric, State, Telemetry
from argus_otel.version import __version__

from . import private
from .instrumentations import Instrumentations
from .instruments import LateInstruments, observe
from .private import is_proxy, same
from .scope import SCOPE

if TYPE_CHECKING:
    from .foreign_histograms import ForeignHistograms
    from .private import LoggerProvider

# Their metrics bear the same names as ours and their spans hold whole URLs, tokens and all.
HTTP_INSTRUMENTATIONS = (
    "opentelemetry.instrumentation.aiohttp_client",
    "opentelemetry.instrumentation.requests",
    "opentelemetry.instrumentation.urllib3",
)


class _Connection:
    """One meter provider to which every metric is exported.

    Attributes
    ----------
    histograms:
        Records histograms into its SDK instruments; ``None`` if its readers show the cells themselves.
    readers_show:
        Whether its readers make points of ours themselves.
    """

    __slots__ = ("provider", "meter", "histograms", "readers_show")

    def __init__(self, provider: MeterProvider, meter: Meter, histograms: ForeignHistograms | None) -> None:
        self.provider = provider
        self.meter = meter
        self.histograms = histograms
        self.readers_show = histograms is None

    def observe(self, telemetry: Telemetry, metrics: Iterable[Metric]) -> None:
        """Create instruments for the counters and gauges among ``metrics``."""
        observe(self.meter, telemetry, metrics, lambda: self.readers_show)

    def record_in_sdk(self, metrics: Iterable[Metric]) -> None:
        """Record every histogram among ``metrics`` into the provider's own instruments, too."""
        for metric in metrics:
            if self.histograms is not None and metric.kind is InstrumentKind.HISTOGRAM:
                self.histograms.add(metric)


class Bridge:
    """Exports the counters, gauges, histograms, operations and events of one :class:`Telemetry` through OTel providers.

    Parameters
    ----------
    catalogues:
        The definitions of all that the sources emit.
    """

    def __init__(self, telemetry: Telemetry, catalogues: Iterable[Catalogue]) -> None:
        self._telemetry = telemetry
        self._catalogues = list(catalogues)
        self._connections: list[_Connection] = []
        self._tracers: TracerProvider | None = None
        self._loggers: list[LoggerProvider] = []
        self._given_tracers: TracerProvider | None = None
        self._given_loggers: LoggerProvider | None = None
        self._exports_logs = True
        self._exception_signal = ""
        self._log_provider: LoggerProvider | None = None
        self._late = LateInstruments(telemetry.guard.shield("custom telemetry", self._observe))
        telemetry.add_definition_listener(self._defined)
        for module in HTTP_INSTRUMENTATIONS:
            wrapt.register_post_import_hook(self._offer_suppression, module)

    def connect(
        self,
        *,
        meter_provider: MeterProvider | None = None,
        tracer_provider: TracerProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        own_meter_provider: MeterProvider | None = None,
        export_logs: bool = True,
        exception_signal: str = "",
    ) -> None:
        """Connect to these providers, or to the global ones; safe to repeat.

        Parameters
        ----------
        own_meter_provider:
            The provider whose readers show our histogram cells themselves. Any other gets the SDK's histograms.
        export_logs:
            Whether the program's log records are exported. Events are exported in any case.
        exception_signal:
            ``logs``, ``logs/dup`` for span events too, or empty for logs if they are exported, and span events if not.
        """
        private.report_to(self._telemetry.health)
        if self._telemetry.instrumentations is None:
            self._telemetry.instrumentations = Instrumentations(self._telemetry.health, meter_provider)
        own = own_meter_provider if private.can_show_cells() else None
        self._connect_metrics(meter_provider or metrics.get_meter_provider(), own)
        self._telemetry.attempt("events", partial(self._connect_events, logger_provider))
        self._given_tracers, self._given_loggers = tracer_provider, logger_provider
        self._exports_logs = export_logs
        self._exception_signal = exception_signal
        # The program's own code may set a provider after this ran and before the program starts its work.
        self._telemetry.on_program_start = self.refresh
        self.refresh()

    def add(self, catalogue: Catalogue) -> None:
        """Export what another source emits, too."""
        self._catalogues.append(catalogue)
        if catalogue.external:
            return
        for connection in tuple(self._connections):
            connection.observe(self._telemetry, catalogue.metrics)
            connection.record_in_sdk(catalogue.metrics)

    def drop_in_child(self) -> None:
        """After a fork, in the child: leave queued records to the parent, and reconnect at the activation."""
        self._tracers = self._log_provider = None
        self._late = LateInstruments(self._telemetry.guard.shield("custom telemetry", self._observe))
        for connection in self._connections:
            if connection.histograms is not None:
                connection.histograms.drop_in_child()

    def restart_in_child(self) -> None:
        """Start exporting in the child."""
        for connection in self._connections:
            if connection.histograms is not None:
                connection.histograms.restart_in_child()
        self.refresh()

    def _offer_suppression(self, _: object) -> None:
        from .spans import suppress_http_instrumentation

        # Only if another instrumentation observes HTTP too: otherwise a REST call need not pay for the scope.
        self._telemetry.suppress_http_instrumentation = suppress_http_instrumentation

    def refresh(self) -> None:
        """Connect to the tracer and logger providers that are set now."""
        self._refresh_tracing()
        self._telemetry.attempt(self._telemetry.log_pipeline.part, self._refresh_logs)
        self._telemetry.attempt("events", self._refresh_exceptions)

    def _refresh_tracing(self) -> None:
        provider = self._given_tracers or trace.get_tracer_provider()
        if provider is self._tracers:
            return
        self._tracers = provider
        if isinstance(provider, (trace.ProxyTracerProvider, trace.NoOpTracerProvider)):
            self._telemetry.tracing = None
        else:
            from .spans import tracing_by  # the SDK's traces are imported only if there are any

            self._telemetry.tracing = tracing_by(provider, self._telemetry)

    def _refresh_logs(self) -> None:
        provider = self._given_loggers or private.get_logger_provider()
        pipeline, health = self._telemetry.log_pipeline, self._telemetry.health
        if not self._exports_logs:
            pipeline.sink = None
            health.report(pipeline.part, State.OFF, "`logging` is among OTEL_PYTHON_DISABLED_INSTRUMENTATIONS")
        elif _exports_nothing(provider):
            pipeline.sink = None
            health.report(pipeline.part, State.OFF, "no exporter for logs is set")
        elif provider is not self._log_provider or pipeline.sink is None:
            health.report(pipeline.part, State.OK)
            from .logs import ExportedLogs  # only if logs are exported

            pipeline.sink = ExportedLogs(provider, self._telemetry.redact, health)
            self._log_provider = provider

    def _refresh_exceptions(self) -> None:
        provider = self._given_loggers or private.get_logger_provider()
        reports = self._telemetry.exception_reports
        if _exports_nothing(provider):
            reports.sink = None
        else:
            from .events import OTelEvents

            reports.sink = OTelEvents(provider.get_logger(SCOPE, __version__))
        signal = self._exception_signal or ("span events" if reports.sink is None else "logs")
        reports.on_spans = signal != "logs"

    def _connect_metrics(self, provider: MeterProvider, own: MeterProvider | None) -> None:
        for known in self._connections:
            if same(known.provider, provider, metrics.get_meter_provider()):
                if provider is own and known.histograms is not None:  # connected while there was only a proxy of it
                    known.histograms.stop()
                    known.readers_show = True
                return
        meter = provider.get_meter(SCOPE, __version__)
        defined = [metric for catalogue in self._catalogues if not catalogue.external for metric in catalogue.metrics]
        histograms = None if provider is own else self._foreign(meter, defined)
        connection = _Connection(provider, meter, histograms)
        connection.observe(self._telemetry, defined)
        # The connection is added first and then catches up, so no metric that is defined meanwhile is missed. One that
        # is observed twice by that is a single instrument to OpenTelemetry.
        self._connections.append(connection)
        connection.observe(self._telemetry, self._telemetry.defined_metrics())
        connection.record_in_sdk(self._telemetry.defined_metrics())

    def _foreign(self, meter: Meter, metrics: Sequence[Metric]) -> ForeignHistograms:
        from .foreign_histograms import ForeignHistograms

        return ForeignHistograms(meter, self._telemetry, metrics)

    def _defined(self, metric: Metric) -> None:
        """Export a metric that is defined while the program runs. Does not block."""
        if metric.kind is InstrumentKind.HISTOGRAM:
            for connection in tuple(self._connections):
                connection.record_in_sdk([metric])
        else:
            self._late.add(metric)

    def _observe(self, metric: Metric) -> None:
        for connection in tuple(self._connections):
            connection.observe(self._telemetry, [metric])

    def _connect_events(self, chosen: LoggerProvider | None) -> None:
        from .events import OTelEvents  # its imports fail if OpenTelemetry's logs have moved

        current = private.get_logger_provider()
        provider = chosen or current
        if any(same(known, provider, current) for known in self._loggers):
            return
        self._loggers.append(provider)
        self._telemetry.add_event_sink(OTelEvents(provider.get_logger(SCOPE, __version__)))


def _exports_nothing(provider: LoggerProvider) -> bool:
    return is_proxy(provider) or isinstance(provider, private.NoOpLoggerProvider)
