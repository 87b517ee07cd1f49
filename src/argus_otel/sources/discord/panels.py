"""What people are shown of a bot: gateway, interactions, commands and REST calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from argus_otel.panels import (
    NO_BUCKETS,
    Cell,
    Column,
    Content,
    Fact,
    Panel,
    Table,
    Tone,
    View,
    busiest,
    columns,
    counts,
    note_rest,
    number,
    quantile,
    rate,
    recent_quantiles,
    seconds,
)
from argus_otel.scrape.buckets import Buckets
from argus_otel.scrape.series import Group, Metrics
from argus_otel.sources.discord import attributes, catalogue

_SHARDS = 6
_EVENTS = 6
_REASONS = 3

# Widths of a screen, in characters.
_USUAL = 60
_SPACIOUS = 120

# -- gateway


def _gateway(view: View) -> Content:
    latency = view.whole.by(catalogue.LATENCY, attributes.SHARD_ID)
    up = view.whole.by(catalogue.SHARD_UP, attributes.SHARD_ID)
    events = view.recent.by(catalogue.SHARD_EVENTS, attributes.SHARD_ID)
    steps = [(step.seconds, step.added.by(catalogue.SHARD_EVENTS, attributes.SHARD_ID)) for step in view.steps]
    # Those that are down first, then the slowest: of a thousand shards, these are the ones to see.
    order = sorted({*up, *latency}, key=lambda shard: (up.get(shard, 0.0), -latency.get(shard, 0.0), shard))
    rest = note_rest(len(order), _SHARDS, "no shard is known yet")
    if len(order) > _SHARDS:
        rest += f", {number(sum(up.values()))} of {len(order)} up"
    shards = [
        (
            Cell(f"shard {shard[0]}"),
            Cell("up", Tone.GOOD) if up.get(shard) else Cell("down", Tone.BAD),
            Cell(seconds(latency.get(shard))),
            Cell(
                rate(events.get(shard, 0.0), view.interval),
                trend=tuple((duration, added.get(shard, 0.0) / duration) for duration, added in steps),
            ),
        )
        for shard in order[:_SHARDS]
    ]
    by_type = view.recent.by(catalogue.GATEWAY_EVENTS, attributes.EVENT_TYPE)
    common = sorted(by_type.items(), key=lambda item: -item[1])[:_EVENTS]
    types = [
        (Cell(f"  {kind}", Tone.MUTED), Cell(rate(count, view.interval), Tone.MUTED))
        for (kind,), count in common
        if count
    ]
    return (
        Table(columns(("shard", "state"), ("latency", "events")), shards, rest),
        Table(
            columns(("event",), ("rate",)),
            [(Cell("events"), Cell(rate(sum(by_type.values()), view.interval))), *types],
        ),
    )


def _reach(view: View) -> str:
    guilds, members = view.whole.total(catalogue.GUILDS), view.whole.total(catalogue.GUILD_MEMBERS)
    return f"{number(guilds)} guilds, {number(members)} members"


def _shards_up(view: View) -> tuple[Fact, ...]:
    states = view.whole.by(catalogue.SHARD_UP, attributes.SHARD_ID)
    latencies = view.whole.by(catalogue.LATENCY, attributes.SHARD_ID)
    if not states:
        return (Fact("shards up", Cell("0", Tone.CAUTION), "none is known yet"),)
    up = sum(states.values())
    tone = Tone.GOOD if up == len(states) else Tone.BAD
    slowest = f"slowest {seconds(max(latencies.values()))}" if latencies else ""
    return (Fact("shards up", Cell(f"{number(up)} of {len(states)}", tone), slowest),)


# -- interactions

_TONES = {"ok": Tone.GOOD, "rejected": Tone.CAUTION, "refused": Tone.CAUTION, "error": Tone.BAD}


def _interactions(view: View) -> Content:
    late, late_now = view.whole.total(catalogue.UNACKNOWLEDGED), view.recent.total(catalogue.UNACKNOWLEDGED)
    recently = view.recent.spread(catalogue.INTERACTION_DURATION, attributes.OUTCOME)
    ever = view.whole.spread(catalogue.INTERACTION_DURATION, attributes.OUTCOME)
    reasons = _late_reasons(view)
    outcomes = [
        (
            Cell("interactions"),
            Cell(
                rate(sum(buckets.count for buckets in recently.values()), view.interval),
                trend=_interaction_rates(view),
            ),
            Cell(number(sum(buckets.count for buckets in ever.values()))),
        ),
        *(
            (
                Cell(f"  {outcome}", _TONES.get(outcome, Tone.PLAIN)),
                Cell(rate(recently.get((outcome,), NO_BUCKETS).count, view.interval)),
                Cell(number(buckets.count)),
            )
            for (outcome,), buckets in sorted(ever.items())
        ),
        (
            Cell("  unacknowledged", Tone.BAD if late else Tone.PLAIN),
            Cell(rate(late_now or 0.0, view.interval)),
            Cell(number(late or 0.0)),
        ),
        *(
            (Cell(f"  late: {_in_words(reason)}", Tone.MUTED), Cell(rate(recent, view.interval)), Cell(number(ever)))
            for reason, recent, ever in reasons[:_REASONS]
        ),
    ]
    times: list[tuple[Cell, ...]] = []
    for name, metric in (("duration", catalogue.INTERACTION_DURATION), ("response time", catalogue.RESPONSE_TIME)):
        lately = view.interval > 0 and not view.since_start
        if lately:
            times.append((Cell(f"{name}, {view.period}"), *_quantiles(view.recent.whole(metric), Tone.PLAIN)))
        tone = Tone.MUTED if lately else Tone.PLAIN
        times.append((Cell(f"{name}, since start", tone), *_quantiles(view.whole.whole(metric), tone)))
    return (
        Table(
            columns(("outcome",), ("rate", "since start")),
            outcomes,
            note_rest(len(reasons), _REASONS, ""),
        ),
        Table((*columns(("time",), ("p50", "p95")), Column("p99", needs=_USUAL)), times),
    )


def _late_reasons(view: View) -> list[tuple[str, float, float]]:
    """Return why acknowledgements were late, missing or refused, with how often lately and ever; the latest first."""
    whole, recent = (metrics.by(catalogue.LATE, attributes.LATE_REASON) for metrics in (view.whole, view.recent))
    found = [(reason, recent.get((reason,), 0.0), count) for (reason,), count in whole.items() if count]
    return sorted(found, key=lambda each: (-each[1], -each[2], each[0]))


def _in_words(reason: str) -> str:
    return reason.replace("_", " ")


def _interaction_rates(view: View) -> tuple[tuple[float, float], ...]:
    return view.trend(lambda step: step.added.whole(catalogue.INTERACTION_DURATION).count / step.seconds)


def _running(view: View) -> str:
    return f"{number(view.whole.total(catalogue.INTERACTIONS_ACTIVE))} run now"


def _acknowledged(view: View) -> tuple[Fact, ...]:
    answered = view.recent.whole(catalogue.RESPONSE_TIME)
    slow = answered.quantile(0.95) or 0.0
    missed = view.recent.total(catalogue.UNACKNOWLEDGED) or 0.0
    trend = view.trend(lambda step: step.added.whole(catalogue.RESPONSE_TIME).quantile(0.95))
    reasons = [reason for reason, recent, _ in _late_reasons(view) if recent]
    return (
        Fact(
            "acknowledged within (p95)",
            Cell(quantile(answered, 0.95), _tone(slow, 1.0, 2.5), trend),
            "Discord gives up after 3 s",
        ),
        Fact(
            "not acknowledged",
            Cell(
                number(missed),
                Tone.BAD if missed else Tone.PLAIN,
                view.trend(lambda step: (step.added.total(catalogue.UNACKNOWLEDGED) or 0.0) / step.seconds),
            ),
            f"most often: {_in_words(reasons[0])}" if missed and reasons else "the user saw the interaction fail",
        ),
    )


def _tone(value: float, caution: float, bad: float) -> Tone:
    return Tone.BAD if value >= bad else Tone.CAUTION if value >= caution else Tone.PLAIN


def _quantiles(buckets: Buckets, tone: Tone) -> tuple[Cell, ...]:
    return tuple(Cell(quantile(buckets, q), tone) for q in (0.5, 0.95, 0.99))


# -- commands


def _commands(view: View) -> Content:
    """Draw the commands, the most used of the last interval first.

    Quantiles are of the last interval where the command was used in it, else since the start (muted).
    """
    by = (attributes.COMMAND_NAME, attributes.COMMAND_TYPE)
    whole, recent = (
        view.whole.spread(catalogue.COMMAND_DURATION, *by),
        view.recent.spread(catalogue.COMMAND_DURATION, *by),
    )
    outcomes = view.whole.spread(catalogue.COMMAND_DURATION, *by, attributes.OUTCOME)
    steps = [(step.seconds, step.added.spread(catalogue.COMMAND_DURATION, *by)) for step in view.steps]
    rows: list[tuple[Cell, ...]] = []
    for group in busiest(whole, recent, view.rows):
        rejected, errors = (outcomes.get((*group, outcome), NO_BUCKETS).count for outcome in ("rejected", "error"))
        lately = recent.get(group, NO_BUCKETS)
        trend = tuple((duration, added.get(group, NO_BUCKETS).count / duration) for duration, added in steps)
        rows.append(
            (
                *map(Cell, group),
                Cell(rate(lately.count, view.interval), trend=trend),
                Cell(number(whole[group].count)),
                *recent_quantiles(whole[group], lately),
                Cell(number(rejected)),
                Cell(number(errors), Tone.BAD if errors else Tone.PLAIN),
            )
        )
    headings = (
        Column("command", number=False),
        Column("type", number=False, needs=_USUAL),
        Column("rate"),
        Column("total", needs=_USUAL),
        Column("p50", needs=_USUAL),
        Column("p95"),
        Column("rejected", needs=_USUAL),
        Column("errors"),
    )
    return (Table(headings, rows, note_rest(len(whole), view.rows, "no command was used yet")),)


def _command_periods(view: View) -> str:
    if view.since_start:
        return view.period
    return f"rate and quantiles {view.period}, the rest since the start" if view.interval else ""


def _failed_commands(view: View) -> tuple[Fact, ...]:
    recent = view.recent.spread(catalogue.COMMAND_DURATION, attributes.OUTCOME)
    used = sum(buckets.count for buckets in recent.values())
    failed = _failures(view.recent)
    tone = Tone.BAD if failed else Tone.PLAIN
    failures = Cell(number(failed), tone, view.trend(lambda step: _failures(step.added) / step.seconds))
    return (Fact("commands failed", failures, f"of {number(used)}"),)


def _failures(metrics: Metrics) -> float:
    by_outcome = metrics.spread(catalogue.COMMAND_DURATION, attributes.OUTCOME)
    return by_outcome.get(("error",), NO_BUCKETS).count


# -- REST


def _routes(view: View) -> Content:
    """Draw the REST routes, the most used of the last interval first.

    Rates and statuses are of attempts, quantiles of whole calls with their waits and retries. A narrow terminal gets
    neither the median, nor how often and how long calls waited for rate limits.
    """
    by = (attributes.METHOD, attributes.TEMPLATE)
    attempts = _with_route(view.whole.spread(catalogue.HTTP_DURATION, *by))
    attempts_recent = view.recent.spread(catalogue.HTTP_DURATION, *by)
    calls, calls_recent = (metrics.spread(catalogue.REST_DURATION, *by) for metrics in (view.whole, view.recent))
    statuses, scopes = _statuses(view.whole), _scopes(view.whole)
    waits = view.whole.spread(catalogue.RATELIMIT_WAIT, attributes.TEMPLATE)
    rows: list[tuple[Cell, ...]] = []
    for group in busiest(attempts, attempts_recent, view.rows):
        wait = waits.get(group[1:], NO_BUCKETS)
        rows.append(
            (
                Cell(" ".join(group)),
                Cell(rate(attempts_recent.get(group, NO_BUCKETS).count, view.interval)),
                *recent_quantiles(calls.get(group, NO_BUCKETS), calls_recent.get(group, NO_BUCKETS)),
                Cell(counts(statuses[group])),
                Cell(counts(scopes[group[1]]), Tone.BAD if scopes[group[1]] else Tone.PLAIN),
                Cell(number(wait.count)),
                Cell(seconds(wait.sum)),
            )
        )
    headings = (
        Column("route", number=False),
        Column("rate"),
        Column("p50", needs=_SPACIOUS),
        Column("p95"),
        Column("statuses", at_most=28, needs=_USUAL),
        Column("429 by scope", at_most=28),
        Column("waits", needs=_SPACIOUS),
        Column("waited", needs=_SPACIOUS),
    )
    return (Table(headings, rows, note_rest(len(attempts), view.rows, "no REST call was made yet")),)


def _statuses(whole: Metrics) -> defaultdict[Group, dict[str, float]]:
    found: defaultdict[Group, dict[str, float]] = defaultdict(dict)
    by = (attributes.METHOD, attributes.TEMPLATE, attributes.STATUS, attributes.ERROR_TYPE)
    for (method, template, status, error), buckets in whole.spread(catalogue.HTTP_DURATION, *by).items():
        known = found[(method, template)]
        result = status or error or "none"
        known[result] = known.get(result, 0.0) + buckets.count
    return found


def _scopes(whole: Metrics) -> defaultdict[str, dict[str, float]]:
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    limits = whole.by(catalogue.RATELIMITS, attributes.TEMPLATE, attributes.RATELIMIT_SCOPE)
    for (template, scope), count in limits.items():
        found[template][scope] = count
    return found


def _with_route(spread: Mapping[Group, Buckets]) -> dict[Group, Buckets]:
    """Leave out calls without a template, which another instrumentation of HTTP clients recorded."""
    return {group: buckets for group, buckets in spread.items() if all(group)}


_BOX = 2
_HEADINGS = 2  # headings, rule
_TABLE = 2 + _HEADINGS  # title, caption

PANELS = (
    Panel(
        "gateway",
        (
            catalogue.SHARD_UP,
            catalogue.LATENCY,
            catalogue.SHARD_EVENTS,
            catalogue.GATEWAY_EVENTS,
            catalogue.GUILDS,
            catalogue.GUILD_MEMBERS,
        ),
        _gateway,
        lines=_BOX + 1 + _SHARDS + 1 + 1 + 1 + _EVENTS,
        ratio=4,
        summary=_reach,
        headline=_shards_up,
    ),
    Panel(
        "interactions",
        (
            catalogue.INTERACTION_DURATION,
            catalogue.RESPONSE_TIME,
            catalogue.INTERACTIONS_ACTIVE,
            catalogue.UNACKNOWLEDGED,
            catalogue.LATE,
        ),
        _interactions,
        lines=_BOX + 1 + 1 + 3 + 1 + _REASONS + 1 + 1 + 4,
        ratio=5,
        summary=_running,
        headline=_acknowledged,
    ),
    Panel(
        "commands",
        (catalogue.COMMAND_DURATION,),
        _commands,
        lines=_TABLE,
        grows=True,
        summary=_command_periods,
        headline=_failed_commands,
    ),
    Panel(
        "REST",
        (catalogue.REST_DURATION, catalogue.RATELIMITS, catalogue.RATELIMIT_WAIT),
        _routes,
        lines=_TABLE,
        grows=True,
        also=(catalogue.HTTP_DURATION,),  # any instrumentation of an HTTP client records it
    ),
)
"""See :mod:`argus_otel.panels`."""
