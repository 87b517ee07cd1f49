"""Each in a process of its own, as the global providers can be set once only."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Run
from .receivers import Received, attributes

_USE = """
from opentelemetry import _logs, metrics, trace
from opentelemetry._logs import LogRecord
def use():
    with trace.get_tracer("bot").start_as_current_span("work"):
        _logs.get_logger("bot").emit(LogRecord(body="hello"))
    metrics.get_meter("bot").create_counter("songs").add(3)
def flush():
    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider()):
        if hasattr(provider, "force_flush"):
            try:
                provider.force_flush()
            except Exception as error:
                print("FLUSH", error, file=sys.stderr)
"""


def parts(done: Any) -> dict[str, list[str]]:
    # The console exporter prints at the end, too.
    return next(json.loads(line)["parts"] for line in done.stdout.splitlines() if line.startswith('{"'))


def warnings(done: Any) -> list[str]:
    """What was logged at warning and above. Nothing else may have been written, least of all a traceback."""
    lines = done.stderr.splitlines()
    assert [line for line in lines if not line.startswith("LOG ")] == [], done.stderr
    return lines


# -- what cannot be set up


@pytest.mark.parametrize("signal", ["metrics", "traces", "logs"])
def test_an_unknown_exporter_is_warned_of_once_and_the_others_go_on(program: Run, signal: str) -> None:
    done = program("argus_otel.instrument()\nreport()", **{f"OTEL_{signal.upper()}_EXPORTER": "bogus,console"})
    assert done.returncode == 0
    (warning,) = warnings(done)
    assert f"OTEL_{signal.upper()}_EXPORTER asks for 'bogus', which is not installed" in warning
    found = parts(done)
    assert found[f"exporter:{signal} bogus"][0] == "failed"
    assert found[f"exporter:{signal} console"] == ["ok", ""]


_STRANGERS = """
[opentelemetry_metrics_exporter]
raising = stranger:Raising
reader = stranger:Reader
[opentelemetry_traces_exporter]
raising = stranger:Raising
late = stranger:Late
mute = stranger:Mute
[opentelemetry_logs_exporter]
raising = stranger:Raising
[opentelemetry_traces_sampler]
mine = stranger:sampler
no_sampler = stranger:Raising.explain
"""

_STRANGER = """
import sys
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

class Raising:
    def __init__(self):
        raise RuntimeError("no licence found")
    @staticmethod
    def explain(argument):
        return "not a sampler"

class Late(SpanExporter):
    def export(self, spans):
        raise RuntimeError("lost it")
    def shutdown(self):
        raise RuntimeError("lost it again")

class Mute(SpanExporter):
    def export(self, spans):
        print("SPANS", *(span.name for span in spans), file=sys.stderr)

class Reader(MetricReader):
    def _receive_metrics(self, metrics_data, timeout_millis=10_000, **kwargs):
        for resource in metrics_data.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    print("READ", metric.name, [getattr(p, "count", None) for p in metric.data.data_points])
    def shutdown(self, timeout_millis=30_000, **kwargs):
        self.collect()

def sampler(argument):
    print("SAMPLER", argument)
    return TraceIdRatioBased(0.0)
