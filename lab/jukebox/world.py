"""A busy bot, service checks, agent graphs, training runs, and everything behind them, for dashboards to query.

It consists of one simulated Discord; a bot of two processes with two shards each; an agent that checks one of these and
other services (:mod:`lab.lookout`); a program of agent graphs (:mod:`lab.receptionist`), and one that trains
(:mod:`lab.trainee`); a Prometheus that scrapes the processes; a Collector with another Prometheus behind it; and
ClickHouse with traces, logs and history, which also has some months of earlier events.
When the world is ready, its data no longer changes: every query is about the same span of time, and always has the same
result.
"""

from __future__ import annotations

import math
import os
import random
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from argus_otel.catalogues import CATALOGUES, EXTERNAL
from argus_otel.history.models import installed_schema
from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.client import connect
from argus_otel.scrape.series import prometheus_name
from argus_otel.sources.discord.history import COMMAND, GUILD_JOIN, GUILD_LEAVE
from argus_otel.telemetry import Metric
from discord_simulator import BackgroundSimulator
from lab.clickhouse import ClickHouse
from lab.collector import Collector, kept_environment
from lab.lookout import lookout, services
from lab.processes import Part, free_port
from lab.prometheus import Prometheus, Prometheus3
from lab.receptionist import receptionist
from lab.tee import Tee
from lab.trainee import trainee
from lab.victoriametrics import VictoriaMetrics
from tools.backends import ROOT

from .crowd import Crowd

SERVICE = "jukebox"
PROCESSES = 2
SHARDS = 4
LAG = 3.0
"""Seconds until every event is in Prometheus, also by way of the Collector."""
DAYS = 60
"""How far back history goes."""

METRICS: tuple[Metric, ...] = tuple(metric for catalogue in (*CATALOGUES, *EXTERNAL) for metric in catalogue.metrics)

# Rates need two scrapes: a rare wait, a process's first voice connection, or what a program does in each third round
# may have come before the first one of its series.
_RARE_RISES = " and ".join(
    f"(sum(increase({series}[10m])) > 0)"
    for series in (
        "discord_rest_ratelimit_wait_seconds_count",
        "graph_validations_dropped_total",
        "training_commands_total",
        *(
            f'discord_voice_connect_duration_seconds_count{{instance="jukebox-{number}",error_type=""}}'
            for number in range(PROCESSES)
        ),
    )
)

_DIRECT = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: jukebox
    static_configs:
{targets}
  - job_name: lookout
    static_configs:
      - {{targets: ["127.0.0.1:{lookout}"], labels: {{instance: {agent}}}}}
  - job_name: receptionist
    static_configs:
      - {{targets: ["127.0.0.1:{receptionist}"], labels: {{instance: {graphs}}}}}
  - job_name: trainee
    static_configs:
      - {{targets: ["127.0.0.1:{trainee}"], labels: {{instance: {training}}}}}
"""
_COLLECTED = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: bots
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{bots}"]}}]
  - job_name: collector
    static_configs: [{{targets: ["127.0.0.1:{own}"]}}]
"""

# Several processes send, and the clocks of hosts differ.
_OTLP = """
storage: {tsdb: {out_of_order_time_window: 10m}}
"""


@dataclass(frozen=True)
class World:
    """The servers with its telemetry.

    Attributes
    ----------
    direct, collected:
        A Prometheus that scraped the processes, and one that scraped the Collector.
    clickhouse, database:
        The server and database of traces, logs and history.
    began, until:
        Seconds since 1970. All data is in between; at ``until``, the bot was still busy.
    """

    direct: Prometheus
    collected: Prometheus
    clickhouse: ClickHouse
    database: str
    began: float
    until: float
    others: Mapping[str, Prometheus] = field(default_factory=dict[str, Prometheus])
    """More servers with the same metrics, by path; see :func:`everywhere`."""


