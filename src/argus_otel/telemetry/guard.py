"""The fail-open guard: the one place where a broad ``except`` stands.

A hook's body that raises is counted, logged once, and swallowed; the bot never sees it. Exceptions of the bot's own
code never pass through here: only bodies of ours are shielded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar, cast

from .in_flight import InFlight

_log = logging.getLogger("argus_otel")

P = ParamSpec("P")
T = TypeVar("T")

Failed = Callable[[str, Exception], None]


class PartError(Exception):
    """A part of the distro cannot start, for a reason that the message explains in full."""


def attempt(action: Callable[[], T], failed: Callable[[str], None]) -> T | None:
    """Return what ``action`` returns; where it raises, call ``failed`` with the reason and return ``None``.

    The reason is not redacted; :meth:`Guard.attempt` does that.
    """
    try:
        return action()
    except PartError as error:
        failed(str(error))
    except Exception as error:  # noqa: BLE001 - this is the guard
        failed(in_a_line(error))
    return None


class Guard:
    """Shields the observed program from faults of the code that observes it.

    Parameters
    ----------
    count:
        Called with the hook's name at each fault.
    redact:
        Takes secrets out of a text before it is logged.
    stacktrace:
        Returns an exception's stacktrace as it may leave: our fault may have happened while one of the bot's was
        handled, which may be private.

    Attributes
    ----------
    in_flight:
        The work that is under way.
    """

    def __init__(
        self,
        count: Callable[[str], None],
        redact: Callable[[str], str],
        stacktrace: Callable[[BaseException], str],
    ) -> None:
        self.in_flight = InFlight()
        self._count = count
        self._redact = redact
        self._stacktrace = stacktrace
        self._faults: dict[str, str] = {}

    @property
    def faults(self) -> dict[str, str]:
        """The last fault of each hook that had one: hook to a line about it."""
        return dict(self._faults)

    def attempt(self, action: Callable[[], T], failed: Callable[[str], None]) -> T | None:
        """Return what ``action`` returns; where it raises, call ``failed`` with the reason and return ``None``."""
        return attempt(action, lambda reason: failed(self._redact(reason)))

    def run(self, hook: str, body: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return what ``body`` returns; where it raises, take note of a fault of ``hook`` and return ``None``."""
        try:
            return body(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - this is the guard
            self._failed(hook, error)
            return None

    def shield(self, hook: str, body: Callable[P, T], arguments: int | None = None) -> Callable[P, T | None]:
        """Return ``body`` such that it returns ``None`` where it would have raised. Positional arguments only.

        Parameters
        ----------
        arguments:
            How many there are, where the hook itself names each of them, and not the observed program: a tuple for any
            number of them costs as much as many a body.
        """
        # Without **kwargs, which cost every call a dictionary.
        make = _SHIELDS.get(arguments, _shield_any)
        return cast("Callable[P, T | None]", make(hook, body, self._failed))

    def around(
        self, hook: str, begin: Callable[..., T | None], end: Callable[[T, BaseException | None], None]
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return what wraps a coroutine function in an operation.

        Parameters
        ----------
        begin:
            Called with the positional arguments; returns the operation, or ``None`` to let the call through.
        end:
            Called with the operation and the exception that the original raised, which goes on its way afterwards.
        """
        failed, ended = self._failed, self.shield(hook, end, arguments=2)
        in_flight, land = self.in_flight, self.in_flight.pop

        def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
            async def operate(*args: Any, **kwargs: Any) -> Any:
                try:
                    operation = begin(*args)
                except Exception as error:  # noqa: BLE001 - this is the guard
                    failed(hook, error)
                    operation = None
                if operation is None:
                    return await original(*args, **kwargs)
                in_flight[operation] = ended
                try:
                    result = await original(*args, **kwargs)
                except BaseException as error:
                    if land(operation, None) is not None:
                        ended(operation, error)
                    raise
                if land(operation, None) is not None:
                    try:
                        end(operation, None)
                    except Exception as error:  # noqa: BLE001 - this is the guard
                        failed(hook, error)
                return result

            return operate

        return wrap

    def before(self, hook: str, body: Callable[[], object]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return what wraps a function so that ``body`` is called before it, each time."""
        failed = self._failed

        def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
            def observed(*args: Any, **kwargs: Any) -> Any:
                try:
                    body()
                except Exception as error:  # noqa: BLE001 - this is the guard
                    failed(hook, error)
                return original(*args, **kwargs)

            return observed

        return wrap

    def after(
        self, hook: str, body: Callable[[Any, Any, BaseException | None], object]
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return what wraps a coroutine method without arguments so that ``body`` is called after it, each time.

        Parameters
        ----------
        body:
            Called with the method's object, with what the method returned, and with what it raised instead.
        """
        failed, raised = self._failed, self.shield(hook, body, arguments=3)

        def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
            async def observed(self: Any) -> Any:
                try:
                    result = await original(self)
                except BaseException as error:
                    raised(self, None, error)
                    raise
                try:
                    body(self, result, None)
                except Exception as error:  # noqa: BLE001 - this is the guard
                    failed(hook, error)
                return result

            return observed

        return wrap

    def ending(self, hook: str, end: Callable[[T, BaseException | None], None]) -> Callable[..., Any]:
        """Return what runs a coroutine function to the end of an operation that has begun before.

        It is called with the operation, the coroutine function, and that one's arguments. ``end`` is as in
        :meth:`around`.
        """
        ended = self.shield(hook, end, arguments=2)

        async def run(operation: T, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            try:
                result = await original(*args, **kwargs)
            except BaseException as error:
                ended(operation, error)
                raise
            ended(operation, None)
            return result

        return run

    def fault(self, hook: str, error: Exception) -> None:
        """Take note of a fault that a hook has caught itself, by its exact class, where each nanosecond counts."""
        self._failed(hook, error)

    def _failed(self, hook: str, error: Exception) -> None:
        # Telling of a fault runs code of others too (a logging handler, an exception's __str__): that may fail as well.
        with suppress(Exception):
            self._count(hook)
            line = self._redact(in_a_line(error))
            known = hook in self._faults  # nothing is called up to the next line, so no other thread comes in between
            self._faults[hook] = line
            if not known:
                trace = self._stacktrace(error)
                _log.warning("argus-otel: hook %s failed, the bot goes on (said once for each hook)\n%s", hook, trace)


def _shield_any(hook: str, body: Callable[..., T], failed: Failed) -> Callable[..., T | None]:
    def shielded(*args: object) -> T | None:
        try:
            return body(*args)
        except Exception as error:  # noqa: BLE001 - this is the guard
            failed(hook, error)
            return None

    return shielded


def _shield_one(hook: str, body: Callable[..., T], failed: Failed) -> Callable[..., T | None]:
    def shielded(first: object) -> T | None:
        try:
            return body(first)
        except Exception as error:  # noqa: BLE001 - this is the guard
            failed(hook, error)
            return None

    return shielded


def _shield_two(hook: str, body: Callable[..., T], failed: Failed) -> Callable[..., T | None]:
    def shielded(first: object, second: object) -> T | None:
        try:
            return body(first, second)
        except Exception as error:  # noqa: BLE001 - this is the guard
            failed(hook, error)
            return None

    return shielded


def _shield_three(hook: str, body: Callable[..., T], failed: Failed) -> Callable[..., T | None]:
    def shielded(first: object, second: object, third: object) -> T | None:
        try:
            return body(first, second, third)
        except Exception as error:  # noqa: BLE001 - this is the guard
            failed(hook, error)
            return None

    return shielded


_SHIELDS: dict[int | None, Callable[..., Any]] = {1: _shield_one, 2: _shield_two, 3: _shield_three}


def in_a_line(error: BaseException) -> str:
    """Return ``error``'s class and message, even where its ``__str__`` raises."""
    return f"{type(error).__name__}: {message_of(error)}"


def message_of(error: BaseException) -> str:
    """Return ``error``'s message, or a remark that it has none that could be had."""
    try:
        return str(error)
    except Exception as fault:  # noqa: BLE001 - this is the guard
        return f"<no message: its __str__ raised {type(fault).__name__}>"