"""


@pytest.fixture
def strangers(distribution: Callable[..., str]) -> str:
    return distribution(_STRANGERS, _STRANGER)


def test_an_exporter_whose_constructor_raises_is_warned_of_once_and_the_others_go_on(
    program: Run, strangers: str
) -> None:
    done = program(
        "argus_otel.instrument()\nreport()",
        PYTHONPATH=strangers,
        OTEL_METRICS_EXPORTER="raising,prometheus",
        OTEL_TRACES_EXPORTER="raising,console",
        OTEL_LOGS_EXPORTER="raising,console",
    )
    assert done.returncode == 0
    assert len(warnings(done)) == 3
    found = parts(done)
    for signal, other in (("metrics", "prometheus"), ("traces", "console"), ("logs", "console")):
        assert found[f"exporter:{signal} raising"] == ["failed", "RuntimeError: no licence found"]
        assert found[f"exporter:{signal} {other}"] == ["ok", ""]


def test_a_batch_size_that_does_not_fit_costs_that_signal_only(program: Run, receiver: Received) -> None:
    done = program(
        _USE + "argus_otel.instrument()\nuse()\nreport()",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        OTEL_BSP_MAX_QUEUE_SIZE="100",
    )
    assert done.returncode == 0
    (warning,) = warnings(done)
    assert "exporter:traces otlp_proto_grpc failed: ValueError: max_export_batch_size" in warning
    assert parts(done)["exporter:traces otlp_proto_grpc"][0] == "failed"
    assert receiver.named("songs")
    assert [record.body.string_value for record in receiver.records()] == ["hello"]


def test_a_provider_that_cannot_be_made_costs_that_signal_only(program: Run, receiver: Received) -> None:
    done = program(
        _USE + "argus_otel.instrument()\nuse()\nreport(prometheus=runtime()._providers.prometheus)",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        OTEL_METRICS_EXEMPLAR_FILTER="bogus",
    )
    assert done.returncode == 0
    (warning,) = warnings(done)
    assert "exporter:metrics failed: ValueError: Unknown exemplar filter" in warning
    assert json.loads(done.stdout)["prometheus"] is None
    assert [span.name for span in receiver.spans()] == ["work"]
    assert [record.body.string_value for record in receiver.records()] == ["hello"]


@pytest.mark.parametrize(("name", "reason"), [("bogus", "is not installed"), ("no_sampler", "made str, not a sampler")])
def test_an_unknown_sampler_is_warned_of_once_and_every_trace_is_kept(
    program: Run, strangers: str, receiver: Received, name: str, reason: str
) -> None:
    done = program(
        _USE + "argus_otel.instrument()\nuse()\nreport()",
        PYTHONPATH=strangers,
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        OTEL_TRACES_SAMPLER=name,
    )
    (warning,) = warnings(done)
    assert f"OTEL_TRACES_SAMPLER asks for '{name}', which {reason}" in warning
    assert parts(done)["sampler"][0] == "failed"
    assert [span.name for span in receiver.spans()] == ["work"]


def test_another_packages_sampler_is_given_its_argument(program: Run, strangers: str, receiver: Received) -> None:
    done = program(
        _USE + "argus_otel.instrument()\nuse()\nreport()",
        PYTHONPATH=strangers,
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        OTEL_TRACES_SAMPLER="mine",
        OTEL_TRACES_SAMPLER_ARG="x=1",
    )
    assert done.stdout.startswith("SAMPLER x=1\n")
    assert warnings(done) == []
    assert receiver.spans() == []


_MANY = """
argus_otel.instrument({keywords})
from opentelemetry import trace
tracer = trace.get_tracer("bot")
for _ in range(1000):
    tracer.start_span("work").end()
