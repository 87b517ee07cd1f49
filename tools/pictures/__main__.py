"""``python -m tools.pictures`` makes a busy bot, waits some minutes, and draws all dashboards into docs/pictures/."""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

from tests.backends.clickhouse import ClickHouse as Server
from tests.dashboards.world import World, busy

from tools.grafana.model import Dashboard, shipped
from tools.grafana.session import Session, seconds
from tools.grafana.sources import ClickHouse, Prometheus

from . import page

DIRECTORY = Path(__file__).resolve().parents[2] / "docs" / "pictures"


def opened(world: World, shown: Dashboard) -> Session:
    """Somebody opens a dashboard when the world has been made: one of months over months, others since it began."""
    since = re.fullmatch(r"now-(\w+)", shown.model["time"]["from"])
    span = seconds(since[1]) if since else 0
    began = world.until - span if span >= 86400 else world.began
    server = world.clickhouse
    history = ClickHouse(server.url, world.database, server.user, server.password)
    return Session(shown, Prometheus(world.collected.url, scrape=1.0), history, began, world.until)


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
            busy(directory, server, chosen.seconds, rate=22, period=80, pause=6) as world,
        ):
            for shown in shipped():
                drawn, counts = page.draw(opened(world, shown))
                (chosen.into / f"{shown.uid}.svg").write_text(drawn, encoding="utf-8")
                print(f"{shown.uid}: {len(counts)} panels, {len(drawn) // 1024} KiB")


if __name__ == "__main__":
    main()
