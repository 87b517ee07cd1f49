"""The private and unstable names of OpenTelemetry that argus-otel uses, each with what happens when it is missing.

OpenTelemetry promises to keep its public names until version 2, and may move or rename these with any release. No other
module imports or reads one. Nothing of OpenTelemetry is imported before a function here is called, so a missing name
costs the one feature that needs it, and never a whole signal more than that. Each missing name is a part of the status,
absent, with what is lost; it is warned of once.

Methods that OpenTelemetry documents for subclasses to override (`_receive_metrics`, `_instrument`) stand where they are
overridden; the functions here say whether the base classes still have them.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from importlib import metadata as importlib_metadata
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from argus_otel.telemetry import Health, PartError, State

if TYPE_CHECKING:
    from opentelemetry._logs import (
        Logger,
        LoggerProvider,
        LogRecord,
        NoOpLoggerProvider,
        SeverityNumber,
        get_logger_provider,
        set_logger_provider,
    )
    from opentelemetry.context import Context
    from opentelemetry.sdk._logs import LoggerProvider as SdkLoggerProvider
    from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Span, SpanProcessor

# Pyright takes names that are imported for type checking as this module's own only if they are listed here.
__all__ = [
    "BatchLogRecordProcessor",
    "LogRecord",
    "LogRecordProcessor",
    "Logger",
    "LoggerProvider",
    "NoOpLoggerProvider",
    "ReadableLogRecord",
    "SdkLoggerProvider",
    "SeverityNumber",
    "get_logger_provider",
    "set_logger_provider",
]

PART = "opentelemetry:"
"""What the name of each missing part begins with."""


class GoneError(PartError, ImportError):
    """OpenTelemetry no longer has a name without which a part cannot work."""


# -- what is missing

_missing: dict[str, str] = {}
_healths: weakref.WeakSet[Health] = weakref.WeakSet()


def report_to(health: Health) -> None:
    """Report missing names to ``health``, now and from now on."""
    _healths.add(health)
    for name, detail in tuple(_missing.items()):
        _report(health, name, detail)


def missing(name: str, lost: str) -> None:
    """Report, once, that this OpenTelemetry lacks ``name``.

    Parameters
    ----------
    lost:
        What does not work for that.
    """
    if name not in _missing:
        _missing[name] = lost
        for health in tuple(_healths):
            _report(health, name, lost)


def _report(health: Health, name: str, lost: str) -> None:
    detail = f"the installed OpenTelemetry has changed a name that argus-otel uses: {lost}"
    health.report(PART + name, State.ABSENT, f"{detail}; look for a newer argus-otel")


# -- the logs API and SDK

_API = ("opentelemetry._logs", "opentelemetry.logs")
_SDK = ("opentelemetry.sdk._logs", "opentelemetry.sdk.logs")
_LOGS = {
    **dict.fromkeys(__all__, _API),
    "SdkLoggerProvider": _SDK,
    "LogRecordProcessor": _SDK,
    "ReadableLogRecord": _SDK,
    "BatchLogRecordProcessor": tuple(f"{module}.export" for module in _SDK),
}


def __getattr__(name: str) -> Any:
    """Return a name of OpenTelemetry's logs, imported on first use.

    Raises
    ------
    GoneError
        It is neither in its present module nor in the one that is planned for the stable release.
    """
    if name not in _LOGS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for module in _LOGS[name]:
        try:
            return getattr(import_module(module), name.removeprefix("Sdk"))
        except (ImportError, AttributeError):  # noqa: PERF203 - two at most
            continue
    raise GoneError(
        f"there is no {name.removeprefix('Sdk')} in {' or '.join(_LOGS[name])}: look for a newer argus-otel"
    )


# -- providers

_APIS = ("opentelemetry.metrics", "opentelemetry.trace", "opentelemetry._logs", "opentelemetry.logs")


def is_proxy(provider: object) -> bool:
    """Whether ``provider`` is a proxy for the global one, which is not set yet.

    Of the classes that OpenTelemetry's API defines itself, all but the no-operation ones are such, whatever they are
    called: only for traces is the proxy's class public.
    """
    kind = type(provider)
    return kind.__module__.startswith(_APIS) and not any(base.__name__.startswith("NoOp") for base in kind.__mro__)


def same(known: object, provider: object, current: object) -> bool:
    """Whether what ``known`` was given reaches ``provider`` already.

    Parameters
    ----------
    current:
        The global provider now, to which every proxy passes things on.
    """
    return known is provider or (provider is current and is_proxy(known))


# -- entry points


def entry_points(**parameters: str) -> importlib_metadata.EntryPoints:
    """Return entry points as :func:`importlib.metadata.entry_points` does, from what OpenTelemetry's loader has read.

    Reading those of all packages takes 3 to 10 ms each time, which is all that is lost without.
    """
    try:
        cached: Any = import_module("opentelemetry.util._importlib_metadata").entry_points
    except (ImportError, AttributeError):
        missing("entry points", "each start takes some milliseconds more")
        return cast("importlib_metadata.EntryPoints", importlib_metadata.entry_points(**parameters))
    return cached(**parameters)


# -- readers of metrics


def component_type() -> dict[str, Any]:
    """Return the keyword of ``MetricReader`` by which the SDK's metrics about itself name the Prometheus reader.

    Without, they name it by its class.
    """
    try:
        attributes: Any = import_module("opentelemetry.semconv._incubating.attributes.otel_attributes")
        value = attributes.OtelComponentTypeValues.PROMETHEUS_HTTP_TEXT_METRIC_EXPORTER
    except (ImportError, AttributeError):
        missing("component type", "the SDK's metrics about itself name the Prometheus reader by its class")
        return {}
    return {"otel_component_type": value}


def can_show_cells() -> bool:
    """Whether a reader can add points to what it collects, by the method that OpenTelemetry documents for it.

    Without, histograms are recorded into the SDK's, as on a foreign provider.
    """
    from opentelemetry.sdk.metrics.export import MetricReader

    if hasattr(MetricReader, "_receive_metrics"):
        return True
    missing("histogram cells", "histograms are recorded by the SDK's instruments, which cost more")
    return False


def can_be_fed() -> bool:
    """Whether :func:`feed` works. Without, OpenTelemetry's own Prometheus reader writes each page."""
    from opentelemetry.sdk.metrics.export import MetricReader

    if hasattr(MetricReader, "_set_collect_callback"):
        return True
    missing("exposition cache", "/metrics is written by OpenTelemetry's own reader, which takes longer")
    return False


