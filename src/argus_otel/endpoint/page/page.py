"""Puts the page together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from urllib.parse import parse_qs

from argus_otel.panels import Cell, Fact, Facts, Panel, Step, Table, Tone, View, columns, number
from argus_otel.panels.own_state import METRICS, own_state
from argus_otel.panels.reading import Cells
from argus_otel.telemetry import Telemetry

from .blocks import blocks, section, tiles
from .markup import Markup, Writer
from .periods import ago, lasting
from .snapshots import Snapshots
from .style import STYLE

REFRESH = 30
"""How often a browser loads the page again, in seconds."""

LIVENESS_TIMEOUT = 0.5
"""How long the page waits for the event loop before it says that something blocks it, in seconds."""

_ROWS = 15
_ERRORS = 10
_PROBLEMS = 20
_FOREVER = float("inf")
_PERIODS = {"5m": ("5 min", 300.0), "1h": ("1 hour", 3600.0), "start": ("since the start", _FOREVER)}
_DEFAULT = "1h"
_PATHS = (
    ("metrics", "for Prometheus"),
    ("healthz", "whether the event loop turns"),
    ("readyz", "whether the program is ready"),
    ("status", "hooks, exporters and failures"),
)


class Page:
    """The program's state as HTML.

    Parameters
    ----------
    sources:
        The panels of each source.
    status:
        Returns the facts of `/status`.
    """

    def __init__(
        self, telemetry: Telemetry, sources: Sequence[Sequence[Panel]], status: Callable[[], Mapping[str, object]]
    ) -> None:
        self._telemetry = telemetry
        self._sources = sources
        self._status = status
        self._write = Writer(telemetry.redact)
        shown = [metric for panels in sources for panel in panels for metric in (*panel.metrics, *panel.also)]
        self._cells = Cells(telemetry, (*shown, *METRICS))
        self._snapshots = Snapshots(self._cells.read)

    def tick(self) -> None:
        """Take a snapshot if one is due. Call it every now and then, on any thread."""
        now = time.monotonic()
        if self._snapshots.is_due(now) and not self._telemetry.suspended:
            self._snapshots.take(now)

    def render(self, query: str) -> str:
        """Return the page.

        Parameters
        ----------
        query:
            ``last=5m``, ``last=1h`` or ``last=start`` choose the period; ``refresh=off`` keeps the page as it is.
        """
        asked = parse_qs(query)
        period = next(iter(asked.get("last", ())), _DEFAULT)
        if period not in _PERIODS:
            period = _DEFAULT
        refreshed = asked.get("refresh") != ["off"]
        status, view = self._status(), self._view(_PERIODS[period][1])
        title, state = self._state()
        service = str(status.get("service", "unnamed"))
        write = self._write
        head = write.element(
            "head",
            Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'),
            *([write.element("meta", http_equiv="refresh", content=str(REFRESH))] if refreshed else []),
            write.element("title", f"{service}: {title}"),
            write.element("style", Markup(STYLE)),
        )
        first = self._headline(view)
        headline = [tiles(write, Facts(first), prominent=True)] if first else []
        main = write.element("main", *headline, *self._panels(view, first), self._errors(), self._own(status, view))
        top = self._top(service, status, state, view, _links(write, period, refreshed=refreshed))
        body = write.element("body", top, main, self._foot())
        return f"<!DOCTYPE html>\n{write.element('html', head, body, lang='en')}\n"

    def _view(self, duration: float) -> View:
        now, started = time.monotonic(), self._telemetry.started
        latest = self._snapshots.take(now)
        parts = [*self._snapshots.back_to(duration, now, started), latest]
        gauges, read = self._cells.gauges(), self._cells.metrics
        steps = [
            Step(after.at - before.at, read(after.reading.since(before.reading), gauges))
            for before, after in pairwise(parts)
            if after.at > before.at
        ]
        whole, recent = read(latest.reading, gauges), read(latest.reading.since(parts[0].reading), gauges)
        interval = max(now - parts[0].at, 0.001)
        from_start = parts[0].at == started
        words = f"since the start {lasting(interval)} ago" if from_start else f"last {lasting(interval)}"
        return View(whole, recent, interval, words, _ROWS, from_start, steps)

    # -- parts of the page, from top to bottom

    def _state(self) -> tuple[str, Markup]:
        """Return the program's state in a few words, and drawn."""
        health = self._telemetry.health
        checks = health.checks()
        waiting = [check for check in checks if not check.ready]
        if not health.alive(LIVENESS_TIMEOUT):
            words, tone = "event loop blocked", Tone.BAD
        elif not checks:
            words, tone = "nothing observed yet", Tone.CAUTION
        elif waiting:
            words, tone = "not ready", Tone.BAD
        else:
            words, tone = "ready", Tone.GOOD
        drawn = self._write.element("p", words, class_=f"state {tone.value}", role="status")
        reasons = [f"{check.name}: {check.detail or 'not ready'}" for check in waiting]
        return words, Markup(drawn + (self._write.element("p", *_listed(reasons)) if reasons else ""))

    def _top(self, service: str, status: Mapping[str, object], state: Markup, view: View, links: Markup) -> Markup:
        write = self._write
        clock = time.strftime("%H:%M:%S", time.gmtime())
        line = f"{view.period[:1].upper()}{view.period[1:]}, at {clock} UTC"
        version = [write.element("small", f"argus-otel {status['version']}")] if "version" in status else []
        return write.element("header", write.element("h1", service, *version), state, links, write.element("p", line))

    def _headline(self, view: View) -> list[Fact]:
        facts: list[Fact] = []
        for panel in self._shown(view):
            facts += self._telemetry.guard.run(f"page: {panel.name}", panel.headline, view) or ()
        return facts

    def _panels(self, view: View, told: Sequence[Fact]) -> list[Markup]:
        drawn: list[Markup] = []
        pair: list[Markup] = []
        for panel in self._shown(view):
            part = self._telemetry.guard.run(f"page: {panel.name}", partial(self._panel, panel, view, told))
            part = part or section(
                self._write, panel.name, "", self._write.element("p", "cannot be drawn: see /status")
            )
            if panel.ratio:
                pair.append(part)
                continue
            drawn, pair = [*drawn, *self._paired(pair), part], []
        return [*drawn, *self._paired(pair)]

    def _paired(self, parts: list[Markup]) -> list[Markup]:
        return [self._write.element("div", *parts, class_="pair")] if parts else []

    def _panel(self, panel: Panel, view: View, told: Sequence[Fact]) -> Markup:
        content = [
            Facts([fact for fact in block.facts if fact not in told]) if isinstance(block, Facts) else block
            for block in panel.draw(view)
        ]
        return section(self._write, panel.name, panel.summary(view), *blocks(self._write, content, panel.name))

    def _shown(self, view: View) -> list[Panel]:
        """Return the panels of the sources that have any metric: a panel may say that nothing happened yet."""
        with_metrics = [panels for panels in self._sources if any(view.whole.has(panel.metrics) for panel in panels)]
        return [panel for panels in with_metrics for panel in panels]

    def _errors(self) -> Markup:
        latest = self._telemetry.exception_reports.recent.latest()
        now = time.time()
        rows = [
            (
                Cell(error.origin[0], Tone.BAD),
                Cell(error.origin[1]),
                Cell(number(error.count)),
                Cell(ago(now - error.last)),
            )
            for error in latest[:_ERRORS]
        ]
        rest = f"and {len(latest) - _ERRORS} more" if len(latest) > _ERRORS else ""
        content = Table(
            columns(("error", "where"), ("count", "last")), rows, rest if latest else "none since the start"
        )
        return section(self._write, "last errors", "", *blocks(self._write, (content,), "last errors"))

    def _own(self, status: Mapping[str, object], view: View) -> Markup:
        state = own_state(status, view.whole)
        if state is None:
            return section(self._write, "exports", "", self._write.element("p", "nothing has started yet"))
        exported = ", ".join(state.exported) or "nothing"
        write = self._write
        content = [write.element("p", f"Exported: {exported}.")]
        if state.problems:
            more = len(state.problems) - _PROBLEMS
            lines = [*state.problems[:_PROBLEMS], *([f"and {more} more: see status"] if more > 0 else [])]
            content.append(write.element("ul", *(write.element("li", line, class_="bad") for line in lines)))
        summary = state.hooks + (", some parts do not work" if state.problems else "")
        return section(write, "observation", summary, *content)

    def _foot(self) -> Markup:
        write = self._write
        links = [
            write.element("span", write.element("a", f"/{path}", href=path), f" {words}") for path, words in _PATHS
        ]
        return write.element("footer", *links)


def _links(write: Writer, period: str, *, refreshed: bool) -> Markup:
    """Return the links that change the period, and the refresh."""
    kept = "" if refreshed else "&refresh=off"
    links = [
        write.element("a", words, href=f"?last={name}{kept}", aria_current="true" if name == period else None)
        for name, (words, _) in _PERIODS.items()
    ]
    toggle = ("stop refreshing", f"?last={period}&refresh=off") if refreshed else ("refresh", f"?last={period}")
    return write.element("nav", *links, write.element("a", toggle[0], href=toggle[1]), aria_label="period")


def _listed(lines: Sequence[str]) -> list[str]:
    shown = lines[:_PROBLEMS]
    return ["; ".join(shown) + (f"; and {len(lines) - len(shown)} more" if len(lines) > len(shown) else "")]
