"""The doctor's connections to endpoints and Collectors, on loopback."""

from __future__ import annotations

import os
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import trustme
from prometheus_client import CollectorRegistry

from argus_otel.cli.doctor import asking, otlp, serving
from argus_otel.endpoint import Endpoint
from argus_otel.settings import Settings
from argus_otel.sources.discord.cli import doctor as discord_checks
from argus_otel.telemetry import Telemetry
from argus_otel.telemetry.health import Check, State
from argus_otel.terminal.findings import Finding, Look
from argus_otel.version import __version__

from .conftest import GRPC, Listener, http_answer

Listen = Callable[..., Listener]


def told(findings: Iterable[Finding]) -> dict[str, tuple[str, str]]:
    return {finding.name: (finding.status.value, finding.detail) for finding in findings}


# -- the endpoint


def look(**variables: str) -> dict[str, tuple[str, str]]:
    elsewhere = {"ARGUS_ENDPOINT_TARGETS": os.devnull}  # not the processes that run on this machine
    return told(serving.look_at_endpoint(Settings.resolve({**elsewhere, **variables})).findings)


def checked(check: Callable[[Look], Iterable[Finding]], **variables: str) -> dict[str, tuple[str, str]]:
    settings = Settings.resolve(variables)
    status = serving.look_at_endpoint(settings).status
    return told(check(Look(variables, settings, network=True, status=status)))


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    made.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    return made


class Bot:
    """A bot's endpoint without a bot."""

    def __init__(self, version: str = __version__, **variables: str) -> None:
        self.telemetry = Telemetry()
        settings = Settings.resolve({"ARGUS_ENDPOINT_PORT": "0", **variables})
        self.ready = True
        self.telemetry.health.add_readiness(lambda: [Check("shard 0", self.ready, "" if self.ready else "connecting")])
        self.endpoint = Endpoint(
            settings,
            self.telemetry,
            CollectorRegistry(),
            lambda: {"version": version, "service": "music", **self.telemetry.health.describe()},
        )
        self.endpoint.start()
        self.port = self.endpoint.url.rpartition(":")[2]


@pytest.fixture
def bot() -> Iterator[Callable[..., Bot]]:
    bots: list[Bot] = []

    def start(version: str = __version__, **variables: str) -> Bot:
        bots.append(Bot(version, **variables))
        return bots[-1]

    yield start
    for each in bots:
        each.endpoint.stop()


def test_every_process_of_the_program_is_listed(bot: Callable[..., Bot], tmp_path: Path) -> None:
    targets = {"ARGUS_ENDPOINT_TARGETS": str(tmp_path)}
    running = [bot(OTEL_SERVICE_NAME="music", **targets) for _ in range(2)]
    bot(OTEL_SERVICE_NAME="other", **targets)
    found = serving.look_at_endpoint(
        Settings.resolve({"OTEL_SERVICE_NAME": "music", "ARGUS_ENDPOINT_PORT": "0", **targets})
    )
    listed = [finding.detail for finding in found.findings if finding.name == f"process {os.getpid()}"]
    assert listed == sorted(f"{each.endpoint.url}: job music" for each in running)


def test_of_a_range_the_first_free_port_is_told(bot: Callable[..., Bot], listen: Callable[..., Listener]) -> None:
    other = listen(http_answer("200 OK", "hello", "Server: other/1.0")).port
    found = look(ARGUS_ENDPOINT_PORT=f"{other}-{other + 20}")
    status, detail = found["endpoint"]
    assert status == "ok"
    assert f"is the first of {other}-{other + 20} that is free: something else uses those before" in detail


def test_a_bot_that_is_well(bot: Callable[..., Bot]) -> None:
    running = bot()
    for host in ("127.0.0.1", "0.0.0.0", "localhost"):  # noqa: S104
        found = look(ARGUS_ENDPOINT_HOST=host, ARGUS_ENDPOINT_PORT=running.port)
        assert {name: status for name, (status, _) in found.items()} == dict.fromkeys(
            ("endpoint", "alive", "ready", "status"), "ok"
        )
    assert found["status"][1] == f"music, argus-otel {__version__}"


