"""Observed: application commands and autocomplete in the command tree. Signal: the end of the interaction's operation.

``CommandTree._call`` runs every command, and swallows what commands raise. The exception is recorded where discord.py
hands it on: ``Command._invoke_error_handlers``, ``ContextMenu._invoke``, ``Command._invoke_autocomplete`` and, for
hybrid commands, ``Command.dispatch_error`` of ``ext.commands``. If an ``AppCommandError`` leaves ``_call``, discord.py
calls ``_dispatch_error``, and the operation ends there. Safe, because each replacement calls the original with the same
arguments, and the original's exceptions pass through.
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
    """Return the hooks on the tree, and on the functions that hand exceptions on."""
    find, record_error = interactions.find, interactions.record_error

    def begin_call(_: object, interaction: Interaction[Any]) -> InteractionOperation | None:
        operation = find(interaction.id)
        if operation is None or operation.ended:  # an interaction that Discord sent twice ends once
            return None
        operation.interaction = interaction
        return operation

    def end_call(operation: InteractionOperation, error: BaseException | None) -> None:
        if error is not None and goes_to_dispatch_error(error):
            operation.record_error(original(error))  # `_dispatch_error` is next, and ends the operation
        elif operation.interaction is not None:
            if operation.interaction.command_failed:  # without an exception: the tree's own `interaction_check` failed
                operation.outcome = REJECTED
            interactions.end(operation, error)

    def begin_dispatch_error(_: object, interaction: Interaction[Any], __: object) -> InteractionOperation | None:
        return find(interaction.id)

    def make_error_handlers(original: Callable[..., Any]) -> Callable[..., Any]:
        def _invoke_error_handlers(self: object, interaction: Interaction[Any], error: Any) -> Any:
            record_error(interaction.id, error)
            return original(self, interaction, error)

        return _invoke_error_handlers

    def make_invoke(original: Callable[..., Any]) -> Callable[..., Any]:
        async def invoke(self: object, interaction: Interaction[Any], *args: Any) -> Any:
            try:
                return await original(self, interaction, *args)
            except Exception as error:
                record_error(interaction.id, error)
                raise

        return invoke

    def make_hybrid(original: Callable[..., Any]) -> Callable[..., Any]:
        def dispatch_error(self: object, ctx: Any, error: Any) -> Any:
            if getattr(ctx, "interaction", None) is not None:
                record_error(ctx.interaction.id, error)
            return original(self, ctx, error)

        return dispatch_error

    def goes_to_dispatch_error(error: BaseException) -> bool:
        library = sys.modules.get("discord.app_commands")  # missing in the forks
        return library is not None and isinstance(error, library.AppCommandError)

    tree, commands = "discord.app_commands.tree", "discord.app_commands.commands"
    return [
        Patch(HOOK, tree, "CommandTree._call", guard.around(HOOK, begin_call, end_call)),
        Patch(HOOK, tree, "CommandTree._dispatch_error", guard.around(HOOK, begin_dispatch_error, interactions.end)),
        Patch(HOOK, commands, "Command._invoke_error_handlers", make_error_handlers),
        Patch(HOOK, commands, "Command._invoke_autocomplete", make_invoke),
        Patch(HOOK, commands, "ContextMenu._invoke", make_invoke),
        Patch(
            "hybrid commands",
            "discord.ext.commands.core",
            "Command.dispatch_error",
            make_hybrid,
            "discord.ext.commands",
        ),
    ]
