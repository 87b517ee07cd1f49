"""Compares a bot's metrics with the simulator's ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from argus_otel.scrape.series import Metrics
from argus_otel.sources.discord import attributes, catalogue
from argus_otel.telemetry import Attribute, Metric
from discord_simulator import Ledger

from .row import Row, rows


def compare(ledger: Ledger, metrics: Metrics, prefix_commands: int | None = None) -> list[Row]:
    """Return every number that either side has, in a fixed order.

    Parameters
    ----------
    metrics:
        One scrape of one bot that was connected to this simulator only.
    prefix_commands:
        How many prefix commands were called; ``None`` leaves them out. To the simulator they are messages like others,
        so the caller has to know.
    """
    return [
        *_gateway(ledger, metrics),
        *_interactions(ledger, metrics),
        *_commands(ledger, metrics, prefix_commands),
        *_rest(ledger, metrics),
    ]


def _gateway(ledger: Ledger, metrics: Metrics) -> Iterator[Row]:
    events: Counter[str] = Counter()
    for (_, event), number in ledger.received_event_counts().items():
        events[event] += number
    yield from rows("gateway events", events, _counted(metrics.by(catalogue.GATEWAY_EVENTS, attributes.EVENT_TYPE)))
    sessions: Counter[str] = Counter()
    for (_, kind), number in ledger.session_counts().items():
        sessions[kind] += number
    yield from rows("gateway sessions", sessions, _counted(metrics.by(catalogue.SESSIONS, attributes.SESSION_TYPE)))


def _interactions(ledger: Ledger, metrics: Metrics) -> Iterator[Row]:
    entries = ledger.interactions_now()
    duration, response = catalogue.INTERACTION_DURATION, catalogue.RESPONSE_TIME
    kind = attributes.INTERACTION_TYPE
    yield from rows("interactions", Counter(entry.kind for entry in entries), _recorded(metrics, duration, kind))
    acknowledged = Counter(entry.kind for entry in entries if entry.acknowledged)
    yield from rows("acknowledged", acknowledged, _recorded(metrics, response, kind))
    late = Counter(entry.kind for entry in entries if not entry.acknowledged)
    yield from rows("unacknowledged", late, _counted(metrics.by(catalogue.UNACKNOWLEDGED, kind)))


def _commands(ledger: Ledger, metrics: Metrics, prefix_commands: int | None) -> Iterator[Row]:
    called = Counter(entry.name for entry in ledger.interactions_now() if entry.kind == "application_command")
    ours: Counter[str] = Counter()
    prefixed = 0
    for (name, kind), buckets in metrics.spread(
        catalogue.COMMAND_DURATION, attributes.COMMAND_NAME, attributes.COMMAND_TYPE
    ).items():
        if kind == "prefix":
            prefixed += round(buckets.count)
        else:
            ours[name] += round(buckets.count)
    yield from rows("commands", called, ours)
    if prefix_commands is not None:
        yield Row("commands", "(all prefix commands)", prefix_commands, prefixed)


def _rest(ledger: Ledger, metrics: Metrics) -> Iterator[Row]:
    theirs = Counter(
        {f"{method} {template} {status}": n for (method, template, status), n in ledger.rest_counts().items() if status}
    )
    ours: Counter[str] = Counter()
    for (method, template, status), buckets in metrics.spread(
        catalogue.HTTP_DURATION, attributes.METHOD, attributes.TEMPLATE, attributes.STATUS
    ).items():
        if status:
            ours[f"{method} {template} {status}"] += round(buckets.count)
    yield from rows("REST responses", theirs, ours)
    limits = Counter({f"{template} {scope}": n for (template, scope), n in ledger.ratelimit_counts().items()})
    counted: Counter[str] = Counter()
    for (template, scope), number in metrics.by(
        catalogue.RATELIMITS, attributes.TEMPLATE, attributes.RATELIMIT_SCOPE
    ).items():
        counted[f"{template} {scope}"] += round(number)
    yield from rows("REST rate limits", limits, counted)


def _counted(groups: Mapping[tuple[str, ...], float]) -> Counter[str]:
    return Counter({" ".join(group): round(number) for group, number in groups.items()})


def _recorded(metrics: Metrics, metric: Metric, attribute: Attribute) -> Counter[str]:
    return Counter({group[0]: round(buckets.count) for group, buckets in metrics.spread(metric, attribute).items()})
