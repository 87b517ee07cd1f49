"""The fail-open guard: the only module with a broad ``except``.

If a hook's body raises, the fault is counted, logged once and swallowed, and the observed program goes on. The guard
shields our own code only. An exception that the program raises passes through unchanged.
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
    """A part of the distro cannot start. The message gives the whole reason."""


def attempt(action: Callable[[], T], failed: Callable[[str], None]) -> T | None:
    """Return what ``action`` returns. If it raises, call ``failed`` with the reason and return ``None``.

    The reason is not redacted; :meth:`Guard.attempt` redacts it.
    """
    try:
        return action()
    except PartError as error:
        failed(str(error))
    except Exception as error:  # noqa: BLE001 - this is the guard
        failed(one_line(error))
    return None


def tried(action: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """Return what ``action`` returns and ``None``. If it raises, ``None`` and the exception: it is its author's."""
    try:
        return action(), None
    except Exception as error:  # noqa: BLE001 - this is the guard
        return None, error


class Guard:
    """Shields the observed program from faults in the code that observes it.

    Parameters
    ----------
    count:
        Called with the hook's name at each fault.
    redact:
        Removes secrets from a text before it is logged.
    stacktrace:
        Returns the exportable stacktrace of an exception. A fault of ours may be raised while an exception of the
        program is handled, and that one may be private.

    Attributes
    ----------
    in_flight:
        The work in flight.
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
        """The last fault of each hook that had one: the hook's name to one line of text."""
        return dict(self._faults)

    def attempt(self, action: Callable[[], T], failed: Callable[[str], None]) -> T | None:
        """Return what ``action`` returns. If it raises, call ``failed`` with the reason and return ``None``."""
        return attempt(action, lambda reason: failed(self._redact(reason)))

    def run(self, hook: str, body: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return what ``body`` returns. If it raises, record a fault of ``hook`` and return ``None``."""
        try:
            return body(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - this is the guard
            self._failed(hook, error)
            return None

    def shield(self, hook: str, body: Callable[P, T], arguments: int | None = None) -> Callable[P, T | None]:
        """Return a function that calls ``body``, and returns ``None`` if it raises. Positional arguments only.

        Parameters
        ----------
        arguments:
            The number of arguments, if it is fixed: 1 to 4. By default any number is passed on as a tuple, which
            can cost as much as the body itself.
        """
        # No **kwargs: they would cost a dictionary at every call.
        make = _SHIELDS.get(arguments, _shield_any)
        return cast("Callable[P, T | None]", make(hook, body, self._failed))

    def around(
        self, hook: str, begin: Callable[..., T | None], end: Callable[[T, BaseException | None], None]
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a decorator that runs an operation around each call of a coroutine function.

        Parameters
        ----------
        begin:
            Called with the positional arguments. Returns the operation, or ``None`` to leave this call unobserved.
        end:
            Called with the operation and the exception that the original raised, which is raised again afterwards.
        """
        failed, ended = self._failed, self.shield(hook, end, arguments=2)
        in_flight, remove = self.in_flight, self.in_flight.pop

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
                    if remove(operation, None) is not None:
                        ended(operation, error)
                    raise
                if remove(operation, None) is not None:
                    try:
                        end(operation, None)
                    except Exception as error:  # noqa: BLE001 - this is the guard
                        failed(hook, error)
                return result

            return operate

        return wrap

    def before(self, hook: str, body: Callable[[], object]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a decorator that calls ``body`` before each call of a function."""
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
        """Return a decorator that calls ``body`` after each call of a coroutine method without arguments.

        Parameters
        ----------
        body:
            Called with the method's object, the returned value, and the raised exception or ``None``.
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
        """Return a coroutine function that ends a running operation when the call that it makes ends.

        Its arguments are the operation, the coroutine function to call, and that function's arguments. ``end`` is as in
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

    def record_fault(self, hook: str, error: Exception) -> None:
        """Record a fault that a hook has caught itself, by its exact class, because each nanosecond counts there."""
        self._failed(hook, error)

    def record_failure(self, hook: str, reason: str, warning: str) -> None:
        """Record that code of the program's own, which a hook has called, has failed: without what it says of it.

        Parameters
        ----------
        reason:
            What is shown of it as the hook's fault.
        warning:
            What is logged at the first failure.
        """
        with suppress(Exception):  # as in _failed
            self._count(hook)
            known = hook in self._faults
            self._faults[hook] = reason
            if not known:
                _log.warning("argus-otel: %s", warning)

    def _failed(self, hook: str, error: Exception) -> None:
        # Recording a fault calls other people's code (a logging handler, an exception's __str__), which may raise too.
        with suppress(Exception):
            self._count(hook)
            line = self._redact(one_line(error))
            known = hook in self._faults  # nothing is called up to the next line, so no other thread runs in between
            self._faults[hook] = line
            if not known:
                trace = self._stacktrace(error)
                _log.warning(
                    "argus-otel: hook %s failed, and the program goes on (reported once for each hook)\n%s", hook, trace
                )


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


def _shield_four(hook: str, body: Callable[..., T], failed: Failed) -> Callable[..., T | None]:
    def shielded(first: object, second: object, third: object, fourth: object) -> T | None:
        try:
            return body(first, second, third, fourth)
        except Exception as error:  # noqa: BLE001 - this is the guard
            failed(hook, error)
            return None

    return shielded


_SHIELDS: dict[int | None, Callable[..., Any]] = {
    1: _shield_one,
    2: _shield_two,
    3: _shield_three,
    4: _shield_four,
}


def one_line(error: BaseException) -> str:
    """Return the class and message of ``error``, even if its ``__str__`` raises."""
    return f"{type(error).__name__}: {message_of(error)}"


def message_of(error: BaseException) -> str:
    """Return the message of ``error``, or a remark if its ``__str__`` raises."""
    try:
        return str(error)
    except Exception as fault:  # noqa: BLE001 - this is the guard
        return f"<no message: its __str__ raised {type(fault).__name__}>"
