"""Guards for tests: every hook of a source fails, and the program must not notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from argus_otel.telemetry import Guard


class PlantedError(Exception):
    """A fault that a test has put into a hook."""


def _fail(*_: object) -> NoReturn:
    raise PlantedError


class FailingGuard(Guard):
    """Each body that it shields raises."""

    def shield(
        self,
        hook: str,
        body: Callable[..., Any],  # noqa: ARG002 - the guard's signature
        arguments: int | None = None,
    ) -> Callable[..., Any]:
        """Return a body that raises, shielded."""
        return super().shield(hook, _fail, arguments)

    def around(
        self,
        hook: str,
        begin: Callable[..., Any],  # noqa: ARG002 - the guard's signature
        end: Callable[..., None],
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a wrapper whose beginning raises."""
        return super().around(hook, _fail, end)


class FailingEndGuard(Guard):
    """Each operation that it wraps begins, and raises as it ends."""

    def around(
        self,
        hook: str,
        begin: Callable[..., Any],
        end: Callable[..., None],  # noqa: ARG002 - the guard's signature
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a wrapper whose end raises."""
        return super().around(hook, begin, _fail)
