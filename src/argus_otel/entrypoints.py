"""What OpenTelemetry's loader finds by entry points: the distro, the configurator, an instrumentor for each source.

Each is a thin front of :mod:`argus_otel.runtime`, and cheap to load: the loader runs in every Python process that
inherits ``opentelemetry-instrument``'s environment.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from importlib.metadata import EntryPoint
from typing import Any

from opentelemetry.instrumentation.dependencies import get_dependency_conflicts
from opentelemetry.instrumentation.distro import BaseDistro
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from .discovery import installed
from .runtime import runtime
from .settings import PARENT_SERVICE, Settings


class ArgusDistro(BaseDistro):
    """Chosen by ``OTEL_PYTHON_DISTRO=argus``, or if no other distro is installed."""

    def _configure(self, **kwargs: Any) -> None:  # noqa: ARG002
        # Read by the other instrumentations in this process, so that their names are the stable ones, as ours are.
        os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")

    def load_instrumentor(self, entry_point: EntryPoint, **kwargs: Any) -> None:
        """Load an installed instrumentor, unless a source replaces it."""
        if any(entry_point.name in spec.replaces for spec in installed().specs.values()):
            return
        if entry_point.name == "logging":  # a handler of its on the root logger would keep `basicConfig` from working
            kwargs["enable_log_auto_instrumentation"] = False
        super().load_instrumentor(entry_point, **kwargs)  # pyright: ignore[reportUnknownMemberType]
        for spec in installed().specs.values():
            if entry_point.name in spec.supersedes and not spec.is_off(Settings.resolve().disabled_instrumentations):
                from .superseded import switch_off_once_used

                switch_off_once_used(spec, entry_point, runtime().telemetry)


class ArgusConfigurator:
    """Chosen by ``OTEL_PYTHON_CONFIGURATOR=argus``, or if no other configurator is installed.

    No subclass of the SDK's, since that is imported with the SDK of all three signals, and a bot may export one. The
    loader calls :meth:`configure` and asks for no more.
    """

    def configure(self, *, auto_instrumentation_version: str | None = None, **_: object) -> None:
        """Set the SDK up; see :meth:`argus_otel.runtime.Runtime.configure`."""
        settings = Settings.resolve()
        if settings.config_file and not settings.disabled:
            # Declarative configuration sets the SDK up alone. A file that cannot be used must not cost the hooks.
            runtime().telemetry.attempt("setting:OTEL_CONFIG_FILE", _declare)
        os.environ[PARENT_SERVICE] = settings.service_name  # for children whose command line names no script
        runtime().configure(settings, auto_instrumentation_version)


def _declare() -> None:
    from .otel.private import sdk_configurator

    sdk_configurator()().configure()


class SourceInstrumentor(BaseInstrumentor):
    """Instruments what one source observes; a source's own is a subclass that names it.

    ``DiscordInstrumentor().instrument(meter_provider=…, tracer_provider=…, logger_provider=…)`` places the hooks, and
    uses these OpenTelemetry providers, by default the global ones. It sets no provider up:
    :func:`argus_otel.instrument` does.

    Attributes
    ----------
    source:
        The source's name.
    """

    source: str

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return the first library of the source that is installed.

        The loader requires everything that is returned. So if none is installed, this is the first of them.
        """
        libraries = self._libraries()
        return self._fitting(libraries) or libraries[:1]

    def _libraries(self) -> tuple[str, ...]:
        spec = installed().specs.get(self.source)
        return spec.libraries if spec is not None else ()

    @staticmethod
    def _fitting(libraries: tuple[str, ...]) -> tuple[str, ...]:
        for library in libraries:  # those after it are not asked for: this is a part of each start
            if get_dependency_conflicts([library]) is None:
                return (library,)
        return ()

    def _instrument(self, **kwargs: Any) -> None:
        libraries = self._libraries()
        if libraries and not self._fitting(libraries):  # the loader compares what any of the sources observes
            return
        providers = ("meter_provider", "tracer_provider", "logger_provider")
        runtime().instrument((self.source,), **{name: kwargs[name] for name in providers if name in kwargs})

    def _uninstrument(self, **kwargs: Any) -> None:  # noqa: ARG002
        runtime().uninstrument((self.source,))


class DiscordInstrumentor(SourceInstrumentor):
    """Instruments discord.py, and its forks in part."""

    source = "discord"


class ChecksInstrumentor(SourceInstrumentor):
    """Runs service checks."""

    source = "checks"


class LangGraphInstrumentor(SourceInstrumentor):
    """Instruments graphs of LangGraph, and the tools and models of LangChain in them."""

    source = "graphs"


class TrainingInstrumentor(SourceInstrumentor):
    """Instruments training runs."""

    source = "training"
