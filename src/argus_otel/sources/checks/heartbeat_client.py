"""Beats to a heartbeat check of an agent, from a program."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from argus_otel.telemetry.guard import attempt as attempted

if TYPE_CHECKING:
    from typing_extensions import Self

_log = logging.getLogger("argus_otel")


class HeartbeatError(Exception):
    """The agent has not accepted a beat. The message says why, without URL and token."""


class Heartbeat:
    """A heartbeat check of an agent, to which this program beats. Made by :func:`argus_otel.checks.heartbeat`.

    Any method may be called on any thread, and repeatedly. Why the agent has not accepted a beat is logged, and logged
    again only once the reason is another one.

    ``ok()``, ``start()`` and ``fail()`` wait for the agent's answer. Coroutines await ``aok()``, ``astart()`` and
    ``afail()``, which send on a thread, one after the other. Where a method that waits is called on an event loop, it
    does not wait either: that thread sends the beat, and the interpreter does not end before it is sent.

    Parameters
    ----------
    url, token, timeout, retries, raises:
        See :func:`argus_otel.checks.heartbeat`.
    """

    def __init__(self, url: str, token: str, *, timeout: float, retries: int, raises: bool) -> None:
        from .endpoint_access import is_endpoint_url, is_token

        if not is_endpoint_url(url):
            raise ValueError("the URL of a heartbeat is one such as http://agent:9464/heartbeat/nightly")
        if not is_token(token):
            raise ValueError("the token of a heartbeat is a text of visible ASCII characters")
        if timeout <= 0 or retries < 0:
            raise ValueError("the timeout of a heartbeat is more than 0 seconds, and its retries are 0 or more")
        self._url = url
        self._token = token
        self._timeout = timeout
        self._retries = retries
        self._raises = raises
        self._name = urlsplit(url).path.rstrip("/").rpartition("/")[2]
        self._problem = ""
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0

    def __repr__(self) -> str:
        return f"<Heartbeat {self._name!r}>"

    # -- for threads

    def ok(self) -> None:
        """Say that the job is done, or that the program still works.

        Raises
        ------
        HeartbeatError
            The agent has not accepted it; only with ``raises``, and not on an event loop.
        """
        self._wait("", raises=self._raises)

    def start(self) -> None:
        """Say that the job begins, so that its runtime is measured. Makes one attempt, since a job waits for it.

        Raises
        ------
        HeartbeatError
            As :meth:`ok`.
        """
        self._wait("start", raises=self._raises)

    def fail(self) -> None:
        """Say that the job failed: the check is down at its next run.

        Raises
        ------
        HeartbeatError
            As :meth:`ok`.
        """
        self._wait("fail", raises=self._raises)

    def __enter__(self) -> Self:
        """Say that the job begins. Raises nothing: the job is not to depend on it."""
        self._wait("start", raises=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Say that the job is done, or that it failed by what it has raised, which passes on.

        Raises
        ------
        HeartbeatError
            As :meth:`ok`, if the job has raised nothing.
        """
        self._wait(_ending(error), raises=self._raises and error is None)

    # -- for coroutines

    async def aok(self) -> None:
        """Do as :meth:`ok`, without blocking the event loop."""
        await self._off_loop("", raises=self._raises)

    async def astart(self) -> None:
        """Do as :meth:`start`, without blocking the event loop."""
        await self._off_loop("start", raises=self._raises)

    async def afail(self) -> None:
        """Do as :meth:`fail`, without blocking the event loop."""
        await self._off_loop("fail", raises=self._raises)

    async def __aenter__(self) -> Self:
        """Do as :meth:`__enter__`, without blocking the event loop."""
        try:
            await self._off_loop("start", raises=False)
        except asyncio.CancelledError:  # the job does not begin, and __aexit__ is not called
            self._on_thread("fail")
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Do as :meth:`__exit__`, without blocking the event loop. A job that is cancelled has failed."""
        await self._off_loop(_ending(error), raises=self._raises and error is None)

    # -- how it is sent

    def _wait(self, what: str, *, raises: bool) -> None:
        if _is_on_event_loop():
            self._on_thread(what)
        else:
            _raise(self._send(what), raises)

    async def _off_loop(self, what: str, *, raises: bool) -> None:
        _raise(await asyncio.wrap_future(self._on_thread(what)), raises)

    def _on_thread(self, what: str) -> Future[str]:
        """Send a beat after those before it; return the future reason for which it was not accepted."""
        if self._pool is None or self._process != os.getpid():  # a fork has no threads
            self._pool, self._process = ThreadPoolExecutor(1, "argus-otel heartbeat call"), os.getpid()
        sent = Future[str]()
        sent.set_running_or_notify_cancel()  # a caller that is cancelled does not cancel the beat
        context = contextvars.copy_context()  # the job's span is the parent of a span of the call
        try:
            self._pool.submit(lambda: sent.set_result(context.run(self._send, what)))
        except RuntimeError as error:  # the interpreter ends, or can start no thread
            sent.set_result(self._logged(f"it cannot be sent: {error}"))
        return sent

    def _send(self, what: str) -> str:
        """Send a beat; return why it was not accepted, or an empty text."""
        faults: list[str] = []
        problem = attempted(lambda: self._delivered(what), faults.append)
        if problem is None:  # the text of an exception may quote the URL or the token; its class does not
            problem = f"it cannot be sent: {faults[0].partition(':')[0]}"
        return self._logged(problem)

    def _delivered(self, what: str) -> str:
        from .heartbeat_calls import deliver  # with urllib

        retries = 0 if what == "start" else self._retries
        return deliver(self._url, self._token, what, self._timeout, retries)

    def _logged(self, problem: str) -> str:
        if problem and problem != self._problem:
            _log.warning("argus-otel: the heartbeat %r was not accepted: %s", self._name, problem)
        elif self._problem and not problem:
            _log.info("argus-otel: the heartbeat %r is accepted again", self._name)
        self._problem = problem
        return problem


def _raise(problem: str, raises: bool) -> None:
    if problem and raises:
        raise HeartbeatError(problem)


def _ending(error: BaseException | None) -> str:
    """Return what a job tells by how it ends: ``sys.exit(0)`` is no failure."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return ""
    return "fail"


def _is_on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