"""


@pytest.mark.parametrize(
    ("keywords", "environ"),
    [
        ("", {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"}),
        ("sampler='traceidratio', sampler_argument='0.25'", {"OTEL_TRACES_SAMPLER": "always_on"}),
    ],
    ids=["environment", "keywords"],
)
def test_a_ratio_of_the_traces_is_kept_as_asked_for(
    program: Run, receiver: Received, keywords: str, environ: dict[str, str]
) -> None:
    done = program(_MANY.format(keywords=keywords), OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url, **environ)
    assert warnings(done) == []
    assert 150 < len(receiver.spans()) < 350


# -- where somebody has been there before


@pytest.mark.parametrize(
    ("signal", "setting_up"),
    [
        ("metrics", "from opentelemetry.sdk.metrics import MeterProvider as P\nmetrics.set_meter_provider(P())"),
        ("traces", "from opentelemetry.sdk.trace import TracerProvider as P\ntrace.set_tracer_provider(P())"),
        ("logs", "from opentelemetry.sdk._logs import LoggerProvider as P\n_logs.set_logger_provider(P())"),
    ],
)
def test_a_provider_that_was_there_before_is_used_and_said_so(
    program: Run, receiver: Received, signal: str, setting_up: str
) -> None:
    source = f"{_USE}\n{setting_up}\nargus_otel.instrument()\nuse()\nreport()"
    done = program(source, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    assert done.returncode == 0
    assert warnings(done) == []
    state, detail = parts(done)[f"exporter:{signal}"]
    assert state == "off"
    assert "Provider that was there already is used" in detail
    assert "otlp_proto_grpc not set up" in detail
    arrived = {"metrics": receiver.named("songs"), "traces": receiver.spans(), "logs": receiver.records()}
    assert {name for name, things in arrived.items() if things} == {"metrics", "traces", "logs"} - {signal}


def test_the_sdk_is_set_up_once(program: Run, receiver: Received) -> None:
    source = f"{_USE}\nfor _ in range(3):\n    argus_otel.instrument()\n    argus_otel.uninstrument()\nuse()\nreport()"
    done = program(source, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    assert warnings(done) == []
    assert [len(receiver.spans()), len(receiver.records()), len(receiver.named("songs"))] == [1, 1, 1]


# -- endpoints that are not there


def test_an_endpoint_that_refuses_is_warned_of_once_for_each_signal(program: Run, refusal: str) -> None:
    done = program(
        _USE + "argus_otel.instrument()\nfor _ in range(3):\n    use()\n    flush()\nreport()",
        OTEL_EXPORTER_OTLP_ENDPOINT=refusal,
        OTEL_EXPORTER_OTLP_TIMEOUT="0.2",
        ARGUS_SHUTDOWN_TIMEOUT="3",
    )
    assert done.returncode == 0
    assert len(warnings(done)) == 3
    found = parts(done)
    for signal in ("metrics", "traces", "logs"):
        state, detail = found[f"exporter:{signal} otlp_proto_grpc"]
        assert (state, "does not take what is sent" in detail) == ("failed", True)
    assert found["exporter:metrics prometheus"] == ["ok", ""]


def test_an_endpoint_that_refuses_http_is_warned_of_once_for_each_signal(program: Run, refusal: str) -> None:
    done = program(
        _USE + "argus_otel.instrument()\nfor _ in range(3):\n    use()\n    flush()\nreport()",
        OTEL_EXPORTER_OTLP_ENDPOINT=refusal,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_EXPORTER_OTLP_TIMEOUT="0.2",
        ARGUS_SHUTDOWN_TIMEOUT="3",
    )
    assert done.returncode == 0
    assert len(warnings(done)) == 3
    assert parts(done)["exporter:traces otlp_proto_http"][0] == "failed"


def test_an_exporter_that_raises_harms_nobody(program: Run, strangers: str) -> None:
    done = program(
        _USE + "argus_otel.instrument()\nuse()\nflush()\nreport()\nlogging.disable()",
        PYTHONPATH=strangers,
        OTEL_TRACES_EXPORTER="late",
    )
    assert done.returncode == 0
    state, detail = parts(done)["exporter:traces late"]
    assert (state, "RuntimeError" in detail) == ("failed", True)
    assert "Exception in thread" not in done.stderr


def test_an_exporter_that_tells_no_outcome_exports(program: Run, strangers: str) -> None:
    done = program(_USE + "argus_otel.instrument()\nuse()\nreport()", PYTHONPATH=strangers, OTEL_TRACES_EXPORTER="mute")
    assert done.stderr == "SPANS work\n"


# -- the end


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_the_end_of_the_process_is_bounded_while_an_endpoint_hangs(program: Run, silence: str, protocol: str) -> None:
    began = time.monotonic()
    done = program(
        _USE + "argus_otel.instrument()\nuse()\nimport time\nprint(time.time())",
        OTEL_EXPORTER_OTLP_ENDPOINT=silence,
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        ARGUS_SHUTDOWN_TIMEOUT="0.5",
    )
    ended = time.time() - float(done.stdout)
    assert done.returncode == 0
    assert 0.5 <= ended < 2.5
    assert time.monotonic() - began < 10
    (warning,) = warnings(done)
    assert "shutdown failed: the last export did not end within 0.5 s (ARGUS_SHUTDOWN_TIMEOUT)" in warning
    assert "the last metrics, traces, logs may be lost" in warning


def test_the_exit_code_stays_the_bots_own_while_an_endpoint_hangs(program: Run, silence: str) -> None:
    done = program(
        _USE + "argus_otel.instrument()\nuse()\nsys.exit(7)",
        OTEL_EXPORTER_OTLP_ENDPOINT=silence,
        ARGUS_SHUTDOWN_TIMEOUT="0.2",
    )
    assert done.returncode == 7


def test_a_bot_that_runs_on_an_event_loop_ends_in_time_too(program: Run, silence: str) -> None:
    done = program(
        _USE
        + """
