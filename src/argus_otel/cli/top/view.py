"""Draws one frame of ``argus-otel top``: a head, the panels of the sources that the endpoint has metrics of, a foot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from argus_otel.panels import NOTHING, Panel, View, clock
from argus_otel.panels.own_state import own_state
from argus_otel.scrape.fleet import FleetSnapshot
from argus_otel.scrape.scraper import Snapshot
from argus_otel.scrape.series import Metrics
from argus_otel.telemetry.guard import attempt
from argus_otel.terminal.drawn_panels import drawn
from argus_otel.terminal.formatting import words

_WIDE = 100
_HEAD = 1
_PROBLEMS = 4
_FOOT = 1 + _PROBLEMS
_ROWS = 10
_FEWEST_ROWS = 3


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
        Why the endpoint no longer answers; ``None`` while it does.
    asked:
        When it was last scraped, or should have been, by :func:`time.monotonic`, in seconds.
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
        """The time between the last two snapshots, in seconds; 0 after the first snapshot."""
        return self.now.at - self.before.at

    @property
    def recent(self) -> Metrics:
        """What was added between the last two snapshots."""
        return self.now.since(self.before)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Draws a frame to fit the terminal.

    Attributes
    ----------
    sources:
        The panels of each source. Those of a source are drawn if the endpoint has any metric that one of them reads,
        so that a panel can say that nothing has happened yet.
    """

    frame: Frame
    sources: Sequence[Sequence[Panel]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        metrics = self.frame.now.metrics
        shown = [panel for panels in self.sources if any(metrics.has(p.metrics) for p in panels) for panel in panels]
        lines = _lines(shown, wide=options.max_width >= _WIDE)
        rows = _ROWS
        if options.height is not None:
            taken = _HEAD + _FOOT + _height_of_processes(self.frame)
            left = options.height - taken - sum(max(panel.lines for panel in line) for line in lines)
            rows = max(_FEWEST_ROWS, left // max(1, sum(panel.grows for panel in shown)))
        interval = self.frame.interval
        view = View(metrics, self.frame.recent, interval, f"last {interval:.0f} s", rows)
        yield _head(self.frame)
        if isinstance(self.frame.now, FleetSnapshot):
            yield _processes(self.frame.now)
        for line in lines:
            drawings = [_draw(panel, view, options.max_width) for panel in line]
            yield _side_by_side(line, drawings) if len(line) > 1 else drawings[0]
        if not shown:
            yield Text("the endpoint has no metric of any source that is installed here", "dim")
        yield _foot(self.frame)


def _lines(panels: Sequence[Panel], *, wide: bool) -> list[list[Panel]]:
    """Return the panels by the lines that they stand in."""
    lines: list[list[Panel]] = []
    for panel in panels:
        if wide and panel.ratio and lines and lines[-1][-1].ratio:
            lines[-1].append(panel)
        else:
            lines.append([panel])
    return lines


def _side_by_side(panels: Sequence[Panel], drawings: Sequence[RenderableType]) -> Table:
    grid = Table.grid(expand=True, padding=(0, 1))
    for panel in panels:
        grid.add_column(ratio=panel.ratio)
    grid.add_row(*drawings)
    return grid


def _draw(panel: Panel, view: View, width: int) -> RenderableType:
    failures: list[str] = []
    drawing = attempt(partial(drawn, panel, view, width), failures.append)
    return words(f"{panel.name}: cannot be drawn: {failures[0]}", "red") if drawing is None else drawing


def _height_of_processes(frame: Frame) -> int:
    return 1 + len(frame.now.processes) if isinstance(frame.now, FleetSnapshot) else 0


def _processes(snapshot: FleetSnapshot) -> Table:
    """Draw a line for each process; the panels sum them up."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("process", "shards", "endpoint", "state"):
        table.add_column(heading, no_wrap=True)
    for each in snapshot.processes:
        labels = each.endpoint.labels
        failed = "" if each.snapshot is None else _failed(each.snapshot.status)
        state = words(each.problem or failed or "answers", "red" if each.problem or failed else "green")
        name = labels.get("cluster") or labels.get("job", "")
        table.add_row(words(name), words(labels.get("shards", NOTHING)), words(each.endpoint.url), state)
    return table


def _failed(status: Mapping[str, object]) -> str:
    parts = cast("dict[str, dict[str, str]]", status.get("parts", {}))
    failed = [name for name, part in parts.items() if part.get("state") == "failed"]
    return f"not working: {', '.join(failed)}" if failed else ""


def _head(frame: Frame) -> Text:
    now = frame.now
    head = words(f"{now.service} {now.resource.get('service_version', '')}".rstrip(), "bold")
    head.append(f"   watched for {clock(max(frame.asked, now.at) - frame.first.at)}   ", "dim")
    if isinstance(now, FleetSnapshot):
        head.append(f"{len(now.processes)} processes", "dim")
    else:
        head.append("open ", "dim").append(frame.url, f"link {frame.url}")
    if "version" in now.status:
        head.append(words(f"   argus-otel {now.status['version']}", "dim"))
    if frame.lost is not None:
        head.append(f"\nno answer for {clock(frame.asked - now.at)}, trying again: ", "bold red")
        head.append(words(frame.lost.partition("\n")[0], "red"))
    return head


def _foot(frame: Frame) -> Text:
    """Draw argus-otel's own state: its hooks, its exporters, losses and failures."""
    state = own_state(frame.now.status, frame.now.metrics)
    if state is None:
        return Text("/status has no parts here: only metrics are shown", "dim")
    text = words(f"{state.hooks}; exported: {', '.join(state.exported) or NOTHING}")
    problems = state.problems
    for line in problems[:_PROBLEMS]:
        text.append("\n").append(words(line, "red"))
    if len(problems) > _PROBLEMS:
        text.append(f"\nand {len(problems) - _PROBLEMS} more, in {frame.url}/status", "red")
    return text