def feed(reader: MetricReader, collect: Callable[..., object]) -> None:
    """Have ``reader`` get what ``collect`` returns, as a provider does with its readers."""
    cast("Any", reader)._set_collect_callback(collect)


def preferred_temporality(owner: object) -> Mapping[type, AggregationTemporality]:
    """Return what temporality an exporter or reader prefers, by public instrument class. Without: cumulative."""
    from opentelemetry.sdk.metrics.export import MetricExporter, MetricReader

    if isinstance(owner, (MetricExporter, MetricReader)) and not hasattr(owner, "_preferred_temporality"):
        missing("temporality", "histograms are exported as cumulative, and a warning of delta may be missing")
    return getattr(owner, "_preferred_temporality", None) or {}


def lift_series_limits(reader: MetricReader) -> None:
    """Let a reader tell all series of observable instruments apart; their callbacks bound them.

    From 1.45.2 on, the SDK merges those beyond 2000 of an instrument. Earlier versions have no such limit.
    """
    limits: dict[type, int] = getattr(reader, "_instrument_class_cardinality_limit", {})
    for instrument in limits:
        if "Observable" in instrument.__name__:
            limits[instrument] = 1 << 30


def check_fork_of_readers() -> None:
    """Report it if a reader's thread can no longer be kept from starting in a forked child."""
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    if not hasattr(PeriodicExportingMetricReader, "_at_fork_reinit"):
        missing("fork of readers", "a forked child has a thread that tries to export metrics, in vain")


# -- the SDK in a forked child, which continues with the parent's state


def stop_reading(provider: MeterProvider) -> None:
    """Let nothing be measured, nor read: locks may be held by threads of the parent that the child does not have."""
    consumer: Any = getattr(provider, "_measurement_consumer", None)
    if hasattr(consumer, "_reader_storages"):
        consumer._reader_storages = {}
    else:
        _metrics_of_children_missing()


def can_replace_readers(provider: MeterProvider) -> bool:
    """Whether :func:`replace_readers` works on this provider. Without, a forked child exports traces and logs only."""
    try:
        made, needed = cast("Any", provider), [_storage_class()]
        needed += [made._sdk_config, made._metric_readers]
        needed += [made._measurement_consumer._lock, made._measurement_consumer._reader_storages]
    except (ImportError, AttributeError):
        _metrics_of_children_missing()
        return False
    return can_be_fed()


