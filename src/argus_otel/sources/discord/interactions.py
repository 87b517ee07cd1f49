"""Observed: every interaction, from its arrival to the end of its handler. Signal: operation.

The hook wraps the gateway's parser for ``INTERACTION_CREATE``, an entry of ``ConnectionState.parsers``, so that an
interaction of any type begins before discord.py handles it. It wraps ``parse_interaction_create`` of the same object
too, which a web server calls with the interactions that Discord posts to it. A command tree, a view, a modal or a
listener then marks the interaction as handled, and the operation ends with that handler. Safe, because the original
parser always runs, and only the parser's own exceptions leave the hook.

An interaction is timed from before discord.py schedules its handler. A timer that starts in a listener would miss
everything that the handler does before its first ``await``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
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

from .attributes import COMMAND_NAME, ERROR_TYPE, INTERACTION_TYPE, LATE_REASON, OUTCOME
from .catalogue import (
    COMMAND_DURATION,
    COMPONENTS_UNHANDLED,
    INTERACTION_DURATION,
    INTERACTIONS_ACTIVE,
    RESPONSE_TIME,
    UNACKNOWLEDGED,
)
from .clock import DiscordClock
from .http_interactions import posted
from .ids import ids_of_interaction
from .instance_patches import InstancePatches
from .interaction_operations import (
    InteractionKind,
    InteractionOperation,
    Series,
    add_ending,
    emit_history,
    exception_attributes,
    qualified_name,
    span_attributes,
)
from .late_acknowledgements import ALREADY_ACKNOWLEDGED, DEADLINE, UNKNOWN_INTERACTION, LateAcknowledgements
from .origins import Origins
from .outcomes import OK, UNHANDLED, Outcome, error_code, original, outcome_of
from .patches import Function, PatchSet
from .spans import AUTOCOMPLETE_SPAN, COMMAND_SPAN, COMPONENT_SPAN, MODAL_SPAN

if TYPE_CHECKING:
    from discord.state import ConnectionState

HOOK = "interactions"

# Further cells are looked up each time: names that the cardinality limit refuses must not be remembered here either.
_SERIES_REMEMBERED = 1000


class Interactions:
    """Begins, finds and ends the operations of interactions. Other hook files use them through this class alone.

    ``mark_handled``, ``mark_handled_by_listener``, ``record_error`` and ``discard`` are shielded by the guard: they
    accept anything and never raise. The others run for each command, and every caller is a hook's body that the guard
    shields already: ``find``, which is a dictionary's ``get``, `end`, `acknowledged` and `acknowledgement_failed`. A
    second shield would cost each command four calls.

    Attributes
    ----------
    find:
        Returns the operation of an interaction's id, or ``None``.
    mark_handled:
        Called with an id by the hook that will end the operation; returns it, or ``None`` if it has ended or is
        not known.
    mark_handled_by_listener:
        As ``mark_handled``, but returns ``None`` if anything else handles the interaction, or a fork does.
    record_error:
        Called with an id and the exception that decides the outcome. The first one counts.
    discard:
        Ends an operation whose handler the hooks cannot see, without a duration or outcome.
    answers_by:
        The web framework that has answered a posted interaction; empty if none has.
    """

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, clock: DiscordClock) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._clock = clock
        # Called as late as possible: the response to an acknowledgement also shows Discord's time.
        self._created = clock.created
        self._durations = telemetry.histogram(INTERACTION_DURATION)
        self._commands = telemetry.histogram(COMMAND_DURATION)
        self._responses = telemetry.histogram(RESPONSE_TIME)
        self._unacknowledged = telemetry.counter(UNACKNOWLEDGED)
        self._late = LateAcknowledgements(telemetry, clock)
        self._origins = Origins(telemetry)
        self._unhandled = telemetry.counter(COMPONENTS_UNHANDLED)[()]
        telemetry.gauge(INTERACTIONS_ACTIVE, self._read_active)
        self._kinds = {
            3: InteractionKind("component", COMPONENT_SPAN),
            4: InteractionKind("autocomplete", AUTOCOMPLETE_SPAN),
            5: InteractionKind("modal_submit", MODAL_SPAN),
        }
        self._command_kinds = {
            1: InteractionKind("application_command", COMMAND_SPAN, "slash"),
            2: InteractionKind("application_command", COMMAND_SPAN, "user"),
            3: InteractionKind("application_command", COMMAND_SPAN, "message"),
        }
        self.answers_by = ""
        self._open: dict[int, InteractionOperation] = {}
        self._patches: InstancePatches[ConnectionState[Any]] = InstancePatches(_parser_of, _set_parser)
        self._http_patches: InstancePatches[ConnectionState[Any]] = InstancePatches(_method_of, _set_method)
        guard = telemetry.guard
        self._end_at_exit = guard.shield(HOOK, self._end_unacknowledged, arguments=2)
        guard.in_flight.add_list(self._end_all_at_exit)
        self.find: Callable[[Any], InteractionOperation | None] = self._open.get
        self.mark_handled = guard.shield(HOOK, self._mark_handled, arguments=1)
        self.mark_handled_by_listener = guard.shield(HOOK, self._mark_handled_by_listener, arguments=1)
        self.record_error = guard.shield(HOOK, self._record_error, arguments=2)
        self.discard = guard.shield(HOOK, self._discard, arguments=1)

    def __len__(self) -> int:
        """Return how many interactions are remembered: those that are handled, or may still be acknowledged."""
        return len(self._open)

    def _read_active(self) -> Reading:
        # Copied in one step: the collecting thread reads while the event loop changes it.
        running = dict.fromkeys((kind.type for kind in (*self._kinds.values(), *self._command_kinds.values())), 0)
        for operation in self._open.copy().values():
            if not operation.ended:
                running[operation.kind.type] += 1
        return [({INTERACTION_TYPE.name: kind}, number) for kind, number in running.items()]

    # -- arrival

    def attach(self, state: ConnectionState[Any]) -> None:
        """Begin an operation for each interaction that ``state`` parses from now on. Safe to repeat."""
        guard = self._telemetry.guard
        begin = guard.shield(HOOK, self._begin, arguments=3)
        by_fork = not hasattr(state, "_command_tree")
        abandon = guard.shield(HOOK, self.end)
        finish_unhandled = guard.shield(HOOK, self._finish_unhandled)

        def make(parse: Function, by_http: bool = False) -> Function:
            def observed(data: Any) -> None:
                operation = begin(state, data, by_fork)
                if operation is None:
                    return parse(data)
                if by_http:
                    posted.set(operation)  # the request's context: its response may be the acknowledgement
                scope, work = operation.scope, operation.work_context
                try:
                    # The task that discord.py creates in here copies the context, and so nests under the span.
                    token = None if work is None else CURRENT_WORK.set(work)
                    if scope is not None:
                        scope.attach()
                    try:
                        parse(data)
                    finally:
                        if scope is not None:
                            scope.detach()
                        if token is not None:
                            CURRENT_WORK.reset(token)
                except BaseException as error:  # discord.py cannot parse it, so that nothing will handle it
                    abandon(operation, error)
                    raise
                if not operation.handled:
                    finish_unhandled(state, operation)
                return None

            return observed

        if "INTERACTION_CREATE" in state.parsers:
            self._patches.wrap(state, make)
        if hasattr(state, "parse_interaction_create"):
            self._http_patches.wrap(state, partial(make, by_http=True))

    def detach(self) -> None:
        """Restore every client's own parser."""
        self._patches.unwrap_all()
        self._http_patches.unwrap_all()

    def forget(self) -> None:
        """Forget every interaction. Called in a forked child: the parent counts its own."""
        for operation in self._open.values():
            operation.ended = True
        self._open.clear()

    def _begin(self, state: ConnectionState[Any], data: dict[str, Any], by_fork: bool) -> InteractionOperation | None:
        if not self._hooks.on:
            return None
        try:  # an interaction that is malformed, or of a type that Discord has added since, is not observed
            number = data["type"]
            kind = self._command_kinds.get(data["data"].get("type", 1)) if number == 2 else self._kinds.get(number)
            if kind is None:
                return None
            interaction_id = int(data["id"])
            name = qualified_name(data["data"]) if kind.for_tree else None
        except (AttributeError, LookupError, TypeError, ValueError):
            return None
        if interaction_id >> 64:  # not a snowflake: too large, or negative
            return None
        if interaction_id in self._open:  # begun by an outer wrapper of the parser: each interaction counts once
            return None
        operation = InteractionOperation(interaction_id, kind, name)
        try:
            owners = data["authorizing_integration_owners"]
            operation.origin = origin = self._origins[data["context"], "0" in owners, "1" in owners]
            origin.arrivals.value += 1
        except (LookupError, TypeError):  # Discord has not sent them, or has added another context since
            pass
        clock = self._clock
        if operation.started >= clock.arrivals_due:
            clock.arrived(interaction_id, operation.started)
        if by_fork:
            operation.by_fork = True
        elif kind.for_tree:
            # discord.py hands these to the command tree, if the client has one, before any listener.
            operation.handled = state._command_tree is not None
        telemetry = self._telemetry
        if telemetry.history is not None:
            operation.work_context = WorkContext(ids_of_interaction(data, state.shard_count or 1))
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

    def _finish_unhandled(self, state: ConnectionState[Any], operation: InteractionOperation) -> None:
        """End an unhandled interaction: of an expired view, an unknown component, or a bot without a command tree."""
        if operation.by_fork:
            self._discard(operation)
            return
        # `Client.wait_for` may be waiting for it, which shows only here.
        waiting = getattr(state._get_client(), "_listeners", {}).get("interaction")
        if not (waiting or operation.acknowledged):
            operation.outcome = UNHANDLED
            if operation.kind.span in (COMPONENT_SPAN, MODAL_SPAN):
                self._unhandled.value += 1
        self.end(operation)

    # -- handling

    def _mark_handled(self, interaction_id: int) -> InteractionOperation | None:
        operation = self._open.get(interaction_id)
        if operation is None or operation.ended:
            return None
        operation.handled = True
        return operation

    def _mark_handled_by_listener(self, interaction_id: int) -> InteractionOperation | None:
        operation = self._open.get(interaction_id)
        if operation is None or operation.handled or operation.by_fork:
            return None
        return self._mark_handled(interaction_id)

    def _record_error(self, interaction_id: int, error: BaseException) -> None:
        operation = self._open.get(interaction_id)
        if operation is not None and not operation.ended:
            operation.record_error(original(error))

    def end(self, operation: InteractionOperation, error: BaseException | None = None) -> None:
        """End an interaction, unless it has ended. ``error``, or an error recorded before, decides its outcome."""
        if operation.ended:
            return
        if error is not None:
            operation.record_error(original(error))
        outcome = operation.outcome if operation.error is None else outcome_of(operation.error)
        # All that the base's `settle` and `end_span` do: calling them costs more than a record.
        operation.ended = True
        duration = perf_counter() - operation.started
        error, operation.error = operation.error, None
        code = None if outcome is OK else error_code(error)
        # First, so that history and the span have the reason of a late acknowledgement. The operation may be remembered
        # until the deadline, and must not keep the bot's objects alive for so long.
        operation.interaction = None
        if operation.acknowledged:
            del self._open[operation.id]
        else:
            self._await_acknowledgement(operation)
        span = operation.span
        trace = None if span is None else operation.trace
        work = operation.work_context
        if work is not None:
            work.ended = True
            history = self._telemetry.history
            if history is not None:
                emit_history(history, operation, work, outcome, code, duration)
        if outcome is OK:
            series = operation.series or self._series_of(operation)
            series.duration.record(duration, trace)
        else:
            self._duration_of(operation, outcome).record(duration, trace)
        if error is not None and outcome.failed:
            self._telemetry.exception_reports.report(
                operation.kind.span.exception, error, exception_attributes(operation, outcome, code), trace
            )
        if span is not None:
            attributes: dict[str, AttributeValue] = {}
            add_ending(attributes, outcome, code)
            if operation.late is not None:
                attributes[LATE_REASON.name] = operation.late
            span.set_attributes(attributes)
            span.end(error, failed=outcome.failed)

    def _discard(self, operation: InteractionOperation) -> None:
        operation.settle()
        if operation.acknowledged:
            del self._open[operation.id]
        else:
            self._await_acknowledgement(operation)
        operation.end_span(False, None if operation.late is None else {LATE_REASON.name: operation.late})

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
            # By the attributes that the cell shows, not by those that were asked for: the overflow cell of commands
            # is a part of the overflow cell of interactions.
            shown = of_command.attributes.get
            key = kind.type, shown(COMMAND_NAME.name), None, shown(OUTCOME.name), shown(ERROR_TYPE.name)
            of_command.join(self._durations[key])
        return of_command

    # -- acknowledgement: see `rest.call.Callbacks`

    def acknowledgement_failed(self, operation: InteractionOperation, code: int | None) -> None:
        """Note that an acknowledgement was refused, with a ``code`` of Discord's or without, or was lost."""
        operation.acknowledging = False
        self._late.refused(operation, code)
        if code == ALREADY_ACKNOWLEDGED:  # by an earlier attempt whose response was lost, or by another process
            operation.acknowledged = True
            if operation.ended:
                self._open.pop(operation.id, None)
        elif operation.ended and perf_counter() - self._created(operation.id, operation.started) >= DEADLINE:
            self._count_unacknowledged(operation)

    def acknowledged(self, operation: InteractionOperation, sent: float) -> None:
        """Note that Discord has accepted an acknowledgement. The first one counts.

        Parameters
        ----------
        sent:
            When the request went out, by :func:`time.perf_counter`. Discord's deadline ends with the request's arrival;
            how long its response takes does not matter.
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

    def answered(self, operation: InteractionOperation, sent: float) -> None:
        """Note that a web server's response, ``sent`` then, answers an interaction.

        Discord hangs up at the deadline.
        """
        if sent - self._created(operation.id, operation.started) < DEADLINE:
            self.acknowledged(operation, sent)
        else:
            self.acknowledgement_failed(operation, UNKNOWN_INTERACTION)

    def _await_acknowledgement(self, operation: InteractionOperation) -> None:
        """Wait until the deadline: the handler may have left the acknowledgement to a task that outlives it."""
        remaining = DEADLINE - (perf_counter() - self._created(operation.id, operation.started))
        if remaining > 0:
            with suppress(RuntimeError):  # no loop runs: the bot is ending
                asyncio.get_running_loop().call_later(remaining, self._deadline_passed, operation)
                return
        if not operation.acknowledging:
            self._count_unacknowledged(operation, handled_in_time=remaining > 0)

    def _deadline_passed(self, operation: InteractionOperation) -> None:
        if not operation.acknowledged and not operation.acknowledging:
            self._count_unacknowledged(operation, handled_in_time=True)

    def _count_unacknowledged(self, operation: InteractionOperation, *, handled_in_time: bool = False) -> None:
        if self._open.pop(operation.id, None) is not None:
            self._late.missed(operation, handled_in_time=handled_in_time)
            self._unacknowledged[operation.kind.type, operation.command].value += 1

    # -- the end of the process

    def _end_all_at_exit(self, error: BaseException) -> None:
        for operation in self._open.copy().values():
            self._end_at_exit(operation, error)

    def _end_unacknowledged(self, operation: InteractionOperation, error: BaseException) -> None:
        """End an interaction with the process: after that, nothing will acknowledge it."""
        self.end(operation, error)
        if not operation.acknowledged:
            self._count_unacknowledged(operation)


def _parser_of(state: ConnectionState[Any]) -> Function:
    return state.parsers["INTERACTION_CREATE"]


def _set_parser(state: ConnectionState[Any], parse: Function) -> None:
    state.parsers["INTERACTION_CREATE"] = parse


def _method_of(state: ConnectionState[Any]) -> Function:
    return state.parse_interaction_create


def _set_method(state: ConnectionState[Any], parse: Function) -> None:
    if getattr(parse, "__self__", None) is state:  # the class's own: kept on the object, it would be a cycle
        del state.__dict__["parse_interaction_create"]
    else:
        state.__dict__["parse_interaction_create"] = parse
