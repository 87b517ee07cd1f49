from __future__ import annotations

import asyncio
import gzip
import json
import logging
import threading
import time
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from argus_otel.telemetry import Check, Telemetry

from .conftest import Serve

PATHS = ("/", "/metrics", "/healthz", "/readyz", "/status")


class TestMetrics:
    def test_text_by_default(self, serve: Serve) -> None:
        reply = serve().ask("/metrics")
        assert reply.status == 200
        assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert 'songs_total{genre="polka"} 3.0' in reply.text

    def test_openmetrics_when_asked_for(self, serve: Serve) -> None:
        reply = serve().ask("/metrics", Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        assert reply.headers["Content-Type"].startswith("application/openmetrics-text")
        assert reply.text.endswith("# EOF\n")
        assert {family.name for family in parse_openmetrics(reply.text)} == {"songs"}

    def test_gzip_when_asked_for(self, serve: Serve) -> None:
        reply = serve().ask("/metrics", Accept_Encoding="gzip")
        assert reply.headers["Content-Encoding"] == "gzip"
        assert "songs_total" in gzip.decompress(reply.body).decode()

    def test_some_names_only(self, serve: Serve) -> None:
        served = serve()
        assert "songs_total" in served.ask("/metrics?name[]=songs_total").text
        assert served.ask("/metrics?name[]=no_such").text == ""

    @pytest.mark.parametrize("version", ["banana", "1.x", '"1.0.0"', ""])
    def test_strange_version_is_the_clients_fault(self, serve: Serve, version: str) -> None:
        served = serve()
        assert served.ask("/metrics", Accept=f"application/openmetrics-text; version={version}").status == 200
        assert not served.telemetry.guard.faults

    def test_without_a_registry(self, serve: Serve) -> None:
        reply = serve(metrics=None, metrics_exporters=("otlp_proto_grpc",)).ask("/metrics")
        assert reply.status == 404
        assert reply.text.count("\n") == 1
        assert "OTEL_METRICS_EXPORTER is otlp_proto_grpc" in reply.text
        assert "set it to prometheus,otlp_proto_grpc" in reply.text

    def test_without_a_registry_though_asked_for(self, serve: Serve) -> None:
        assert "/status" in serve(metrics=None).ask("/metrics").text

    def test_raising_collector(
        self, serve: Serve, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Broken:
            def collect(self) -> Iterator[Metric]:
                raise LookupError("a wire came loose")

        broken = Broken()
        served = serve()
        registry.register(_lazy(broken))
        for _ in range(2):
            reply = served.ask("/metrics")
            assert reply.status == 500
            assert "a wire" not in reply.text
            assert len(reply.text) < 200
        assert served.telemetry.guard.faults == {"endpoint /metrics": "LookupError: a wire came loose"}
        assert sum(record.levelno >= logging.WARNING for record in caplog.records) == 1
        broken.collect = lambda: iter(())  # type: ignore[method-assign]
        assert "songs_total" in served.ask("/metrics").text

    def test_one_scrape_at_a_time(self, serve: Serve, registry: CollectorRegistry) -> None:
        inside = threading.Semaphore(1)
        clashes: list[str] = []

        class Jealous:
            def collect(self) -> Iterator[Metric]:
                if not inside.acquire(blocking=False):
                    clashes.append("two at once")
                    return
                time.sleep(0.02)
                inside.release()
                yield from ()

        served = serve()
        registry.register(Jealous())
        assert set(_at_once(10, lambda: served.ask("/metrics").status)) == {200}
        assert not clashes

    def test_hanging_collector_leaves_the_rest_alone(
        self, serve: Serve, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("argus_otel.endpoint.exposition.SCRAPE_LOCK_TIMEOUT", 0.1)
        go_on, here = threading.Event(), threading.Event()

        class Hanging:
            def collect(self) -> Iterator[Metric]:
                here.set()
                go_on.wait(10)
                yield from ()

        served = serve()
        registry.register(_lazy(Hanging()))
        first = threading.Thread(target=served.ask, args=("/metrics",))
        first.start()
        assert here.wait(5)
        assert served.ask("/metrics").status == 503
        assert served.ask("/healthz").status == 200
        go_on.set()
        first.join()
        assert served.ask("/metrics").status == 200


class TestHealthz:
    def test_before_there_is_a_loop(self, serve: Serve) -> None:
        reply = serve().ask("/healthz")
        assert (reply.status, json.loads(reply.body)) == (200, {"alive": True})

    def test_loop_that_turns_is_blocked_and_turns_again(self, serve: Serve, loop: asyncio.AbstractEventLoop) -> None:
        served = serve()
        served.telemetry._loops.register(loop)
        assert served.ask("/healthz").status == 200
        free = threading.Event()
        loop.call_soon_threadsafe(free.wait)
        began = time.monotonic()
        reply = served.ask("/healthz")
        took = time.monotonic() - began
        free.set()
        assert reply.status == 503
        assert json.loads(reply.body)["alive"] is False
        assert took < 1.0
        assert served.ask("/healthz").status == 200

    def test_many_probes_while_blocked(self, serve: Serve, loop: asyncio.AbstractEventLoop) -> None:
        served = serve()
        served.telemetry._loops.register(loop)
        free = threading.Event()
        loop.call_soon_threadsafe(free.wait)
        began = time.monotonic()
        statuses = _at_once(8, lambda: served.ask("/healthz").status)
        took = time.monotonic() - began
        free.set()
        assert set(statuses) == {503}
        assert took < 1.0


class TestReadyz:
    def test_nothing_started(self, serve: Serve) -> None:
        reply = serve().ask("/readyz")
        assert reply.status == 503
        facts = json.loads(reply.body)
        assert facts["ready"] is False
        assert facts["checks"] == []
        assert "started" in facts["detail"]

    def test_each_check_is_listed(self, serve: Serve) -> None:
        telemetry = Telemetry()
        shards = [Check("shard 0", ready=True), Check("shard 1", ready=False, detail="identifying")]
        telemetry.health.add_readiness(lambda: shards)
        served = serve(telemetry=telemetry)
        reply = served.ask("/readyz")
        assert reply.status == 503
        assert json.loads(reply.body) == {
            "ready": False,
            "checks": [
                {"name": "shard 0", "ready": True, "detail": ""},
                {"name": "shard 1", "ready": False, "detail": "identifying"},
            ],
        }
        shards[1] = Check("shard 1", ready=True)
        assert served.ask("/readyz").status == 200

    def test_raising_check_is_not_ready(self, serve: Serve) -> None:
        telemetry = Telemetry()
        telemetry.health.add_readiness(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
        assert serve(telemetry=telemetry).ask("/readyz").status == 500


class TestStatus:
    def test_shown_as_json(self, serve: Serve) -> None:
        reply = serve().ask("/status")
        assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
        assert json.loads(reply.body) == {"service": "jukebox"}

    def test_what_json_cannot_tell_and_what_must_not_be_told(self, serve: Serve) -> None:
        telemetry = Telemetry()
        telemetry.redact.add_secret("s3cret")
        facts: dict[str, object] = {"latency": float("nan"), "shards": {0, 1}, 7: ("s3cret",), "path": object, "ü": "ü"}
        reply = serve(telemetry=telemetry, status=lambda: facts).ask("/status")
        assert json.loads(reply.body) == {
            "latency": None,
            "shards": [0, 1],
            "7": ["[redacted]"],
            "path": "<class 'object'>",
            "ü": "ü",
        }

    def test_raising_status(self, serve: Serve) -> None:
        def fails() -> dict[str, object]:
            raise RuntimeError("dictionary changed size during iteration")

        assert serve(status=fails).ask("/status").status == 500


class TestEveryPath:
    @pytest.mark.parametrize("path", PATHS)
    def test_head_is_get_without_the_body(self, serve: Serve, path: str) -> None:
        served = serve()
        get, head = served.ask(path), served.ask(path, "HEAD")
        assert head.status == get.status
        assert head.body == b""
        assert head.headers["Content-Length"] == str(len(get.body))
        assert head.headers["Content-Type"] == get.headers["Content-Type"]

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    def test_other_methods(self, serve: Serve, path: str, method: str) -> None:
        reply = serve().ask(path, method, b"x" * 5000)
        assert reply.status == 405
        assert reply.headers["Allow"] == "GET, HEAD"

    @pytest.mark.parametrize("path", ["/metricsx", "/favicon.ico", "/../etc/passwd", "//[", "/%2e", "/metrics/x"])
    def test_unknown(self, serve: Serve, path: str) -> None:
        assert serve().ask(path).status == 404

    @pytest.mark.parametrize("path", ["/status/", "/status?x=y", "//status"])
    def test_known_after_all(self, serve: Serve, path: str) -> None:
        assert serve().ask(path).status == 200

    @pytest.mark.parametrize("path", [*PATHS, "/unknown"])
    def test_tells_no_versions(self, serve: Serve, path: str) -> None:
        headers = serve().ask(path).headers
        assert "Server" not in headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"

    def test_index_names_them_all(self, serve: Serve) -> None:
        reply = serve().ask("/")
        assert reply.headers["Content-Type"].startswith("text/html")
        assert all(path in reply.text for path in PATHS)

    @pytest.mark.parametrize("path", PATHS)
    def test_prints_nothing(self, serve: Serve, path: str, capfd: pytest.CaptureFixture[str]) -> None:
        served = serve()
        served.ask(path)
        served.ask(path, "POST")
        assert capfd.readouterr() == ("", "")


class TestToken:
    TOKEN = "fünf-geheime-Dinge"

    @pytest.mark.parametrize("path", ["/", "/metrics", "/status"])
    def test_private(self, serve: Serve, path: str) -> None:
        served = serve(endpoint_token=self.TOKEN)
        right = self.TOKEN.encode().decode("latin-1")
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {right}"}):
            reply = served.ask(path, **headers)
            assert reply.status == 401
            assert reply.headers["WWW-Authenticate"].split(",")[0] == "Bearer"
            assert self.TOKEN not in reply.text
            assert "songs" not in reply.text
        assert served.ask(path, Authorization=f"Bearer {right}").status == 200
        assert served.ask(path, Authorization=f"bearer  {right}").status == 200

    def test_probes_need_none(self, serve: Serve) -> None:
        served = serve(endpoint_token=self.TOKEN)
        assert served.ask("/healthz").status == 200
        assert served.ask("/readyz").status == 503


def _at_once(times: int, ask: object) -> list[int]:
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(ask())) for _ in range(times)]  # type: ignore[operator]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == times
    return answers


def _lazy(collector: object) -> object:
    """A collector that the registry does not ask when it is registered."""

    class Lazy:
        def describe(self) -> list[Metric]:
            return []

        def collect(self) -> Iterator[Metric]:
            return collector.collect()  # type: ignore[attr-defined]

    return Lazy()
