"""The one place that puts the parts together: settings, sources, neutral layer, bridge, SDK, endpoint, history.

There is one :class:`Runtime` in a process. It survives :meth:`Runtime.uninstrument`, so that counters keep their values
and providers, which OpenTelemetry does not let a program replace, are set up once.

Hooks are placed when a library is imported. Endpoint, history and signal handlers start when a source is activated:
when the program first uses the observed library. A worker, a notebook or a test run that only imports a library opens
no port.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, cast

from . import api, last_resort, unquoted
from .discovery import installed, load, load_each
from .settings import Settings
from .source_handle import SourceHandle
from .telemetry import WITHOUT_GIL, Catalogue, State, Telemetry, runs_without_gil
from .telemetry.catalogue import CATALOGUE, HOOK_ACTIVE, PROCESS_INFO
from .version import __version__

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.trace import TracerProvider

    from .custom import CustomTelemetry
    from .endpoint import Endpoint
    from .endpoint.routes import Routes
    from .heartbeat import Heartbeat
    from .history.recording import Recording
    from .otel.bridge import Bridge
    from .otel.providers import Providers
    from .otel.shutdown import Ending
    from .panels import Panel
    from .sources.spec import SourceSpec
    from .telemetry import IdReference

_log = logging.getLogger("argus_otel")


class Runtime:
    """The distro in this process."""

    def __init__(self) -> None:
        last_resort.install()
        unquoted.quieten_headers()
        self.telemetry = Telemetry()
        self.settings: Settings | None = None
        self._handles: dict[str, SourceHandle] = {}
        self._catalogues: list[Catalogue] = [CATALOGUE]
        self._providers: Providers | None = None
        self._bridge: Bridge | None = None
        self._custom: CustomTelemetry | None = None
        self._endpoint: Endpoint | None = None
        self._heartbeat: Heartbeat | None = None
        self._mounted: tuple[object, Routes] | None = None
        self._resource: Resource | None = None
        self._told_by_sources: tuple[str, ...] = ()
        self._recording: Recording | None = None
        self._end: Ending | None = None
        self._working = False
        self._resource_is_complete = False
        self._announced = False
        self._auto_instrumentation_version: str | None = None
        self._changing = threading.RLock()
        self.telemetry.on_program_start = self._program_starts

    # -- setting up the SDK

    def configure(self, settings: Settings | None = None, auto_instrumentation_version: str | None = None) -> None:
        """Set up the SDK as the settings say, unless a provider exists already; once in a process.

        Parameters
        ----------
        settings:
            By default, those of the environment.
        auto_instrumentation_version:
            The version of ``opentelemetry-instrument``, if that started the process.
        """
        with self._changing:
            if self._providers is not None:
                return
            self.settings = settings = settings or self.settings or Settings.resolve()
            for problem in settings.problems:
                self.telemetry.health.report(f"setting:{problem.split(' ', 1)[0]}", State.FAILED, problem)
            if settings.disabled or settings.config_file:
                return
            self.telemetry.attempt("sdk", partial(self._set_up_sdk, settings, auto_instrumentation_version))

    def _set_up_sdk(self, settings: Settings, auto_instrumentation_version: str | None) -> None:
        from .otel.providers import Providers

        self._auto_instrumentation_version = auto_instrumentation_version
        self._resource = self._build_resource(settings)
        self._providers = Providers(settings, self.telemetry)
        self._providers.at_first(self._begin_to_end)
        if settings.history != "off":
            self._providers.at_the_end("history", self._end_history)
        self._providers.set_up(self._resource)

    def _build_resource(self, settings: Settings) -> Resource:
        from .otel.resource import build

        attributes: dict[str, str] = {}
        for spec in _wanted(settings):
            if spec.resource is not None:
                added = self.telemetry.attempt(f"source:{spec.name}", partial(_resource_of, spec, settings))
                attributes.update(added or {})
        self._told_by_sources = tuple(attributes)
        return build(settings, attributes, self._auto_instrumentation_version)

    # -- placing the hooks

    def instrument(
        self,
        names: Collection[str] | None = None,
        *,
        meter_provider: MeterProvider | None = None,
        tracer_provider: TracerProvider | None = None,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        """Place the hooks of the sources, now or as soon as their libraries are imported; safe to repeat.

        Parameters
        ----------
        names:
            Of the sources; by default all that are installed. Companions, such as ``process``, always come along.
        meter_provider, tracer_provider, logger_provider:
            OpenTelemetry providers to use instead of the global ones.
        """
        with self._changing:
            self.settings = settings = self.settings or Settings.resolve()
            if settings.disabled:
                return
            if self.telemetry.suspended and self._handles:  # a forked child, whose hooks wait for a program to start
                return
            for problem in installed().problems:
                self.telemetry.health.report(f"source:{problem.name}", State.FAILED, problem.detail)
            for name, spec in installed().specs.items():
                if spec.is_off(settings.disabled_instrumentations):
                    detail = f"`{name}` is among OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
                    self.telemetry.health.report(f"source:{name}", State.OFF, detail)
            wanted = [
                spec
                for spec in _wanted(settings)
                if names is None or spec.name in names or spec.activates == "with_others"
            ]
            if all(spec.activates == "with_others" for spec in wanted):
                return
            self.telemetry.rates.override(settings.trace_rates)
            connect = partial(
                self._connect,
                settings,
                meter_provider=meter_provider,
                tracer_provider=tracer_provider,
                logger_provider=logger_provider,
            )
            self.telemetry.attempt("bridge", connect)
            api.record_into(partial(self.telemetry.attempt, "custom telemetry", self._custom_telemetry))
            # Companions first: another source may be active already, and they start with it.
            for spec in sorted(wanted, key=lambda spec: spec.activates != "with_others"):
                self._handle(spec, settings).install()

    def _handle(self, spec: SourceSpec, settings: Settings) -> SourceHandle:
        if spec.name not in self._handles:
            self._handles[spec.name] = SourceHandle(
                spec,
                self.telemetry,
                settings,
                made=self._made,
                placed=self._placed,
                activated=self._activated,
            )
        return self._handles[spec.name]

    def _connect(self, settings: Settings, **providers: MeterProvider | TracerProvider | LoggerProvider | None) -> None:
        from .otel.bridge import Bridge

        if self._bridge is None:
            self.telemetry.gauge(HOOK_ACTIVE, self._hooks_active)
            self.telemetry.gauge(PROCESS_INFO, self._process_info)
            self._bridge = Bridge(self.telemetry, self._catalogues)
        own = self._providers.meter_provider if self._providers else None
        export_logs = "logging" not in settings.disabled_instrumentations
        self._bridge.connect(
            own_meter_provider=own,
            export_logs=export_logs,
            exception_signal=settings.exception_signal,
            **providers,  # type: ignore[arg-type]
        )
        self.telemetry.on_program_start = self._program_starts

    def _made(self, catalogue: Catalogue) -> None:
        self._catalogues.append(catalogue)
        if self._bridge is not None:
            self._bridge.add(catalogue)

    def _placed(self) -> None:
        """Also place the hooks of the companions: log records before the activation are counted and exported too."""
        for handle in self._handles.values():
            if handle.is_companion:
                handle.accompany()

    def _custom_telemetry(self) -> CustomTelemetry:
        """Return what records the program's own metrics and events: at its first call."""
        from .custom import CustomTelemetry

        if self._custom is None:
            prefixes = [prefix for spec in installed().specs.values() for prefix in spec.prefixes]
            references: dict[str, IdReference] = {}
            for spec, keywords, reason in load_each("references"):
                if reason is None:
                    references.update(keywords)
                else:
                    detail = f"{spec.references} cannot be loaded: {reason}"
                    self.telemetry.health.report(f"source:{spec.name}", State.FAILED, detail)
            self._custom = CustomTelemetry(self.telemetry, self._catalogues, prefixes=prefixes, references=references)
        return self._custom

    # -- going to work

    def _activated(self, handle: SourceHandle) -> None:
        """Activate a source, and with the first one everything that only an observed process needs."""
        if handle.started and self._working:
            return
        with self._changing:
            if self.telemetry.suspended:  # a forked child, which may only import a library
                return
            settings = self.settings or Settings.resolve()
            companions = [other for other in self._handles.values() if other.starts_with_others]
            for each in (*companions, handle):  # they learn of the event loops that others find
                each.start()
            if not self._working:
                self._working = True
                self._go_to_work(settings)

    def _go_to_work(self, settings: Settings) -> None:
        self.telemetry.attempt("resource", partial(self._complete_resource, settings))
        self._resource_is_complete = True
        if settings.history != "off":
            self.telemetry.attempt(f"exporter:history {settings.history}", partial(self._keep_history, settings))
        if self._providers is not None:
            self.telemetry.attempt("sigterm", self._providers.activate)
        if settings.endpoint:
            self.telemetry.attempt("endpoint", partial(self._serve, settings))
        else:
            self.telemetry.health.report("endpoint", State.OFF, "ARGUS_ENDPOINT is false")
        if settings.heartbeat_url is not None:
            self.telemetry.attempt("heartbeat", partial(self._beat, settings.heartbeat_url))
        if not self._announced:
            self._announced = True
            if runs_without_gil():
                _log.warning("argus-otel: %s. The program and everything else go on.", WITHOUT_GIL)
            last_resort.show(self.announcement())

    def _complete_resource(self, settings: Settings) -> None:
        """Add what only an active source knows. Nothing that bears the resource has been exported yet."""
        known: dict[str, str] = {}
        for handle in self._handles.values():
            known.update(handle.resource())
        if known:
            from .otel.resource import extend

            self._resource = extend(self._resource or self._build_resource(settings), known)
            self._told_by_sources = tuple(dict.fromkeys((*self._told_by_sources, *known)))
            if self._providers is not None:
                self._providers.bear(self._resource)

    def _keep_history(self, settings: Settings) -> None:
        from .history.recording import Recording
        from .otel.shutdown import end_on_sigterm, end_with_the_process

        if self._recording is not None:
            self._recording.resume()
            return
        recording = Recording(settings, self.telemetry, self._resource or self._build_resource(settings))
        recording.start()
        self._recording = recording
        if self._providers is None:  # another distro or the program has set the SDK up, and ends it
            ending = [("history", self._end_history)]
            health = self.telemetry.health
            self._end = end_with_the_process(ending, settings.shutdown_timeout, health, self._begin_to_end)
            end_on_sigterm(self._end)

    def _begin_to_end(self) -> None:
        """End the operations under way: they would not be counted, and their spans have children that are exported."""
        self.telemetry.health.ending = True
        for handle in self._handles.values():
            handle.end()
        self.telemetry.guard.in_flight.cancel_all()
        if self._endpoint is not None:
            self.telemetry.attempt("endpoint", self._endpoint.forget_target)

    def _end_history(self) -> None:
        if self._recording is not None:
            self.telemetry.attempt("shutdown:history", self._recording.end)

    def _serve(self, settings: Settings) -> None:
        from .endpoint import Endpoint

        if self._endpoint is None:
            metrics = self._providers.prometheus if self._providers else None
            endpoint = Endpoint(settings, self.telemetry, metrics, self.status, self._panels)
            endpoint.start()
            self._endpoint = endpoint
            self.telemetry.health.report("endpoint", State.OK, endpoint.url)

    def _beat(self, url: str) -> None:
        from .heartbeat import Heartbeat

        if self._heartbeat is None:
            self._heartbeat = Heartbeat(url, self.telemetry)
        self._heartbeat.start()

    def routes(self) -> Routes:
        """Return what answers requests for the endpoint's paths, also if no endpoint is served. Any thread."""
        from .endpoint.routes import Routes

        endpoint = self._endpoint
        if endpoint is not None:
            return endpoint.routes
        metrics = self._providers.prometheus if self._providers else None
        made = (self.settings, metrics)
        with self._changing:
            if self._mounted is None or self._mounted[0] != made:  # the program was instrumented after a request
                settings = self.settings or Settings.resolve()
                self._mounted = (made, Routes(settings, self.telemetry, metrics, self.status, self._panels))
            return self._mounted[1]

    def uninstrument(self, names: Collection[str] | None = None) -> None:
        """Remove the hooks, and with the last source stop the endpoint; safe to repeat. Counters keep their values.

        Parameters
        ----------
        names:
            Of the sources; by default all.
        """
        with self._changing:
            for handle in self._handles.values():
                if names is None or handle.spec.name in names:
                    handle.uninstall()
            if any(handle.wanted and not handle.is_companion for handle in self._handles.values()):
                return
            for handle in self._handles.values():
                handle.uninstall()
            api.record_into(None)
            self._working = False
            if self._recording is not None:
                self._recording.pause()
            if self._heartbeat is not None:
                self._heartbeat.stop()
            if self._endpoint is not None:
                self._endpoint.stop()
                self._endpoint = None
                self.telemetry.health.report("endpoint", State.OFF, "uninstrumented")

    # -- in a forked child

    def drop_in_child(self) -> None:
        """After a fork, in the child: nothing is exported, served or kept until an observed program starts here.

        Takes no lock that another thread of the parent's may have held, and starts no thread: a child that was forked
        from a thread ends with its last one.
        """
        self._changing = threading.RLock()
        api.drop_in_child()
        self._custom = self._endpoint = self._heartbeat = self._mounted = None
        self._working = False
        self.telemetry.health.forget("endpoint")
        self.telemetry.health.forget("heartbeat")
        self.telemetry.drop_in_child()
        for part in (self._end, self._providers, self._bridge, self._recording, *self._handles.values()):
            if part is not None:
                self.telemetry.attempt("fork", part.drop_in_child)
        if self._providers is not None:
            self.telemetry.attempt("fork", self._providers.end_with_this_thread)

    def _program_starts(self) -> None:
        if self.telemetry.suspended:
            with self._changing:
                self.telemetry.attempt("fork", self._restart_in_child)
        elif self._bridge is not None:
            self._bridge.refresh()

    def _restart_in_child(self) -> None:
        """Begin again in a forked child in which an observed program starts: a launcher may fork its clusters."""
        settings = self.settings or Settings.resolve()
        self.telemetry.restart_in_child()
        self._resource = self._build_resource(settings)
        self._recording, self._announced = None, False
        if self._providers is not None:
            self._providers.restart_in_child(self._resource)
        if self._bridge is not None:
            self._bridge.restart_in_child()
        api.record_into(partial(self.telemetry.attempt, "custom telemetry", self._custom_telemetry))

    # -- its own status

    @property
    def endpoint_url(self) -> str | None:
        """The URL of the endpoint, or ``None`` if it is not served."""
        return self._endpoint.url if self._endpoint else None

    def status(self) -> dict[str, object]:
        """Return what ``/status`` serves: JSON-able, and free of secrets."""
        settings = self.settings or Settings.resolve()
        return {
            "version": __version__,
            "service": settings.service_name,
            **self.telemetry.health.describe(),
            "faults": self.telemetry.guard.faults,
            **({"processes": self._endpoint.processes()} if self._endpoint is not None else {}),
        }

    def announcement(self) -> str:
        """Return the one line at the start; see :mod:`.announcement`."""
        from .announcement import announcement

        observed = [phrase for handle in self._handles.values() if (phrase := handle.describe())]
        line = announcement(self.telemetry.health, observed, self.endpoint_url, heartbeat=self._heartbeat is not None)
        return self.telemetry.redact(line)

    def _process_info(self) -> list[tuple[dict[str, str], float]]:
        """What tells this process apart, as a metric of our own.

        `target_info`, which the exporters make of the resource, has other labels on each path to Prometheus, and does
        not exist in VictoriaMetrics. There is nothing to tell before the resource is complete: the series would change.
        """
        if not self._resource_is_complete:
            return []
        if self._resource is None:  # another distro has set the SDK up
            self._resource = self._build_resource(self.settings or Settings.resolve())
        names = (*(attribute.name for attribute in PROCESS_INFO.attributes), *self._told_by_sources)
        of_resource = self._resource.attributes
        return [({name: str(of_resource[name]) for name in names if name in of_resource}, 1.0)]

    def _panels(self) -> list[tuple[Panel, ...]]:
        """Return the panels of the sources that are not switched off, for the page."""
        wanted = _wanted(self.settings or Settings.resolve())
        found: list[tuple[Panel, ...]] = []
        for spec, panels, reason in load_each("panels"):
            if reason is not None:
                detail = f"{spec.panels} cannot be loaded: {reason}"
                self.telemetry.health.report(f"panels:{spec.name}", State.FAILED, detail)
            elif spec in wanted:
                found.append(tuple(panels))
        return found

    def _hooks_active(self) -> list[tuple[dict[str, str], float]]:
        hooks = self.telemetry.health.parts("hook:")
        return [({"argus.hook": name.removeprefix("hook:")}, float(p.state is State.OK)) for name, p in hooks.items()]


def _wanted(settings: Settings) -> list[SourceSpec]:
    """Return the installed sources that are not switched off."""
    return [spec for spec in installed().specs.values() if not spec.is_off(settings.disabled_instrumentations)]


def _resource_of(spec: SourceSpec, settings: Settings) -> dict[str, str]:
    return cast("dict[str, str]", load(spec.resource or "")(settings))


_runtime: Runtime | None = None
_making = threading.Lock()


def runtime() -> Runtime:
    """Return this process's runtime."""
    global _runtime  # one per process, as OpenTelemetry's global providers are
    with _making:
        if _runtime is None:
            _runtime = Runtime()
        return _runtime


def _drop_in_child() -> None:
    global _making  # another thread of the parent's may have held it
    _making = threading.Lock()
    if _runtime is not None:
        _runtime.drop_in_child()


# Before anything of OpenTelemetry's SDK is made, which starts its threads in the child: ours is called first.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_in_child)
