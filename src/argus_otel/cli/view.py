"""What a bot tells, drawn: one frame from a few snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from argus_otel.sources.discord import catalogue

from .buckets import Buckets
from .figures import NOTHING, clock, number, quantile, rate, seconds, words
from .measures import Metrics
from .scrape import Snapshot
from .tables import commands, routes

_WIDE = 100
_VERY_WIDE = 120
_SHARDS = 6
_EVENTS = 6
_WRONG = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """What a frame is drawn from.

    Attributes
    ----------
    url:
        The endpoint's.
    first, before, now:
        The first snapshot of all, the last but one, and the last.
    lost:
        Why the endpoint does not answer any more; ``None`` while it does.
    asked:
        When it was last asked, by :func:`time.monotonic`, in seconds.
    """

    url: str
    first: Snapshot
    before: Snapshot
    now: Snapshot
    lost: str | None = None
    asked: float = 0.0

    def then(self, snapshot: Snapshot) -> Frame:
        """Return the frame that follows with a new snapshot."""
        return Frame(self.url, self.first, self.now, snapshot, None, snapshot.at)

    def missed(self, reason: str, at: float) -> Frame:
        """Return the frame that follows when the endpoint has not answered."""
        return replace(self, lost=reason, asked=at)

    @property
    def interval(self) -> float:
        """The time between the last two snapshots, in seconds; 0 where there is one only."""
        return self.now.at - self.before.at

    @property
    def recent(self) -> Metrics:
        """What was added between the last two snapshots."""
        return self.now.metrics.since(self.before.metrics)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Draws a frame, as wide and as high as there is room."""

    frame: Frame

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        frame, recent = self.frame, self.frame.recent
        wide = options.max_width >= _WIDE
        rows = 10 if options.height is None else max(3, (options.height - (30 if wide else 42)) // 2)
        yield _head(frame)
        side_by_side = Table.grid(expand=True, padding=(0, 1))
        panels = (_gateway(frame, recent), _interactions(frame, recent))
        if wide:
            side_by_side.add_column(ratio=4)
            side_by_side.add_column(ratio=5)
            side_by_side.add_row(*panels)
        else:
            for panel in panels:
                side_by_side.add_row(panel)
        yield side_by_side
        yield commands(frame.now.metrics, recent, frame.interval, rows)
        yield routes(frame.now.metrics, recent, frame.interval, rows, wide=options.max_width >= _VERY_WIDE)
        yield _parts(frame)


def _head(frame: Frame) -> Text:
    now = frame.now
    head = words(f"{now.service} {now.resource.get('service_version', '')}".rstrip(), "bold")
    head.append(f"   watched for {clock(max(frame.asked, now.at) - frame.first.at)}   open ", "dim")
    head.append(frame.url, f"link {frame.url}")
    if "version" in now.status:
        head.append(words(f"   argus-otel {now.status['version']}", "dim"))
    if frame.lost is not None:
        head.append(f"\nno answer for {clock(frame.asked - now.at)}, trying again: ", "bold red")
        head.append(words(frame.lost.partition("\n")[0], "red"))
    return head


def _gateway(frame: Frame, recent: Metrics) -> Panel:
    metrics = frame.now.metrics
    table = Table.grid(padding=(0, 2))
    latency = metrics.by(catalogue.LATENCY, catalogue.SHARD_ID)
    up = metrics.by(catalogue.SHARD_UP, catalogue.SHARD_ID)
    events = recent.by(catalogue.SHARD_EVENTS, catalogue.SHARD_ID)
    # Those that are down first, then the slowest: with a thousand shards, these are the ones to see.
    order = sorted({*up, *latency}, key=lambda shard: (up.get(shard, 0.0), -latency.get(shard, 0.0), shard))
    for shard in order[:_SHARDS]:
        state = Text("up", "green") if up.get(shard) else Text("down", "bold red")
        table.add_row(
            words(f"shard {shard[0]}"), state, seconds(latency.get(shard)), rate(events.get(shard, 0.0), frame.interval)
        )
    if len(order) > _SHARDS:
        table.add_row(f"and {len(order) - _SHARDS} more, {number(sum(up.values()))} of {len(order)} up")
    if not order:
        table.add_row(Text("no shard is known yet", "dim"))
    by_type = recent.by(catalogue.GATEWAY_EVENTS, catalogue.EVENT_TYPE)
    table.add_row("events", "", "", rate(sum(by_type.values()), frame.interval))
    for (kind,), count in sorted(by_type.items(), key=lambda item: -item[1])[:_EVENTS]:
        if count:
            table.add_row(words(f"  {kind}"), "", "", rate(count, frame.interval), style="dim")
    guilds, users = metrics.total(catalogue.GUILDS), metrics.total(catalogue.USERS)
    title = f"gateway: {number(guilds)} guilds, {number(users)} users cached"
    return Panel(table, title=title, title_align="left", box=box.ROUNDED)


def _interactions(frame: Frame, recent: Metrics) -> Panel:
    metrics = frame.now.metrics
    active = metrics.total(catalogue.INTERACTIONS_ACTIVE)
    late, late_now = metrics.total(catalogue.UNACKNOWLEDGED), recent.total(catalogue.UNACKNOWLEDGED)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("")
    for q in ("p50", "p95", "p99"):
        table.add_column(q, justify="right")
    for name, metric in (("duration", catalogue.INTERACTION_DURATION), ("response time", catalogue.RESPONSE_TIME)):
        if frame.interval:
            table.add_row(f"{name}, last {frame.interval:.0f} s", *_quantiles(recent.whole(metric)))
        table.add_row(f"{name}, since start", *_quantiles(metrics.whole(metric)), style="dim" if frame.interval else "")
    outcomes = Table.grid(padding=(0, 2))
    outcomes.add_row(
        "interactions",
        rate(recent.whole(catalogue.INTERACTION_DURATION).count, frame.interval),
        f"{number(active)} run now",
    )
    styles = {"ok": "green", "rejected": "yellow", "error": "red"}
    recently = recent.spread(catalogue.INTERACTION_DURATION, catalogue.OUTCOME)
    for (outcome,), buckets in sorted(metrics.spread(catalogue.INTERACTION_DURATION, catalogue.OUTCOME).items()):
        now = rate(recently.get((outcome,), Buckets()).count, frame.interval)
        outcomes.add_row(words(f"  {outcome}", styles.get(outcome, "")), now, f"{number(buckets.count)} since start")
    unacknowledged = Text("  unacknowledged", "bold red" if late else "")
    outcomes.add_row(unacknowledged, rate(late_now or 0.0, frame.interval), f"{number(late or 0.0)} since start")
    both = Table.grid()
    both.add_row(outcomes)
    both.add_row(table)
    return Panel(both, title="interactions", title_align="left", box=box.ROUNDED)


def _quantiles(buckets: Buckets) -> tuple[str, str, str]:
    return quantile(buckets, 0.5), quantile(buckets, 0.95), quantile(buckets, 0.99)


def _parts(frame: Frame) -> Text:
    """What is hooked, what is exported, and what failed."""
    told = frame.now.status.get("parts")
    named = cast("dict[str, object]", told) if isinstance(told, dict) else {}
    parts = {name: cast("dict[str, str]", part) for name, part in named.items() if isinstance(part, dict)}
    if not parts:
        return Text("/status tells nothing here: only metrics are shown", "dim")
    states = {name: part.get("state", "") for name, part in parts.items()}
    hooked = sum(state == "ok" for name, state in states.items() if name.startswith("hook:"))
    exported = [
        name.removeprefix("exporter:") for name, s in states.items() if name.startswith("exporter:") and s == "ok"
    ]
    text = words(f"{hooked} hooks in place; exported: {', '.join(exported) or NOTHING}")
    wrong = [f"{name} {s}: {parts[name].get('detail', '')}" for name, s in states.items() if s in ("failed", "absent")]
    faults = frame.now.status.get("faults")
    if isinstance(faults, dict):
        wrong += [f"fault in {hook}: {fault}" for hook, fault in cast("dict[str, str]", faults).items()]
    for line in wrong[:_WRONG]:
        text.append("\n").append(words(line, "red"))
    if len(wrong) > _WRONG:
        text.append(f"\nand {len(wrong) - _WRONG} more, in {frame.url}/status", "red")
    return text
