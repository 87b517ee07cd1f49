"""Observed: application commands and autocomplete in the command tree. They end the interaction's operation.

``CommandTree._call`` runs every one of them and swallows what commands raise, so the exception is noted where
discord.py hands it on: ``Command._invoke_error_handlers``, ``ContextMenu._invoke``, ``Command._invoke_autocomplete``,
and, for hybrid commands, ``ext.commands``' ``Command.dispatch_error``. An ``AppCommandError`` that leaves ``_call``
goes to ``_dispatch_error``, and the operation ends there. Safe, because each replacement calls the original with the
same arguments, and whatever that raises passes through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .interactions import Interactions
from .patches import Patch

if TYPE_CHECKING:
    from discord import Interaction
    from discord.app_commands import CommandTree

HOOK = "app commands"


def patches(interactions: Interactions) -> list[Patch]:
    """Return the hooks on the tree and on what hands exceptions on."""
    from discord.app_commands import AppCommandError

    find, note, finish = interactions.find, interactions.note, interactions.finish

    def make_call(original: Callable[..., Any]) -> Callable[..., Any]:
        async def _call(self: CommandTree[Any], interaction: Interaction[Any]) -> None:
            operation = find(interaction.id)
            if operation is None:
                return await original(self, interaction)
            try:
                await original(self, interaction)
            except AppCommandError as error:
                note(interaction.id, error)  # _dispatch_error comes next, and ends it
                raise
            except BaseException as error:
                note(interaction.id, error)
                finish(operation)
                raise
            # Set without an exception where the tree's own interaction_check said no.
            operation.rejected = interaction.command_failed
            finish(operation)
            return None

        return _call

    def make_dispatch_error(original: Callable[..., Any]) -> Callable[..., Any]:
        async def _dispatch_error(self: CommandTree[Any], interaction: Interaction[Any], error: Any) -> None:
            try:
                await original(self, interaction, error)
            finally:
                operation = find(interaction.id)
                if operation is not None:
                    finish(operation)

        return _dispatch_error

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
            if ctx.interaction is not None:
                note(ctx.interaction.id, error)
            return original(self, ctx, error)

        return dispatch_error

    tree, commands = "discord.app_commands.tree", "discord.app_commands.commands"
    return [
        Patch(HOOK, tree, "CommandTree._call", make_call),
        Patch(HOOK, tree, "CommandTree._dispatch_error", make_dispatch_error),
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
