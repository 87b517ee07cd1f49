"""``python -m benchmarks.rates``: the fate of failed traces at increasing rates of spans.

The spans of a real bot in a simulated Discord are recorded once. They are then sent to a Collector over
gRPC repeatedly, in the bot's own batches, at a given rate and with new trace ids each time. The
Collector runs with ``single.yaml`` on one core, ClickHouse on the other. In the end the failed traces that the
Collector acknowledged are compared with those in ClickHouse.

Needs the Collector (``make collector``), ClickHouse's engine (``pip install chdb-core``), and Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from argus_otel.history.models import installed_schema
from argus_otel.history.store import migrations
from argus_otel.history.store.client import connect
from discord_simulator import BackgroundSimulator
from lab.clickhouse import ClickHouse
from lab.collector import Collector
from tests.otel.receivers import Received, grpc_receiver
from tests.pipeline.bots import Bot, used

from .cores import on, peak, processor
from .outages import settle

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
TOO_EARLY = "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early"
RATES = (5_000, 8_000, 16_000, 30_000)
_WITHIN = 10.0
"""How long a bot waits for a response, in seconds; OpenTelemetry's default."""


@dataclass
class Request:
    """One batch of spans as a bot sent it.

    Attributes
    ----------
    spans:
        The number of spans.
    places:
        The offsets of trace ids in ``body``, each with the trace's number in the recording.
    failed:
        The numbers of the traces that have a failed span in this batch.
    """

    body: bytes
    spans: int
    places: list[tuple[int, int]]
    failed: set[int]

    def renamed(self, ids: Sequence[bytes]) -> bytes:
        """Return the body with these trace ids."""
        body = bytearray(self.body)
        for at, number in self.places:
            body[at : at + 16] = ids[number]
        return bytes(body)


@dataclass
class Recording:
    """The requests that a bot sent while users used it.

    Attributes
    ----------
    traces:
        The number of traces.
    failed:
        The number of spans of each trace with a failed span, by the trace's number.
    """

    requests: list[Request]
    traces: int
    failed: dict[int, int]

    @classmethod
    def of(cls, messages: Sequence[ExportTraceServiceRequest]) -> Recording:
        numbers: dict[bytes, int] = {}
        sizes: dict[int, int] = {}
        requests: list[Request] = []
        for message in messages:
            body, places, failed, spans = message.SerializeToString(), list[tuple[int, int]](), set[int](), 0
            named = set[bytes]()
            for span in (span for one in message.resource_spans for two in one.scope_spans for span in two.spans):
                spans += 1
                named |= {span.trace_id, *(link.trace_id for link in span.links)}
                number = numbers.setdefault(span.trace_id, len(numbers))
                sizes[number] = sizes.get(number, 0) + 1
                if span.status.code == Status.STATUS_CODE_ERROR:
                    failed.add(number)
            for trace in named:  # sixteen random bytes: they are found nowhere else
                number, at = numbers.setdefault(trace, len(numbers)), body.find(trace)
                while at >= 0:
                    places.append((at, number))
                    at = body.find(trace, at + 16)
            requests.append(Request(body, spans, places, failed))
        failed = set[int]().union(*(request.failed for request in requests))
        return cls(requests, len(numbers), {number: sizes[number] for number in failed})


def record(directory: Path, seconds: float = 12, rate: float = 120) -> list[ExportTraceServiceRequest]:
    """Simulate users of a bot, and return the requests that it sent."""
    receiving = grpc_receiver()
    received: Received = next(receiving)
    try:
        with BackgroundSimulator(guilds=6) as simulator:
            bot = Bot(
                directory,
                simulator,
                OTEL_EXPORTER_OTLP_ENDPOINT=received.url,
                OTEL_BSP_SCHEDULE_DELAY="1000",
                OTEL_METRICS_EXPORTER="none",
                OTEL_LOGS_EXPORTER="none",
            )
            try:
                bot.start()
                with used(simulator, rate=rate):
                    time.sleep(seconds)
                bot.stop()
            finally:
                bot.kill()
    finally:
        next(receiving, None)
    return received.traces


def recorded(file: Path | None, directory: Path) -> list[ExportTraceServiceRequest]:
    """Return the recording in the file; if there is none, make one, and write it there."""
    if file and file.exists():
        bodies = json.loads(file.read_text(encoding="ascii"))
        return [ExportTraceServiceRequest.FromString(bytes.fromhex(body)) for body in bodies]
    messages = record(directory)
    if file:
        bodies = [message.SerializeToString().hex() for message in messages]
        file.write_text(json.dumps(bodies), encoding="ascii")
    return messages


