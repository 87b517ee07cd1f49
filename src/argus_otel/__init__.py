"""An OpenTelemetry distro for the programs of small teams: metrics, traces and logs without a change to the program.

``opentelemetry-instrument python bot.py`` or ``argus-otel run bot.py`` need no change. A program can also do it itself,
in one line before it starts::

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
    """Place the hooks of every installed source in this process, and set OpenTelemetry's SDK up.

    Safe to repeat, and to cycle with :func:`uninstrument`: a second call changes nothing.

    Parameters
    ----------
    meter_provider, tracer_provider, logger_provider:
        OpenTelemetry providers to use. By default the global ones; if there are none, they are set up first.
    keywords:
        Settings, such as ``endpoint_port=9500``. They win over the environment, and count the first time only.

    Raises
    ------
    TypeError
        A keyword that is no setting. Nothing else is ever raised: a part that cannot start is warned of, and the
        program goes on.
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
