"""`argus-otel top` against a real endpoint, whose registry is fed like a bot's."""

from __future__ import annotations

import contextlib
import io
import math
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from rich.console import Console

from argus_otel.cli import main
from argus_otel.cli.top import source_panels
from argus_otel.cli.top.view import Dashboard, Frame
from argus_otel.discovery import Installed, installed
from argus_otel.endpoint import Endpoint
from argus_otel.endpoint.targets import Target
from argus_otel.otel.instruments import observe
from argus_otel.otel.prometheus import PrometheusReader
from argus_otel.panels import Cell, Content, Fact, Facts, Panel, View, clock, counts, quantile, rate, seconds
from argus_otel.scrape.buckets import Buckets
from argus_otel.scrape.exposition import parse
from argus_otel.scrape.fleet import Fleet
from argus_otel.scrape.scraper import Scraper, Snapshot, UnreachableError, default_url
from argus_otel.scrape.series import Metrics, combined, prometheus_name
from argus_otel.settings import Settings
from argus_otel.sources.discord import attributes, catalogue
from argus_otel.sources.spec import SourceSpec
from argus_otel.telemetry import State, Telemetry
from argus_otel.terminal.formatting import words


class Bot:
    """Something that looks like a bot from its endpoint, and does what it is told."""

    def __init__(self, labels: dict[str, str] | None = None, **settings: object) -> None:
        self.telemetry = telemetry = Telemetry()
        telemetry.health.add_labels(lambda: labels or {})
        reader = PrometheusReader()
        reader.show(telemetry)
        resource = Resource({"service.name": "jukebox", "service.version": "3.2.1"})
        self.provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        observe(self.provider.get_meter("argus_otel", "0"), telemetry, catalogue.CATALOGUE.metrics)
        self.status: dict[str, object] = {}
        self.endpoint = Endpoint(
            Settings.resolve({}, {"endpoint_port": 0, **settings}), telemetry, reader, lambda: self.status
        )
        self.endpoint.start()

    def stop(self) -> None:
        self.endpoint.stop()
        self.provider.shutdown()

    def counted(self, metric: object, key: object, value: float) -> None:
        self.telemetry.counter(metric)[key].value += value  # type: ignore[arg-type]

    def took(self, metric: object, key: object, *values: float) -> None:
        for value in values:
            self.telemetry.histogram(metric)[key].record(value)  # type: ignore[arg-type]

    def live(self) -> None:
        """Live a little."""
        telemetry = self.telemetry
        telemetry.gauge(catalogue.SHARD_UP, lambda: [({"discord.shard.id": 0}, 1), ({"discord.shard.id": 1}, 0)])
        telemetry.gauge(catalogue.LATENCY, lambda: [({"discord.shard.id": 0}, 0.042)])
        telemetry.gauge(catalogue.GUILDS, lambda: [({}, 1234)])
        telemetry.gauge(catalogue.GUILD_MEMBERS, lambda: [({}, 56789)])
        telemetry.gauge(catalogue.INTERACTIONS_ACTIVE, lambda: [({"discord.interaction.type": "component"}, 3)])
        self.counted(catalogue.GATEWAY_EVENTS, "MESSAGE_CREATE", 100)
        self.counted(catalogue.GATEWAY_EVENTS, "PRESENCE_UPDATE", 10)
        self.counted(catalogue.SHARD_EVENTS, 0, 110)
        play = ("application_command", "play song", None)
        self.took(catalogue.INTERACTION_DURATION, (*play, "ok", None), *[0.02] * 90)
        self.took(catalogue.INTERACTION_DURATION, (*play, "error", "LookupError"), *[2.0] * 10)
        self.took(catalogue.RESPONSE_TIME, play[:2], *[0.2] * 99, 20.0)
        self.counted(catalogue.UNACKNOWLEDGED, play[:2], 1)
        for times, reason in enumerate(("unanswered", "slow_handler", "blocked_loop", "already_acknowledged")):
            self.counted(catalogue.LATE, (reason, "application_command"), times + 1)
        self.took(catalogue.COMMAND_DURATION, ("play song", "slash", "ok", None), *[0.02] * 90)
        self.took(catalogue.COMMAND_DURATION, ("play song", "slash", "error", "LookupError"), *[2.0] * 10)
        self.took(catalogue.COMMAND_DURATION, ("[bold]stop", "prefix", "rejected", "CheckFailure"), 0.001)
        messages = "/channels/{channel_id}/messages"
        self.took(catalogue.HTTP_DURATION, ("POST", messages, 200, "discord.com", None), *[0.1] * 20)
        self.took(catalogue.HTTP_DURATION, ("POST", messages, 429, "discord.com", "429"), *[0.1] * 2)
        self.took(catalogue.HTTP_DURATION, ("POST", messages, None, "discord.com", "TimeoutError"), 5.0)
        self.took(catalogue.REST_DURATION, ("POST", messages, None), *[0.1] * 20)
        self.took(catalogue.RATELIMIT_WAIT, messages, 1.5, 1.5)
        self.counted(catalogue.RATELIMITS, (messages, "shared"), 2)
        health = telemetry.health
        health.report("hook:gateway events", State.OK)
        health.report("hook:REST calls", State.OK)
        health.report("exporter:metrics prometheus", State.OK)
        health.report("exporter:traces otlp_proto_grpc", State.FAILED, "nobody takes what is sent [red]")
        self.status = {
            "version": "0.1.0",
            "service": "jukebox",
            **health.describe(),
            "faults": {"hook:views": "KeyError: '\x1b[2J'"},
        }


