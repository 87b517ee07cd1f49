"""Observed: prefix commands, from ``Bot.invoke`` to their end. Noun: operation.

``BotBase.invoke`` swallows what commands raise, so the exception is noted at ``Command.dispatch_error``. A hybrid
command that was called as a slash command does not come this way: it is counted as the interaction that it is. Safe,
because the original gets the same arguments, and whatever it raises passes through.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import Token
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import CURRENT_WORK, OTHER, AttributeValue, Operation, Telemetry, WorkContext

from .catalogue import COMMAND_DURATION, COMMAND_EVENT, COMMAND_NAME, COMMAND_TYPE, ERROR_TYPE, OUTCOME, PREFIX_SPAN
from .ids import ids
from .outcomes import COMMAND_NOT_FOUND, Outcome, original, outcome_of
from .patches import Hooks, Patch

if TYPE_CHECKING:
    from discord.ext.commands import Context

HOOK = "prefix commands"


class PrefixOperation(Operation):
    """One prefix command, and the context that it runs in."""

    __slots__ = ("ctx", "token")

    def __init__(self, ctx: Context[Any]) -> None:
        super().__init__()
        self.ctx = ctx
        self.token: Token[WorkContext | None] | None = None


class PrefixCommands:
    """Times prefix commands."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._durations = telemetry.histogram(COMMAND_DURATION)
        self._open: dict[int, PrefixOperation] = {}

    def __len__(self) -> int:
        """Return how many commands run now."""
        return len(self._open)

    def forget(self) -> None:
        """Forget every command: in a forked child, where they are the parent's."""
        self._open.clear()

    def patches(self) -> list[Patch]:
        """Return the hooks on invocation and on its errors."""
        guard = self._telemetry.guard
        note = guard.shield(HOOK, self._note, arguments=2)

        def make_dispatch_error(original: Callable[..., Any]) -> Callable[..., Any]:
            def dispatch_error(self: object, ctx: Context[Any], error: Any) -> Any:
                note(ctx, error)
                return original(self, ctx, error)

            return dispatch_error

        package = "discord.ext.commands"
        return [
            Patch(HOOK, f"{package}.bot", "BotBase.invoke", guard.around(HOOK, self._begin, self._end), package),
            Patch(HOOK, f"{package}.core", "Command.dispatch_error", make_dispatch_error, package),
        ]

    def _begin(self, _: object, ctx: Context[Any]) -> PrefixOperation | None:
        # A context of disnake's and nextcord's has no interaction: they know no hybrid commands.
        if not self._hooks.on or getattr(ctx, "interaction", None) is not None:
            return None
        if not (ctx.command or ctx.invoked_with):
            return None
        operation = PrefixOperation(ctx)
        if self._telemetry.history is not None:
            operation.work_context = WorkContext(_place_of(ctx))
            operation.token = CURRENT_WORK.set(operation.work_context)
        if self._telemetry.tracing is not None:
            name = _name(ctx)
            root = self._telemetry.tracing.root(
                f"{PREFIX_SPAN.work} {name}",
                PREFIX_SPAN.kind,
                lambda: _span_attributes(ctx),
                rate=self._telemetry.rates.of(PREFIX_SPAN.rate_key, name),
            )
            operation.trace_in(root)
            root.attach()
        self._open[id(ctx)] = operation
        return operation

    def _note(self, ctx: Context[Any], error: BaseException) -> None:
        operation = self._open.get(id(ctx))
        if operation is not None:
            operation.record_error(original(error))

    def _end(self, operation: PrefixOperation, error: BaseException | None) -> None:
        ctx = operation.ctx
        self._open.pop(id(ctx), None)
        if error is not None:
            operation.record_error(error)
        outcome = outcome_of(operation.error)
        if ctx.command is None and operation.error is None:
            outcome = COMMAND_NOT_FOUND
        name = _name(ctx)
        if operation.scope is not None:
            operation.scope.detach()
        span, duration = operation.span, operation.settle()
        self._durations[name, "prefix", outcome.name, outcome.error_type].record(
            duration, None if span is None else operation.trace
        )
        if operation.token is not None:
            with suppress(ValueError):  # dropped halfway, and collected in some other context
                CURRENT_WORK.reset(operation.token)
        history = self._telemetry.history
        if history is not None:
            place = {} if operation.work_context is None else operation.work_context.attributes
            history(COMMAND_EVENT, {**place, COMMAND_TYPE.name: "prefix", **_ending(name, outcome)}, duration)
        if span is not None:
            span.rename(f"command {name}")  # a group's subcommand is known only now
        operation.end_span(outcome.failed, _ending(name, outcome))


def _name(ctx: Context[Any]) -> str:
    # What a user typed is nobody's attribute: only names of commands that exist.
    return ctx.command.qualified_name if ctx.command is not None else OTHER


def _ending(name: str, outcome: Outcome) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {COMMAND_NAME.name: name, OUTCOME.name: outcome.name}
    if outcome.error_type is not None:
        attributes[ERROR_TYPE.name] = outcome.error_type
    return attributes


def _span_attributes(ctx: Context[Any]) -> dict[str, AttributeValue]:
    return {COMMAND_TYPE.name: "prefix", **ids(message=ctx.message.id), **_place_of(ctx)}


def _place_of(ctx: Context[Any]) -> dict[str, AttributeValue]:
    message = ctx.message
    guild = message.guild
    if guild is None:
        return ids(channel=message.channel.id, user=message.author.id)
    return ids(guild=guild.id, shard=guild.shard_id, channel=message.channel.id, user=message.author.id)