class Process(Part):
    """One process of the bot, with its share of the shards."""

    def __init__(self, directory: Path, number: int, simulator: BackgroundSimulator, **variables: str) -> None:
        super().__init__(f"process {number} of the bot", directory / f"bot-{number}.log")
        self.port = free_port()
        self.instance = f"jukebox-{number}"
        each = SHARDS // PROCESSES
        self._variables = {
            "JUKEBOX_SHARDS": ",".join(str(shard) for shard in range(number * each, (number + 1) * each)),
            "JUKEBOX_SHARD_COUNT": str(SHARDS),
            "DISCORD_TOKEN": simulator.token,
            "DISCORD_SIMULATOR_URL": simulator.url,
            "ARGUS_ENDPOINT_PORT": str(self.port),
            "ARGUS_DISCORD_CLUSTER_ID": f"cluster-{number}",
            "ARGUS_PROCESS_LOOP_BLOCKED_AFTER": "0.3",
            "ARGUS_TRACE_RATES": "discord.event=0.3",
            "ARGUS_HISTORY": "true",
            "ARGUS_HISTORY_USERS": "hashed",
            "ARGUS_HISTORY_USER_KEY": "a key of the test's",
            "ARGUS_HISTORY_SPOOL": str(directory / f"spool-{number}"),
            "OTEL_SERVICE_NAME": SERVICE,
            "OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={self.instance},service.version=2.1.0",
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
            "OTEL_BSP_SCHEDULE_DELAY": "500",
            "OTEL_BSP_MAX_QUEUE_SIZE": "512",  # which the jukebox exceeds, as it can
            "OTEL_BLRP_SCHEDULE_DELAY": "500",
            **variables,
        }

    def start(self) -> None:
        command = [sys.executable, "-m", "argus_otel", "run", str(Path(__file__).with_name("bot.py"))]
        self.launch(command, {**kept_environment(), **self._variables, "PATH": os.environ["PATH"]})


@contextmanager
def busy(
    directory: Path, clickhouse: ClickHouse, seconds: float = 18, *, rate: float = 25, period: float = math.inf,
    pause: float = 1.0, events: int = 12_000, everywhere: bool = False,
) -> Iterator[World]:  # fmt: skip
    """Make the world, for at least ``seconds`` and until each metric has arrived on both paths.

    ``events`` is the number of earlier events in history; the other keywords are those of
    :class:`~lab.jukebox.crowd.Crowd`. In the end only the data in ``directory`` and in ClickHouse is left.

    With ``everywhere``, the same metrics go to more servers: a Prometheus 3 and a VictoriaMetrics that scrape the
    processes, and one of each that the processes send OTLP to. What is sent is the same for all, and for the Collector.
    """
    database = f"dashboards_{uuid.uuid4().hex[:8]}"
    with ExitStack() as parts:
        store = parts.enter_context(connect(clickhouse.dsn(database)))
        migrations.migrate(store, installed_schema())
        simulator = parts.enter_context(
            BackgroundSimulator(
                shards=SHARDS, guilds=12, heartbeat_interval=1.0, heartbeat_ack_delay=0.06, voice_heartbeat_interval=1.0
            )
        )
        simulator.voice_heartbeat_ack_delay = 0.03
        collector = parts.enter_context(
            Collector.running_in(
                directory / "collector", clickhouse=clickhouse, database=database, TRACES_SHARE="50", TRACES_WAIT="2s"
            )
        )
        others: dict[str, Prometheus] = {}
        sending = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        if everywhere:
            senders = _senders(directory)
            others.update({path: parts.enter_context(_running(server)) for path, server in senders.items()})
            addresses = [server.otlp for server in senders.values()]
            tee = parts.enter_context(Tee.running(f"http://127.0.0.1:{collector.http}/v1/metrics", *addresses))
            sending |= {
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": tee.url,
                "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf",
            }
        bots = [Process(directory, number, simulator, **sending) for number in range(PROCESSES)]
        checked = parts.enter_context(services.running(directory / "services"))
        agent = lookout.Lookout(directory, checked, bots[0].port, **sending)
        graphs = receptionist.Receptionist(directory, **sending)
        trains = trainee.Trainee(directory, **sending, ARGUS_HISTORY_STORE=clickhouse.dsn(database))
        processes = [*bots, agent, graphs, trains]
        targets = "\n".join(
            f'      - {{targets: ["127.0.0.1:{one.port}"], labels: {{instance: {one.instance}}}}}' for one in bots
        )
        scraped = _DIRECT.format(
            targets=targets,
            lookout=agent.port,
            agent=lookout.INSTANCE,
            receptionist=graphs.port,
            graphs=receptionist.INSTANCE,
            trainee=trains.port,
            training=trainee.INSTANCE,
        )
        collected_config = _COLLECTED.format(bots=collector.prometheus, own=collector.own)
        direct = parts.enter_context(Prometheus.running_in(directory / "direct", scraped))
        collected = parts.enter_context(Prometheus.running_in(directory / "collected", collected_config))
        if everywhere:
            scraping = {
                "Prometheus 3, scrape": Prometheus3(directory / "prometheus-scrape", scraped),
                "VictoriaMetrics, scrape": VictoriaMetrics(directory / "victoria-scrape", scraped),
            }
            others.update({path: parts.enter_context(_running(server)) for path, server in scraping.items()})
        for process in processes:
            parts.callback(process.kill)
            process.start()
        # While the processes start, which takes them as long.
        remembered = list(past(time.time(), events))
        for start in range(0, len(remembered), 20_000):
            store.insert(remembered[start : start + 20_000])
        simulator.run(simulator.ready, SHARDS, 40.0)
        began = time.time()
        crowd = Crowd(simulator, rate=rate, period=period, pause=pause)
        acting = threading.Thread(target=lambda: simulator.run(crowd.act))
        acting.start()
        try:
            for path in (direct, collected, *others.values()):
                _wait_for_metrics(path)
                path.wait_until(lambda path=path: path.query(_RARE_RISES), "has seen rare work twice", 60)
            while time.time() < began + seconds or not crowd.rounds:
                assert acting.is_alive(), "the crowd has gone"
                time.sleep(0.1)
            # On a loaded machine a scrape may fail, and after one a process has no series for a moment.
            for path, server in others.items():
                if path.startswith("Prometheus 3") and path.endswith("scrape"):
                    server.wait_for_scrape("jukebox")
            collected.wait_for_scrape("bots")
            direct.wait_for_scrape("jukebox")
            until = time.time()
            time.sleep(LAG)  # everything until then is exported and scraped
        finally:
            crowd.stop()
            acting.join(60)
        for process in processes:
            process.stop()  # and export the last of it
        _wait_for_the_last(clickhouse, database)
        yield World(direct, collected, clickhouse, database, began, until, others)


