"""The tables of commands and of REST routes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from rich import box
from rich.table import Table
from rich.text import Text

from argus_otel.sources.discord import catalogue

from .buckets import Buckets
from .figures import counts, number, quantile, rate, seconds, words
from .measures import Group, Metrics

_NO_BUCKETS = Buckets()


def commands(whole: Metrics, recent: Metrics, interval: float, rows: int) -> Table:
    """Return the commands, the most used of late first; at most ``rows``.

    Quantiles are of the last interval where the command was used in it, else since the start (dim).
    """
    table = _table("commands", ("command", "type"), ("rate", "total", "p50", "p95", "rejected", "errors"))
    by = (catalogue.COMMAND_NAME, catalogue.COMMAND_TYPE)
    all_time, lately = whole.spread(catalogue.COMMAND_DURATION, *by), recent.spread(catalogue.COMMAND_DURATION, *by)
    outcomes = whole.spread(catalogue.COMMAND_DURATION, *by, catalogue.OUTCOME)
    for group in _busiest(all_time, lately, rows):
        rejected, errors = (outcomes.get((*group, outcome), _NO_BUCKETS).count for outcome in ("rejected", "error"))
        table.add_row(
            *map(words, group),
            rate(lately[group].count, interval),
            number(all_time[group].count),
            *_quantiles(all_time[group], lately[group]),
            number(rejected),
            Text(number(errors), "red" if errors else ""),
        )
    _note_rest(table, len(all_time), rows, "no command was used yet")
    return table


def routes(whole: Metrics, recent: Metrics, interval: float, rows: int, *, wide: bool) -> Table:
    """Return the REST routes, the most used of late first; at most ``rows``.

    Rates and statuses are of attempts, quantiles of whole calls with their waits and retries. What a table that is not
    ``wide`` leaves out is the median, and how often and how long calls waited for rate limits.
    """
    figures = ("rate", "p50", "p95", "statuses", "429 by scope", "waits", "waited")
    kept = figures if wide else ("rate", "p95", "statuses", "429 by scope")
    table = _table("REST", ("route",), kept)
    by = (catalogue.METHOD, catalogue.TEMPLATE)
    # Without a template they are not discord.py's, but of some instrumentation of HTTP clients.
    attempts = _ours(whole.spread(catalogue.HTTP_DURATION, *by))
    attempts_lately = recent.spread(catalogue.HTTP_DURATION, *by)
    calls, calls_lately = whole.spread(catalogue.REST_DURATION, *by), recent.spread(catalogue.REST_DURATION, *by)
    statuses = _statuses(whole)
    scopes: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for (template, scope), count in whole.by(
        catalogue.RATELIMITS, catalogue.TEMPLATE, catalogue.RATELIMIT_SCOPE
    ).items():
        scopes[template][scope] = count
    waits = whole.spread(catalogue.RATELIMIT_WAIT, catalogue.TEMPLATE)
    for group in _busiest(attempts, attempts_lately, rows):
        limits, wait = counts(scopes[group[1]]), waits.get(group[1:], _NO_BUCKETS)
        p50, p95 = _quantiles(calls.get(group, _NO_BUCKETS), calls_lately.get(group, _NO_BUCKETS))
        cells: dict[str, str | Text] = {
            "rate": rate(attempts_lately[group].count, interval),
            "p50": p50,
            "p95": p95,
            "statuses": words(counts(statuses[group])),
            "429 by scope": words(limits, "red" if scopes[group[1]] else ""),
            "waits": number(wait.count),
            "waited": seconds(wait.sum),
        }
        table.add_row(words(" ".join(group)), *(cells[figure] for figure in kept))
    _note_rest(table, len(attempts), rows, "no REST call was made yet")
    return table


def _statuses(whole: Metrics) -> defaultdict[Group, dict[str, float]]:
    found: defaultdict[Group, dict[str, float]] = defaultdict(dict)
    attributes = (catalogue.METHOD, catalogue.TEMPLATE, catalogue.STATUS, catalogue.ERROR_TYPE)
    for (method, template, status, error), buckets in whole.spread(catalogue.HTTP_DURATION, *attributes).items():
        known = found[(method, template)]
        answer = status or error or "none"
        known[answer] = known.get(answer, 0.0) + buckets.count
    return found


def _ours(spread: Mapping[Group, Buckets]) -> dict[Group, Buckets]:
    return {group: buckets for group, buckets in spread.items() if all(group)}


def _busiest(whole: Mapping[Group, Buckets], lately: Mapping[Group, Buckets], rows: int) -> list[Group]:
    return sorted(whole, key=lambda group: (-lately[group].count, -whole[group].count, group))[:rows]


def _quantiles(whole: Buckets, lately: Buckets) -> tuple[Text, Text]:
    buckets, style = (lately, "") if lately.count else (whole, "dim")
    return Text(quantile(buckets, 0.5), style), Text(quantile(buckets, 0.95), style)


def _table(title: str, names: tuple[str, ...], figures: tuple[str, ...]) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        expand=True,
    )
    for name in names:
        main = name == names[0]
        table.add_column(name, no_wrap=True, ratio=1 if main else None, min_width=16 if main else None)
    for figure in figures:
        # What is long gives way; a figure is of no use when it is cut.
        table.add_column(figure, justify="right", no_wrap=True, max_width=28 if figure == "statuses" else None)
    return table


def _note_rest(table: Table, known: int, rows: int, none: str) -> None:
    if known > rows:
        table.caption, table.caption_justify = f"and {known - rows} more", "left"
    elif not known:
        table.caption, table.caption_justify = none, "left"
