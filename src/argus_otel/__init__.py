"""An OpenTelemetry distro for the programs of small teams: metrics, traces and logs without a change to the program.

``opentelemetry-instrument python bot.py`` and ``argus-otel run bot.py`` need no change. A program can also call the
distro itself, in one line before it starts::

    import argus_otel

    argus_otel.instrument()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .api import annotate, count, record, timed
from .version import __version__

if TYPE_CHECKING:
    from aiohttp.web import Application
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider
    from typing_extensions import Unpack

    from .endpoint.mount.answering import Answering
    from .endpoint.mount.asgi import AsgiApp
    from .endpoint.routes import Routes
    from .settings.keywords import Keywords
    from .training import run as training_run

__all__ = [
    "__version__",
    "aiohttp_app",
    "annotate",
    "asgi",
    "count",
    "instrument",
    "record",
    "timed",
    "training_run",
    "uninstrument",
]


def __getattr__(name: str) -> Any:
    """Import what only some programs need when it is asked for: :func:`argus_otel.training.run` by another name."""
    if name == "training_run":
        from .training import run

        return run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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


def asgi(*, check_token: bool = True) -> AsgiApp:
    """Return the endpoint's page, `/metrics`, `/healthz`, `/readyz` and `/status` as an ASGI application.

    ::

        app = FastAPI()
        app.mount("/argus", argus_otel.asgi())

    It works before the bot starts, whether or not ``ARGUS_ENDPOINT`` serves the same paths on a port of their own, and
    after :func:`uninstrument`. Who may read it is decided by the application around it: the request's host is not
    checked. Requests are answered on threads, and do not keep the event loop waiting.

    Parameters
    ----------
    check_token:
        Whether the page, `/metrics` and `/status` require ``ARGUS_ENDPOINT_TOKEN`` if that is set. Turn it off if the
        application around this one authenticates.
    """
    from .endpoint.mount.asgi import AsgiApp

    return AsgiApp(_answering(check_token))


def aiohttp_app(*, check_token: bool = True) -> Application:
    """Return the same as :func:`asgi`, as an application of aiohttp.

    ::

        app = web.Application()
        app.add_subapp("/argus", argus_otel.aiohttp_app())

    Parameters
    ----------
    check_token:
        See :func:`asgi`.

    Raises
    ------
    ImportError
        aiohttp is not installed. discord.py requires it.
    """
    from .endpoint.mount.aiohttp_app import application

    return application(_answering(check_token))


def _answering(check_token: bool) -> Answering:
    from .endpoint.mount.answering import Answering

    return Answering(_routes, check_token=check_token)


def _routes() -> Routes:
    from .runtime import runtime  # at the first request: a module of the program may mount it and never be served

    return runtime().routes()
