"""The one place that puts the rooms together: settings, layer, source, bridge, SDK, endpoint.

There is one :class:`Runtime` in a process. It survives :meth:`Runtime.uninstrument`, so that counters go on where they
stood and providers, which OpenTelemetry lets nobody replace, are set up once.
"""

from __future__ import annotations

import logging
import os
import threading
from functools import partial
from typing import TYPE_CHECKING

from . import helpers, last_resort, unquoted
from .settings import Settings
from .telemetry import WITHOUT_GIL, State, Telemetry, runs_without_gil
from .telemetry.catalogue import HOOK_ACTIVE
from .version import __version__

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.trace import TracerProvider

    from .endpoint import Endpoint
    from .history.recording import Recording
    from .otel.bridge import Bridge
    from .otel.providers import Providers
    from .otel.shutdown import Ending
    from .sources.discord.source import DiscordSource
    from .sources.process.source import ProcessSource
    from .sources.system.source import SystemSource
    from .telemetry.own import Own

_log = logging.getLogger("argus_otel")


class Runtime:
    """The distro in this process."""

    def __init__(self) -> None:
        last_resort.install()
        unquoted.quieten_headers()
        self.telemetry = Telemetry()
        self.settings: Settings | None = None
        self._providers: Providers | None = None
        self._bridge: Bridge | None = None
        self._source: DiscordSource | None = None
        self._process: ProcessSource | None = None
        self._system: SystemSource | None = None
        self._own: Own | None = None
        self._endpoint: Endpoint | None = None
        self._resource: Resource | None = None
        self._recording: Recording | None = None
        self._end: Ending | None = None
        self._announced = False
        self._auto_instrumentation_version: str | None = None
        self._changing = threading.RLock()
        self.telemetry.on_start = self._bot_starts

    # -- setting up the SDK

    def configure(self, settings: Settings | None = None, auto_instrumentation_version: str | None = None) -> None:
        """Set up the SDK as the settings say, where nobody has yet; once in a process.

        Parameters
        ----------
        settings:
            By default, those of the environment.
        auto_instrumentation_version:
            The version of ``opentelemetry-instrument``, where that started us.
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
        from .otel.resource import build
        from .sources.discord.resource import attributes

        self._auto_instrumentation_version = auto_instrumentation_version
        self._resource = build(settings, attributes(settings), auto_instrumentation_version)
        self._providers = Providers(settings, self.telemetry)
        self._providers.at_first(self._begin_to_end)
        if settings.history != "off":
            self._providers.at_the_end("history", self._end_history)
        self._providers.set_up(self._resource)

    # -- hooking discord.py

    def instrument(
        self,
        *,
        meter_provider: MeterProvider | None = None,
        tracer_provider: TracerProvider | None = None,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        """Hook discord.py, now or as soon as it is imported; safe to repeat.

        Parameters
        ----------
        meter_provider, tracer_provider, logger_provider:
            OpenTelemetry providers to use instead of the global ones.
        """
        with self._changing:
            self.settings = settings = self.settings or Settings.resolve()
            if settings.disabled or not {"discord", "*"}.isdisjoint(settings.disabled_instrumentations):
                return
            if self.telemetry.asleep and self._source is not None:  # a forked child, where the hooks wait for a bot
                return
            self.telemetry.rates.choose(settings.trace_rates)
            connect = partial(
                self._connect,
                settings,
                meter_provider=meter_provider,
                tracer_provider=tracer_provider,
                logger_provider=logger_provider,
            )
            self.telemetry.attempt("bridge", connect)
            helpers.use(partial(self.telemetry.attempt, "helpers", self._helped))
            self.telemetry.attempt("hooks", partial(self._install, settings))

    def _connect(self, settings: Settings, **providers: MeterProvider | TracerProvider | LoggerProvider | None) -> None:
        from .catalogues import CATALOGUES
        from .otel.bridge import Bridge

        if self._bridge is None:
            self.telemetry.gauge(HOOK_ACTIVE, self._hooks_active)
            self._bridge = Bridge(self.telemetry, CATALOGUES)
        own = self._providers.meter_provider if self._providers else None
        export_logs = "logging" not in settings.disabled_instrumentations
        self._bridge.connect(own_meter_provider=own, export_logs=export_logs, **providers)  # type: ignore[arg-type]
        self.telemetry.on_start = self._bot_starts

    def _helped(self) -> Own:
        """Return what records what the bot's own code counts, times and annotates: at its first call."""
        from .catalogues import CATALOGUES
        from .telemetry.own import Own

        if self._own is None:
            self._own = Own(self.telemetry, CATALOGUES)
        return self._own

    def _install(self, settings: Settings) -> None:
        from .sources.discord.source import DiscordSource
        from .sources.process.source import ProcessSource

        if self._process is None:  # before the other source, whose event loops it is to be told of
            self._process = ProcessSource(self.telemetry, settings.loop_blocked_after)
        if self._source is None:
            self._source = DiscordSource(self.telemetry, on_import=self._imported)
        self._source.install()

    def _imported(self) -> None:
        """Go to work: this process is a bot's, and not some child that inherited the environment."""
        settings = self.settings or Settings.resolve()
        if settings.simulator_url:
            self.telemetry.attempt("simulator", partial(_redirect, settings.simulator_url))
        if self.telemetry.asleep:  # a forked child, where an import may be all that there is
            return
        if self._process is not None:
            self.telemetry.attempt("process", self._process.install)
        self.telemetry.attempt("process metrics", partial(self._measure_process, settings))
        if settings.history != "off":
            self.telemetry.attempt(f"exporter:history {settings.history}", partial(self._keep_history, settings))
        if self._providers is not None:
            self.telemetry.attempt("sigterm", self._providers.end_on_sigterm)
        if settings.endpoint:
            self.telemetry.attempt("endpoint", partial(self._serve, settings))
        else:
            self.telemetry.health.report("endpoint", State.OFF, "ARGUS_ENDPOINT is false")
        if not self._announced:
            self._announced = True
            if runs_without_gil():
                _log.warning("argus-otel: %s. The bot and everything else go on.", WITHOUT_GIL)
            last_resort.show(self.announcement())

    def _keep_history(self, settings: Settings) -> None:
        from .history.recording import Recording
        from .otel.resource import build
        from .otel.shutdown import end_on_sigterm, end_with_the_process
        from .sources.discord.resource import attributes

        if self._recording is not None:
            self._recording.resume()
            return
        recording = Recording(settings, self.telemetry, self._resource or build(settings, attributes(settings)))
        recording.start()
        self._recording = recording
        if self._providers is None:  # somebody else has set the SDK up, and ends it
            ending = [("history", self._end_history)]
            health = self.telemetry.health
            self._end = end_with_the_process(ending, settings.shutdown_timeout, health, self._begin_to_end)
            end_on_sigterm(self._end)

    def _begin_to_end(self) -> None:
        """Say so, and end what is under way: it would not be counted, and its spans have children that are exported."""
        self.telemetry.health.ending = True
        if self._process is not None:
            self._process.end()
        self.telemetry.guard.in_flight.cut_short()

    def _end_history(self) -> None:
        if self._recording is not None:
            self.telemetry.attempt("shutdown:history", self._recording.end)

    def _measure_process(self, settings: Settings) -> None:
        from .sources.system.source import SystemSource

        if self._system is None:
            self._system = SystemSource(self.telemetry, settings, lambda: None)
        self._system.start()

    def _serve(self, settings: Settings) -> None:
        from .endpoint import Endpoint

        if self._endpoint is None:
            metrics = self._providers.prometheus if self._providers else None
            endpoint = Endpoint(settings, self.telemetry, metrics, self.status)
            endpoint.start()
            self._endpoint = endpoint
            self.telemetry.health.report("endpoint", State.OK, endpoint.url)

    def uninstrument(self) -> None:
        """Take the hooks out and stop the endpoint; safe to repeat. Counters keep their values."""
        with self._changing:
            helpers.use(None)
            if self._source is not None:
                self._source.uninstall()
            if self._process is not None:
                self._process.uninstall()
            if self._system is not None:
                self._system.uninstall()
            if self._recording is not None:
                self._recording.pause()
            if self._endpoint is not None:
                self._endpoint.stop()
                self._endpoint = None
                self.telemetry.health.report("endpoint", State.OFF, "uninstrumented")

    # -- in a forked child

    def drop_in_child(self) -> None:
        """After a fork, in the child: no second bot. Nothing is exported, served or kept until one starts here.

        Takes no lock that another thread of the parent's may have held, and starts no thread: a child that was forked
        from a thread ends with its last one.
        """
        self._changing = threading.RLock()
        helpers.drop_in_child()
        self._own = self._endpoint = None
        self.telemetry.health.forget("endpoint")
        self.telemetry.drop_in_child()
        for part in (
            self._end, self._providers, self._bridge, self._recording, self._process, self._source, self._system
        ):  # fmt: skip
            if part is not None:
                self.telemetry.attempt("fork", part.drop_in_child)
        if self._providers is not None:
            self.telemetry.attempt("fork", self._providers.end_with_this_thread)

    def _bot_starts(self) -> None:
        if self.telemetry.asleep:
            with self._changing:
                self.telemetry.attempt("fork", self._begin_again)
        elif self._bridge is not None:
            self._bridge.refresh()

    def _begin_again(self) -> None:
        """Go to work in a forked child: a bot starts here. A launcher that forks its clusters is one such parent."""
        from .otel.resource import build
        from .sources.discord.resource import attributes

        settings = self.settings or Settings.resolve()
        self.telemetry.begin_again()
        self._resource = build(settings, attributes(settings), self._auto_instrumentation_version)
        self._recording, self._announced = None, False
        if self._providers is not None:
            self._providers.begin_again(self._resource)
        if self._bridge is not None:
            self._bridge.begin_again()
        helpers.use(partial(self.telemetry.attempt, "helpers", self._helped))
        self._imported()

    # -- what it tells about itself

    @property
    def endpoint_url(self) -> str | None:
        """Where the endpoint is served, or ``None`` where it is not."""
        return self._endpoint.url if self._endpoint else None

    def status(self) -> dict[str, object]:
        """Return what ``/status`` serves: JSON-able, and free of secrets."""
        settings = self.settings or Settings.resolve()
        return {
            "version": __version__,
            "service": settings.service_name,
            **self.telemetry.health.describe(),
            "faults": self.telemetry.guard.faults,
        }

    def announcement(self) -> str:
        """Return the one line at start: what is hooked, what is exported, and where."""
        health = self.telemetry.health
        hooks = health.parts("hook:")
        placed = self._source.in_place if self._source else 0
        exported = [
            name.removeprefix("exporter:")
            for name, part in health.parts("exporter:").items()
            if part.state is State.OK and not name.endswith(" prometheus")
        ]
        if self._endpoint is not None:
            exported.insert(0, f"endpoint {self._endpoint.url}")
        libraries = self._source.libraries if self._source else []
        found = " and ".join(map(str, libraries)) or "discord.py"
        line = f"argus-otel {__version__}: {placed} hooks in {found}"
        partly = any(library.fork for library in libraries)
        if partly:
            line += f" ({sum(part.state is State.ABSENT for part in hooks.values())} absent, as docs/hooks.md says)"
        line += f"; {', '.join(exported) or 'nothing is exported'}"
        failed = [
            name
            for name, part in health.parts().items()
            if part.state is State.FAILED or (part.state is State.ABSENT and not (partly and name in hooks))
        ]
        if failed:
            line += f"; not working: {', '.join(failed)} (argus-otel doctor tells more)"
        if self.settings is not None and self.settings.simulator_url:
            redirected = "simulator" not in health.parts()  # a part that is named only where it failed
            where = "does not talk to Discord" if redirected else "could not be pointed at it, and talks to Discord"
            line += f"; SIMULATOR {unquoted.location(self.settings.simulator_url)}: this bot {where}"
        return self.telemetry.redact(line)

    def _hooks_active(self) -> list[tuple[dict[str, str], float]]:
        hooks = self.telemetry.health.parts("hook:")
        return [({"argus.hook": name.removeprefix("hook:")}, float(p.state is State.OK)) for name, p in hooks.items()]


def _redirect(url: str) -> None:
    from discord_simulator.redirect import redirect

    redirect(url)


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
