"""The panels of ``argus-otel top`` about a bot: gateway, interactions, commands and REST calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from rich import box
from rich.panel import Panel as Box
from rich.table import Table
from rich.text import Text

from argus_otel.scrape.buckets import Buckets
from argus_otel.scrape.exposition import Group, Metrics
from argus_otel.sources.discord import attributes, catalogue
from argus_otel.terminal.formatting import counts, number, quantile, rate, seconds, words
from argus_otel.terminal.panels import Panel, View
from argus_otel.terminal.tables import NO_BUCKETS, busiest, note_rest, recent_quantiles, wide_table

_VERY_WIDE = 120
_SHARDS = 6
_EVENTS = 6


def _gateway(view: View) -> Box:
    table = Table.grid(padding=(0, 2))
    latency = view.whole.by(catalogue.LATENCY, attributes.SHARD_ID)
    up = view.whole.by(catalogue.SHARD_UP, attributes.SHARD_ID)
    events = view.recent.by(catalogue.SHARD_EVENTS, attributes.SHARD_ID)
    # Those that are down first, then the slowest: of a thousand shards, these are the ones to see.
    order = sorted({*up, *latency}, key=lambda shard: (up.get(shard, 0.0), -latency.get(shard, 0.0), shard))
    for shard in order[:_SHARDS]:
        state = Text("up", "green") if up.get(shard) else Text("down", "bold red")
        table.add_row(
            words(f"shard {shard[0]}"), state, seconds(latency.get(shard)), rate(events.get(shard, 0.0), view.interval)
        )
    if len(order) > _SHARDS:
        table.add_row(f"and {len(order) - _SHARDS} more, {number(sum(up.values()))} of {len(order)} up")
    if not order:
        table.add_row(Text("no shard is known yet", "dim"))
    by_type = view.recent.by(catalogue.GATEWAY_EVENTS, attributes.EVENT_TYPE)
    table.add_row("events", "", "", rate(sum(by_type.values()), view.interval))
    for (kind,), count in sorted(by_type.items(), key=lambda item: -item[1])[:_EVENTS]:
        if count:
            table.add_row(words(f"  {kind}"), "", "", rate(count, view.interval), style="dim")
    guilds, members = view.whole.total(catalogue.GUILDS), view.whole.total(catalogue.GUILD_MEMBERS)
    title = f"gateway: {number(guilds)} guilds, {number(members)} members"
    return Box(table, title=title, title_align="left", box=box.ROUNDED)


def _interactions(view: View) -> Box:
    active = view.whole.total(catalogue.INTERACTIONS_ACTIVE)
    late, late_now = view.whole.total(catalogue.UNACKNOWLEDGED), view.recent.total(catalogue.UNACKNOWLEDGED)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("")
    for q in ("p50", "p95", "p99"):
        table.add_column(q, justify="right")
    for name, metric in (("duration", catalogue.INTERACTION_DURATION), ("response time", catalogue.RESPONSE_TIME)):
        if view.interval:
            table.add_row(f"{name}, last {view.interval:.0f} s", *_quantiles(view.recent.whole(metric)))
        table.add_row(
            f"{name}, since start", *_quantiles(view.whole.whole(metric)), style="dim" if view.interval else ""
        )
    outcomes = Table.grid(padding=(0, 2))
    outcomes.add_row(
        "interactions",
        rate(view.recent.whole(catalogue.INTERACTION_DURATION).count, view.interval),
        f"{number(active)} run now",
    )
    styles = {"ok": "green", "rejected": "yellow", "refused": "yellow", "error": "red"}
    recently = view.recent.spread(catalogue.INTERACTION_DURATION, attributes.OUTCOME)
    for (outcome,), buckets in sorted(view.whole.spread(catalogue.INTERACTION_DURATION, attributes.OUTCOME).items()):
        now = rate(recently.get((outcome,), NO_BUCKETS).count, view.interval)
        outcomes.add_row(words(f"  {outcome}", styles.get(outcome, "")), now, f"{number(buckets.count)} since start")
    unacknowledged = Text("  unacknowledged", "bold red" if late else "")
    outcomes.add_row(unacknowledged, rate(late_now or 0.0, view.interval), f"{number(late or 0.0)} since start")
    both = Table.grid()
    both.add_row(outcomes)
    both.add_row(table)
    return Box(both, title="interactions", title_align="left", box=box.ROUNDED)


def _commands(view: View) -> Table:
    """Draw the commands, the most used of the last interval first.

    Quantiles are of the last interval where the command was used in it, else since the start (dim).
    """
    table = wide_table("commands", ("command", "type"), ("rate", "total", "p50", "p95", "rejected", "errors"))
    by = (attributes.COMMAND_NAME, attributes.COMMAND_TYPE)
    whole, recent = (
        view.whole.spread(catalogue.COMMAND_DURATION, *by),
        view.recent.spread(catalogue.COMMAND_DURATION, *by),
    )
    outcomes = view.whole.spread(catalogue.COMMAND_DURATION, *by, attributes.OUTCOME)
    for group in busiest(whole, recent, view.rows):
        rejected, errors = (outcomes.get((*group, outcome), NO_BUCKETS).count for outcome in ("rejected", "error"))
        lately = recent.get(group, NO_BUCKETS)
        table.add_row(
            *map(words, group),
            rate(lately.count, view.interval),
            number(whole[group].count),
            *recent_quantiles(whole[group], lately),
            number(rejected),
            Text(number(errors), "red" if errors else ""),
        )
    note_rest(table, len(whole), view.rows, "no command was used yet")
    return table


def _routes(view: View) -> Table:
    """Draw the REST routes, the most used of the last interval first.

    Rates and statuses are of attempts, quantiles of whole calls with their waits and retries. A narrow terminal gets
    neither the median, nor how often and how long calls waited for rate limits.
    """
    columns = ("rate", "p50", "p95", "statuses", "429 by scope", "waits", "waited")
    kept = columns if view.width >= _VERY_WIDE else ("rate", "p95", "statuses", "429 by scope")
    table = wide_table("REST", ("route",), kept, {"statuses": 28})
    by = (attributes.METHOD, attributes.TEMPLATE)
    attempts = _with_route(view.whole.spread(catalogue.HTTP_DURATION, *by))
    attempts_recent = view.recent.spread(catalogue.HTTP_DURATION, *by)
    calls, calls_recent = (metrics.spread(catalogue.REST_DURATION, *by) for metrics in (view.whole, view.recent))
    statuses, scopes = _statuses(view.whole), _scopes(view.whole)
    waits = view.whole.spread(catalogue.RATELIMIT_WAIT, attributes.TEMPLATE)
    for group in busiest(attempts, attempts_recent, view.rows):
        limits, wait = counts(scopes[group[1]]), waits.get(group[1:], NO_BUCKETS)
        p50, p95 = recent_quantiles(calls.get(group, NO_BUCKETS), calls_recent.get(group, NO_BUCKETS))
        cells: dict[str, str | Text] = {
            "rate": rate(attempts_recent.get(group, NO_BUCKETS).count, view.interval),
            "p50": p50,
            "p95": p95,
            "statuses": words(counts(statuses[group])),
            "429 by scope": words(limits, "red" if scopes[group[1]] else ""),
            "waits": number(wait.count),
            "waited": seconds(wait.sum),
        }
        table.add_row(words(" ".join(group)), *(cells[heading] for heading in kept))
    note_rest(table, len(attempts), view.rows, "no REST call was made yet")
    return table


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


def _quantiles(buckets: Buckets) -> tuple[str, str, str]:
    return quantile(buckets, 0.5), quantile(buckets, 0.95), quantile(buckets, 0.99)


_BOX = 2
_TABLE = 4  # title, headings, rule, caption

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
        lines=_BOX + _SHARDS + 1 + 1 + _EVENTS,
        ratio=4,
    ),
    Panel(
        "interactions",
        (
            catalogue.INTERACTION_DURATION,
            catalogue.RESPONSE_TIME,
            catalogue.INTERACTIONS_ACTIVE,
            catalogue.UNACKNOWLEDGED,
        ),
        _interactions,
        lines=_BOX + 1 + 3 + 1 + 5,
        ratio=5,
    ),
    Panel("commands", (catalogue.COMMAND_DURATION,), _commands, lines=_TABLE, grows=True),
    # HTTP_DURATION alone says nothing of a bot: any instrumentation of an HTTP client records it.
    Panel(
        "REST", (catalogue.REST_DURATION, catalogue.RATELIMITS, catalogue.RATELIMIT_WAIT), _routes, _TABLE, grows=True
    ),
)
"""See :mod:`argus_otel.terminal.panels`."""