def _senders(directory: Path) -> dict[str, Prometheus3 | VictoriaMetrics]:
    """Return the servers that take OTLP."""
    relabel = ROOT / "victoriametrics" / "relabel.yaml"
    return {
        "Prometheus 3, OTLP": Prometheus3(directory / "prometheus-otlp", _OTLP),
        "VictoriaMetrics, OTLP": VictoriaMetrics(directory / "victoria-otlp", "scrape_configs: []", relabel),
    }


@contextmanager
def _running(server: Prometheus) -> Iterator[Prometheus]:
    try:
        yield server.start()
    finally:
        server.kill()


def _wait_for_metrics(prometheus: Prometheus) -> None:
    """Wait until each metric of the catalogue is there; a failure names those that are not."""
    try:
        prometheus.wait_until(lambda: not missing(prometheus, time.time()), "has every metric", 60)
    except AssertionError as error:
        raise AssertionError(f"without {', '.join(sorted(missing(prometheus, time.time())))}: {error}") from None


_OF_OTHER_SYSTEMS = set[str]() if sys.platform == "win32" else {"process_windows_handle_count"}


def missing(prometheus: Prometheus, now: float) -> set[str]:
    """Return the names of the catalogue, in Prometheus' spelling, without a series."""
    names = {prometheus_name(one) + ("_count" if one.boundaries else "") for one in METRICS}
    have = set(prometheus.ask("label/__name__/values"))
    have |= {name.removesuffix("_ratio") for name in have}  # of the unit 1, on some paths
    return names - have - _OF_OTHER_SYSTEMS