def _metrics_of_children_missing() -> None:
    missing("metrics of children", "no metrics of forked children are exported")


def _storage_class() -> Any:
    return import_module("opentelemetry.sdk.metrics._internal.metric_reader_storage").MetricReaderStorage


def replace_readers(provider: MeterProvider, readers: Sequence[MetricReader]) -> None:
    """Have ``readers`` take the place of a provider's, and begin at zero."""
    made: Any = provider
    consumer, storage = made._measurement_consumer, _storage_class()
    consumer._lock = Lock()  # a thread of the parent may have held it
    consumer._reader_storages = {
        reader: storage(made._sdk_config, reader._instrument_class_temporality, reader._instrument_class_aggregation)
        for reader in cast("Sequence[Any]", readers)
    }
    made._metric_readers = readers
    for reader in consumer._reader_storages:
        feed(reader, consumer.collect)
        reader._set_meter_provider(provider)


def replace_resource(providers: Iterable[object], resource: Resource) -> None:
    """Have everything that providers have made bear ``resource``. Without, a child bears its parent's."""
    new: Any = resource
    for provider in providers:
        config: Any = getattr(provider, "_sdk_config", provider)
        known: Any = getattr(config, "_resource", None) or getattr(config, "resource", None)
        if hasattr(known, "_attributes"):  # changed, not replaced: tracers and loggers hold it too
            known._attributes = new._attributes
        else:
            missing("resource of children", "forked children export under their parent's service.instance.id")


# -- batch processors


def queue_of(processor: object) -> deque[object] | None:
    """Return the bounded queue of a batch processor. Without, what it drops is not counted."""
    queue = getattr(getattr(processor, "_batch_processor", None), "_queue", None)
    if isinstance(queue, deque) and cast("deque[object]", queue).maxlen:
        return cast("deque[object]", queue)
    missing("export losses", "spans and log records that a full queue drops are not counted")
    return None


def is_shut_down(processor: object) -> bool:
    """Whether a batch processor takes nothing more; ``False`` if that cannot be known."""
    return getattr(getattr(processor, "_batch_processor", None), "_shutdown", False)


def refuse_in_child(processor: object) -> None:
    """Have the thread end at once that the SDK starts for each of its batch processors in a forked child."""
    batch: Any = getattr(processor, "_batch_processor", None)
    if hasattr(batch, "_shutdown"):
        batch._shutdown = True
    else:
        missing("fork of batch processors", "a forked child has a thread for each exporter, which exports nothing")


# -- spans


def announce_ending(processor: SpanProcessor, span: Span) -> None:
    """Tell a span processor that ``span`` is about to end, as the SDK's own multiplexer does."""
    cast("Any", processor)._on_ending(span)


def check_ending() -> None:
    """Report it if :func:`announce_ending` is no longer called: the SDK then calls span processors past our guard."""
    from opentelemetry.sdk.trace import SpanProcessor

    if not hasattr(SpanProcessor, "_on_ending"):
        missing("ending of spans", "what a span processor raises while a span is ending reaches the program")


def bounded_list(limit: int | None, items: Iterable[Any], dropped: int = 0) -> Sequence[Any]:
    """Return the last ``limit`` items as the SDK's spans hold them, with how many are not there.

    Parameters
    ----------
    dropped:
        How many the items' own limit has dropped before.
    """
    try:
        made: Any = import_module("opentelemetry.sdk.util").BoundedList.from_seq(limit, items)
    except (ImportError, AttributeError):
        missing("dropped events and links", "spans do not say how many of their events and links were dropped")
        kept = tuple(items)
        return kept if limit is None else kept[max(0, len(kept) - limit) :]
    made.dropped += dropped
    return made


def current_span_key() -> str | None:
    """Return the key under which a context holds the current span, or ``None`` if that is not all it takes."""
    from opentelemetry import trace
    from opentelemetry.context import Context

    keys = tuple(trace.set_span_in_context(trace.INVALID_SPAN, Context()))
    if len(keys) == 1:
        return keys[0]
    missing("current span", "spans are made current by the public function, which costs more")
    return None