def test_a_bot_that_is_not(bot: Callable[..., Bot], monkeypatch: pytest.MonkeyPatch) -> None:
    running = bot(version="0.0.1")
    running.ready = False
    monkeypatch.setattr(running.telemetry.health, "alive", lambda _: False)
    running.telemetry.health.report("exporter:traces otlp", State.FAILED, "the endpoint does not take it")
    running.telemetry.health.report("hook:views", State.ABSENT, "View.dispatch is gone")
    found = look(ARGUS_ENDPOINT_PORT=running.port)
    assert found["endpoint"][0] == "ok"
    assert found["alive"] == (
        "fail",
        "the event loop gave no sign of life within 0.8 s: something blocks it",
    )
    assert found["ready"] == ("warn", "shard 0: connecting")
    assert found["status"] == ("warn", f"music, argus-otel 0.0.1; this is {__version__}")
    assert found["part exporter:traces otlp"] == ("fail", "the endpoint does not take it")
    assert found["part hook:views"] == ("warn", "View.dispatch is gone")


@pytest.mark.parametrize(
    ("offset", "status", "detail"),
    [
        (0.02, "ok", "0.0 s ahead of Discord's"),
        (-0.9, "ok", "0.9 s behind Discord's"),
        (5.01, "warn", "5.0 s ahead of Discord's"),
        (-86_400.0, "warn", "86400.0 s behind Discord's"),
    ],
)
def test_a_bot_whose_clock_is_compared_with_discords(
    bot: Callable[..., Bot], offset: float, status: str, detail: str
) -> None:
    running = bot()
    running.telemetry.health.add_section("clock", lambda: {"offset": offset})
    assert checked(discord_checks._clock, ARGUS_ENDPOINT_PORT=running.port) == {"clock": (status, detail)}


def test_a_bot_that_does_not_know_discords_clock(bot: Callable[..., Bot]) -> None:
    running = bot()
    running.telemetry.health.add_section("clock", lambda: {"offset": None})
    assert checked(discord_checks._clock, ARGUS_ENDPOINT_PORT=running.port) == {}


def test_a_bot_that_asks_for_a_token(bot: Callable[..., Bot]) -> None:
    running = bot(ARGUS_ENDPOINT_TOKEN="hunter2")
    assert look(ARGUS_ENDPOINT_PORT=running.port, ARGUS_ENDPOINT_TOKEN="hunter2")["status"][0] == "ok"
    for variables in ({}, {"ARGUS_ENDPOINT_TOKEN": "hunter3"}):
        found = look(ARGUS_ENDPOINT_PORT=running.port, **variables)
        assert found["ready"][0] == "ok"
        assert found["status"][0] == "warn"
        assert "token" in found["status"][1]


@pytest.mark.usefixtures("authority")
def test_a_bot_that_speaks_tls(bot: Callable[..., Bot], tmp_path: Path) -> None:
    files = {name: str(tmp_path / "server.pem") for name in ("ARGUS_ENDPOINT_CERTIFICATE", "ARGUS_ENDPOINT_KEY")}
    running = bot(**files)
    assert look(ARGUS_ENDPOINT_PORT=running.port, **files)["status"][0] == "ok"
    plain = look(ARGUS_ENDPOINT_PORT=running.port)
    assert plain["endpoint"][0] == "fail"
    assert "taken" in plain["endpoint"][1]
    other = look(ARGUS_ENDPOINT_PORT=bot().port, **files)
    assert other["endpoint"][0] == "fail"
    assert "without TLS" in other["endpoint"][1]


def test_a_port_that_is_free_off_or_any(free_port: int) -> None:
    assert look(ARGUS_ENDPOINT_PORT=str(free_port))["endpoint"][0] == "ok"
    assert look(ARGUS_ENDPOINT_PORT="0")["endpoint"][0] == "info"
    assert look(ARGUS_ENDPOINT="false")["endpoint"][0] == "info"
    with socket.create_server(("127.0.0.1", free_port)):  # the doctor has let go of it
        pass


