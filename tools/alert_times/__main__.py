"""``python -m tools.alert_times`` measures which alert tells of a process that has ended, and after how long.

It takes some 20 minutes: an OTLP store shows a process for five minutes after its end, and the alerts wait for ten. It
needs what ``make backends`` builds, and promtool (Debian: ``apt-get install prometheus``).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from discord_simulator import BackgroundSimulator
from lab.collector import Collector
from lab.processes import wait_until
from lab.tee import Tee
from tools.backends import PROGRAMS

from .bots import SHARDS, Bot, bots
from .past import give_past
from .paths import MetricsPath, paths
from .table import HEADINGS, lines
from .watch import Watch, Webhook

_NEEDED = ("collector", "prometheus", "alertmanager", "victoriametrics", "vmalert")
_LAST_MESSAGE = 50.0
"""Seconds that Alertmanager may hold a message back for, by its ``group_wait``, and a bit."""
_SETTLED = 150.0
"""Seconds until nothing is left of the start: two evaluations, and a scrape."""


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="python -m tools.alert_times"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave logs and data in this directory")
    parser.add_argument(
        "--most", type=float, default=18, metavar="MINUTES", help="give up so long after the end (default: 18)"
    )
    chosen = parser.parse_args()
    if missing := _missing():
        sys.exit(f"not found: {', '.join(missing)}; run `make backends`, and install Prometheus for promtool")
    with tempfile.TemporaryDirectory() as folder:
        return _measure(chosen.keep or Path(folder), chosen.most * 60)


def _missing() -> list[str]:
    found = [name for name in _NEEDED if not PROGRAMS[name].path.exists()]
    return found if shutil.which("promtool") else [*found, "promtool"]


def _measure(directory: Path, most: float) -> int:
    targets = directory / "targets"
    with ExitStack() as parts:
        webhook = parts.enter_context(Webhook.serving())
        collector = parts.enter_context(Collector.running_in(directory / "collector"))
        observed = bots(directory)
        everything = paths(directory, observed, targets, collector, webhook.url)
        senders = [path.store.otlp for path in everything if path.takes_otlp]
        tee = parts.enter_context(Tee.running(f"http://127.0.0.1:{collector.http}/v1/metrics", *senders))
        for bot in observed:
            # A Discord for each, and a directory for each, as on hosts of their own: no other bot removes its target.
            directory_of_targets = targets / bot.job
            directory_of_targets.mkdir(parents=True)
            simulator = parts.enter_context(BackgroundSimulator(shards=SHARDS, guilds=4))
            parts.callback(bot.kill)
            bot.start(
                simulator,
                {
                    "ARGUS_ENDPOINT_TARGETS": str(directory_of_targets),
                    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": tee.url,
                    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf",
                    "OTEL_METRIC_EXPORT_INTERVAL": "15000",
                },
            )
        started = time.time()
        for path in everything:
            path.start(parts)
        _say("waiting for all processes and shards on all paths")
        for path in everything:
            wait_until(lambda path=path: _shows_all(path, observed), f"{path.name}: all shards", 180, every=1)
        for path in everything:
            give_past(path.store, list(HEADINGS), started)
        time.sleep(_SETTLED)
        watch = Watch(everything, list(HEADINGS))
        ended: dict[str, float] = {}
        for bot in observed:
            bot.end()
            ended[bot.job] = time.time()
        _say(f"ended; waiting for the alerts, {most / 60:.0f} minutes at most")
        whole = watch.until_all_is_told(most)
        time.sleep(_LAST_MESSAGE)
        rows = [path.name for path in everything]
        print(*lines(rows, ended, watch.vanished, watch.fired, webhook.told), sep="\n")
    return 0 if whole else 1


def _shows_all(path: MetricsPath, observed: Sequence[Bot]) -> bool:
    """Whether each process, and each shard as up, is on a path."""
    processes = sum(len(bot.processes) for bot in observed)
    up = sum(value for _, value in path.store.query("sum(discord_shard_up)"))
    told = sum(value for _, value in path.store.query("count(count by (job, instance) (argus_process_info))"))
    return up == SHARDS * len(observed) and told == processes


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