@dataclass
class Report:
    """What became of what was sent at one rate.

    Attributes
    ----------
    rate:
        Spans sent each second, as wanted and as it was.
    refused:
        Spans that the Collector asked to send again; a bot does, and counts what it gives up.
    unanswered:
        Spans that had no answer within the time that a bot waits; it counts them as lost.
    failed, lost, shortened:
        Failed traces whose failed spans were acknowledged; of those, how many are not stored, and how many not whole
        though all of their spans were acknowledged.
    too_early, enqueue_failed:
        Counts of the Collector: traces dropped in favour of others, and spans that did not fit into the exporter's
        queue.
    processor:
        The Collector's, in seconds for each second of sending and what followed.
    each:
        The Collector's processor time for a thousand spans that it took, in milliseconds.
    memory:
        Its peak, resident, in MiB.
    """

    wanted: int
    rate: float
    taken: int = 0
    refused: int = 0
    unanswered: int = 0
    failed: int = 0
    lost: int = 0
    shortened: int = 0
    too_early: int = 0
    enqueue_failed: int = 0
    processor: float = 0.0
    each: float = 0.0
    memory: int = 0
    errors: dict[str, int] = field(default_factory=dict[str, int])


class Sending:
    """Sends a recording again and again for a time, at a rate."""

    def __init__(self, recording: Recording, endpoint: str, connections: int = 8) -> None:
        self._recording = recording
        self._endpoint = endpoint.removeprefix("http://")
        self._connections = connections
        self._answers: list[tuple[Request, list[bytes], str]] = []
        self._waiting: queue.Queue[tuple[Request, list[bytes]] | None] = queue.Queue(64)

    def send(self, rate: int, seconds: float) -> float:
        """Send; return how long it took, in seconds."""
        workers = [threading.Thread(target=self._work, daemon=True) for _ in range(self._connections * 4)]
        for worker in workers:
            worker.start()
        begun, sent = time.monotonic(), 0
        for request, ids in self._passes():
            due = begun + sent / rate
            if due - begun >= seconds or time.monotonic() - begun >= 2 * seconds:
                break
            time.sleep(max(0.0, due - time.monotonic()))
            self._waiting.put((request, ids))
            sent += request.spans
        took = time.monotonic() - begun
        for _ in workers:
            self._waiting.put(None)
        for worker in workers:
            worker.join()
        return took

    def _passes(self) -> Iterator[tuple[Request, list[bytes]]]:
        while True:
            # Both halves are new: the Collector's cache of decisions knows a trace by the right one.
            ids = [os.urandom(16) for _ in range(self._recording.traces)]
            for request in self._recording.requests:
                yield request, ids

    def _work(self) -> None:
        with grpc.insecure_channel(self._endpoint, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            export = channel.unary_unary(EXPORT)
            while (one := self._waiting.get()) is not None:
                request, ids = one
                try:
                    export(request.renamed(ids), timeout=_WITHIN)
                    answer = ""
                except grpc.RpcError as error:
                    answer = error.code().name  # type: ignore[attr-defined]
                self._answers.append((request, ids, answer))

    def account(self, report: Report, stored: dict[bytes, tuple[bool, int]]) -> None:
        """Fill in what was answered, and what became of the failed traces.

        Parameters
        ----------
        stored:
            By trace id, whether a failed span of it is stored, and how many spans.
        """
        acknowledged: dict[bytes, bool] = {}
        unanswered = {"DEADLINE_EXCEEDED", "CANCELLED"}
        broken: set[bytes] = set()
        whole: dict[bytes, int] = {}
        for request, ids, answer in self._answers:
            if answer:
                report.errors[answer] = report.errors.get(answer, 0) + 1
                report.unanswered += request.spans * (answer in unanswered)
                report.refused += request.spans * (answer not in unanswered)
                broken |= {ids[number] for _, number in request.places}
                continue
            report.taken += request.spans
            for number in request.failed:
                acknowledged[ids[number]] = True
            whole |= {ids[number]: size for number, size in self._recording.failed.items()}
        report.failed = len(acknowledged)
        found = {trace: stored.get(trace, (False, 0)) for trace in acknowledged}
        report.lost = sum(not failed for failed, _ in found.values())
        report.shortened = sum(
            failed and trace not in broken and spans < whole[trace] for trace, (failed, spans) in found.items()
        )


def measure(
    recording: Recording,
    rate: int,
    seconds: float,
    directory: Path,
    configs: Sequence[str] = ("single.yaml",),
    **variables: str,
) -> Report:
    """Send at one rate, wait until all is stored, and see what is."""
    cores = sorted(os.sched_getaffinity(0))
    with ClickHouse.running_in(directory / "clickhouse") as server:
        database = "rates"
        with connect(server.dsn(database)) as store:
            migrations.migrate(store, installed_schema())
        collector = Collector(
            directory / "collector",
            configs,
            server,
            database,
            **{"TRACES_WAIT": "10s", "COLLECTOR_FLUSH": "1s", **variables},
        )
        with on(cores[:1]):
            collector.start()
        try:
            started = processor(collector.pid)
            with on(cores[1:] or cores):
                sending = Sending(recording, collector.endpoint)
                took = sending.send(rate, seconds)
            collector.wait_until(lambda: not collector.counted("otelcol_exporter_queue_size"), "nothing waits", 120)
            time.sleep(12)  # TRACES_WAIT, and a tick
            collector.wait_until(lambda: not collector.counted("otelcol_exporter_queue_size"), "nothing waits", 120)
            report = Report(rate, 0.0)
            report.too_early = round(
                collector.counted("otelcol_processor_tail_sampling_sampling_trace_dropped_too_early")
            )
            report.enqueue_failed = round(collector.counted("otelcol_exporter_enqueue_failed_spans"))
            used_up, report.memory = processor(collector.pid) - started, round(peak(collector.pid) / 2**20)
            settle(collector, server, database)
            asked = "select TraceId, max(StatusCode = 'Error'), count() from otel_traces group by TraceId"
            rows = server.rows(asked, database)
        finally:
            collector.kill()
    sending.account(report, {bytes.fromhex(trace): (failed == "1", int(spans)) for trace, failed, spans in rows})
    report.rate = (report.taken + report.refused + report.unanswered) / took
    report.processor = used_up / took
    report.each = 1e6 * used_up / max(1, report.taken)
    return report


def shown(reports: Sequence[Report]) -> str:
    """Return the table, in Markdown."""
    columns = "spans/s, taken, refused, unanswered, failed traces, lost, cut short, made way, processor, per 1000, peak"
    names = columns.split(", ")
    lines = [f"| {' | '.join(names)} |", "|---:" * len(names) + "|"]
    for it in reports:
        total = max(1, it.taken + it.refused + it.unanswered)
        lines.append(
            f"| {it.rate:,.0f} | {it.taken / total:.1%} | {it.refused / total:.1%} | {it.unanswered / total:.1%} "
            f"| {it.failed:,} | {it.lost / max(1, it.failed):.1%} | {it.shortened / max(1, it.failed):.1%} "
            f"| {it.too_early:,} | {it.processor:.0%} | {it.each:.0f} ms | {it.memory} MiB |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rates", description=__doc__.partition("\n")[0])
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, help="spans a second, one after the other")
    parser.add_argument("--seconds", type=float, default=13, help="how long each (default: 13)")
    parser.add_argument("--config", action="append", help="a file to lay over single.yaml; may be given again")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a variable of the config")
    parser.add_argument("--recording", type=Path, metavar="FILE", help="what a bot sent: read if there, else written")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to FILE")
    arguments = parser.parse_args()
    overlays = [Path(path).read_text(encoding="utf-8") for path in arguments.config or ()]
    variables = dict(pair.split("=", 1) for pair in arguments.set)
    reports: list[Report] = []
    with tempfile.TemporaryDirectory() as root:
        recording = Recording.of(recorded(arguments.recording, Path(root) / "bot"))
        spans = sum(request.spans for request in recording.requests)
        size = sum(len(request.body) for request in recording.requests) / spans
        print(
            f"{spans} spans of {size:.0f} bytes in {recording.traces} traces, {len(recording.failed)} of them failed, "
            f"in {len(recording.requests)} requests",
            file=sys.stderr,
        )
        for number, rate in enumerate(arguments.rates):
            print(f"{rate} spans/s …", file=sys.stderr)
            directory = Path(root) / str(number)
            reports.append(
                measure(recording, rate, arguments.seconds, directory, ("single.yaml", *overlays), **variables)
            )
            print(shown(reports[-1:]).splitlines()[-1], reports[-1].errors or "", file=sys.stderr)
    print(shown(reports))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([asdict(report) for report in reports], indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
