"""OpenTelemetry for discord.py bots: metrics, traces and logs of a bot that knows nothing of it.

``opentelemetry-instrument python bot.py`` or ``argus-otel run bot.py`` need no change to the bot. Those who prefer one
line put it before the bot starts::

    import argus_otel

    argus_otel.instrument()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .helpers import annotate, count, record, timed
from .version import __version__

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ["__version__", "annotate", "count", "instrument", "record", "timed", "uninstrument"]


def instrument(
    *,
    meter_provider: MeterProvider | None = None,
    tracer_provider: TracerProvider | None = None,
    logger_provider: LoggerProvider | None = None,
    **keywords: object,
) -> None:
    """Observe every discord.py client of this process, made before or after.

    Safe to repeat, and to cycle with :func:`uninstrument`: a second call changes nothing.

    Parameters
    ----------
    meter_provider, tracer_provider, logger_provider:
        OpenTelemetry providers to use. By default the global ones, which are set up first where nobody has.
    keywords:
        Attributes of :class:`argus_otel.settings.Settings`, such as ``endpoint_port=9500``. They win over the
        environment, and count the first time only.

    Raises
    ------
    TypeError
        A keyword that is no setting. Nothing else is ever raised: what cannot start is warned of, and the bot goes on.
    """
    from .runtime import runtime
    from .settings import Settings

    resolved = Settings.resolve(keywords=keywords)
    runtime().configure(resolved)
    runtime().instrument(
        meter_provider=meter_provider, tracer_provider=tracer_provider, logger_provider=logger_provider
    )


def uninstrument() -> None:
    """Take every hook out and stop the endpoint. Safe to repeat; counters keep their values."""
    from .runtime import runtime

    runtime().uninstrument()
