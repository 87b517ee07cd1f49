"""An OpenTelemetry distro for the programs of small teams: metrics, traces and logs without a change to the program.

``opentelemetry-instrument python bot.py`` and ``argus-otel run bot.py`` need no change. A program can also call the
distro itself, in one line before it starts::

    import argus_otel

    argus_otel.instrument()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .api import annotate, count, record, timed
from .version import __version__

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider
    from typing_extensions import Unpack

    from .settings.keywords import Keywords

__all__ = ["__version__", "annotate", "count", "instrument", "record", "timed", "uninstrument"]


def instrument(
    *,
    meter_provider: MeterProvider | None = None,
    tracer_provider: TracerProvider | None = None,
    logger_provider: LoggerProvider | None = None,
    **keywords: Unpack[Keywords],
) -> None:
    """Install the hooks of every installed source in this process, and set up OpenTelemetry's SDK.

    Safe to repeat: a second call changes nothing. It may alternate with :func:`uninstrument`.

    Parameters
    ----------
    meter_provider, tracer_provider, logger_provider:
        OpenTelemetry providers to use. By default the global ones, which are set up first if the program has not.
    keywords:
        Settings, such as ``endpoint_port=9500``. They precede the environment. Only those of the first call count.

    Raises
    ------
    TypeError
        A keyword is no setting. Nothing else is ever raised: a part that cannot start is warned of, and the program
        goes on.
    """
    from .runtime import runtime
    from .settings import Settings

    resolved = Settings.resolve(keywords=dict(keywords))
    runtime().configure(resolved)
    runtime().instrument(
        meter_provider=meter_provider, tracer_provider=tracer_provider, logger_provider=logger_provider
    )


def uninstrument() -> None:
    """Remove every hook and stop the endpoint. Safe to repeat; counters keep their values."""
    from .runtime import runtime

    runtime().uninstrument()
