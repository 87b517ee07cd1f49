"""The lines of docs/hosting.md, as they stand there, against receivers on this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from discord_simulator import BackgroundSimulator
from tests.otel.receivers import Received, http_receiver

from .conftest import REDIRECTED, ROOT, RUN, Bot, Start, free_port, until

PAGE = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, str]] = {
    name: dict(line.split("=", 1) for line in block.splitlines())
    for name, block in re.findall(r"^### (.+)\n(?:(?!^#).*\n)*?```sh\n(OTEL[^`]*)\n```", PAGE, flags=re.MULTILINE)
}

# The paths and headers of each service, by its documentation.
EXPECTED = {
    "Grafana Cloud": ("/otlp/v1/", {"authorization": "Basic CREDENTIALS"}),
    "ClickStack": ("/v1/", {"authorization": "KEY"}),
    "SigNoz": ("/v1/", {"signoz-ingestion-key": "KEY"}),
    "Sentry": ("/api/PROJECT/integration/otlp/v1/", {"x-sentry-auth": "sentry sentry_key=KEY"}),
    "OpenObserve": ("/api/ORG/v1/", {"authorization": "Basic CREDENTIALS", "stream-name": "default"}),
    "Uptrace": ("/v1/", {"uptrace-dsn": "https://TOKEN@api.uptrace.dev"}),
    "Prometheus 3": ("/api/v1/otlp/v1/", {}),
}
SIGNALS = {"Sentry": {"traces", "logs"}, "Prometheus 3": {"metrics"}}
EVERY = {"metrics", "traces", "logs"}


@pytest.fixture
def receiver() -> Iterator[Received]:
    with contextmanager(http_receiver)() as received:
        yield received


def on_this_machine(variables: dict[str, str], receiver: Received) -> dict[str, str]:
    """Replace the service's address by the receiver's, and keep each path.

    The protocol is chosen by port and path, so it is resolved from what the page says, and set.
    """
    from argus_otel.settings import Settings

    settings = Settings.resolve(variables)
    assert settings.problems == ()
    chosen = {*settings.metrics_exporters, *settings.traces_exporters, *settings.logs_exporters} - {"prometheus"}
    assert chosen == {"otlp_proto_http"}
    local = {
        name: receiver.url + urlsplit(value).path if name.endswith("ENDPOINT") else value
        for name, value in variables.items()
    }
    often = {"OTEL_METRIC_EXPORT_INTERVAL": "500", "OTEL_BSP_SCHEDULE_DELAY": "200", "OTEL_BLRP_SCHEDULE_DELAY": "200"}
    return {**local, **often, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}


def test_every_service_of_the_page_is_tried() -> None:
    assert set(SERVICES) == set(EXPECTED)


@pytest.mark.parametrize("service", EXPECTED)
def test_the_lines_of_a_service_send_what_it_wants(
    service: str, receiver: Received, start: Start, simulator: BackgroundSimulator
) -> None:
    prefix, headers = EXPECTED[service]
    receiver.prefix = prefix.removesuffix("/v1/")
    start(
        [*REDIRECTED, *RUN[1:]],
        settings={"ARGUS_ENDPOINT": "false", **on_this_machine(SERVICES[service], receiver)},
    )
    simulator.run(simulator.slash, "lyrics")
    wanted = {f"{prefix}{signal}" for signal in SIGNALS.get(service, EVERY)}
    until(lambda: {path for path, _ in receiver.calls} >= wanted, 20.0)
    for path, sent in receiver.calls:
        assert path in wanted
        lower = {name.lower(): value for name, value in sent.items()}
        assert {name: lower.get(name) for name in headers} == headers


def test_the_beginning_of_a_file_on_a_panel_is_enough(simulator: BackgroundSimulator, tmp_path) -> None:
    (beginning,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    program = tmp_path / "bot.py"
    program.write_text(
        beginning + "import discord\n"
        "discord.Client(intents=discord.Intents.default()).run(os.environ['DISCORD_TOKEN'], log_handler=None)\n"
    )
    port = free_port()
    bot = Bot.started(
        simulator, REDIRECTED, str(program), settings={"SERVER_PORT": str(port), "METRICS_TOKEN": "of-the-test"}
    )
    try:
        simulator.run(simulator.ready, None, 20.0)
        assert "of-the-test" not in bot.output
        assert f"0.0.0.0:{port}" in bot.output
        assert_guarded(bot, port)
    finally:
        bot.end()


def assert_guarded(bot: Bot, port: str | int) -> None:
    """Check that a bot answers on a port, and shows its metrics to no one without the token."""
    bot.url = f"http://127.0.0.1:{port}"
    assert '"alive": true' in bot.get("/healthz")
    with pytest.raises(OSError, match="401"):
        bot.get("/metrics")


def variables_under(heading: str) -> dict[str, str]:
    """Return the variables in the indented lines of a section."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)^## ", PAGE, flags=re.MULTILINE | re.DOTALL)
    return dict(line.split("=", 1) for line in re.findall(r"^    ([A-Z_]+=.*)$", section, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("heading", "of_the_host", "address"),
    [
        ("Panels", {"SERVER_PORT": "PORT", "SERVER_IP": "127.0.0.1"}, "127.0.0.1"),
        ("Railway and Koyeb", {"PORT": "PORT"}, "0.0.0.0"),  # noqa: S104
    ],
)
def test_the_variables_of_a_host_are_enough(
    heading: str, of_the_host: dict[str, str], address: str, simulator: BackgroundSimulator
) -> None:
    variables = variables_under(heading)
    assert set(variables) == {"ARGUS_ENDPOINT_PORT", "ARGUS_ENDPOINT_TOKEN"}
    port = str(free_port())
    of_the_host = {name: port if value == "PORT" else value for name, value in of_the_host.items()}
    bot = Bot.started(simulator, [*REDIRECTED, *RUN[1:]], settings={**variables, **of_the_host})
    try:
        simulator.run(simulator.ready, None, 60.0)
        assert f"endpoint http://{address}:{port}" in bot.output
        assert_guarded(bot, port)
    finally:
        bot.end()