@pytest.fixture
def make_bot() -> Iterator[Callable[..., Bot]]:
    bots: list[Bot] = []

    def make(**settings: object) -> Bot:
        bots.append(Bot(**settings))
        return bots[-1]

    yield make
    for bot in bots:
        bot.stop()


@pytest.fixture
def bot(make_bot: Callable[..., Bot]) -> Bot:
    return make_bot()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("ARGUS_", "OTEL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ARGUS_ENDPOINT_TARGETS", os.devnull)  # not those that run on this machine
    monkeypatch.setenv("COLUMNS", "140")


def drawn(frame: Frame, width: int = 140, height: int | None = None) -> str:
    console = Console(file=io.StringIO(), width=width, height=height or 25, force_terminal=False)
    options = console.options.update(height=height)
    for part in Dashboard(frame, source_panels()).__rich_console__(console, options):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def line(text: str, beginning: str) -> str:
    return next(row for row in text.splitlines() if row.strip(" │").startswith(beginning))


class TestBuckets:
    def test_quantile_within_a_bucket_is_a_straight_line(self) -> None:
        buckets = Buckets({1.0: 0, 2.0: 10, 4.0: 10, math.inf: 0}, 50)
        assert buckets.quantile(0.25) == pytest.approx(1.5)
        assert buckets.quantile(0.5) == pytest.approx(2.0)
        assert buckets.quantile(0.75) == pytest.approx(3.0)
        assert buckets.quantile(1.0) == pytest.approx(4.0)

    def test_quantile_of_nothing(self) -> None:
        assert Buckets().quantile(0.5) is None
        assert Buckets({1.0: 0, math.inf: 0}).quantile(0.5) is None

    def test_quantile_above_every_edge_is_the_highest(self) -> None:
        assert Buckets({1.0: 1, 3.0: 0, math.inf: 9}).quantile(0.95) == 3.0

    def test_sum_over_other_edges(self) -> None:
        both = Buckets({1.0: 1, math.inf: 2}, 5) + Buckets({2.0: 3, math.inf: 4}, 6)
        assert both == Buckets({1.0: 1, 2.0: 3, math.inf: 6}, 11)

    def test_since(self) -> None:
        before, now = Buckets({1.0: 1, math.inf: 2}, 5), Buckets({1.0: 4, math.inf: 2}, 6)
        assert now.since(before) == Buckets({1.0: 3, math.inf: 0}, 1)

    @pytest.mark.parametrize("counts_", [{1.0: 0, math.inf: 1}, {1.0: 0, math.inf: 9}, {2.0: 8, math.inf: 2}])
    def test_since_a_program_that_started_again(self, counts_: dict[float, float]) -> None:
        now = Buckets(counts_, 1)
        assert now.since(Buckets({1.0: 1, math.inf: 2}, 5)) == now