def suppress_http_key() -> str:
    """Return the key of a context in which HTTP client instrumentations are silent."""
    lost = "other HTTP instrumentations record the REST calls too, each a second time"
    return _suppression("_SUPPRESS_HTTP_INSTRUMENTATION_KEY", "suppress_http_instrumentation", lost)


def suppress_key() -> str:
    """Return the key of a context in which something is being exported."""
    lost = "what is logged during an export is exported too"
    return _suppression("_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation", lost)


def _suppression(name: str, scope: str, lost: str) -> str:
    from opentelemetry import context

    key = getattr(context, name, None)
    if key is not None:
        return key
    try:
        # Public, but its module imports propagators, which takes milliseconds at start.
        suppress: Any = getattr(import_module("opentelemetry.instrumentation.utils"), scope)
    except (ImportError, AttributeError):
        missing(scope, lost)
        return context.create_key(scope)
    before: Context = context.get_current()
    with suppress():
        return max(set(context.get_current()) - set(before), key=len)  # one of two is there for older releases


# -- OTLP exporters


def wrap_grpc_client(exporter: object, wrap: Callable[[Any], Any]) -> bool:
    """Have ``wrap`` stand around the gRPC client of an exporter, and around each that it makes when it reconnects."""
    private = vars(exporter)
    stub, channel, client = (private.get(name) for name in ("_stub", "_channel", "_client"))
    if not (callable(stub) and hasattr(client, "Export")):
        return False
    make = stub

    def client_of(channel: Any) -> Any:
        return wrap(make(channel))

    private["_stub"] = client_of
    private["_client"] = client_of(channel)
    return True


def on_http_response(exporter: object, listen: Callable[..., None]) -> bool:
    """Have ``listen`` called with each response that an exporter over HTTP gets, by the session of requests."""
    private = vars(exporter)
    session = private.get("_session") or getattr(getattr(private.get("_client"), "_transport", None), "_session", None)
    hooks = getattr(session, "hooks", None)
    if not (isinstance(hooks, dict) and "response" in hooks):
        return False
    cast("dict[str, list[Any]]", hooks)["response"].append(listen)
    return True


def responses_missing(exporter: object) -> None:
    """Report that nothing is known of what an endpoint responds, if the exporter is one of OpenTelemetry's for OTLP."""
    if any(base.__module__.startswith("opentelemetry.exporter.otlp") for base in type(exporter).__mro__):
        missing("export responses", "the reason why an endpoint refuses an export is not told, nor a partial refusal")


# -- instrumentations


def instance_of(instrumentor: type[Any]) -> Any:
    """Return the one instance of an instrumentation if it has been created, without setting it up again.

    Without, it is created here, which may reconfigure an instance that exists.
    """
    if hasattr(instrumentor, "_instance"):
        return instrumentor._instance
    missing("instrumentation", "an instrumentation that the program has loaded itself may be configured anew")
    return None


def is_emitted_by(instrumentation: object, metric: str) -> bool:
    """Whether OpenTelemetry's instrumentation of the process emits a metric, as it is configured.

    Without, it is taken to emit nothing: two series of one metric may then be exported.
    """
    emitted: object = getattr(instrumentation, "_config", None)
    if not isinstance(emitted, Mapping):
        missing("configuration of process metrics", "metrics that the program measures itself may be exported twice")
        return False
    return metric in emitted


def measure_this_process(instrumentation: object) -> bool:
    """Have OpenTelemetry's process metrics measure this process, a forked child, and not its parent.

    Without, they stay off in the child.
    """
    measured: Any = getattr(instrumentation, "_proc", None)
    if measured is None:
        missing("process metrics of children", "no process metrics of forked children are exported")
        return False
    measured.__init__()
    return True


# -- declarative configuration


def sdk_configurator() -> Any:
    """Return the class with which the SDK sets itself up from ``OTEL_CONFIG_FILE``.

    Raises
    ------
    GoneError
        It is not there: nothing is set up, and the hooks report to whatever providers there are.
    """
    try:
        return import_module("opentelemetry.sdk._configuration")._OTelSDKConfigurator
    except (ImportError, AttributeError):
        raise GoneError(
            "the installed OpenTelemetry SDK has no _OTelSDKConfigurator, which reads OTEL_CONFIG_FILE: the SDK is not "
            "set up; unset OTEL_CONFIG_FILE to have argus-otel do that"
        ) from None
