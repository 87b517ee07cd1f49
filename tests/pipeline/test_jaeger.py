"""A bot's traces in a real Jaeger, without a Collector."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from discord_simulator import BackgroundSimulator
from lab.jaeger import Jaeger

from .bots import Bot, used


@pytest.fixture(scope="module")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jaeger]:
    server = Jaeger(tmp_path_factory.mktemp("jaeger"))
    try:
        yield server.start()
    finally:
        server.kill()


def tags(span: dict[str, Any]) -> dict[str, Any]:
    return {tag["key"]: tag["value"] for tag in span["tags"]}


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_traces_arrive_and_are_found_by_operation_and_error(jaeger: Jaeger, tmp_path: Path, protocol: str):
    service = f"jukebox-{protocol.partition('/')[0]}"
    address = f"http://127.0.0.1:{jaeger.grpc}" if protocol == "grpc" else f"http://127.0.0.1:{jaeger.http}/v1/traces"
    sending = {
        "OTEL_SERVICE_NAME": service,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": address,
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": protocol,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with BackgroundSimulator(guilds=6) as simulator:
        bot = Bot(tmp_path, simulator, **sending)
        try:
            bot.start()
            with used(simulator, rate=60):
                found = jaeger.wait_until(
                    lambda: [one for one in jaeger.spans(service) if "error.type" in tags(one)], "has a failed trace"
                )
        finally:
            bot.kill()
    failed = found[0]
    operation, error = failed["operationName"], tags(failed)["error.type"]
    by_operation, by_error = jaeger.spans(service, operation), jaeger.spans(service, error__type=error)
    for spans, sought in (
        (by_operation, {one["traceID"] for one in by_operation if one["operationName"] == operation}),
        (by_error, {one["traceID"] for one in by_error if tags(one).get("error.type") == error}),
    ):
        assert sought == {one["traceID"] for one in spans}  # each trace has what was searched for
        assert failed["traceID"] in sought
    everything = jaeger.spans(service)
    kinds = {tags(one).get("span.kind") for one in everything}
    assert {"server", "client"} <= kinds
    ids = [(one["traceID"], one["spanID"]) for one in everything]
    assert len(ids) == len(set(ids))
    warned = [warning for one in everything for warning in one["warnings"] or ()]
    # A child that outlives its parent counts as a clock that is wrong by milliseconds; wrong clocks are by seconds.
    assert not [warning for warning in warned if re.search(r"clock.*\ds$", warning)]
    assert jaeger.ask("services").count(service) == 1
