"""What OpenTelemetry's loader finds by entry points: the distro, the configurator, the instrumentor.

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

from .runtime import runtime
from .settings import Settings


class ArgusDistro(BaseDistro):
    """Chosen by ``OTEL_PYTHON_DISTRO=argus``, or where no other distro is installed."""

    def _configure(self, **kwargs: Any) -> None:  # noqa: ARG002
        # Read by the other HTTP instrumentations in this process, so that their names are the stable ones, as ours are.
        os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")

    def load_instrumentor(self, entry_point: EntryPoint, **kwargs: Any) -> None:
        """Load one of the instrumentors that are installed, but leave to the runtime what it does more sparingly."""
        if entry_point.name == "system_metrics":  # started with the bot, for its process only
            return
        if entry_point.name == "logging":  # a handler of its on the root logger would keep `basicConfig` from working
            kwargs["enable_log_auto_instrumentation"] = False
        super().load_instrumentor(entry_point, **kwargs)  # pyright: ignore[reportUnknownMemberType]


class ArgusConfigurator:
    """Chosen by ``OTEL_PYTHON_CONFIGURATOR=argus``, or where no other configurator is installed.

    No subclass of the SDK's, since that is imported with the SDK of all three signals, and a bot may export one. The
    loader calls :meth:`configure` and asks for no more.
    """

    def configure(self, *, auto_instrumentation_version: str | None = None, **_: object) -> None:
        """Set the SDK up; see :meth:`argus_otel.runtime.Runtime.configure`."""
        settings = Settings.resolve()
        if settings.config_file and not settings.disabled:
            # Declarative configuration sets the SDK up alone. A file that cannot be used must not cost the hooks.
            runtime().telemetry.attempt("setting:OTEL_CONFIG_FILE", _declare)
        runtime().configure(settings, auto_instrumentation_version)


def _declare() -> None:
    from opentelemetry.sdk._configuration import (
        _OTelSDKConfigurator as SDKConfigurator,  # pyright: ignore[reportPrivateUsage] - the documented base of distros
    )

    SDKConfigurator().configure()  # pyright: ignore[reportUnknownMemberType]


LIBRARIES = ("discord.py>=2.4.0a0,<3", "py-cord>=2.6.0a0,<3", "nextcord>=2.6.0a0,<4", "disnake>=2.9.0a0,<3")
"""What is hooked, any one of it: the extra ``instruments-any``, which is what the loader looks at."""


class DiscordInstrumentor(BaseInstrumentor):
    """Instruments discord.py, and its forks in part.

    ``DiscordInstrumentor().instrument(meter_provider=…, tracer_provider=…, logger_provider=…)`` hooks them, and uses
    these OpenTelemetry providers, by default the global ones. It sets no provider up:
    :func:`argus_otel.instrument` does.
    """

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return what has to be installed for this to make sense: of :data:`LIBRARIES`, the first that will do.

        All that is returned has to be there, so where none will do it is discord.py.
        """
        fitting = [library for library in LIBRARIES if get_dependency_conflicts([library]) is None]
        return fitting[:1] or LIBRARIES[:1]

    def _instrument(self, **kwargs: Any) -> None:
        providers = ("meter_provider", "tracer_provider", "logger_provider")
        runtime().instrument(**{name: kwargs[name] for name in providers if name in kwargs})

    def _uninstrument(self, **kwargs: Any) -> None:  # noqa: ARG002
        runtime().uninstrument()
