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
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import (
    CURRENT_WORK,
    AttributeValue,
    HistogramCell,
    Reading,
    Telemetry,
    Tracing,
    WorkContext,
)

from .catalogue import (
    AUTOCOMPLETE_SPAN,
    COMMAND_DURATION,
    COMMAND_NAME,
    COMMAND_SPAN,
    COMPONENT_SPAN,
    COMPONENTS_UNHANDLED,
    ERROR_TYPE,
    INTERACTION_DURATION,
    INTERACTION_TYPE,
    INTERACTIONS_ACTIVE,
    MODAL_SPAN,
    OUTCOME,
    RESPONSE_TIME,
    UNACKNOWLEDGED,
)
from .chains import Chains
from .clock import DiscordClock
from .interaction_operations import InteractionOperation, Kind, Series, span_attributes, tell
from .interaction_payloads import place_of, qualified_name
from .outcomes import OK, UNHANDLED, Outcome, original, outcome_of
from .patches import Function, Hooks

if TYPE_CHECKING:
    from discord.state import ConnectionState

HOOK = "interactions"

DEADLINE = 3.0
"""Seconds within which Discord wants an acknowledgement (its documentation on receiving and responding)."""

# Beyond it cells are looked up each time: names that the caps refuse must not be remembered here either.
_SERIES_REMEMBERED = 1000