class TestParse:
    TEXT = """\
# TYPE discord_gateway_events_total counter
discord_gateway_events_total{discord_event_type="READY",otel_scope_name="a"} 3.0
discord_gateway_events_total{discord_event_type="READY",otel_scope_name="b"} 4.0
# TYPE discord_guild_count gauge
discord_guild_count 12.0
# TYPE discord_interaction_response_time_seconds histogram
discord_interaction_response_time_seconds_bucket{otel_scope_name="a",le="1.0"} 2.0
discord_interaction_response_time_seconds_bucket{otel_scope_name="a",le="+Inf"} 5.0
discord_interaction_response_time_seconds_sum{otel_scope_name="a"} 9.0
discord_interaction_response_time_seconds_count{otel_scope_name="a"} 5.0
discord_interaction_response_time_seconds_bucket{otel_scope_name="b",le="1.0"} 1.0
discord_interaction_response_time_seconds_bucket{otel_scope_name="b",le="+Inf"} 1.0
discord_interaction_response_time_seconds_sum{otel_scope_name="b"} 0.5
discord_interaction_response_time_seconds_count{otel_scope_name="b"} 1.0
"""

    def test_scopes_are_summed(self) -> None:
        metrics = parse(self.TEXT)
        assert metrics.by(catalogue.GATEWAY_EVENTS, attributes.EVENT_TYPE) == {("READY",): 7.0}
        assert metrics.total(catalogue.GUILDS) == 12.0
        assert metrics.total(catalogue.GUILD_MEMBERS) is None
        assert metrics.whole(catalogue.RESPONSE_TIME) == Buckets({1.0: 3, math.inf: 3}, 9.5)
        assert metrics.whole(catalogue.COMMAND_DURATION) == Buckets()

    def test_since(self) -> None:
        before, now = parse(self.TEXT), parse(self.TEXT.replace("3.0\n", "5.0\n").replace("12.0", "11.0"))
        added = now.since(before)
        assert added.total(catalogue.GATEWAY_EVENTS) == 2.0
        assert added.total(catalogue.GUILDS) == 11.0
        assert added.whole(catalogue.RESPONSE_TIME).count == 0
        assert now.since(Metrics()).total(catalogue.GATEWAY_EVENTS) == 9.0

    def test_counter_that_began_again(self) -> None:
        before, now = parse(self.TEXT), parse(self.TEXT.replace(" 3.0", " 1.0").replace(" 4.0", " 0.0"))
        assert now.since(before).total(catalogue.GATEWAY_EVENTS) == 1.0

    @pytest.mark.parametrize("text", ["<!DOCTYPE html><p>Hello, you</p>", '{"a": 1}'])
    def test_something_else(self, text: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011
            parse(text)

    def test_every_name_is_what_the_exporter_makes_of_it(self, bot: Bot) -> None:
        bot.live()
        metrics = Scraper(bot.endpoint.url).scrape().metrics
        served = {*metrics.numbers, *metrics.distributions}
        silent = {catalogue.SESSIONS, catalogue.DISCONNECTS}
        used = {metric for metric in catalogue.CATALOGUE.metrics if _is_fed(bot, metric)}
        assert used
        assert {prometheus_name(metric) for metric in used - silent} <= served


def _is_fed(bot: Bot, metric: object) -> bool:
    recorded = {histogram.metric.name for histogram in bot.telemetry.histograms()}
    return metric.name in recorded or bool(bot.telemetry.points(metric))  # type: ignore[attr-defined, arg-type]


class TestFigures:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, "-"),
            (0.0, "0.0 ms"),
            (0.0042, "4.2 ms"),
            (0.042, "42 ms"),
            (0.42, "420 ms"),
            (4.2, "4.20 s"),
            (42, "42 s"),
            (420, "7.0 min"),
        ],
    )
    def test_seconds(self, value: float | None, text: str) -> None:
        assert seconds(value) == text

    def test_the_rest(self) -> None:
        assert clock(3723.9) == "1:02:03"
        assert (rate(0, 2), rate(1, 2), rate(5000, 2), rate(5, 0)) == ("0/s", "0.50/s", "2,500/s", "-")
        assert counts({"429": 2, "200": 1031, "500": 0}) == "200: 1,031, 429: 2"
        assert counts({}) == "-"
        assert quantile(Buckets({3.0: 1, math.inf: 9}), 0.95) == "> 3.00 s"
        assert words("a\x1b[2Jb").plain == "a [2Jb"


