"""Observed: every run of a listener, from its first line to its end. Signal: operation.

``Client._schedule_event`` creates the task of each run: of an overridden ``on_message``, of ``@bot.event``,
``@bot.listen`` and a cog's listeners. The hook replaces the coroutine function there. ``on_error`` is not wrapped,
since users override it. Safe, because the listener gets the same arguments, and its exceptions reach discord.py as
before.

An ``on_interaction`` listener also ends the operation of an interaction that nothing else handles.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import AttributeValue, HistogramCell, Telemetry, TraceSpan

from .attributes import ERROR_TYPE, EVENT_NAME
from .catalogue import LISTENER_DURATION, LISTENER_SPAN
from .ids import ids_of
from .interaction_operations import InteractionOperation
from .interactions import Interactions
from .outcomes import failure_of
from .patches import Patch, PatchSet

if TYPE_CHECKING:
    from discord.client import Client

HOOK = "listeners"

# Frequent events, from discord.py's event reference. `guild_available` is one: all guilds become available at start.
MASS_EVENTS = (
    "message",
    "message_edit",
    "message_delete",
    "bulk_message_delete",
    "raw_message_edit",
    "raw_message_delete",
    "raw_bulk_message_delete",
    "reaction_add",
    "reaction_remove",
    "reaction_clear",
    "reaction_clear_emoji",
    "raw_reaction_add",
    "raw_reaction_remove",
    "raw_reaction_clear",
    "raw_reaction_clear_emoji",
    "poll_vote_add",
    "poll_vote_remove",
    "raw_poll_vote_add",
    "raw_poll_vote_remove",
    "typing",
    "raw_typing",
    "presence_update",
    "raw_presence_update",
    "voice_state_update",
    "voice_channel_effect",
    "member_update",
    "raw_member_remove",
    "user_update",
    "thread_member_join",
    "thread_member_remove",
    "raw_thread_member_remove",
    "guild_available",
    "socket_event_type",
    "socket_raw_receive",
    "socket_raw_send",
)

RATES = {LISTENER_SPAN.rate_key: 0.1, **{f"{LISTENER_SPAN.rate_key}.{name}": 0.001 for name in MASS_EVENTS}}
"""The default sample rates of listeners' traces."""

# Further names are looked up each time: those that the cardinality limit refuses must not be remembered here either.
_NAMES_REMEMBERED = 1000


class Series:
    """The properties that all runs for one event share, so that each run takes one look-up.

    Attributes
    ----------
    name, span, rate:
        The event's name, the name of its spans, and their sample rate.
    cell:
        The duration of runs that succeed.
    record:
        Records such a duration, in seconds; shielded.
    """

    __slots__ = ("name", "span", "rate", "cell", "record")

    def __init__(self, name: str, rate: float, cell: HistogramCell, record: Callable[[float], object]) -> None:
        self.name = name
        self.span = f"{LISTENER_SPAN.work} {name}"
        self.rate = rate
        self.cell = cell
        self.record = record


class Listeners:
    """Times listeners."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, interactions: Interactions) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._interactions = interactions
        self._durations = telemetry.histogram(LISTENER_DURATION)
        self._ids = telemetry.guard.shield(HOOK, ids_of)
        self._series: dict[str, Series] = {}
        telemetry.rates.add_defaults(RATES)

    def patches(self) -> list[Patch]:
        """Return the hook on the scheduling of listeners."""
        guard, telemetry, hooks = self._telemetry.guard, self._telemetry, self._hooks
        known, look_up = self._series.get, guard.shield(HOOK, self._series_of, arguments=1)
        begin_interaction = guard.shield(HOOK, self._begin_interaction)
        end_interaction = guard.ending(HOOK, self._interactions.end)
        begin, end = guard.shield(HOOK, self._begin, arguments=3), guard.shield(HOOK, self._end)
        in_flight, land = guard.in_flight, guard.in_flight.pop

        # One coroutine function for all runs: a closure for each would cost as much as the timing.
        async def run(client: Client, series: Series, coro: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            span = None if telemetry.tracing is None else begin(client, series, args)
            started = perf_counter()
            if span is not None:  # most runs are not sampled, and leave nothing open
                in_flight[span] = partial(end, series, started)
            try:
                result = await coro(*args, **kwargs)
            except BaseException as error:
                if span is None or land(span, None) is not None:
                    end(series, started, span, error)
                raise
            if span is None:
                series.record(perf_counter() - started)
            elif land(span, None) is not None:
                end(series, started, span, None)
            return result

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def _schedule_event(
                self: Client, coro: Callable[..., Any], event_name: str, *args: Any, **kwargs: Any
            ) -> Any:
                if hooks.on:
                    series = known(event_name) or look_up(event_name)
                    if series is not None:
                        coro = partial(run, self, series, coro)
                    if event_name == "on_interaction":
                        operation = begin_interaction(*args)
                        if operation is not None:
                            coro = partial(end_interaction, operation, coro)
                return original(self, coro, event_name, *args, **kwargs)

            return _schedule_event

        return [Patch(HOOK, "discord.client", "Client._schedule_event", make)]

    def detach(self) -> None:
        """Forget the series that were looked up."""
        self._series.clear()

    def forget(self) -> None:
        """Let runs that are under way record nothing. Called in a forked child: the parent counts its own."""
        for series in self._series.values():
            series.cell = HistogramCell(series.cell.boundaries)
            series.record = series.cell.record
        self._series.clear()

    def _begin_interaction(self, interaction: Any, *_: object) -> InteractionOperation | None:
        return self._interactions.mark_handled_by_listener(interaction.id)

    def _series_of(self, event_name: str) -> Series:
        name = event_name.removeprefix("on_")
        rate = self._telemetry.rates.of(LISTENER_SPAN.rate_key, name)
        cell = self._durations[name, None]
        series = Series(name, rate, cell, self._telemetry.guard.shield(HOOK, cell.record, arguments=1))
        if len(self._series) < _NAMES_REMEMBERED:
            self._series[event_name] = series
        return series

    def _begin(self, client: Client, series: Series, args: tuple[Any, ...]) -> TraceSpan | None:
        tracing = self._telemetry.tracing
        if tracing is None:
            return None

        def attributes() -> dict[str, AttributeValue]:
            ids = self._ids(client, args[0]) if args else None
            return {EVENT_NAME.name: series.name, **(ids or {})}

        root = tracing.current_root()
        if root is None:
            span = tracing.root(series.span, LISTENER_SPAN.kind, attributes, rate=series.rate)
        elif root.sampled:
            span = tracing.child(series.span, LISTENER_SPAN.kind, attributes())
        else:  # the listener is a part of a trace that is not sampled
            return None
        if span is None:
            return None
        # Never detached: the task runs this listener alone, and `on_error` after it.
        span.attach()
        return span if span.trace_id else None

    def _end(self, series: Series, started: float, span: TraceSpan | None, error: BaseException | None) -> None:
        duration = perf_counter() - started
        failure = failure_of(error)
        cell = series.cell
        error_type = None
        if failure is not None:
            error_type = type(failure).__qualname__
            cell = self._durations[series.name, error_type]
            self._telemetry.errors.failed(failure)
        cell.record(duration, _exemplar(span))
        if span is not None:
            if error_type is not None:
                span.set_attributes({ERROR_TYPE.name: error_type})
            span.end(failure, failed=failure is not None)


def _exemplar(span: TraceSpan | None) -> TraceSpan | None:
    return span if span is not None and span.sampled else None
