"""agent.yaml and gateway.yaml: two hosts with bots, two gateways, TLS and a token between them."""

from __future__ import annotations

from pathlib import Path

from opentelemetry.trace import Span, set_span_in_context

from lab.clickhouse import ClickHouse
from lab.collector import Collector
from lab.exposition import samples
from lab.processes import wait_until

from .certificates import Certificates
from .conftest import Migrated
from .emitting import Program

TOKEN = "between-us"
TRACES = 60


def test_each_trace_stays_whole_and_each_bots_metrics_in_one_place(
    tmp_path: Path, clickhouse: ClickHouse, migrated: Migrated
):
    certificates = Certificates.made_in(tmp_path)
    databases = [migrated(clickhouse, "first_gateway"), migrated(clickhouse, "second_gateway")]
    secured = ("gateway.yaml", "tls.yaml")
    gateways = [
        Collector(
            tmp_path / database,
            secured,
            clickhouse,
            database,
            COLLECTOR_TOKEN=TOKEN,
            TRACES_SHARE="100",
            TRACES_WAIT="2s",
            **certificates.of_collector,
        )
        for database in databases
    ]
    agents = [
        Collector(
            tmp_path / name,
            ("agent.yaml", "agent-secure.yaml"),
            COLLECTOR_GATEWAYS="[" + ", ".join(f"127.0.0.1:{gateway.grpc}" for gateway in gateways) + "]",
            COLLECTOR_GATEWAY=f"127.0.0.1:{gateways[0].grpc}",
            COLLECTOR_GATEWAY_TOKEN=TOKEN,
            COLLECTOR_GATEWAY_CA=str(certificates.authority),
        )
        for name in ("first_agent", "second_agent")
    ]
    try:
        for part in (*gateways, *agents):
            part.start()
        with (
            Program.sending_to(agents[0].endpoint, "bot") as bot,
            Program.sending_to(agents[1].endpoint, "helper") as helper,
        ):
            roots: list[Span] = []
            for number in range(TRACES):
                root = bot.tracer.start_span(f"command {number}")
                helper.tracer.start_span("far", set_span_in_context(root)).end()
                bot.tracer.start_span("near", set_span_in_context(root)).end()
                roots.append(root)
                bot.history("shop.purchase", discord__guild__id=str(number))
            bot.meter.create_counter("plays").add(7)
            bot.send()
            helper.meter.create_counter("plays").add(5)
            helper.send()
            for root in roots:  # in a request of their own, later than the rest
                root.end()
            bot.send()

            def stored() -> list[dict[str, int]]:
                asked = "select TraceId, count() from otel_traces group by TraceId"
                return [{row[0]: int(row[1]) for row in clickhouse.rows(asked, database)} for database in databases]

            wait_until(lambda: sum(sum(one.values()) for one in stored()) == 3 * TRACES, "all spans")
            first, second = stored()
            assert len(first) + len(second) == TRACES
            assert not first.keys() & second.keys()
            assert {*first.values(), *second.values()} == {3}
            assert min(len(first), len(second)) > TRACES / 10

            def plays() -> list[tuple[str, float]]:
                found = [sample for gateway in gateways for sample in samples(gateway.scrape())]
                return sorted((labels["job"], value) for name, labels, value in found if name == "plays_total")

            wait_until(lambda: plays() == [("bot", 7), ("helper", 5)], "each bot's metrics, once")
            history = "select count() from first_gateway.discord_events"
            wait_until(lambda: clickhouse.rows(history) == [[str(TRACES)]], "all history")

            # One gateway stops. This does not delay data for the other one. (It would send again what it has sent to
            # ClickHouse without an answer yet.)
            gateways[0].wait_until(
                lambda: not gateways[0].counted("otelcol_exporter_queue_size"), "knows that all is stored"
            )
            before = len(stored()[1])
            gateways[0].kill()
            for number in range(TRACES):
                bot.tracer.start_span(f"later {number}").end()
            bot.send()
            wait_until(lambda: len(stored()[1]) > before, "what is for the other")
            gateways[0].start()
            wait_until(lambda: sum(map(len, stored())) == 2 * TRACES, "what waited", 30)
            assert sum(sum(one.values()) for one in stored()) == 4 * TRACES  # each once

            # History is for that one alone here; it waits on the agent's disk.
            gateways[0].kill()
            for number in range(TRACES):
                bot.history("shop.purchase", discord__guild__id=str(number))
            bot.send()
            agents[0].kill()
            agents[0].start()
            gateways[0].start()
            wait_until(lambda: clickhouse.rows(history) == [[str(2 * TRACES)]], "the history that waited", 30)
    finally:
        for part in (*agents, *gateways):
            part.kill()
