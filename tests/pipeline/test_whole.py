"""The whole pipeline at once, every part of it real: what a simulated Discord's ledger says happened is found, exactly,
in Prometheus, in the table of traces and in history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from argus_otel.demo.agreement import compare
from argus_otel.scrape.exposition import parse
from argus_otel.scrape.series import Metrics
from discord_simulator import BackgroundSimulator, Load, RateLimited, ServerError
from lab.clickhouse import ClickHouse
from lab.collector import Collector
from lab.processes import wait_until
from lab.prometheus import Prometheus

from .bots import Bot, used

CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: collector
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""

# What history calls the simulator's types of interactions.
EVENTS = {
    "application_command": "discord.command",
    "component": "discord.component",
    "modal_submit": "discord.modal",
    "autocomplete": "discord.autocomplete",
}


@dataclass
class Pipeline:
    """Everything, after users have used the bot and it has ended in good order."""

    simulator: BackgroundSimulator
    load: Load
    prometheus: Prometheus
    server: ClickHouse
    database: str

    def rows(self, statement: str) -> list[list[str]]:
        return self.server.rows(statement, self.database)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory, clickhouse: ClickHouse, database: str) -> Iterator[Pipeline]:
    directory = tmp_path_factory.mktemp("whole")
    with (
        Collector.running_in(
            directory / "collector", clickhouse=clickhouse, database=database, TRACES_SHARE="100"
        ) as collector,
        Prometheus.running_in(directory / "prometheus", CONFIG.format(port=collector.prometheus)) as prometheus,
        BackgroundSimulator(guilds=6) as simulator,
    ):
        bot = Bot(
            directory,
            simulator,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            OTEL_METRIC_EXPORT_INTERVAL="1000",
            OTEL_BSP_SCHEDULE_DELAY="500",
            ARGUS_HISTORY="true",  # by OTLP, since logs go there
            ARGUS_HISTORY_USERS="hashed",
            ARGUS_HISTORY_USER_KEY="a key of the test's",
            ARGUS_HISTORY_SPOOL=str(directory / "spool"),
            ARGUS_TRACE_RATES="discord.event=0",  # or now and then a listener would be among the roots
        )
        try:
            bot.start()
            guild = simulator.run(simulator.join_guild)
            with used(simulator, rate=80) as load:
                faults = simulator.faults
                faults.add(RateLimited("shared", retry_after=0.1), probability=0.03)
                faults.add(ServerError(502), template="/channels/*", probability=0.03)
                wait_until(lambda: sum(load.report.started.values()) >= 600, "600 things that users did", 60)
            faults.clear()
            simulator.run(simulator.leave_guild, guild)
            found = Pipeline(simulator, load, prometheus, clickhouse, database)
            wait_until(lambda: not [row for row in agreement(found) if not row.agrees], "nothing changes any more", 20)
            bot.stop()  # and export the last of it
            done = "select count() from otel_traces where ParentSpanId = '' and SpanName not like 'task %'"
            wait_until(lambda: int(found.rows(done)[0][0]) >= began(found), "the last traces have come", 20)
            stored = "select count() from discord_events"
            guilds = 2  # one joined, one left
            wait_until(lambda: int(found.rows(stored)[0][0]) >= began(found) + guilds, "the last history has come", 20)
            yield found
        finally:
            bot.kill()


def began(pipeline: Pipeline) -> int:
    """How many interactions and prefix commands there were."""
    return len(pipeline.simulator.ledger.interactions_now()) + pipeline.load.report.started["prefix"]


def scraped(prometheus: Prometheus) -> Metrics:
    """What Prometheus has of the bot, as the bot's own endpoint would say it."""
    kinds = {one["metric"]: one["type"] for one in prometheus.ask("targets/metadata")}
    lines: dict[str, list[str]] = {}
    for labels, value in prometheus.query('{job="jukebox"}'):
        name = labels.pop("__name__")
        family = next((each for each in (name, name.rpartition("_")[0]) if each in kinds), name)
        told = ",".join(f'{label}="{text}"' for label, text in labels.items() if label not in ("job", "instance"))
        lines.setdefault(family, []).append(f"{name}{{{told}}} {value}")
    text = ""
    for family, samples in lines.items():
        text += "\n".join([f"# TYPE {family} {kinds.get(family, 'unknown')}", *samples, ""])
    return parse(text)