class Interactions:
    """Begins, finds and ends interactions."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks, clock: DiscordClock) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._clock = clock
        # Called as late as can be: the answer to an acknowledgement tells Discord's time as well.
        self._created = clock.created
        self._durations = telemetry.histogram(INTERACTION_DURATION)
        self._commands = telemetry.histogram(COMMAND_DURATION)
        self._responses = telemetry.histogram(RESPONSE_TIME)
        self._unacknowledged = telemetry.counter(UNACKNOWLEDGED)
        self._unhandled = telemetry.counter(COMPONENTS_UNHANDLED)[()]
        telemetry.gauge(INTERACTIONS_ACTIVE, self._active)
        self._kinds = {
            3: Kind("component", COMPONENT_SPAN),
            4: Kind("autocomplete", AUTOCOMPLETE_SPAN),
            5: Kind("modal_submit", MODAL_SPAN),
        }
        self._command_kinds = {
            1: Kind("application_command", COMMAND_SPAN, "slash"),
            2: Kind("application_command", COMMAND_SPAN, "user"),
            3: Kind("application_command", COMMAND_SPAN, "message"),
        }
        self._open: dict[int, InteractionOperation] = {}
        self._chains: Chains[ConnectionState[Any]] = Chains(_parser_of, _set_parser)
        # What other hook files call, each safe to call with anything.
        self.find: Callable[[Any], InteractionOperation | None] = self._open.get
        guard = telemetry.guard
        self._cut_short = guard.shield(HOOK, self._cut_off, arguments=2)
        guard.in_flight.add_list(self._cut_all_short)
        self.claim = guard.shield(HOOK, self._claim, arguments=1)
        self.note = guard.shield(HOOK, self._note, arguments=2)

    def __len__(self) -> int:
        """Return how many interactions are remembered: those that are handled, or may still be acknowledged."""
        return len(self._open)

    def _active(self) -> Reading:
        # Copied in one step, since it is the collecting thread that reads.
        running = dict.fromkeys((kind.type for kind in (*self._kinds.values(), *self._command_kinds.values())), 0)
        for operation in self._open.copy().values():
            if not operation.ended:
                running[operation.kind.type] += 1
        return [({INTERACTION_TYPE.name: kind}, number) for kind, number in running.items()]

    # -- arrival

    def chain(self, state: ConnectionState[Any]) -> None:
        """Begin an operation for each interaction that ``state`` parses from now on."""
        guard = self._telemetry.guard
        begin = guard.shield(HOOK, self._begin, arguments=3)
        by_fork = not hasattr(state, "_command_tree")
        abandon = guard.shield(HOOK, self.end)
        settle = guard.shield(HOOK, self._settle)

        def make(parse: Function) -> Function:
            def observed(data: Any) -> None:
                operation = begin(state, data, by_fork)
                if operation is None:
                    return parse(data)
                scope, place = operation.scope, operation.work_context
                try:
                    # The task that discord.py creates in here copies the context, and so nests under the span.
                    token = None if place is None else CURRENT_WORK.set(place)
                    if scope is not None:
                        scope.attach()
                    try:
                        parse(data)
                    finally:
                        if scope is not None:
                            scope.detach()
                        if token is not None:
                            CURRENT_WORK.reset(token)
                except BaseException as error:  # discord.py can make nothing of it, so nobody will ever handle it
                    abandon(operation, error)
                    raise
                if not operation.claimed:
                    settle(state, operation)
                return None

            return observed

        if "INTERACTION_CREATE" in state.parsers:
            self._chains.place(state, make)

    def release(self) -> None:
        """Give every client its own parser back."""
        self._chains.release()

    def forget(self) -> None:
        """Forget every interaction: in a forked child, where they are the parent's, and its to count."""
        for operation in self._open.values():
            operation.ended = True
        self._open.clear()

    def _begin(self, state: ConnectionState[Any], data: dict[str, Any], by_fork: bool) -> InteractionOperation | None:
        if not self._hooks.on:
            return None
        try:  # an interaction that is malformed, or of a type that Discord has invented since, is nobody's
            number = data["type"]
            kind = self._command_kinds.get(data["data"].get("type", 1)) if number == 2 else self._kinds.get(number)
            if kind is None:
                return None
            interaction_id = int(data["id"])
            name = qualified_name(data["data"]) if kind.for_tree else None
        except (AttributeError, LookupError, TypeError, ValueError):
            return None
        if interaction_id >> 64:  # no snowflake, and none below zero is
            return None
        if interaction_id in self._open:  # begun further out in the chain: each counts once
            return None
        operation = InteractionOperation(interaction_id, kind, name)
        clock = self._clock
        if operation.started >= clock.arrivals_due:
            clock.arrived(interaction_id, operation.started)
        if by_fork:
            operation.by_fork = True
        elif kind.for_tree:
            # discord.py gives these to the command tree without asking anybody, where there is one.
            operation.claimed = state._command_tree is not None
        telemetry = self._telemetry
        if telemetry.history is not None:
            operation.work_context = WorkContext(place_of(data, state.shard_count or 1))
        if telemetry.tracing is not None:
            self._start_span(telemetry.tracing, operation, data, state.shard_count or 1)
        self._open[interaction_id] = operation
        return operation

    def _start_span(self, tracing: Tracing, operation: InteractionOperation, data: dict[str, Any], shards: int) -> None:
        self._telemetry.redact.add_secret(data.get("token"))
        kind, name = operation.kind, operation.name
        operation.trace_in(
            tracing.root(
                kind.prefix if name is None else f"{kind.prefix} {name}",
                kind.span.kind,
                lambda: span_attributes(operation, data, shards),
                rate=self._telemetry.rates.of(kind.rate_key, name),
            )
        )

    def _settle(self, state: ConnectionState[Any], operation: InteractionOperation) -> None:
        """End at once what nobody handles: an expired view, an unknown component, a bot without a command tree."""
        if operation.by_fork:
            self.drop(operation)
            return
        # Somebody may wait for it with Client.wait_for, which nobody can see from here.
        waiting = getattr(state._get_client(), "_listeners", {}).get("interaction")
        handled = waiting or operation.acknowledged
        if not handled:
            operation.outcome = UNHANDLED
            if operation.kind.span in (COMPONENT_SPAN, MODAL_SPAN):
                self._unhandled.value += 1
        self.end(operation)

    # -- what handlers do with it

    def unclaimed(self, interaction_id: int) -> bool:
        """Whether an interaction has arrived that nobody handles yet, and whose handler a listener can be."""
        operation = self._open.get(interaction_id)
        return operation is not None and not operation.claimed and not operation.by_fork

    def _claim(self, interaction_id: int) -> InteractionOperation | None:
        operation = self._open.get(interaction_id)
        if operation is None or operation.ended:
            return None
        operation.claimed = True
        return operation

    def _note(self, interaction_id: int, error: BaseException) -> None:
        operation = self._open.get(interaction_id)
        if operation is not None and not operation.ended:
            operation.record_error(original(error))

    def end(self, operation: InteractionOperation, error: BaseException | None = None) -> None:
        """End an interaction, unless it has ended, with ``error`` or what was noted before."""
        if operation.ended:
            return
        if error is not None:
            operation.record_error(original(error))
        outcome = operation.outcome if operation.error is None else outcome_of(operation.error)
        # All that the base's `settle` and `end_span` do: calls of them cost more than a record.
        operation.ended = True
        duration = perf_counter() - operation.started
        error, operation.error = operation.error, None
        span = operation.span
        trace = None if span is None else operation.trace
        place = operation.work_context
        if place is not None:
            place.ended = True
            history = self._telemetry.history
            if history is not None:
                tell(history, operation, place, outcome, duration)
        if outcome is OK:
            series = operation.series or self._series_of(operation)
            series.duration.record(duration, trace)
        else:
            self._duration_of(operation, outcome).record(duration, trace)
        # What is remembered until the deadline must keep nothing of the bot's alive.
        operation.interaction = None
        if operation.acknowledged:
            del self._open[operation.id]
        else:
            self._await_acknowledgement(operation)
        if span is not None:
            attributes: dict[str, AttributeValue] = {OUTCOME.name: outcome.name}
            if outcome.error_type is not None:
                attributes[ERROR_TYPE.name] = outcome.error_type
            span.set_attributes(attributes)
            span.end(error, failed=outcome.failed)

    def drop(self, operation: InteractionOperation) -> None:
        """End an interaction whose handler cannot be seen: without duration or outcome, which would be made up."""
        operation.settle()
        if operation.acknowledged:
            del self._open[operation.id]
        else:
            self._await_acknowledgement(operation)
        operation.end_span(False)

    def _series_of(self, operation: InteractionOperation) -> Series:
        kind, name = operation.kind, operation.name
        series = kind.series.get(name)
        if series is None:
            series = Series(self._duration_of(operation, OK), self._responses[kind.type, operation.command])
            if len(kind.series) < _SERIES_REMEMBERED:
                kind.series[name] = series
        operation.series = series
        return series

    def _duration_of(self, operation: InteractionOperation, outcome: Outcome) -> HistogramCell:
        kind = operation.kind
        if kind.command_type is None:
            return self._durations[(kind.type, operation.command, operation.component, *outcome)]
        of_command = self._commands[(operation.name, kind.command_type, *outcome)]
        if of_command.whole is None:
            # By what the cell shows, and not by what was asked for: one that stands for many commands is a part of
            # what stands for them among interactions.
            shown = of_command.attributes.get
            key = kind.type, shown(COMMAND_NAME.name), None, shown(OUTCOME.name), shown(ERROR_TYPE.name)
            of_command.join(self._durations[key])
        return of_command

    # -- acknowledgement

    def acknowledgement_failed(self, operation: InteractionOperation) -> None:
        """Note that an acknowledgement did not arrive, or was refused."""
        operation.acknowledging = False
        if operation.ended and perf_counter() - self._created(operation.id, operation.started) >= DEADLINE:
            self._give_up(operation)

    def acknowledged(self, operation: InteractionOperation, sent: float) -> None:
        """Note that Discord has taken our answer; the first one counts.

        Parameters
        ----------
        sent:
            When it went out, by :func:`time.perf_counter`. Discord holds its deadline against the answer's arrival; how
            long it then takes to say so is its own affair.
        """
        operation.acknowledging = False
        if operation.acknowledged:
            return
        operation.acknowledged = True
        trace = operation.trace if operation.span is not None else None
        series = operation.series or self._series_of(operation)
        series.response.record(sent - self._created(operation.id, operation.started), trace)
        if operation.ended:
            self._open.pop(operation.id, None)

    def _await_acknowledgement(self, operation: InteractionOperation) -> None:
        """Wait for what the handler may have left to a task of its own, until the deadline and no longer."""
        remaining = DEADLINE - (perf_counter() - self._created(operation.id, operation.started))
        if remaining > 0:
            with suppress(RuntimeError):  # no loop runs: the bot is ending
                asyncio.get_running_loop().call_later(remaining, self._deadline, operation)
                return
        if not operation.acknowledging:
            self._give_up(operation)

    def _deadline(self, operation: InteractionOperation) -> None:
        if not operation.acknowledged and not operation.acknowledging:
            self._give_up(operation)

    def _cut_all_short(self, error: BaseException) -> None:
        for operation in self._open.copy().values():
            self._cut_short(operation, error)

    def _cut_off(self, operation: InteractionOperation, error: BaseException) -> None:
        """End one as the process ends: what has not been acknowledged by now never is."""
        self.end(operation, error)
        if not operation.acknowledged:
            self._give_up(operation)

    def _give_up(self, operation: InteractionOperation) -> None:
        if self._open.pop(operation.id, None) is not None:
            self._unacknowledged[operation.kind.type, operation.command].value += 1


def _parser_of(state: ConnectionState[Any]) -> Function:
    return state.parsers["INTERACTION_CREATE"]


def _set_parser(state: ConnectionState[Any], parse: Function) -> None:
    state.parsers["INTERACTION_CREATE"] = parse
