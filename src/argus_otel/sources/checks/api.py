"""The functions of :mod:`argus_otel.checks`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .judge import Status
from .outcomes import Run
from .packages import missing
from .subscribers import EVENTS, EventName, Subscriber

if TYPE_CHECKING:
    from .definition import Check
    from .heartbeat_client import Heartbeat
    from .source import ChecksSource

_log = logging.getLogger("argus_otel")

SubscriberT = TypeVar("SubscriberT", bound=Subscriber)
FunctionT = TypeVar("FunctionT", bound=Callable[[], Any])

_source: ChecksSource | None = None
_subscribers: list[tuple[EventName, Subscriber]] = []


def bind(source: ChecksSource | None) -> None:
    """Act on a source from now on; with ``None``, on none. For the source itself."""
    global _source  # the functions are module-level, and a process has one source of checks
    _source = source
    if source is not None:
        for event, subscriber in _subscribers:
            source.subscribers.add(event, subscriber)
        _subscribers.clear()


def start(path: str | Path | None = None) -> None:
    """Run the checks of a file, and those of the program itself, on a thread of their own. Safe to repeat.

    Mistakes in the file are logged; they do not stop the program.

    Parameters
    ----------
    path:
        The file; by default that of ``ARGUS_CHECKS_FILE``; without either, only the program's own checks run.
    """
    source = _bound("start")
    if source is not None:
        source.run_in_thread(None if path is None else Path(path))
        source.activate()


def decide_readiness() -> None:
    """Let the process be ready while the checks run. For the agent itself: a bot is ready without its checks, too."""
    if _source is not None:
        _source.decide_readiness()


def stop() -> None:
    """Run no checks any more. Safe to repeat."""
    if _source is not None:
        _source.end()


def reload() -> None:
    """Read the file again soon, though it looks as it did. Any thread; does nothing if no checks run."""
    if _source is not None:
        _source.call(lambda supervisor: supervisor.reload())


def on(event: EventName) -> Callable[[SubscriberT], SubscriberT]:
    """Subscribe the decorated function, or coroutine function, to an event.

    Parameters
    ----------
    event:
        ``status_changed``, ``failed``, ``succeeded``: the function gets a :class:`argus_otel.checks.Change`.
        ``certificate_changed``: a :class:`argus_otel.checks.Run`.
        ``service_changed``: the service's name, and its statuses before and after.
        ``reloaded``: what is wrong with the file, or an empty text.

    Raises
    ------
    ValueError
        There is no such event.
    """
    if event not in EVENTS:
        raise ValueError(f"there is no event {event!r}; there are {', '.join(EVENTS)}")

    def subscribe(subscriber: SubscriberT) -> SubscriberT:
        if _source is None:
            _subscribers.append((event, subscriber))
        else:
            _source.subscribers.add(event, subscriber)
        return subscriber

    return subscribe


def check(name: str, *, every: float = 60.0, timeout: float = 5.0, **more: Any) -> Callable[[FunctionT], FunctionT]:
    """Check the decorated function: it is called at intervals, and fails if it raises or does not end in time.

    A coroutine function runs on the event loop of the program, any other on a thread.

    Parameters
    ----------
    name:
        Of the check.
    every, timeout:
        In seconds.
    more:
        Other arguments of :class:`argus_otel.checks.Check`, such as ``service``.
    """

    def define(function: FunctionT) -> FunctionT:
        source = _bound("check")
        if source is not None:
            source.add_function(name, function, interval=round(every * 1000), timeout=timeout, **more)
        return function

    return define


def register(name: str, definition: Mapping[str, Any]) -> None:
    """Run another check, or run one of this name as it is defined here.

    Parameters
    ----------
    definition:
        As the file has it: ``{"http": "https://shop.example/health", "interval": "30s"}``.

    Raises
    ------
    argus_otel.checks.CheckFileError
        The definition has mistakes.
    argus_otel.checks.ExecutorError
        A type of check that another package brings cannot be loaded.
    """
    source = _bound("register")
    if source is not None:
        source.add_definition(name, definition)


def heartbeat(url: str, *, token: str, timeout: float = 5.0, retries: int = 2, raises: bool = False) -> Heartbeat:
    """Return a heartbeat check of an agent, to which this program can beat. Nothing is sent yet.

    .. code-block:: python

        nightly = checks.heartbeat("https://agent.example:9464/heartbeat/nightly", token=os.environ["NIGHTLY"])

        with nightly:  # says that the job begins, then that it is done; or that it failed, if it raises
            back_up()

        async with nightly:  # the same in a coroutine, without blocking the event loop
            await back_up()

        nightly.ok()  # or by hand: start(), ok(), fail(), and in coroutines await nightly.aok()

    The program needs neither checks of its own nor to be observed.

    Parameters
    ----------
    url:
        Of the check at the agent's endpoint, without user and query.
    token:
        The check's token, which is sent as a bearer token.
    timeout:
        How long one attempt may take, in seconds.
    retries:
        How many more attempts are made while the agent cannot be reached, 1, 2, 4, … seconds apart.
    raises:
        Whether a beat that the agent has not accepted raises :class:`argus_otel.checks.HeartbeatError`. By default it
        is logged, and the program goes on.

    Raises
    ------
    ValueError
        URL, token, timeout or retries cannot be used.
    """
    from .heartbeat_client import Heartbeat

    made = Heartbeat(url, token, timeout=timeout, retries=retries, raises=raises)
    if _source is not None:
        _source.hide(token)
    return made


def delete(name: str) -> None:
    """Run a check no more that :func:`register` or :func:`check` has defined; any other is left to the file."""
    source = _bound("delete")
    if source is not None:
        source.remove(name)


def run_now(name: str) -> None:
    """Run a check soon, besides its schedule; ignored if there is none of this name."""
    source = _bound("run_now")
    if source is not None:
        source.call(lambda supervisor: supervisor.run_now(name))


def statuses() -> dict[str, tuple[Check, Status, Run | None]]:
    """Return each check by its name, with its confirmed status and its last run. Any thread."""
    if _source is None:
        return {}
    return {name: (state.check, state.judge.status, state.last) for name, state in _source.states.items()}


def _bound(function: str) -> ChecksSource | None:
    if _source is None:
        absent = missing()
        remedy = (
            f"{absent} cannot be imported: pip install 'argus-otel[checks]'"
            if absent
            else "start the program by argus-otel run, or call instrument()"
        )
        _log.warning("argus-otel: checks.%s() does nothing: %s", function, remedy)
    return _source