def agreement(pipeline: Pipeline):
    return compare(pipeline.simulator.ledger, scraped(pipeline.prometheus), pipeline.load.report.started["prefix"])


def test_prometheus_has_what_the_ledger_has(pipeline: Pipeline):
    rows = agreement(pipeline)
    assert [row for row in rows if not row.agrees] == []
    assert len(rows) > 30


def test_each_interaction_is_one_trace(pipeline: Pipeline):
    ids = "SpanAttributes['discord.interaction.id']"
    found = pipeline.rows(f"select {ids}, count() from otel_traces where {ids} != '' and ParentSpanId = '' group by 1")
    assert {int(one): int(number) for one, number in found} == {
        entry.id: 1 for entry in pipeline.simulator.ledger.interactions_now()
    }


def test_each_rest_call_is_in_the_trace_that_it_belongs_to(pipeline: Pipeline):
    spans = pipeline.rows("select TraceId, SpanId, ParentSpanId, SpanName, SpanKind from otel_traces")
    traces = {span: trace for trace, span, *_ in spans}
    assert len(traces) == len(spans)  # none is stored twice
    # Each parent exists, in the same trace; each trace has one root.
    assert [name for trace, _, parent, name, _ in spans if parent and traces.get(parent) != trace] == []
    assert set(Counter(trace for trace, _, parent, *_ in spans if not parent).values()) == {1}
    # Acknowledgements are under the interaction that they acknowledge.
    callbacks = pipeline.rows(
        "select root.SpanAttributes['discord.interaction.id'], count() from otel_traces as call "
        "inner join otel_traces as root on root.TraceId = call.TraceId and root.SpanId = call.ParentSpanId "
        "where call.SpanName like 'POST /interactions/%/callback' group by 1"
    )
    entries = [entry for entry in pipeline.simulator.ledger.interactions_now() if entry.callbacks]
    assert {int(one) for one, _ in callbacks} == {entry.id for entry in entries}
    named = Counter(name for *_, name, kind in spans if kind == "Client")
    calls: Counter[str] = Counter()
    for (method, template, status), number in pipeline.simulator.ledger.rest_counts().items():
        if status not in (429, 502):  # which discord.py tries again, in the same call
            calls[f"{method} {template}"] += number
    assert named == calls


def test_history_has_each_thing_once(pipeline: Pipeline):
    entries = pipeline.simulator.ledger.interactions_now()
    expected = Counter(EVENTS[entry.kind] for entry in entries)
    expected["discord.command"] += pipeline.load.report.started["prefix"]
    expected["discord.guild.join"] = expected["discord.guild.leave"] = 1
    found = {
        event: int(number)
        for event, number in pipeline.rows("select event, count() from discord_events group by event")
    }
    assert found == expected
    called = Counter(entry.name for entry in entries if entry.kind == "application_command")
    found = pipeline.rows(
        "select command, count() from discord_events where type in ('slash', 'user', 'message') group by 1"
    )
    assert {command: int(number) for command, number in found} == called
    assert pipeline.rows("select distinct length(user), service from discord_events where user != ''") == [
        ["32", "jukebox"]
    ]


def test_history_and_traces_tell_the_same(pipeline: Pipeline):
    of_history = pipeline.rows(
        "select command, outcome, error, count() from discord_events where event = 'discord.command' "
        "group by all order by all"
    )
    of_traces = pipeline.rows(
        "select SpanAttributes['discord.command.name'], SpanAttributes['discord.outcome'], "
        "SpanAttributes['error.type'], count() from otel_traces where SpanName like 'command %' "
        "group by all order by all"
    )
    assert of_history == of_traces
