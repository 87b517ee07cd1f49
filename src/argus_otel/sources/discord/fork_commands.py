"""Observed: application commands and autocomplete in discord.py's forks. They end the interaction's operation.

The forks have no command tree: the bot's own listener for an event of its library finds the command and runs it, so
that the listener's coroutine is substituted at ``Client._schedule_event``. It swallows what commands raise, and the
exception is noted where the library hands it on. py-cord leaves an autocomplete to a task that outlasts it, which is
why none is claimed there. Safe, because each replacement calls the original with the same arguments, and whatever that
raises passes through.
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

# disnake has an event for each type of interaction, and `on_interaction` for all of them, which comes last.
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
    """Return the hooks on the scheduling of listeners and on what hands exceptions on."""

    def note_in(context: Any, error: BaseException) -> None:
        interactions.note(getattr(context, "interaction", context).id, error)  # py-cord gives a context

    note = guard.shield(HOOK, note_in)

    def make_noting(original: Callable[..., Any]) -> Callable[..., Any]:
        def hand_on(self: object, context: Any, error: Any) -> Any:
            note(context, error)
            return original(self, context, error)

        return hand_on

    schedule, both = "Client._schedule_event", ("application_command", "autocomplete")
    of_pycord, of_others = (_Scheduling(guard, interactions, handled).make for handled in (both[:1], both))
    ext = "discord.ext.commands"
    return [
        Patch(HOOK, "discord.client", schedule, of_pycord, of=(PY_CORD,)),
        Patch(HOOK, "discord.commands.core", "ApplicationCommand.dispatch_error", make_noting, of=(PY_CORD,)),
        Patch(HOOK, "discord.client", schedule, of_others, of=(NEXTCORD, DISNAKE)),
        Patch(HOOK, "discord.application_command", "CallbackMixin.invoke_error", make_noting, of=(NEXTCORD,)),
        Patch(HOOK, f"{ext}.base_core", "InvokableApplicationCommand.dispatch_error", make_noting, ext, of=(DISNAKE,)),
    ]


class _Scheduling:
    """Claims interactions as their listeners are scheduled.

    Parameters
    ----------
    handled:
        The types of interactions that the library's own listeners handle. They let the others pass.
    """

    def __init__(self, guard: Guard, interactions: Interactions, handled: tuple[str, ...]) -> None:
        self._guard = guard
        self._interactions = interactions
        self._handled = handled

    def make(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return what takes the place of ``Client._schedule_event``."""
        claim = self._guard.shield(HOOK, self._claim)
        run = self._guard.ending(HOOK, self._end)

        def _schedule_event(self: object, coro: Callable[..., Any], event_name: str, *args: Any, **kwargs: Any) -> Any:
            if event_name in _EVENTS:
                operation = claim(coro, *args)
                if operation is not None:
                    coro = partial(run, operation, coro)
            return original(self, coro, event_name, *args, **kwargs)

        return _schedule_event

    def _claim(self, coro: object, interaction: Any = None, *_: object) -> InteractionOperation | None:
        operation = self._interactions.find(getattr(interaction, "id", None))
        if operation is None or operation.claimed or operation.ended:
            return None
        if _is_the_librarys(coro) and operation.kind.type not in self._handled:
            return None
        operation.interaction = interaction
        return self._interactions.claim(operation.id)

    def _end(self, operation: InteractionOperation, error: BaseException | None) -> None:
        if error is None and operation.error is None and not (operation.acknowledged or _found(operation)):
            self._interactions.drop(operation)  # a command that the bot does not know, or that is answered elsewhere
        else:
            self._interactions.end(operation, error)


def _is_the_librarys(coro: object) -> bool:
    return str(getattr(coro, "__module__", "")).partition(".")[0] in ROOTS


def _found(operation: InteractionOperation) -> bool:
    """Whether the bot knows the command that it was asked for; nothing but commands has to be known."""
    if operation.kind.command_type is None:
        return True
    interaction: Any = operation.interaction
    return any(getattr(interaction, name, None) for name in ("application_command", "command"))