import asyncio, time
argus_otel.instrument()
async def main():
    use()
    await asyncio.to_thread(use)
asyncio.run(main())
print(time.time())
""",
        OTEL_EXPORTER_OTLP_ENDPOINT=silence,
        ARGUS_SHUTDOWN_TIMEOUT="0.2",
    )
    assert done.returncode == 0
    assert time.time() - float(done.stdout) < 2.5


def check_that_all_arrived(received: Received) -> None:
    (resource, scope, songs), *more = [each for each in received.metric_points() if each[2].name == "songs"]
    assert not more
    assert songs.sum.data_points[0].as_int == 3
    assert scope.scope.name == "bot"
    named = attributes(resource.resource.attributes)
    assert named["service.name"] == "bot"
    assert named["telemetry.distro.name"] == "argus-otel"
    assert named["service.instance.id"]
    (span,) = received.spans()
    (record,) = received.records()
    assert span.name == "work"
    assert record.body.string_value == "hello"
    assert record.trace_id == span.trace_id


def test_what_is_left_is_sent_at_the_end(program: Run, receiver: Received) -> None:
    done = program(_USE + "argus_otel.instrument()\nuse()", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    assert (done.returncode, warnings(done)) == (0, [])
    check_that_all_arrived(receiver)


def test_what_is_left_is_sent_at_the_end_over_http(program: Run, http_receiver: Received) -> None:
    done = program(
        _USE + "argus_otel.instrument()\nuse()\nreport()",
        OTEL_EXPORTER_OTLP_ENDPOINT=http_receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    assert (done.returncode, warnings(done)) == (0, [])
    assert parts(done)["exporter:traces otlp_proto_http"][0] == "ok"
    check_that_all_arrived(http_receiver)


def test_what_is_left_is_sent_even_where_the_bot_dies_of_an_exception(program: Run, receiver: Received) -> None:
    done = program(_USE + "argus_otel.instrument()\nuse()\n1 / 0", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    assert done.returncode == 1
    check_that_all_arrived(receiver)


# -- other people's parts


def test_another_packages_reader_shows_our_histograms(program: Run, strangers: str) -> None:
    done = program(
        """
        argus_otel.instrument()
        from argus_otel.sources.discord import catalogue
        metric = next(m for m in catalogue.CATALOGUE.metrics if m.kind.name == "HISTOGRAM" and len(m.attributes) > 1)
        runtime().telemetry.histogram(metric)[(None,) * len(metric.attributes)].record(1.0)
        runtime().telemetry.guard.record_fault("test", ValueError())
        print("EXPECT", metric.name, [1])
        """,
        PYTHONPATH=strangers,
        OTEL_METRICS_EXPORTER="reader",
    )
    assert done.returncode == 0
    expected, *read = done.stdout.splitlines()
    assert "READ argus.hook.errors [None]" in read
    assert expected.replace("EXPECT", "READ") in read


@pytest.mark.skipif(
    importlib.util.find_spec("opentelemetry.configuration") is None,
    reason="needs opentelemetry-configuration: pip install opentelemetry-configuration",
)
def test_a_configuration_file_sets_up_the_sdk_by_itself(
    program: Run, receiver: Received, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("configuration") / "otel.yaml"
    file.write_text("file_format: '1.0'\n")
    done = program(
        """
        from argus_otel.entrypoints import ArgusConfigurator, DiscordInstrumentor
        ArgusConfigurator().configure()
        DiscordInstrumentor().instrument(skip_dep_check=True)
        report()
        """,
        OTEL_CONFIG_FILE=str(file),
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
    )
    assert done.returncode == 0
    assert [name for name in parts(done) if name.startswith("exporter:")] == []


def test_where_a_configuration_file_is_named_we_set_nothing_up(program: Run, receiver: Received) -> None:
    done = program(
        _USE + "argus_otel.instrument()\nuse()\nreport(provider=type(trace.get_tracer_provider()).__name__)",
        OTEL_CONFIG_FILE="otel.yaml",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
    )
    assert json.loads(done.stdout)["provider"] == "ProxyTracerProvider"
    assert [name for name in parts(done) if name.startswith("exporter:")] == []
    assert receiver.spans() == []
