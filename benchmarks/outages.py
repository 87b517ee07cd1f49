"""``python -m benchmarks.outages``: the losses while a component of the pipeline is down, and which are counted.

A bot in a simulated Discord, used by simulated users, sends to a Collector with ``single.yaml``, and that to
ClickHouse. In the middle a component is stopped, and started again. At the end, the bot's own metrics (which other
tests compare with the simulator's ledger) are compared with the stored data, and the difference with the counted
losses.

Needs the Collector (``make collector``) and ClickHouse's engine (``pip install chdb-core``).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

from argus_otel.history.models import installed_schema
from argus_otel.history.store import migrations
from argus_otel.history.store.client import connect
from argus_otel.scrape.exposition import parse
from argus_otel.scrape.series import Metrics
from discord_simulator import BackgroundSimulator
from lab.clickhouse import ClickHouse
from lab.collector import Collector
from lab.processes import wait_until
from tests.pipeline.bots import Bot, used

SMALL_QUEUES = """
exporters:
  clickhouse:
    sending_queue: {queue_size: 600, batch: {min_size: 100, max_size: 600}}
  clickhouse/history:
    sending_queue: {queue_size: 1200, batch: {min_size: 100, max_size: 1200}}  # a bot's batch has up to 1000
"""


@dataclass
class Outage:
    """A component that is stopped and started again.

    Attributes
    ----------
    begin, end:
        Stop and start it.
    configs:
        The Collector's configurations.
    """

    name: str
    begin: Callable[[Collector, ClickHouse], object]
    end: Callable[[Collector, ClickHouse], object]
    configs: Sequence[str] = ("single.yaml",)


OUTAGES = (
    Outage("nothing is stopped", lambda *_: None, lambda *_: None),
    Outage("the Collector is stopped", lambda collector, _: collector.stop(), lambda collector, _: collector.start()),
    # Undecided traces are in memory only: their loss cannot be counted.
    Outage("the Collector is killed", lambda collector, _: collector.kill(), lambda collector, _: collector.start()),
    Outage("ClickHouse is stopped", lambda _, server: server.stop(), lambda _, server: server.start()),
    Outage(
        "ClickHouse is stopped, and the queues on disk are full",
        lambda _, server: server.stop(),
        lambda _, server: server.start(),
        ("single.yaml", SMALL_QUEUES),
    ),
)


@dataclass
class Account:
    """The losses of one signal.

    Attributes
    ----------
    by_bot, by_collector:
        The losses that each of them counted.
    """

    made: int
    stored: int
    twice: int
    by_bot: int
    by_collector: int

    @property
    def lost(self) -> int:
        return self.made - self.stored

    @property
    def uncounted(self) -> int:
        """How many were lost without being counted."""
        return self.lost - self.by_bot - self.by_collector


@dataclass
class Report:
    """The result of one outage.

    Attributes
    ----------
    acknowledged:
        Median and 95th percentile of the seconds until interactions were acknowledged: before, meanwhile, after.
    """

    outage: str
    spans: Account
    history: Account
    acknowledged: dict[str, tuple[float, float]]


def measure(
    outage: Outage, server: ClickHouse, directory: Path, seconds: float, rate: float, timeout: float = 10.0
) -> Report:
    """Run one outage.

    Parameters
    ----------
    seconds:
        Its duration; half of that passes before and after it.
    rate:
        Actions of users a second.
    timeout:
        How long the bot tries to send one batch of spans, in seconds; the default is OpenTelemetry's own.
    """
    database = f"outage_{time.time_ns()}"
    with connect(server.dsn(database)) as store:
        migrations.migrate(store, installed_schema())
    with (
        Collector.running_in(
            directory / "collector",
            outage.configs,
            clickhouse=server,
            database=database,
            TRACES_SHARE="100",
        ) as collector,
        BackgroundSimulator(guilds=6) as simulator,
        _bot(directory, simulator, collector, timeout) as bot,
    ):
        moments: list[float] = []
        with used(simulator, rate=rate):
            moments.append(time.time())
            time.sleep(seconds / 2)
            outage.begin(collector, server)
            moments.append(time.time())
            time.sleep(seconds)
            moments.append(time.time())
            outage.end(collector, server)
            time.sleep(seconds / 2)
        wait_until(lambda: not _waiting(_scrape(bot)), "all history has been handed over", 90)
        time.sleep(timeout + 2)  # what spans are still tried again has arrived or is given up then
        metrics = _scrape(bot)
        bot.stop()
        refused = _refused(collector)
        settle(collector, server, database)
        return _report(outage.name, simulator, moments, metrics, refused, server, database)


@contextmanager
def _bot(directory: Path, simulator: BackgroundSimulator, collector: Collector, timeout: float) -> Iterator[Bot]:
    bot = Bot(
        directory,
        simulator,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
        OTEL_EXPORTER_OTLP_TIMEOUT=str(timeout),
        ARGUS_HISTORY="true",
        ARGUS_HISTORY_SPOOL=str(directory / "spool"),
        # So that each span belongs to what users do, and its number is known.
        ARGUS_TRACE_RATES="discord.event=0,discord.task=0",
    )
    try:
        yield bot.start()
    finally:
        bot.kill()


def _scrape(bot: Bot) -> Metrics:
    with urllib.request.urlopen(f"http://127.0.0.1:{bot.port}/metrics", timeout=10) as answer:
        return parse(answer.read().decode())


def _sums(metrics: Metrics, name: str, *labels: str) -> dict[str, int]:
    """Return the values of a counter or gauge by these labels."""
    found: dict[str, int] = {}
    for pairs, value in metrics.numbers.get(name, {}).items():
        key = " ".join(dict(pairs).get(label, "") for label in labels)
        found[key] = found.get(key, 0) + round(value)
    return found


def _recorded(metrics: Metrics, name: str, **labels: str) -> int:
    """Return the number of records of a histogram with these labels."""
    found = metrics.distributions.get(name, {}).items()
    return round(sum(buckets.count for pairs, buckets in found if labels.items() <= dict(pairs).items()))


def _waiting(metrics: Metrics) -> int:
    return sum(_sums(metrics, "argus_history_waiting").values())


def _refused(collector: Collector) -> int:
    """Return how many spans did not fit into the queue after the Collector had accepted them, to sample their traces.

    Log records are put into the queue at once: if it is full, the sender gets an error, and counts its losses.
    """
    return round(sum(collector.counted(f"otelcol_exporter_{how}_spans") for how in ("enqueue_failed", "send_failed")))


def settle(collector: Collector, server: ClickHouse, database: str) -> None:
    """Wait until the Collector has delivered everything; pending retries run at once."""
    collector.restart()
    collector.wait_until(lambda: not collector.counted("otelcol_exporter_queue_size"), "nothing waits", 90)
    before, rows = "", server.query("select count() from otel_traces", database)
    while rows != before:
        time.sleep(2)
        before, rows = rows, server.query("select count() from otel_traces", database)


def _report(
    name: str,
    simulator: BackgroundSimulator,
    moments: list[float],
    metrics: Metrics,
    refused: int,
    server: ClickHouse,
    database: str,
) -> Report:
    spans = (
        _recorded(metrics, "discord_interaction_duration_seconds")
        + _recorded(metrics, "discord_command_duration_seconds", discord_command_type="prefix")
        + _recorded(metrics, "discord_listener_duration_seconds", discord_event_name="command_error")  # in commands
        + _recorded(metrics, "discord_rest_duration_seconds")
    )
    lost = _sums(metrics, "argus_export_lost_total", "argus_exporter", "argus_export_loss_reason")
    dropped = _sums(metrics, "argus_history_dropped_total", "argus_history_drop_reason")
    ((rows, distinct),) = server.rows("select count(), uniqExact(SpanId) from otel_traces", database)
    ((events, ids),) = server.rows("select count(), uniqExact(event_id) from discord_events", database)
    return Report(
        name,
        Account(
            spans,
            int(distinct),
            int(rows) - int(distinct),
            sum(number for key, number in lost.items() if "traces" in key),
            refused,
        ),
        Account(
            sum(_sums(metrics, "argus_history_events_total").values()),
            int(ids),
            int(events) - int(ids),
            sum(dropped.values()),
            0,
        ),
        _acknowledged(simulator, moments),
    )


def _acknowledged(simulator: BackgroundSimulator, moments: list[float]) -> dict[str, tuple[float, float]]:
    found: dict[str, list[float]] = {"before": [], "meanwhile": [], "after": []}
    for entry in simulator.ledger.interactions_now():
        if entry.acknowledged_after is not None and entry.created_at >= moments[0]:
            number = (entry.created_at >= moments[1]) + (entry.created_at >= moments[2])
            found[list(found)[number]].append(entry.acknowledged_after)
    return {phase: (median(times), quantiles(times, n=20)[-1]) for phase, times in found.items() if len(times) > 1}


def shown(reports: Sequence[Report]) -> str:
    """Return the tables."""
    width = 2 + max(len(report.outage) for report in reports)
    columns = ("recorded", "stored", "twice", "lost", "counted by bot", "by Collector", "uncounted")
    lines = [f"{'':<{width + 9}}" + "".join(f"{column:>16}" for column in columns)]
    for report in reports:
        for kind, it in (("spans", report.spans), ("history", report.history)):
            numbers = (it.made, it.stored, it.twice, it.lost, it.by_bot, it.by_collector, it.uncounted)
            lines.append(f"{report.outage:<{width}}{kind:<9}" + "".join(f"{number:>16}" for number in numbers))
    lines += ["", f"{'acknowledged after: median (95 %), in ms':<{width + 9}}"]
    lines[-1] += "".join(f"{phase:>16}" for phase in reports[0].acknowledged)
    for report in reports:
        times = [f"{1000 * half:.1f} ({1000 * most:.1f})" for half, most in report.acknowledged.values()]
        lines.append(f"{report.outage:<{width + 9}}" + "".join(f"{time:>16}" for time in times))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outages", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60, help="how long each outage lasts (default: 60)")
    parser.add_argument("--rate", type=float, default=80, help="actions of users a second (default: 80)")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to FILE")
    arguments = parser.parse_args()
    reports: list[Report] = []
    with tempfile.TemporaryDirectory() as root, ClickHouse.running_in(Path(root) / "clickhouse") as server:
        for number, outage in enumerate(OUTAGES):
            print(f"{outage.name}: {2 * arguments.seconds:g} s …", file=sys.stderr)
            reports.append(measure(outage, server, Path(root) / str(number), arguments.seconds, arguments.rate))
    print(shown(reports))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([asdict(report) for report in reports], indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