def _wait_for_the_last(clickhouse: ClickHouse, database: str) -> None:
    """Wait until the tables no longer change: the bot has ended, and the Collector has written the rest."""
    counts: list[tuple[str, ...]] = []
    tables = ("otel_traces", "otel_logs", "discord_events", "checks_events", "graphs_events", "training_rows")
    still = 0
    while still < 4:
        counts.append(tuple(clickhouse.query(f"select count() from {table}", database) for table in tables))
        still = still + 1 if len(counts) > 1 and counts[-1] == counts[-2] else 0
        assert len(counts) < 60, counts[-3:]
        time.sleep(0.5)


# -- the past

_COMMANDS = {"play": 30, "search": 12, "playlist add": 8, "playlist show": 6, "surprise": 5, "lyrics": 2, "volume": 4}
_FAILURES = {"lyrics": ("KeyError", 0.6), "search": ("TimeoutError", 0.03), "play": ("HTTPException", 0.01)}
_GUILDS = 60


def past(now: float, events: int) -> Iterator[Row]:
    """Return history of the last :data:`DAYS` days, always the same: guilds that joined, stayed, left or went quiet."""
    dice = random.Random(11)  # noqa: S311 - repeatable on purpose
    first = now - now % 86400 - DAYS * 86400
    guilds = [81384788765712384 + number * 4194304 for number in range(_GUILDS)]
    came = {guild: first + dice.uniform(-20, 50) * 86400 for guild in guilds}
    gone = dict.fromkeys(guilds, math.inf) | {one: came[one] + dice.uniform(5, 30) * 86400 for one in guilds[1::5]}
    quiet = dict.fromkeys(guilds, math.inf) | {one: now - dice.uniform(15, 25) * 86400 for one in guilds[3::7]}
    users = [f"{dice.getrandbits(128):032x}" for _ in range(900)]

    def row(at: float, event: str, guild: int, attributes: dict[str, str], duration: float = 0.0) -> Row:
        return Row(
            int(at * 1e6),
            event,
            f"{dice.getrandbits(128):032x}",
            SERVICE,
            {"discord.cluster.id": f"cluster-{guild // 4194304 % PROCESSES}"},
            duration,
            {
                "discord.shard.id": guild // 4194304 % SHARDS,
                "discord.guild.id": str(guild),
                "discord.channel.id": str(guild + 1),
                **attributes,
            },
        )

    for guild in guilds:
        size = {
            "discord.guild.name": f"Guild {guild % 1000}",
            "discord.guild.member_count": str(dice.randrange(20, 4000)),
        }
        if came[guild] < now:
            yield row(came[guild], GUILD_JOIN, guild, size)
        if gone[guild] < now:
            yield row(gone[guild], GUILD_LEAVE, guild, size)
    for number in range(events):
        day = dice.random() ** 0.8  # more of late
        hour = dice.gauss(19, 3) if dice.random() < 0.7 else dice.uniform(0, 24)  # evenings, mostly
        at = first + (math.floor(day * DAYS) + hour / 24) * 86400
        guild = guilds[min(int(dice.expovariate(0.08)), _GUILDS - 1)]
        if not came[guild] <= at < min(gone[guild], quiet[guild], now - 60):
            continue
        user = users[min(int(dice.expovariate(0.01)), len(users) - 1)]
        kind = number % 10
        if kind == 0:
            event = "discord.component"
            attributes = {"discord.command.name": "PlayerView.skip", "discord.outcome": "ok"}
        elif kind == 1:
            event = "discord.autocomplete"
            attributes = {"discord.command.name": "play", "discord.outcome": "ok"}
        else:
            command = dice.choices(list(_COMMANDS), list(_COMMANDS.values()))[0]
            error, share = _FAILURES.get(command, ("", 0.0))
            chance = dice.random()
            outcome = "error" if chance < share else "rejected" if chance > 0.97 else "ok"
            kind_of = "prefix" if command == "volume" else "slash"
            event = COMMAND
            attributes = {
                "discord.command.name": command,
                "discord.command.type": kind_of,
                "discord.outcome": outcome,
            }
            if outcome == "error":
                attributes["error.type"] = error
        attributes["discord.user.id"] = user
        yield row(at, event, guild, attributes, math.exp(dice.gauss(-2, 0.9)))
