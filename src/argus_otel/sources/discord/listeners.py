"""Observed: ``on_interaction`` listeners, for interactions that nobody else handles. They end the operation.

``Client._schedule_event`` makes the task of every listener; for this one event the coroutine is substituted.
``on_error`` is not wrapped, since users override it. Safe, because the listener gets the same arguments, and what it
raises reaches discord.py as before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Telemetry

from .interactions import InteractionOperation, Interactions
from .patches import Patch

if TYPE_CHECKING:
    from discord.client import Client

HOOK = "listeners"


def patches(telemetry: Telemetry, interactions: Interactions) -> list[Patch]:
    """Return the hook on the scheduling of listeners."""

    def claim_unclaimed(interaction: Any) -> InteractionOperation | None:
        return interactions.claim(interaction.id) if interactions.unclaimed(interaction.id) else None

    claim = telemetry.guard.shield(HOOK, claim_unclaimed)

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def _schedule_event(self: Client, coro: Callable[..., Any], event_name: str, *args: Any, **kwargs: Any) -> Any:
            if event_name == "on_interaction":
                operation = claim(*args)
                if operation is not None:
                    coro = telemetry.guard.around(HOOK, lambda *_: operation, interactions.end)(coro)
            return original(self, coro, event_name, *args, **kwargs)

        return _schedule_event

    return [Patch(HOOK, "discord.client", "Client._schedule_event", make)]
