"""A simulator on a thread of its own, so that a bot that blocks its loop does not block Discord."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from .errors import SimulatorError
from .server import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    from typing_extensions import Self

P = ParamSpec("P")
R = TypeVar("R")

_START_AND_STOP_TIMEOUT = 10.0


class BackgroundSimulator(Simulator):
    """A :class:`Simulator` with its own thread and event loop.

    Enter it with ``with`` (or ``async with``). It has every method of :class:`Simulator`, for callers on any thread:

    - in a coroutine, on whatever loop, await its methods and those of its handles as usual. The call runs on the
      simulator's loop; the awaiting loop is free in the meantime;
    - outside of coroutines, give the method to :meth:`run`::

        with BackgroundSimulator() as sim:
            handle = sim.run(sim.slash, "ping")
            answer = sim.run(handle.acknowledged, timeout=3)

    The parameters are those of :class:`Simulator`.
    """

    _thread: threading.Thread | None = None
    _stopped: asyncio.Event

    def run(self, method: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a coroutine method on the simulator's loop and block until it is done.

        Raises
        ------
        RuntimeError
            The caller is the simulator's own thread, which must not be blocked.
        SimulatorError
            The simulator is not running.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("run() would block the simulator's own thread; await the method instead")
        loop = self.loop
        return asyncio.run_coroutine_threadsafe(method(*args, **kwargs), loop).result()

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise SimulatorError("the simulator is running already")
        started: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._serve, args=(started,), name="discord-simulator", daemon=True)
        self._thread.start()
        try:
            started.result(_START_AND_STOP_TIMEOUT)
        except OSError:
            self._thread = None
            raise
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._thread is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self.stop(), self.loop).result(_START_AND_STOP_TIMEOUT)
            self._thread.join(_START_AND_STOP_TIMEOUT)
        self._thread = None

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, _type, _value, _traceback)

    def _serve(self, started: concurrent.futures.Future[None]) -> None:
        asyncio.run(self._serve_until_stopped(started))

    async def _serve_until_stopped(self, started: concurrent.futures.Future[None]) -> None:
        self._stopped = asyncio.Event()
        try:
            await self.start()
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(None)
        await self._stopped.wait()

    async def stop(self) -> None:
        """Close every connection and stop listening, and let the thread end."""
        await super().stop()
        self._stopped.set()