class TestScraper:
    def test_snapshot(self, bot: Bot) -> None:
        bot.live()
        snapshot = Scraper(bot.endpoint.url).scrape()
        assert snapshot.service == "jukebox"
        assert snapshot.resource["service_version"] == "3.2.1"
        assert snapshot.status["version"] == "0.1.0"

    def test_url_without_a_scheme_and_with_a_path(self, bot: Bot) -> None:
        address = bot.endpoint.url.removeprefix("http://")
        for url in (address, f"{address}/", f"{address}/metrics", f"http://{address}/metrics/"):
            assert Scraper(url).url == bot.endpoint.url
            Scraper(url).scrape()

    @pytest.mark.parametrize("url", ["ftp://x", "file:///etc/passwd", "http://", "http://x:port"])
    def test_no_url(self, url: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011
            Scraper(url)

    def test_token(self, make_bot: Callable[..., Bot]) -> None:
        url = make_bot(endpoint_token="gehäim").endpoint.url
        assert Scraper(url, "gehäim\n").scrape()
        for token, said in ((None, "asks for a token"), ("wrong", "asks for another token")):
            with pytest.raises(UnreachableError, match=said):
                Scraper(url, token).scrape()
        with pytest.raises(UnreachableError) as raised:
            Scraper(url, "s3\ncret").scrape()
        assert "cret" not in str(raised.value)

    def test_nobody_there(self) -> None:
        with pytest.raises(
            UnreachableError, match=r"no endpoint answers at http://127\.0\.0\.1:1 .*refused.*\n.*argus-otel run"
        ):
            Scraper("http://127.0.0.1:1").scrape()

    def test_somebody_else(self) -> None:
        with (
            pytest.raises(UnreachableError, match="not in Prometheus' text format"),
            _answering(b"<html>Hi</html>") as url,
        ):
            Scraper(url).scrape()

    def test_no_prometheus(self) -> None:
        endpoint = Endpoint(
            Settings.resolve({}, {"endpoint_port": 0, "metrics_exporters": ("x",)}), Telemetry(), None, dict
        )
        endpoint.start()
        with contextlib.ExitStack() as end:
            end.callback(endpoint.stop)
            with pytest.raises(UnreachableError, match="answers 404: no metrics here: OTEL_METRICS_EXPORTER is x"):
                Scraper(endpoint.url).scrape()

    @pytest.mark.parametrize(
        ("environ", "url"),
        [
            ({}, "http://127.0.0.1:9464"),
            ({"ARGUS_ENDPOINT_PORT": "9500", "ARGUS_ENDPOINT_HOST": "0.0.0.0"}, "http://127.0.0.1:9500"),  # noqa: S104
            ({"ARGUS_ENDPOINT_PORT": "0", "ARGUS_ENDPOINT_HOST": "::1"}, "http://[::1]:9464"),
        ],
    )
    def test_default(self, environ: dict[str, str], url: str) -> None:
        assert default_url(Settings.resolve(environ)) == url


@contextlib.contextmanager
def _answering(body: bytes) -> Iterator[str]:
    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


class TestDashboard:
    @pytest.fixture
    def frame(self, bot: Bot) -> Frame:
        scraper = Scraper(bot.endpoint.url)
        first = _at(scraper.scrape(), 0.0)
        bot.live()
        return Frame(scraper.url, first, first, first).then(_at(scraper.scrape(), 10.0))

    def test_what_is_told(self, frame: Frame) -> None:
        text = drawn(frame)
        head = text.splitlines()[0]
        assert head.startswith("jukebox 3.2.1   watched for 0:00:10   open http://127.0.0.1:")
        assert "argus-otel 0.1.0" in head
        assert "1,234 guilds, 56,789 members" in text
        for beginning, figures in {
            "shard 1": ["down"],
            "shard 0": ["up", "42 ms", "11/s"],
            "events": ["11/s"],
            "MESSAGE_CREATE": ["10/s"],
            "PRESENCE_UPDATE": ["1.00/s"],
            "play song": ["slash", "10/s", "100", "18 ms", "1.75 s", "0", "10"],
            "[bold]stop": ["prefix", "0.10/s", "1", "0"],
            "POST /channels/{channel_id}/messages": [
                "2.30/s",
                "200: 20, 429: 2, TimeoutErr",
                "shared: 2",
                "3.00 s",
            ],
        }.items():
            row = line(text, beginning)
            assert all(figure in row for figure in figures), row
        squeezed = " ".join(text.replace("│", " ").split())
        assert "interactions: 3 run now" in squeezed
        for outcome in (
            "outcome rate since start",
            "interactions 10/s 100",
            "ok 9.00/s 90",
            "error 1.00/s 10",
            "unacknowledged 0.10/s 1",
            "late: already acknowledged 0.40/s 4",
            "late: blocked loop 0.30/s 3",
            "late: slow handler 0.20/s 2",
        ):
            assert outcome in squeezed
        assert "unanswered" not in squeezed  # the rarest of four
        assert "and 1 more" in squeezed
        assert "2 hooks in place; exported: metrics prometheus" in text
        assert "exporter:traces otlp_proto_grpc failed: nobody takes what is sent [red]" in text
        assert "fault in hook:views: KeyError: ' [2J'" in text
        assert "\x1b[2J" not in text

    def test_quantiles_of_the_interval_and_since_start(self, frame: Frame, bot: Bot) -> None:
        bot.took(catalogue.RESPONSE_TIME, ("application_command", "play song"), *[0.04] * 100)
        text = drawn(frame.then(_at(Scraper(bot.endpoint.url).scrape(), 20.0)))
        response = next(row for row in text.splitlines() if "response time, last 10 s" in row)
        # All of the last interval lie below 50 ms; before, one in a hundred lay above every edge.
        assert response.split("last 10 s", 1)[1].split()[:6] == ["25", "ms", "48", "ms", "50", "ms"]
        since_start = next(row for row in text.splitlines() if "response time, since start" in row)
        assert since_start.split("since start", 1)[1].split()[:6] == ["50", "ms", "236", "ms", "248", "ms"]
        duration = next(row for row in text.splitlines() if "duration, last 10 s" in row)
        assert duration.split("last 10 s", 1)[1].split()[:3] == ["-", "-", "-"]

    def test_first_frame_has_no_rates(self, frame: Frame) -> None:
        now = frame.now
        text = drawn(Frame(frame.url, now, now, now))
        assert "last" not in text
        assert line(text, "play song").split("slash")[1].split()[0] == "-"

    def test_nothing_told_yet(self) -> None:
        empty = Snapshot(0.0, Metrics())
        text = drawn(Frame("http://x", empty, empty, empty))
        for told in ("unnamed", "no metric of any source", "/status has no parts"):
            assert told in text
        assert "shard" not in text

    def test_of_a_source_with_any_metric_every_panel_is_shown(self) -> None:
        one = Snapshot(0.0, parse("# TYPE discord_guild_count gauge\ndiscord_guild_count 2.0\n"))
        text = drawn(Frame("http://x", one, one, one))
        for told in ("2 guilds", "no shard is known yet", "no command was used yet", "no REST call"):
            assert told in text
        assert "process" not in text

    def test_the_process_has_two_lines_where_its_metrics_are(self) -> None:
        page = """\
# TYPE process_uptime_seconds gauge
process_uptime_seconds 75.0
# TYPE asyncio_tasks gauge
asyncio_tasks 12.0
# TYPE asyncio_loop_lag_seconds histogram
asyncio_loop_lag_seconds_bucket{le="0.1"} 0.0
asyncio_loop_lag_seconds_bucket{le="0.25"} 4.0
asyncio_loop_lag_seconds_bucket{le="+Inf"} 4.0
asyncio_loop_lag_seconds_sum 0.8
asyncio_loop_lag_seconds_count 4.0
# TYPE log_records_total counter
log_records_total{log_logger="a",log_severity="error"} 3.0
log_records_total{log_logger="b",log_severity="info"} 7.0
# TYPE process_memory_usage_bytes gauge
process_memory_usage_bytes 104857600.0
# TYPE process_cpu_time_seconds_total counter
process_cpu_time_seconds_total{cpu_mode="user"} 2.0
process_cpu_time_seconds_total{cpu_mode="system"} 0.5
# TYPE process_thread_count gauge
process_thread_count 9.0
# TYPE process_unix_file_descriptor_count gauge
process_unix_file_descriptor_count 21.0
"""
        before, now = Snapshot(0.0, parse("")), Snapshot(10.0, parse(page))
        text = drawn(Frame("http://x", before, before, now))
        (process,) = (row for row in text.splitlines() if row.startswith("process"))
        assert process.split("   ") == [
            "process",
            "up 0:01:15",
            "event loop lag (p95) 242 ms",
            "tasks 12",
            "log 1.00/s",
            "log error 3",
        ]
        (resources,) = (row for row in text.splitlines() if "memory" in row)
        assert resources.strip().split("   ") == [
            "memory 100 MiB",
            "processor 25%",
            "threads 9",
            "open files 21",
        ]
        assert "shard" not in text

    def test_what_argus_otel_lost_is_told(self) -> None:
        page = "# TYPE argus_export_lost_total counter\nargus_export_lost_total 3.0\n"
        status: dict[str, object] = {"parts": {"endpoint": {"state": "ok"}}}
        now = Snapshot(0.0, parse(page), status)
        assert "3 lost while exporting" in drawn(Frame("http://x", now, now, now))

    def test_a_panel_that_cannot_be_drawn_costs_no_other(self, frame: Frame) -> None:
        def draw(_: View) -> Content:
            raise LookupError("no such metric [red]")

        broken = Panel("queue", (catalogue.GUILDS,), draw, lines=1)
        whole = Panel("greeting", (catalogue.GUILDS,), lambda view: (Facts((Fact("rows", Cell(f"{view.rows}!")),)),), 1)
        console = Console(file=io.StringIO(), width=140)
        console.print(Dashboard(frame, [(broken,), (whole,)]))
        assert isinstance(console.file, io.StringIO)
        text = console.file.getvalue()
        assert "queue: cannot be drawn: LookupError: no such metric [red]" in text
        assert "greeting   rows 10!" in text

    def test_a_source_whose_panels_cannot_be_loaded_is_named(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        known = installed()
        broken = SourceSpec(
            "queue", api=1, title="a queue", factory="a:b", catalogue="a:b", panels="nowhere_at_all:PANELS"
        )
        monkeypatch.setattr("argus_otel.discovery.installed", lambda: Installed({**known.specs, "queue": broken}, ()))
        assert len(source_panels()) == sum(spec.panels is not None for spec in known.specs.values())
        assert "panels of the source queue cannot be loaded: " in capsys.readouterr().err

    def test_lost(self, frame: Frame) -> None:
        text = drawn(frame.missed("no bot answers (Connection refused).\nStart one", 75.0))
        assert "no answer for 0:01:05, trying again: no bot answers (Connection refused)." in text
        assert "watched for 0:01:15" in text
        assert "play song" in text

    @pytest.mark.parametrize("width", [40, 80, 99, 100, 200])
    def test_fits_in_the_width(self, frame: Frame, width: int) -> None:
        assert max(map(len, drawn(frame, width).splitlines())) <= width

    def test_many_shards_and_commands(self, frame: Frame, bot: Bot) -> None:
        up = [({"discord.shard.id": n}, float(n != 77)) for n in range(500)]
        bot.telemetry.gauge(catalogue.SHARD_UP, lambda: up)
        for n in range(100):
            bot.took(catalogue.COMMAND_DURATION, (f"command {n}", "slash", "ok", None), 0.1)
        later = frame.then(_at(Scraper(bot.endpoint.url).scrape(), 20.0))
        for height in (40, 60):
            text = drawn(later, height=height)
            assert len(text.splitlines()) <= height
        assert "down" in line(text, "shard 77")
        assert "and 494 more, 499 of 500 up" in text
        assert "more" in text[text.index("commands") :]


def _at(snapshot: Snapshot, at: float) -> Snapshot:
    return Snapshot(at, snapshot.metrics, snapshot.status)


class TestCommand:
    def test_once(self, bot: Bot, capsys: pytest.CaptureFixture[str]) -> None:
        bot.live()
        assert main(["top", bot.endpoint.url, "--once", "--interval", "0.1"]) == 0
        out, err = capsys.readouterr()
        assert "jukebox 3.2.1" in out
        assert "play song" in out
        assert err == ""

    def test_no_terminal_is_once(self, bot: Bot, capsys: pytest.CaptureFixture[str]) -> None:
        bot.live()
        assert main(["top", bot.endpoint.url, "--interval", "0.1"]) == 0
        assert "jukebox" in capsys.readouterr().out

    def test_token_of_the_environment(
        self, make_bot: Callable[..., Bot], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        url = make_bot(endpoint_token="geheim").endpoint.url
        assert main(["top", url, "--once", "--interval", "0.1"]) == 1
        assert "ARGUS_ENDPOINT_TOKEN" in capsys.readouterr().err
        monkeypatch.setenv("ARGUS_ENDPOINT_TOKEN", "geheim")
        assert main(["top", url, "--once", "--interval", "0.1"]) == 0
        assert main(["top", url, "--once", "--interval", "0.1", "--token", "other"]) == 1

    def test_nobody_there(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["top", "127.0.0.1:1", "--once"]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert "no endpoint answers at http://127.0.0.1:1" in err

    @pytest.mark.parametrize("interval", ["0", "nan", "x", "-1", "1e9"])
    def test_wrong_usage(self, interval: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as raised:
            main(["top", "--interval", interval])
        assert raised.value.code == 2
        assert "from 0.1 to 3600" in capsys.readouterr().err

    def test_wrong_url(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["top", "gopher://x"]) == 2
        assert "http://127.0.0.1:9464" in capsys.readouterr().err

    def test_without_rich(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        for name in [name for name in sys.modules if name == "rich" or name.startswith("rich.")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "rich", None)
        assert main(["top", "--once"]) == 2
        assert "pip install 'argus-otel[cli]'" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
class TestTerminal:
    def test_live_lost_found_and_ended(self, make_bot: Callable[..., Bot]) -> None:
        import pty

        bot = make_bot()
        bot.live()
        master, slave = pty.openpty()
        environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "140", "LINES": "50"}
        program = [sys.executable, "-m", "argus_otel", "top", bot.endpoint.url, "--interval", "0.1"]
        with subprocess.Popen(program, stdin=slave, stdout=slave, stderr=slave, env=environ) as process:
            os.close(slave)
            try:
                assert "play song" in _until(master, "play song")
                bot.endpoint.stop()
                assert "trying again" in _until(master, "trying again")
                process.send_signal(signal.SIGINT)
                assert process.wait(10) == 0
                assert "Traceback" not in _until(master, "\x1b[?1049l")  # back from the other screen
            finally:
                process.kill()
                os.close(master)


def _until(terminal: int, wanted: str) -> str:
    seen = ""
    deadline = time.monotonic() + 15
    while wanted not in seen and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            with contextlib.suppress(OSError):
                seen += os.read(terminal, 65536).decode(errors="replace")
    return seen


class TestSeveralProcesses:
    @pytest.fixture
    def cluster(
        self, make_bot: Callable[..., Bot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[..., Bot]:
        """Make bots that name their endpoints in a directory, which `argus-otel top` reads."""
        monkeypatch.setenv("ARGUS_ENDPOINT_TARGETS", str(tmp_path))

        def make(shards: str, service: str = "jukebox") -> Bot:
            labels = {"cluster": shards, "shards": shards}
            bot = make_bot(labels=labels, service_name=service, endpoint_targets=tmp_path)
            bot.live()
            return bot

        return make

    def test_they_are_summed_with_a_line_for_each(
        self, cluster: Callable[..., Bot], capsys: pytest.CaptureFixture[str]
    ) -> None:
        one, two = cluster("0-1"), cluster("2-3")
        assert main(["top", "--once", "--interval", "0.1"]) == 0
        text = capsys.readouterr().out
        assert "jukebox 3.2.1" in text
        assert "2 processes" in text
        for bot, shards in ((one, "0-1"), (two, "2-3")):
            assert line(text, shards).split()[:3] == [shards, shards, bot.endpoint.url]
        assert "2,468" in text  # guilds, in both

    def test_only_what_each_has_added_counts(self, cluster: Callable[..., Bot]) -> None:
        one, two = cluster("0-1"), cluster("2-3")
        fleet = Fleet(lambda: [Target(each.endpoint.url, {}, 1) for each in (one, two) if each.endpoint._server])
        before = fleet.scrape()
        one.counted(catalogue.SHARD_EVENTS, 0, 7)
        two.endpoint.stop()
        now = fleet.scrape()
        assert now.metrics.total(catalogue.SHARD_EVENTS) == 117
        assert now.since(before).total(catalogue.SHARD_EVENTS) == 7
        two.endpoint.start()
        two.counted(catalogue.SHARD_EVENTS, 0, 3)
        assert fleet.scrape().since(now).total(catalogue.SHARD_EVENTS) == 0  # a first look at it

    def test_one_that_does_not_answer_is_said(self, cluster: Callable[..., Bot]) -> None:
        one = cluster("0-1")
        gone = Target("http://127.0.0.1:1", {"cluster": "2-3"}, 1)
        snapshot = Fleet(lambda: [Target(one.endpoint.url, {"cluster": "0-1"}, 1), gone]).scrape()
        text = drawn(Frame("", snapshot, snapshot, snapshot))
        assert "no endpoint answers at http://127.0.0.1:1" in line(text, "2-3")
        assert "not working: exporter:traces otlp_proto_grpc" in line(text, "0-1")
        with pytest.raises(UnreachableError, match="no endpoint answers"):
            Fleet(lambda: [gone]).scrape()
        with pytest.raises(UnreachableError, match="no process of this program"):
            Fleet(list).scrape()

    def test_of_several_programs_one_is_chosen(
        self, cluster: Callable[..., Bot], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cluster("0-1")
        cluster("0-1", "other")
        assert main(["top", "--once"]) == 2
        expected = "argus-otel top: several programs run here: jukebox, other; choose one by --service NAME\n"
        assert capsys.readouterr().err == expected
        assert main(["top", "--once", "--interval", "0.1", "--service", "other"]) == 0
        monkeypatch.setenv("OTEL_SERVICE_NAME", "other")
        assert main(["top", "--once", "--interval", "0.1"]) == 0

    def test_the_longest_of_durations_and_the_sum_of_all_else(self) -> None:
        pages = [f"# TYPE up_seconds gauge\nup_seconds {n}\n# TYPE guilds gauge\nguilds {n}\n" for n in (3, 4)]
        metrics = combined(map(parse, pages))
        assert metrics.numbers == {"up_seconds": {frozenset(): 4}, "guilds": {frozenset(): 7}}
