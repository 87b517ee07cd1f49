"""Observed: application commands and autocomplete in the command tree. They end the interaction's operation.

``CommandTree._call`` runs every one of them and swallows what commands raise, so the exception is noted where
discord.py hands it on: ``Command._invoke_error_handlers``, ``ContextMenu._invoke``, ``Command._invoke_autocomplete``,
and, for hybrid commands, ``ext.commands``' ``Command.dispatch_error``. An ``AppCommandError`` that leaves ``_call``
goes to ``_dispatch_error``, and the operation ends there. Safe, because each replacement calls the original with the
same arguments, and whatever that raises passes through.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Guard

from .interaction_operations import InteractionOperation
from .interactions import Interactions
from .outcomes import REJECTED, original
from .patches import Patch

if TYPE_CHECKING:
    from discord import Interaction

HOOK = "app commands"


def patches(guard: Guard, interactions: Interactions) -> list[Patch]:
    """Return the hooks on the tree and on what hands exceptions on."""
    find, note = interactions.find, interactions.note

    def begin_call(_: object, interaction: Interaction[Any]) -> InteractionOperation | None:
        operation = find(interaction.id)
        if operation is None or operation.ended:  # one that Discord sent twice ends once
            return None
        operation.interaction = interaction
        return operation

    def end_call(operation: InteractionOperation, error: BaseException | None) -> None:
        if error is not None and goes_to_dispatch_error(error):
            operation.record_error(original(error))  # _dispatch_error comes next, and ends it
        elif operation.interaction is not None:
            if operation.interaction.command_failed:  # without an exception: the tree's own interaction_check said no
                operation.outcome = REJECTED
            interactions.end(operation, error)

    def begin_dispatch_error(_: object, interaction: Interaction[Any], __: object) -> InteractionOperation | None:
        return find(interaction.id)

    def make_error_handlers(original: Callable[..., Any]) -> Callable[..., Any]:
        def _invoke_error_handlers(self: object, interaction: Interaction[Any], error: Any) -> Any:
            note(interaction.id, error)
            return original(self, interaction, error)

        return _invoke_error_handlers

    def make_noting(original: Callable[..., Any]) -> Callable[..., Any]:
        async def invoke(self: object, interaction: Interaction[Any], *args: Any) -> Any:
            try:
                return await original(self, interaction, *args)
            except Exception as error:
                note(interaction.id, error)
                raise

        return invoke

    def make_hybrid(original: Callable[..., Any]) -> Callable[..., Any]:
        def dispatch_error(self: object, ctx: Any, error: Any) -> Any:
            if getattr(ctx, "interaction", None) is not None:
                note(ctx.interaction.id, error)
            return original(self, ctx, error)

        return dispatch_error

    def goes_to_dispatch_error(error: BaseException) -> bool:
        library = sys.modules.get("discord.app_commands")  # which the forks have not
        return library is not None and isinstance(error, library.AppCommandError)

    tree, commands = "discord.app_commands.tree", "discord.app_commands.commands"
    return [
        Patch(HOOK, tree, "CommandTree._call", guard.around(HOOK, begin_call, end_call)),
        Patch(HOOK, tree, "CommandTree._dispatch_error", guard.around(HOOK, begin_dispatch_error, interactions.end)),
        Patch(HOOK, commands, "Command._invoke_error_handlers", make_error_handlers),
        Patch(HOOK, commands, "Command._invoke_autocomplete", make_noting),
        Patch(HOOK, commands, "ContextMenu._invoke", make_noting),
        Patch(
            "hybrid commands",
            "discord.ext.commands.core",
            "Command.dispatch_error",
            make_hybrid,
            "discord.ext.commands",
        ),
    ]
