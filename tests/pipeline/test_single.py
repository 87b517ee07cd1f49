"""single.yaml: from its input to Prometheus's format and ClickHouse."""

from __future__ import annotations

import re
import time

import pytest
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

from lab.clickhouse import ClickHouse
from lab.collector import Collector
from lab.exposition import samples
from lab.processes import wait_until

from .emitting import Program

BOT_TOKEN = "MTA4NjU0MzIxMDk4NzY1NDMyMQ.GhIjKl." + "mNoPqRsTuVwXyZ0123456789abcdefghijklmn"
WEBHOOK_TOKEN = "wEbHoOk" * 9 + "t0ken"
INTERACTION_TOKEN = "aW50ZXJhY3Rpb246" + "MTIzNDU2Nzg5MDEyMzQ1Njc4OkFiQ2RFZkdoSWpLbE1uT3BRclN0VXZXeFla" * 2
SECRETS = (BOT_TOKEN, WEBHOOK_TOKEN, INTERACTION_TOKEN)
WITH_SECRETS = (
    f"login with {BOT_TOKEN} refused",
    f"POST https://discord.com/api/v10/webhooks/1086543210987654321/{WEBHOOK_TOKEN}?wait=true",
    f"/interactions/1086543210987654321/{INTERACTION_TOKEN}/callback",
    f"token={INTERACTION_TOKEN}",
)


def of(service: str, text: str, family: str) -> list[tuple[str, dict[str, str], float]]:
    """The samples of a family that one service has."""
    return [sample for sample in samples(text) if sample[0].startswith(family) and sample[1].get("job") == service]


def scraped(collector: Collector, service: str, family: str) -> list[tuple[str, dict[str, str], float]]:
    return wait_until(lambda: of(service, collector.scrape(), family), f"{family} of {service}")


def test_points_that_differed_in_an_id_only_are_added_up(collector: Collector, program: Program):
    counter = program.meter.create_counter("plays", unit="{play}")
    duration = program.meter.create_histogram("play.duration", unit="s")
    sizes = program.meter.create_up_down_counter("queue.size", unit="{song}")
    ids = ("discord.guild.id", "discord.user.id", "channel_id", "enduser.id", "guildId", "discord.message.id")
    for number in range(100):
        attributes = {"command": "play", "discord.shard.id": 0, **dict.fromkeys(ids, str(10**17 + number))}
        counter.add(1, attributes)
        duration.record(0.25, attributes)
        sizes.add(2, attributes)
    program.send()

    def values(family: str) -> dict[str, float]:
        found = scraped(collector, program.service, family)
        for _, labels, _ in found:
            assert not [name for name in labels if re.search("(guild|user|channel|message)_?id", name, re.IGNORECASE)]
            assert labels["discord_shard_id"] == "0"
        return {name: value for name, labels, value in found if labels.get("le") in (None, "+Inf")}

    assert values("plays")["plays_total"] == 100
    assert values("play_duration")["play_duration_seconds_count"] == 100
    assert values("play_duration")["play_duration_seconds_bucket"] == 100
    assert values("play_duration")["play_duration_seconds_sum"] == pytest.approx(25)
    assert values("queue_size") == {"queue_size": 200}


def test_exemplars_come_through_and_survive_the_adding_up(collector: Collector, program: Program):
    counter = program.meter.create_counter("clicks")
    duration = program.meter.create_histogram("click.duration", unit="s")
    traces: list[str] = []
    for number in range(10):
        with program.tracer.start_as_current_span("click") as span:
            counter.add(1, {"button": "skip", "discord.guild.id": str(number)})
            duration.record(0.2, {"button": "skip", "discord.guild.id": str(number)})
            traces.append(f"{span.get_span_context().trace_id:032x}")
    program.send()
    scraped(collector, program.service, "clicks")
    text = collector.scrape()
    lines = [line for line in text.splitlines() if program.service in line and " # {" in line]
    shown = {re.search(r'trace_id="(\w+)"', line).group(1) for line in lines}  # type: ignore[union-attr]
    assert shown
    assert shown <= set(traces)
    assert any(line.startswith("clicks_total") for line in lines)
    assert any(line.startswith("click_duration_seconds_bucket") for line in lines)
    # And only there: the classic format has no place for them.
    assert " # {" not in collector.scrape(openmetrics=False)


