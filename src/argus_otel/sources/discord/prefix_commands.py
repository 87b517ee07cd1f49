"""Observed: prefix commands, from ``Bot.invoke`` to their end. Signal: operation.

``BotBase.invoke`` swallows what commands raise, so the exception is recorded at ``Command.dispatch_error``. A hybrid
command that is called as a slash command counts as an interaction, and not here. Safe, because the original gets the
same arguments, and its exceptions pass through.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import Token
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import CURRENT_WORK, OTHER, AttributeValue, Operation, Telemetry, WorkContext

from .attributes import COMMAND_NAME, COMMAND_TYPE, ERROR_TYPE, OUTCOME
from .catalogue import COMMAND_DURATION, COMMAND_EVENT, PREFIX_SPAN
from .ids import add_message_id, ids_of_message
from .outcomes import COMMAND_NOT_FOUND, Outcome, original, outcome_of
from .patches import Patch, PatchSet

if TYPE_CHECKING:
    from discord.ext.commands import Context

HOOK = "prefix commands"


class PrefixOperation(Operation):
    """One prefix command.

    Attributes
    ----------
    ctx:
        discord.py's context of the command.
    token:
        Resets the work that the running context belongs to; ``None`` without a history.
    """

    __slots__ = ("ctx", "token")

    def __init__(self, ctx: Context[Any]) -> None:
        super().__init__()
        self.ctx = ctx
        self.token: Token[WorkContext | None] | None = None


class PrefixCommands:
    """Times prefix commands."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._durations = telemetry.histogram(COMMAND_DURATION)
        self._open: dict[int, PrefixOperation] = {}

    def __len__(self) -> int:
        """Return how many commands run now."""
        return len(self._open)

    def forget(self) -> None:
        """Forget every command. Called in a forked child: the parent ends its own."""
        self._open.clear()

    def patches(self) -> list[Patch]:
        """Return the hooks on invoking a command and on its errors."""
        guard = self._telemetry.guard
        record_error = guard.shield(HOOK, self._record_error, arguments=2)

        def make_dispatch_error(original: Callable[..., Any]) -> Callable[..., Any]:
            def dispatch_error(self: object, ctx: Context[Any], error: Any) -> Any:
                record_error(ctx, error)
                return original(self, ctx, error)

            return dispatch_error

        package = "discord.ext.commands"
        return [
            Patch(HOOK, f"{package}.bot", "BotBase.invoke", guard.around(HOOK, self._begin, self._end), package),
            Patch(HOOK, f"{package}.core", "Command.dispatch_error", make_dispatch_error, package),
        ]

    def _begin(self, _: object, ctx: Context[Any]) -> PrefixOperation | None:
        # Contexts of disnake and nextcord have no interaction: these libraries have no hybrid commands.
        if not self._hooks.on or getattr(ctx, "interaction", None) is not None:
            return None
        if not (ctx.command or ctx.invoked_with):
            return None
        operation = PrefixOperation(ctx)
        if self._telemetry.history is not None:
            operation.work_context = WorkContext(ids_of_message(ctx.message))
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

    def _record_error(self, ctx: Context[Any], error: BaseException) -> None:
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
            with suppress(ValueError):  # its coroutine was dropped, and collected in another context
                CURRENT_WORK.reset(operation.token)
        history = self._telemetry.history
        if history is not None:
            ids = {} if operation.work_context is None else operation.work_context.attributes
            history(COMMAND_EVENT, {**ids, COMMAND_TYPE.name: "prefix", **_ending(name, outcome)}, duration)
        if span is not None:
            span.rename(f"command {name}")  # the subcommand of a group is known only now
        if outcome.failed and operation.error is not None:
            self._telemetry.errors.failed(operation.error)
        operation.end_span(outcome.failed, _ending(name, outcome))


def _name(ctx: Context[Any]) -> str:
    # Only names of commands that exist: what a user typed must not become an attribute.
    return ctx.command.qualified_name if ctx.command is not None else OTHER


def _ending(name: str, outcome: Outcome) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {COMMAND_NAME.name: name, OUTCOME.name: outcome.name}
    if outcome.error_type is not None:
        attributes[ERROR_TYPE.name] = outcome.error_type
    return attributes


def _span_attributes(ctx: Context[Any]) -> dict[str, AttributeValue]:
    attributes = ids_of_message(ctx.message)
    add_message_id(attributes, ctx.message)
    attributes[COMMAND_TYPE.name] = "prefix"
    return attributes