def test_a_port_that_cannot_be_served(free_port: int, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    found = look(ARGUS_ENDPOINT_PORT=str(free_port), ARGUS_ENDPOINT_CERTIFICATE=str(tmp_path / "empty.pem"))
    assert found["endpoint"][0] == "fail"
    assert "ARGUS_ENDPOINT_CERTIFICATE" in found["endpoint"][1]
    found = look(ARGUS_ENDPOINT_PORT=str(free_port), ARGUS_ENDPOINT_HOST="nowhere.invalid")
    assert found["endpoint"][0] == "fail"
    assert "nowhere.invalid" in found["endpoint"][1]


def test_a_port_that_is_taken_by_no_bot(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "TIMEOUT", 0.3)
    for answer in (b"SSH-2.0-other\r\n", b"", http_answer("200 OK", "[]"), http_answer("503 Busy", "{}"), None):
        status, detail = look(ARGUS_ENDPOINT_PORT=str(listen(answer).port))["endpoint"]
        assert status == "fail"
        assert "is taken by something else" in detail or "listens there already" in detail


def test_no_token_is_shown_to_another_program(listen: Listen) -> None:
    other = listen(http_answer("401 Unauthorized", "{}", "WWW-Authenticate: Bearer"))
    look(ARGUS_ENDPOINT_PORT=str(other.port), ARGUS_ENDPOINT_TOKEN="hunter2")
    assert b"hunter2" not in b"".join(other.received)


# -- OTLP


def look_at_otlp(**variables: str) -> dict[str, tuple[str, str]]:
    return told(otlp.look_at_otlp(Settings.resolve(variables), variables))


HTTP = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
ALL_GRPC = "grpc metrics, traces, logs"


def test_no_otlp() -> None:
    assert look_at_otlp() == {
        "endpoint": (
            "info",
            "nothing is exported by OTLP; with OTEL_EXPORTER_OTLP_ENDPOINT set, metrics, traces and logs are",
        )
    }


@pytest.mark.parametrize("variables", [{}, HTTP])
def test_otlp_refused(free_port: int, variables: dict[str, str]) -> None:
    found = look_at_otlp(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port}", **variables)
    assert {status for status, _ in found.values()} == {"fail"}
    for _, detail in found.values():
        assert detail.startswith(f"http://127.0.0.1:{free_port}")
        assert detail.endswith("(OTEL_EXPORTER_OTLP_ENDPOINT): nothing listens there")
    assert len(found) == (3 if variables else 1)  # over HTTP each signal has a path of its own


def test_grpc_answers(listen: Listen) -> None:
    collector = listen(GRPC)
    found = look_at_otlp(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://localhost:{collector.port}")
    assert found == {
        ALL_GRPC: ("ok", f"http://localhost:{collector.port} (OTEL_EXPORTER_OTLP_ENDPOINT): answers"),
    }


@pytest.mark.parametrize("preference", ["delta", "LowMemory"])
def test_metrics_of_delta_temporality_are_warned_of(listen: Listen, preference: str) -> None:
    endpoint = f"http://localhost:{listen(GRPC).port}"
    variable = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
    status, detail = look_at_otlp(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, **{variable: preference})["temporality"]
    assert status == "warn"
    assert detail.startswith(f"{variable} is {preference.lower()}: ")
    assert "Prometheus refuses it" in detail
    of_traces = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint, variable: preference}
    assert "temporality" not in look_at_otlp(**of_traces)


def test_a_real_grpc_server_answers() -> None:
    grpc = pytest.importorskip("grpc")
    from concurrent.futures import ThreadPoolExecutor

    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert look_at_otlp(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")[ALL_GRPC][0] == "ok"
        status, detail = look_at_otlp(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"http://127.0.0.1:{port}", **HTTP)[
            "http/protobuf traces"
        ]
    finally:
        server.stop(None)
    assert status == "fail"
    assert "is it gRPC?" in detail


def test_grpc_where_http_answers(listen: Listen) -> None:
    port = listen(http_answer("400 Bad Request")).port
    status, detail = look_at_otlp(OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=f"http://127.0.0.1:{port}")["grpc logs"]
    assert status == "fail"
    assert "(OTEL_EXPORTER_OTLP_LOGS_ENDPOINT): the server there speaks HTTP/1" in detail


def test_grpc_where_nobody_speaks(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "TIMEOUT", 0.3)
    began = time.monotonic()
    found = look_at_otlp(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{listen(None).port}")
    assert found[ALL_GRPC][0] == "warn"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("answer", "status"),
    [("200 OK", "ok"), ("401 Unauthorized", "fail"), ("404 Not Found", "fail"), ("500 Oh", "warn")],
)
def test_http_answers(listen: Listen, answer: str, status: str) -> None:
    collector = listen(http_answer(answer))
    found = look_at_otlp(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.port}/prefix/",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"http://127.0.0.1:{collector.port}/own",
        OTEL_EXPORTER_OTLP_HEADERS="x-key=a%20b",
        **HTTP,
    )
    assert [found[f"http/protobuf {signal}"][0] for signal in ("metrics", "traces", "logs")] == [status] * 3
    paths = [request.split(b" ")[1] for request in collector.received]
    assert paths == [b"/prefix/v1/metrics", b"/own", b"/prefix/v1/logs"]
    assert b"x-key: a b\r\n" in collector.received[0]


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_tls(listen: Listen, authority: trustme.CA, tmp_path: Path, protocol: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    answer = GRPC if protocol == "grpc" else http_answer("200 OK")
    collector = listen(answer, lambda connection: context.wrap_socket(connection, server_side=True))
    variables = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"https://localhost:{collector.port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
    }
    name = f"{protocol} traces"
    status, detail = look_at_otlp(**variables)[name]
    assert (status, "is not trusted" in detail) == ("fail", True)
    ca = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "ca.pem")}
    assert look_at_otlp(**variables, **ca)[name][0] == "ok"
    missing = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "nowhere.pem")}
    assert look_at_otlp(**variables, **missing)[name][0] == "fail"