def test_no_secret_comes_through(collector: Collector, program: Program, clickhouse: ClickHouse, database: str):
    for number, text in enumerate(WITH_SECRETS):
        with program.tracer.start_as_current_span(f"GET {text}", kind=SpanKind.SERVER) as span:
            span.set_attribute("url.full", text)
            span.add_event("retried", {"because": text})
            span.record_exception(RuntimeError(text))
            span.set_status(StatusCode.ERROR, text)
        program.log(text, because=text, number=number)
        discord = {"discord__guild__id": str(number), "discord__command__name": text}
        program.history("shop.purchase", event_id=str(number), **discord)
        program.history("job.done", event_id=str(number), because=text)
    program.meter.create_counter("secrets").add(1, {"because": WITH_SECRETS[0]})
    program.send()

    service = program.service
    count = len(WITH_SECRETS)
    wait_until(lambda: len(spans(clickhouse, database, service)) == count, "spans")
    wait_until(lambda: table(clickhouse, database, "otel_logs", f"ServiceName = '{service}'") == count, "logs")
    for name in ("discord_events", "history_unclaimed"):
        wait_until(lambda name=name: table(clickhouse, database, name, f"service = '{service}'") == count, name)
    stored = "\n".join(
        clickhouse.query(f"select * from {name} format JSONEachRow", database)
        for name in ("otel_traces", "otel_logs", "discord_events", "history_unclaimed")
    )
    shown = collector.scrape()
    for secret in SECRETS:
        assert secret not in stored
        assert secret not in shown
        assert secret not in collector.printed()
    assert stored.count("****") >= 5 * count
    assert "login with **** refused" in stored
    assert 'because="login with **** refused"' in shown


def test_history_and_logs_are_kept_apart(program: Program, clickhouse: ClickHouse, database: str):
    for number in range(30):
        program.log(f"line {number}", event_name="thing.happened" if number % 2 else "", number=number)
    sent = [
        program.history(
            "discord.command",
            discord__guild__id="1086543210987654321",
            discord__channel__id="2",
            discord__shard__id=3,
            discord__user__id="0f" * 16,
            discord__command__name="play",
            discord__command__type="slash",
            discord__outcome="error",
            error__type="KeyError",
            duration=0.125,
        )
        for _ in range(20)
    ]
    program.send()
    service = program.service
    wait_until(lambda: table(clickhouse, database, "discord_events", f"service = '{service}'") == 20, "history")
    wait_until(lambda: table(clickhouse, database, "otel_logs", f"ServiceName = '{service}'") == 30, "logs")
    asked = "select distinct * except (time, event_id) from discord_events where service = {s:String}"
    assert clickhouse.rows(asked, database, s=service) == [
        ["discord.command", service, "cluster-7", "3", "1086543210987654321", "2", "0f" * 16, "play", "slash", "error",
         "KeyError", "0", "", "", "", "0.125", "{}"]
    ]  # fmt: skip
    stored = clickhouse.rows(
        "select toString(event_id) from discord_events where service = {s:String}", database, s=service
    )
    assert sorted(row[0] for row in stored) == sorted(sent)
    mixed = "ServiceName = {s:String} and LogAttributes['argus.history.id'] != ''"
    assert clickhouse.rows(f"select count() from otel_logs where {mixed}", database, s=service) == [["0"]]
    names = "select EventName, LogAttributes['event.name'], count() from otel_logs where ServiceName = {s:String}"
    assert clickhouse.rows(f"{names} group by 1, 2 order by 1", database, s=service) == [
        ["", "", "15"],
        ["thing.happened", "thing.happened", "15"],
    ]


def test_errors_and_slow_interactions_are_kept_and_of_the_rest_a_share(
    program: Program, clickhouse: ClickHouse, database: str
):
    """The share is 0 here, so that what is kept is kept for a reason."""

    def trace(name: str, seconds: float, *, error: bool = False, **attributes: str) -> None:
        start = time.time_ns()
        root = program.tracer.start_span(name, start_time=start, attributes=attributes)
        child = program.tracer.start_span("child of " + name, context=set_span_in_context(root), start_time=start)
        if error:
            child.set_status(StatusCode.ERROR)
        child.end(start + int(seconds * 1e9) // 2)
        root.end(start + int(seconds * 1e9))

    interaction = {"discord.interaction.type": "application_command"}
    for _ in range(20):
        trace("quick interaction", 0.2, **interaction)
        trace("slow interaction", 1.5, **interaction)
        trace("slow command", 1.5, **{"discord.command.name": "play"})
        trace("slow task", 60)
        trace("failed task", 0.1, error=True)
        trace("quick task", 0.1)
    program.send()
    kept = ["child of failed task", "child of slow command", "child of slow interaction"]
    kept += ["failed task", "slow command", "slow interaction"]

    def names() -> dict[str, int]:
        found = spans(clickhouse, database, program.service)
        return {name: found.count(name) for name in sorted(set(found))}

    wait_until(lambda: sum(names().values()) >= 120, "kept spans")
    # Decided are all of them by then: they came in the same request.
    assert names() == dict.fromkeys(kept, 20)


def spans(clickhouse: ClickHouse, database: str, service: str) -> list[str]:
    found = clickhouse.rows("select SpanName from otel_traces where ServiceName = {s:String}", database, s=service)
    return [row[0] for row in found]


def table(clickhouse: ClickHouse, database: str, name: str, where: str) -> int:
    return int(clickhouse.rows(f"select count() from {name} where {where}", database)[0][0])
