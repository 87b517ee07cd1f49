"""What the tests of history at the bot share: an OTLP receiver that can go away, and real bots."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc

from argus_otel.history import row as rows
from argus_otel.history.record.delivery import Delivery
from argus_otel.history.record.stats import Stats
from argus_otel.history.row import Row
from argus_otel.telemetry import Telemetry
from argus_otel.telemetry.catalogue import HISTORY_DROPPED
from discord_simulator import BackgroundSimulator
from tests.launch.conftest import free_port, simulator, start, until

__all__ = ["simulator", "start", "until"]

BOT = str(Path(__file__).with_name("bot.py"))


class Sent(NamedTuple):
    """One record as it arrived."""

    event: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope: str
    time: int


class Collector(logs_service_pb2_grpc.LogsServiceServicer):
    """An OTLP receiver of logs on one port, which can be away; it may refuse, and may take and not say so."""

    def __init__(self) -> None:
        self.port = free_port()
        self.sent: list[Sent] = []
        self.answer: grpc.StatusCode | None = None
        self.refuses_event = ""
        self.hangs = threading.Event()
        self._server: Any = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def history(self) -> list[Sent]:
        return [sent for sent in self.sent if rows.ID_ATTRIBUTE in sent.attributes]

    @property
    def ids(self) -> Counter[str]:
        return Counter(sent.attributes[rows.ID_ATTRIBUTE] for sent in self.history)

    @property
    def events(self) -> Counter[str]:
        """How many different events of each name."""
        return Counter({sent.attributes[rows.ID_ATTRIBUTE]: sent.event for sent in self.history}.values())

    def start(self) -> None:
        self._server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
        logs_service_pb2_grpc.add_LogsServiceServicer_to_server(self, self._server)
        self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()

    def stop(self) -> None:
        self.hangs.set()
        if self._server is not None:
            self._server.stop(0).wait()
            self._server = None

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802
        found = [
            Sent(
                record.event_name,
                _read(record.attributes),
                _read(each.resource.attributes),
                scope.scope.name,
                record.time_unix_nano,
            )
            for each in request.resource_logs
            for scope in each.scope_logs
            for record in scope.log_records
        ]
        if self.refuses_event and any(sent.event == self.refuses_event for sent in found):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not this one")
        self.sent += found
        if self.answer is not None:
            context.abort(self.answer, "by hand")
        return logs_service_pb2.ExportLogsServiceResponse()


def _read(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    collector.start()
    yield collector
    collector.stop()


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
def stats(telemetry: Telemetry) -> Stats:
    return Stats(telemetry, "exporter:history test")


def dropped(telemetry: Telemetry) -> dict[str, float]:
    """What was dropped, by reason."""
    return {str(next(iter(a.values()))): value for a, value in telemetry.points(HISTORY_DROPPED) if value}


def row(number: int, **fields: Any) -> Row:
    """Return a row that differs from others by its number."""
    fields = {"event": "song.played", "service": "bot", **fields}
    return Row(time=1_700_000_000_000_000 + number, event_id=f"00000000-0000-4000-8000-{number:012x}", **fields)


def hand_over(delivery: Delivery, rows: list[Row]) -> None:
    """Do as the flush thread does."""
    delivery.accept(rows)
    delivery.deliver()


def status(bot: Any) -> dict[str, Any]:
    """Return what a bot tells of its history."""
    return json.loads(bot.get("/status"))["history"]


def drive(simulator: BackgroundSimulator, times: int = 1) -> None:
    """Have users do a bit of everything in ``bot.py``."""
    for _ in range(times):
        simulator.run(simulator.run(simulator.slash, "ping").acknowledged)
        asked = simulator.run(simulator.slash, "song")
        message = simulator.run(asked.response)
        simulator.run(simulator.run(simulator.click, message, "skip").acknowledged)
        simulator.run(simulator.run(simulator.slash, "fail").acknowledged)
        simulator.run(simulator.run(simulator.slash, "both").acknowledged)
        simulator.run(simulator.run(simulator.say, "!both").reply)
        simulator.run(simulator.leave_guild, simulator.run(simulator.join_guild))
    simulator.run(simulator.settle)


DRIVEN = Counter(
    {
        "discord.command": 5,
        "discord.component": 1,
        "song.played": 1,
        "discord.guild.join": 1,
        "discord.guild.leave": 1,
    }
)
"""What history has of one :func:`drive`."""


def driven(times: int = 1) -> Counter[str]:
    return Counter({event: number * times for event, number in DRIVEN.items()})
