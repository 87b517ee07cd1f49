"""Observed: application commands and autocomplete in the forks. Signal: the end of the interaction's operation.

The forks have no command tree. A listener of the library's own finds the command and runs it, so the hook replaces that
listener's coroutine function in ``Client._schedule_event``. The listener swallows what commands raise; the exception is
recorded where the library hands it on. py-cord leaves an autocomplete to a task that outlives its listener: its
autocompletes have no duration. Safe, because each replacement calls the original with the same arguments, and the
original's exceptions pass through.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from argus_otel.telemetry import Guard

from .interaction_operations import InteractionOperation
from .interactions import Interactions
from .library import DISNAKE, NEXTCORD, PY_CORD, ROOTS
from .patches import Patch

HOOK = "fork commands"

# disnake has an event for each type of interaction, and dispatches `on_interaction` for all of them, last.
_EVENTS = frozenset(
    {
        "on_interaction",
        "on_application_command",
        "on_application_command_autocomplete",
        "on_message_interaction",
        "on_button_click",
        "on_dropdown",
        "on_modal_submit",
    }
)


def patches(guard: Guard, interactions: Interactions) -> list[Patch]:
    """Return the hooks on the scheduling of listeners, and on the functions that hand exceptions on."""

    def record(context: Any, error: BaseException) -> None:
        interactions.record_error(getattr(context, "interaction", context).id, error)  # py-cord passes a context

    record_error = guard.shield(HOOK, record)

    def make_dispatch(original: Callable[..., Any]) -> Callable[..., Any]:
        def dispatch_error(self: object, context: Any, error: Any) -> Any:
            record_error(context, error)
            return original(self, context, error)

        return dispatch_error

    client, schedule, ext = "discord.client", "Client._schedule_event", "discord.ext.commands"
    commands = _Scheduling(guard, interactions, ("application_command",)).make
    both = _Scheduling(guard, interactions, ("application_command", "autocomplete")).make
    py_cord, nextcord, disnake = "ApplicationCommand", "CallbackMixin", "InvokableApplicationCommand"
    return [
        Patch(HOOK, client, schedule, commands, libraries=(PY_CORD,)),
        Patch(HOOK, "discord.commands.core", f"{py_cord}.dispatch_error", make_dispatch, libraries=(PY_CORD,)),
        Patch(HOOK, client, schedule, both, libraries=(NEXTCORD, DISNAKE)),
        Patch(HOOK, "discord.application_command", f"{nextcord}.invoke_error", make_dispatch, libraries=(NEXTCORD,)),
        Patch(HOOK, f"{ext}.base_core", f"{disnake}.dispatch_error", make_dispatch, ext, libraries=(DISNAKE,)),
    ]


class _Scheduling:
    """Marks interactions as handled as their listeners are scheduled.

    Parameters
    ----------
    handled:
        The types of interactions that the library's own listeners handle. They ignore the others.
    """

    def __init__(self, guard: Guard, interactions: Interactions, handled: tuple[str, ...]) -> None:
        self._guard = guard
        self._interactions = interactions
        self._handled = handled

    def make(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return the replacement of ``Client._schedule_event``."""
        begin = self._guard.shield(HOOK, self._begin)
        run = self._guard.ending(HOOK, self._end)

        def _schedule_event(self: object, coro: Callable[..., Any], event_name: str, *args: Any, **kwargs: Any) -> Any:
            if event_name in _EVENTS:
                operation = begin(coro, *args)
                if operation is not None:
                    coro = partial(run, operation, coro)
            return original(self, coro, event_name, *args, **kwargs)

        return _schedule_event

    def _begin(self, coro: object, interaction: Any = None, *_: object) -> InteractionOperation | None:
        operation = self._interactions.find(getattr(interaction, "id", None))
        if operation is None or operation.handled or operation.ended:
            return None
        if _is_the_librarys(coro) and operation.kind.type not in self._handled:
            return None
        operation.interaction = interaction
        return self._interactions.mark_handled(operation.id)

    def _end(self, operation: InteractionOperation, error: BaseException | None) -> None:
        if error is None and operation.error is None and not (operation.acknowledged or _found(operation)):
            self._interactions.discard(operation)  # the bot does not know the command, or other code handles it
        else:
            self._interactions.end(operation, error)


def _is_the_librarys(coro: object) -> bool:
    return str(getattr(coro, "__module__", "")).partition(".")[0] in ROOTS


def _found(operation: InteractionOperation) -> bool:
    """Whether the bot knows the command; ``True`` for any other interaction."""
    if operation.kind.command_type is None:
        return True
    interaction: Any = operation.interaction
    return any(getattr(interaction, name, None) for name in ("application_command", "command"))
