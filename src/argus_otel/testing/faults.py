"""Guards for tests, with which every hook of a source raises. The observed program must not be affected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from argus_otel.telemetry import Guard


class PlantedError(Exception):
    """A fault that a test has planted in a hook."""


def _fail(*_: object) -> NoReturn:
    raise PlantedError


class FailingGuard(Guard):
    """A guard whose every shielded body raises."""

    def shield(
        self,
        hook: str,
        body: Callable[..., Any],  # noqa: ARG002 - the guard's signature
        arguments: int | None = None,
    ) -> Callable[..., Any]:
        """Return a shielded body that raises."""
        return super().shield(hook, _fail, arguments)

    def around(
        self,
        hook: str,
        begin: Callable[..., Any],  # noqa: ARG002 - the guard's signature
        end: Callable[..., None],
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a decorator whose ``begin`` raises."""
        return super().around(hook, _fail, end)


class FailingEndGuard(Guard):
    """A guard whose operations begin, and raise when they end."""

    def around(
        self,
        hook: str,
        begin: Callable[..., Any],
        end: Callable[..., None],  # noqa: ARG002 - the guard's signature
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a decorator whose ``end`` raises."""
        return super().around(hook, begin, _fail)
