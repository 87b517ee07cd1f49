"""Observed: every interaction, from its arrival to the end of its handler. Noun: operation.

The gateway's parser for ``INTERACTION_CREATE`` is an entry of ``ConnectionState.parsers``; a closure takes its place,
and so an interaction of any type begins here, before discord.py has looked at it. Whoever handles it then (a command
tree, a view, a modal, a listener) claims it, and it ends when they do. Safe, because the original parser always runs,
and only its own exceptions leave.

An interaction is timed from before discord.py schedules its handler: a timer started in a listener would miss all that
the handler does before its first ``await``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import AttributeValue, CounterCell, Operation, Telemetry

from .catalogue import (
    AUTOCOMPLETE_SPAN,
    COMMAND_DURATION,
    COMMAND_NAME,
    COMMAND_SPAN,
    COMMAND_TYPE,
    COMPONENT_NAME,
    COMPONENT_SPAN,
    INTERACTION_DURATION,
    INTERACTION_TYPE,
    INTERACTIONS_ACTIVE,
    MODAL_SPAN,
    OUTCOME,
    RESPONSE_TIME,
    UNACKNOWLEDGED,
)
from .outcomes import OK, UNHANDLED, Outcome, original, outcome_of
from .patches import Hooks

if TYPE_CHECKING:
    from discord.state import ConnectionState

HOOK = "interactions"

DEADLINE = 3.0
"""Seconds within which Discord wants an acknowledgement (its documentation on receiving and responding)."""

_DISCORD_EPOCH = 1_420_070_400.0

_TYPES = {2: "application_command", 3: "component", 4: "autocomplete", 5: "modal_submit"}
_SPANS = {2: COMMAND_SPAN, 3: COMPONENT_SPAN, 4: AUTOCOMPLETE_SPAN, 5: MODAL_SPAN}
_COMMAND_TYPES = {1: "slash", 2: "user", 3: "message"}


class InteractionOperation(Operation):
    """One interaction.

    Attributes
    ----------
    id, type:
        The interaction's snowflake, and its type by discord.py's name.
    command, command_type, component:
        What it is for, as metrics name it; ``None`` where that does not apply.
    age:
        How old it was on arrival, in seconds, by this machine's clock; never negative.
    claimed:
        Whether somebody handles it.
    rejected:
        Whether a check said no without raising.
    acknowledged, acknowledging:
        Whether Discord has had our answer, and whether one is under way.
    """

    __slots__ = (
        "id",
        "type",
        "prefix",
        "command",
        "command_type",
        "component",
        "age",
        "claimed",
        "rejected",
        "acknowledged",
        "acknowledging",
        "active",
    )

    def __init__(self, interaction_id: int, kind: int, active: CounterCell) -> None:
        super().__init__()
        self.id = interaction_id
        self.type = _TYPES[kind]
        self.prefix = _SPANS[kind].name.partition(" ")[0]
        self.command: str | None = None
        self.command_type: str | None = None
        self.component: str | None = None
        self.age = max(0.0, time.time() - (interaction_id >> 22) / 1000 - _DISCORD_EPOCH)
        self.claimed = False
        self.rejected = False
        self.acknowledged = False
        self.acknowledging = False
        self.active = active

    @property
    def since_creation(self) -> float:
        """How long ago Discord created it, in seconds."""
        return self.age + time.perf_counter() - self.started

    def name_component(self, name: str) -> None:
        """Set what a component's or a modal's handler is called, once it is known."""
        self.component = name
        if self.span is not None:
            self.span.rename(f"{self.prefix} {name}")
            self.span.set({COMPONENT_NAME.name: name})


class Interactions:
    """Begins, finds and ends interactions."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._durations = telemetry.histogram(INTERACTION_DURATION)
        self._commands = telemetry.histogram(COMMAND_DURATION)
        self._responses = telemetry.histogram(RESPONSE_TIME)
        self._unacknowledged = telemetry.counter(UNACKNOWLEDGED)
        self._active = telemetry.counter(INTERACTIONS_ACTIVE)
        self._open: dict[int, InteractionOperation] = {}
        self._chained: list[tuple[dict[str, Callable[[Any], None]], object, Callable[[Any], None]]] = []
        # What other hook files call, each safe to call with anything.
        guard = telemetry.guard
        self.claim = guard.shield(HOOK, self._claim)
        self.note = guard.shield(HOOK, self._note)
        self.finish = guard.shield(HOOK, self._finish)
        self.acknowledging = guard.shield(HOOK, self._acknowledging)
        self.acknowledged = guard.shield(HOOK, self._acknowledged)

    def __len__(self) -> int:
        """Return how many interactions are remembered: those that are handled, or may still be acknowledged."""
        return len(self._open)

    # -- arrival

    def chain(self, state: ConnectionState[Any]) -> None:
        """Begin an operation for each interaction that ``state`` parses from now on."""
        parsers: dict[str, Callable[[Any], None]] = state.parsers
        parse = parsers.get("INTERACTION_CREATE")
        if parse is None or any(ours is parse for _, ours, _ in self._chained):
            return
        begin = self._telemetry.guard.shield(HOOK, self._begin)
        settle = self._telemetry.guard.shield(HOOK, self._settle)

        def observed(data: Any) -> None:
            operation = begin(state, data)
            if operation is None:
                return parse(data)
            span = operation.span
            if span is None:
                parse(data)
            else:
                # The task that discord.py creates in here copies the context, and so nests under the span.
                span.enter()
                try:
                    parse(data)
                finally:
                    span.leave()
            settle(state, operation)
            return None

        parsers["INTERACTION_CREATE"] = observed
        self._chained.append((parsers, observed, parse))

    def release(self) -> None:
        """Give every client its own parser back, where nobody has chained on ours since."""
        for parsers, ours, parse in self._chained:
            if parsers.get("INTERACTION_CREATE") is ours:
                parsers["INTERACTION_CREATE"] = parse
        self._chained.clear()

    def _begin(self, state: ConnectionState[Any], data: dict[str, Any]) -> InteractionOperation | None:
        kind = data["type"]
        if kind not in _TYPES or not self._hooks.on:
            return None
        active = self._active[_TYPES[kind]]
        operation = InteractionOperation(int(data["id"]), kind, active)
        inner: dict[str, Any] = data.get("data") or {}
        if kind in (2, 4):
            operation.command = _qualified_name(inner)
            if kind == 2:
                operation.command_type = _COMMAND_TYPES.get(inner.get("type", 1))
        if self._telemetry.tracing is not None:
            self._telemetry.redact.add_secret(data.get("token"))
            operation.span = self._telemetry.tracing.start(
                f"{operation.prefix} {operation.command}" if operation.command else operation.prefix,
                _SPANS[kind].kind,
                _span_attributes(operation, data, state.shard_count or 1),
                root=True,
            )
        active.value += 1
        self._open[operation.id] = operation
        return operation

    def _settle(self, state: ConnectionState[Any], operation: InteractionOperation) -> None:
        """End at once what nobody handles: an expired view, an unknown component, a bot without a command tree."""
        if not operation.claimed:
            # Somebody may wait for it with Client.wait_for, which nobody can see from here.
            waiting = getattr(state._get_client(), "_listeners", {}).get("interaction")
            self._end(operation, OK if waiting or operation.acknowledged else UNHANDLED)

    # -- what handlers do with it

    def _claim(self, interaction_id: int) -> InteractionOperation | None:
        operation = self._open.get(interaction_id)
        if operation is None or operation.ended:
            return None
        operation.claimed = True
        return operation

    def unclaimed(self, interaction_id: int) -> bool:
        """Whether an interaction has arrived that nobody handles yet."""
        operation = self._open.get(interaction_id)
        return operation is not None and not operation.claimed

    def _note(self, interaction_id: int, error: BaseException) -> None:
        operation = self._open.get(interaction_id)
        if operation is not None:
            operation.note(original(error))

    def _finish(self, operation: InteractionOperation) -> None:
        if operation.ended:
            return
        outcome = outcome_of(operation.error)
        if operation.error is None and operation.rejected:
            outcome = Outcome("rejected")
        self._end(operation, outcome)

    def _end(self, operation: InteractionOperation, outcome: Outcome) -> None:
        if operation.span is not None:
            attributes: dict[str, AttributeValue] = {OUTCOME.name: outcome.name}
            if outcome.error_type is not None:
                attributes["error.type"] = outcome.error_type
            operation.span.set(attributes)
        duration = operation.end(failed=outcome.failed)
        operation.active.value -= 1
        trace = operation.trace
        command = operation.command
        key = (operation.type, command, operation.component, outcome.name, outcome.error_type)
        self._durations[key].record(duration, trace)
        if operation.command_type is not None:
            self._commands[command, operation.command_type, outcome.name, outcome.error_type].record(duration, trace)
        if operation.acknowledged:
            del self._open[operation.id]
        else:
            self._await_acknowledgement(operation)

    # -- acknowledgement

    def _acknowledging(self, interaction_id: int, under_way: bool) -> None:
        operation = self._open.get(interaction_id)
        if operation is None:
            return
        operation.acknowledging = under_way
        if not under_way and operation.ended and operation.since_creation >= DEADLINE:
            self._give_up(operation)

    def _acknowledged(self, interaction_id: int) -> None:
        operation = self._open.get(interaction_id)
        if operation is None or operation.acknowledged:
            return
        operation.acknowledged = True
        operation.acknowledging = False
        self._responses[operation.type, operation.command].record(operation.since_creation, operation.trace)
        if operation.ended:
            del self._open[operation.id]

    def _await_acknowledgement(self, operation: InteractionOperation) -> None:
        """Wait for what the handler may have left to a task of its own, until the deadline and no longer."""
        remaining = DEADLINE - operation.since_creation
        if remaining > 0:
            with suppress(RuntimeError):  # no loop runs: the bot is ending
                asyncio.get_running_loop().call_later(remaining, self._deadline, operation)
                return
        if not operation.acknowledging:
            self._give_up(operation)

    def _deadline(self, operation: InteractionOperation) -> None:
        if not operation.acknowledged and not operation.acknowledging:
            self._give_up(operation)

    def _give_up(self, operation: InteractionOperation) -> None:
        if self._open.pop(operation.id, None) is not None:
            self._unacknowledged[operation.type, operation.command].value += 1


def _qualified_name(data: dict[str, Any]) -> str:
    """Return a command's name with its group and subcommand, as discord.py's ``qualified_name`` has it."""
    name: str = data["name"]
    options: list[dict[str, Any]] = data.get("options") or []
    while options and options[0].get("type") in (1, 2):  # a subcommand or a group of them, always alone
        name += " " + options[0]["name"]
        options = options[0].get("options") or []
    return name


def _span_attributes(operation: InteractionOperation, data: dict[str, Any], shards: int) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        INTERACTION_TYPE.name: operation.type,
        "discord.interaction.id": str(operation.id),
    }
    if operation.command is not None:
        attributes[COMMAND_NAME.name] = operation.command
    if operation.command_type is not None:
        attributes[COMMAND_TYPE.name] = operation.command_type
    guild = data.get("guild_id")
    if guild is not None:
        attributes["discord.guild.id"] = str(guild)
        attributes["discord.shard.id"] = (int(guild) >> 22) % shards
    if data.get("channel_id") is not None:
        attributes["discord.channel.id"] = str(data["channel_id"])
    user: dict[str, Any] = (data.get("member") or data).get("user") or {}
    if "id" in user:
        attributes["discord.user.id"] = str(user["id"])
    return attributes