def test_tls_where_nobody_speaks_it(listen: Listen) -> None:
    port = listen(http_answer("400 Bad Request")).port
    found = look_at_otlp(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"localhost:{port}")
    assert found["grpc traces"][0] == "fail"
    assert "no TLS connection" in found["grpc traces"][1]
    assert found["scheme"][0] == "warn"


@pytest.mark.parametrize("endpoint", ["http://localhost:many", "ftp://localhost", "http://"])
def test_what_is_no_url(endpoint: str) -> None:
    found = look_at_otlp(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert found["endpoint"][0] == "fail"
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in found["endpoint"][1]


def test_the_health_of_a_collector(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = listen(GRPC)
    for answer, status in (("200 OK", "ok"), ("503 Service Unavailable", "warn")):
        monkeypatch.setattr(otlp, "_HEALTH_PORT", listen(http_answer(answer)).port)
        found = look_at_otlp(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.port}")
        assert found["Collector"][0] == status


@pytest.mark.parametrize(
    ("known", "status", "detail"),
    [
        ({"begun": 3, "limit": 1000, "remaining": 998}, "ok", "998 of 1000 that Discord allows in 24 hours are left"),
        ({"begun": 3, "limit": 1000, "remaining": 499}, "warn", "499 of 1000 that Discord allows in 24 hours are left"),
        (
            {"begun": 501},
            "warn",
            "this process has begun 501; the bot has not asked Discord for its limit, usually 1000 in 24 hours",
        ),
        (
            {"begun": 2, "limit": 2000},
            "ok",
            "this process has begun 2; the bot has not asked Discord for its limit, usually 1000 in 24 hours",
        ),
    ],
)
def test_a_bot_that_has_begun_sessions(
    bot: Callable[..., Bot], known: dict[str, int], status: str, detail: str
) -> None:
    running = bot()
    running.telemetry.health.add_section("sessions", lambda: known)
    assert checked(discord_checks._sessions, ARGUS_ENDPOINT_PORT=running.port) == {"sessions": (status, detail)}


def test_a_bot_without_a_gateway(bot: Callable[..., Bot]) -> None:
    running = bot()
    health = running.telemetry.health
    health.add_section("sessions", lambda: {"begun": 0})
    health.add_section("http_interactions", lambda: {"framework": "aiointeractions 2.0.2"})
    told = "aiointeractions 2.0.2 hands them in; no gateway, so the bot is ready by its log-in, and has no shards"
    assert checked(discord_checks._http_interactions, ARGUS_ENDPOINT_PORT=running.port) == {
        "HTTP interactions": ("ok", told)
    }
    assert checked(discord_checks._sessions, ARGUS_ENDPOINT_PORT=running.port) == {}


def test_a_bot_with_a_gateway_has_no_finding_about_http(bot: Callable[..., Bot]) -> None:
    running = bot()
    running.telemetry.health.add_section("http_interactions", lambda: None)
    assert checked(discord_checks._http_interactions, ARGUS_ENDPOINT_PORT=running.port) == {}
