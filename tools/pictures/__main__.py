"""``python -m tools.pictures`` runs a busy bot for some minutes, and draws all dashboards into docs/pictures/."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

from lab.clickhouse import ClickHouse as Server
from lab.jukebox.world import busy
from tools.grafana.model import Dashboard, shipped
from tools.grafana.session import Session, seconds
from tools.grafana.sources import ClickHouse, Prometheus

from . import page

ROOT = Path(__file__).resolve().parents[2]
DIRECTORY = ROOT / "docs" / "pictures"
HIDDEN = {f"{ROOT}/": "", sys.prefix: ".venv", sys.base_prefix: "/usr"}
"""Paths of this machine, which are in stacks, and their replacements."""


_TRACE = """
    select TraceId from otel_traces group by TraceId
    having argMin(SpanName, ParentSpanId) like 'command %' and count() between 4 and 12
    order by countIf(StatusCode = 'Error') > 0 desc, uniq(SpanName) desc, count() desc limit 1
"""


_TYPED = {"argus-check": {"check": "account"}, "argus-training-compare": {"group": "sweep-2"}}
"""What is chosen at the top of a dashboard."""


def opened(shown: Dashboard, prometheus: str, history: ClickHouse, began: float, until: float) -> Session:
    """Open a dashboard at an instructive time.

    One of some hours or days shows the time in which the bot was busy. One of months shows whole days before that,
    since the busy minutes would outweigh all the rest. An instructive trace is typed into the field for one.
    """
    since = re.fullmatch(r"now-(\w+)", shown.model["time"]["from"])
    span = seconds(since[1]) if since else 0
    if span >= 30 * 86400:
        until = began - began % 86400 - 1
        began = until - span
    _, ((trace,), *_) = history.query(_TRACE)
    typed = {"trace": trace, **_TYPED.get(shown.uid, {})}
    # Points two seconds apart are as many as a picture can show.
    return Session(shown, Prometheus(prometheus, scrape=2.0), history, began, until, typed=typed)


def main() -> None:
    """Draw them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=160, help="for how long the bot is busy")
    parser.add_argument("--into", type=Path, default=DIRECTORY, help="the directory of the pictures")
    chosen = parser.parse_args()
    chosen.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with (
            Server.running_in(directory / "clickhouse") as server,
            busy(directory, server, chosen.seconds, rate=22, period=80, pause=6, events=60_000) as world,
        ):
            history = ClickHouse(server.url, world.database, server.user, server.password)
            for shown in (one for one in shipped() if "tempo" not in one.plugins):  # the lab has no Tempo
                session = opened(shown, world.collected.url, history, world.began, world.until)
                drawn, counts = page.draw(session, HIDDEN)
                (chosen.into / f"{shown.uid}.svg").write_text(drawn, encoding="utf-8")
                print(f"{shown.uid}: {len(counts)} panels, {len(drawn) // 1024} KiB")


if __name__ == "__main__":
    main()
