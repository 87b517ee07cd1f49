"""Names of OpenTelemetry that may change with any release: without one, each signal goes on, and what is lost is told.

The programs here run with the installed OpenTelemetry after one of its names was replaced throughout its source.
"""

from __future__ import annotations

import ast
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider

import argus_otel
from argus_otel.otel import private, spans
from argus_otel.telemetry import SpanKind, State, Telemetry

from .conftest import Run
from .receivers import Received

RENAMED = str(Path(__file__).with_name("renamed"))

_SETUP = """
from argus_otel.otel.bridge import Bridge
from argus_otel.otel.providers import Providers
from argus_otel.otel.resource import build
from argus_otel.settings import Settings
from argus_otel.telemetry import Catalogue, Event, InstrumentKind, Metric, SpanKind, Telemetry

COUNTER = Metric("test.played", InstrumentKind.COUNTER, "{song}", "A test.")
HISTOGRAM = Metric("test.duration", InstrumentKind.HISTOGRAM, "s", "A test.", boundaries=(1.0, 2.0))
EVENT = Event("test.happened", "A test.")

settings, telemetry = Settings.resolve(), Telemetry()
telemetry.log_pipeline.sink = None
providers, bridge = Providers(settings, telemetry), Bridge(telemetry, [Catalogue("test", (COUNTER, HISTOGRAM))])
telemetry.attempt("sdk", lambda: providers.set_up(build(settings)))
bridge.connect(own_meter_provider=providers.meter_provider)

def work():
    telemetry.counter(COUNTER)[()].value += 1
    telemetry.histogram(HISTOGRAM)[()].record(0.5, None)
    if telemetry.tracing is not None:
        telemetry.tracing.root("worked", SpanKind.INTERNAL, dict).end(None, failed=False)
    telemetry.emit(EVENT, {})
    record = logging.LogRecord("bot", logging.WARNING, __file__, 1, "logged", (), None)
    telemetry.log_pipeline.forward(logging.getLogger("bot"), record)

def tell(**facts):
    parts = {name: [part.state.value, part.detail] for name, part in telemetry.health.parts().items()}
    print(json.dumps({"parts": parts, **facts}), flush=True)
"""
_WHOLE = (
    _SETUP
    + """
work()
from prometheus_client.exposition import choose_encoder
encode, form = choose_encoder("")
page = providers.prometheus.text(encode, form).decode() if providers.prometheus else ""
from opentelemetry import trace
trace.get_tracer_provider().add_span_processor(__import__("opentelemetry.sdk.trace").sdk.trace.SpanProcessor())
tell(page=page)
"""
)


@pytest.fixture
def with_renamed(program: Run, receiver: Received) -> Callable[..., tuple[dict[str, Any], str]]:
    """Run a program with ``old=new``; returns what it told, and what it logged."""

    def run(renamed: str, source: str = _WHOLE, **variables: str) -> tuple[dict[str, Any], str]:
        exporting = {"OTEL_METRICS_EXPORTER": "otlp,prometheus", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        done = program(source, PYTHONPATH=RENAMED, RENAMED=renamed, **{**exporting, **variables})
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return json.loads(done.stdout.splitlines()[-1]), done.stderr

    return run


def absent(parts: dict[str, Any]) -> set[str]:
    return {name for name, (state, _) in parts.items() if state == "absent"}


def failed(parts: dict[str, Any]) -> set[str]:
    return {name for name, (state, _) in parts.items() if state == "failed"}


def everything_arrived(received: Received) -> None:
    (histogram,) = received.named("test.duration")[-1].histogram.data_points
    assert (histogram.count, histogram.sum) == (1, 0.5)
    assert received.named("test.played")[-1].sum.data_points[0].as_int == 1
    assert "worked" in {span.name for span in received.spans()}
    bodies = [record.body.string_value for record in received.records()]
    assert {"A test.", "logged"} <= set(bodies)


def test_nothing_is_missing_in_the_installed_one(
    with_renamed: Callable[..., tuple[dict[str, Any], str]], receiver: Received
) -> None:
    told, log = with_renamed("a_name_that_is_nowhere=another")
    assert (absent(told["parts"]), failed(told["parts"])) == (set(), set())
    assert "test_duration_seconds_bucket" in told["page"]
    assert "LOG" not in log
    everything_arrived(receiver)


@pytest.mark.parametrize(
    ("name", "part", "lost"),
    [
        ("_importlib_metadata", "entry points", "takes some milliseconds more"),
        ("OtelComponentTypeValues", "component type", "name the Prometheus reader by its class"),
        ("_receive_metrics", "histogram cells", "recorded by the SDK's instruments"),
        ("_set_collect_callback", "exposition cache", "written by OpenTelemetry's own reader"),
        ("_preferred_temporality", "temporality", "exported as cumulative"),
        ("_at_fork_reinit", "fork of readers", "in vain"),
        ("_batch_processor", "export losses", "drops are not counted"),
        ("_queue", "export losses", "drops are not counted"),
        ("_on_ending", "ending of spans", "reaches the program"),
        ("_client", "export responses", "why an endpoint refuses an export is not told"),
        ("_stub", "export responses", "why an endpoint refuses an export is not told"),
    ],
)
def test_without_a_name_every_signal_goes_on_and_what_is_lost_is_told(
    name: str,
    part: str,
    lost: str,
    with_renamed: Callable[..., tuple[dict[str, Any], str]],
    receiver: Received,
) -> None:
    told, log = with_renamed(f"{name}={name}_anew")
    assert absent(told["parts"]) == {f"opentelemetry:{part}"}
    assert lost in told["parts"][f"opentelemetry:{part}"][1]
    assert failed(told["parts"]) == set()
    assert log.count(f"opentelemetry:{part} absent") == 1
    assert "test_duration_seconds_bucket{" in told["page"]
    assert "test_played_total" in told["page"]
    everything_arrived(receiver)


def test_of_http_exporters_without_their_session_no_reasons_are_heard(
    with_renamed: Callable[..., tuple[dict[str, Any], str]], http_receiver: Received
) -> None:
    told, _ = with_renamed(
        "_session=_session_anew",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_EXPORTER_OTLP_ENDPOINT=http_receiver.url,
    )
    assert absent(told["parts"]) == {"opentelemetry:export responses"}


@pytest.mark.parametrize(
    "name", ["_SUPPRESS_HTTP_INSTRUMENTATION_KEY", "_SUPPRESS_INSTRUMENTATION_KEY", "BoundedList", "_shutdown"]
)
def test_without_a_name_that_has_a_public_substitute_or_is_needed_later_nothing_is_lost(
    name: str, with_renamed: Callable[..., tuple[dict[str, Any], str]], receiver: Received
) -> None:
    told, _ = with_renamed(f"{name}={name}_anew")
    assert (absent(told["parts"]), failed(told["parts"])) == (set(), set())
    everything_arrived(receiver)


def test_the_keys_that_silence_instrumentations_are_found_by_public_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = private.suppress_key(), private.suppress_http_key()
    import opentelemetry.instrumentation.utils  # noqa: F401 - before the names are taken away

    monkeypatch.delattr(context, "_SUPPRESS_INSTRUMENTATION_KEY")
    monkeypatch.delattr(context, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY")
    assert (private.suppress_key(), private.suppress_http_key()) == keys
    assert private._missing == {}


def test_without_those_too_nothing_is_silenced_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch, telemetry: Telemetry
) -> None:
    private.report_to(telemetry.health)
    monkeypatch.delattr(context, "_SUPPRESS_INSTRUMENTATION_KEY")
    monkeypatch.delattr(context, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY")
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.utils", None)
    assert private.suppress_key() != private.suppress_http_key()
    parts = telemetry.health.parts("opentelemetry:suppress")
    assert {part.state for part in parts.values()} == {State.ABSENT}
    assert "a second time" in parts["opentelemetry:suppress_http_instrumentation"].detail
    assert "logged during an export" in parts["opentelemetry:suppress_instrumentation"].detail


def test_logs_that_have_become_stable_are_found(
    with_renamed: Callable[..., tuple[dict[str, Any], str]], receiver: Received
) -> None:
    told, _ = with_renamed("_logs=logs")
    assert (absent(told["parts"]), failed(told["parts"])) == (set(), set())
    everything_arrived(receiver)


def test_logs_that_are_nowhere_cost_neither_metrics_nor_traces(
    with_renamed: Callable[..., tuple[dict[str, Any], str]], receiver: Received
) -> None:
    told, _ = with_renamed("_logs=_elsewhere")
    assert failed(told["parts"]) == {"events", "exporter:logs", "log records"}
    assert "opentelemetry._logs or opentelemetry.logs: look for a newer argus-otel" in told["parts"]["events"][1]
    assert "test_duration_seconds_bucket" in told["page"]
    assert receiver.named("test.duration")
    assert [span.name for span in receiver.spans()] == ["worked"]


# -- forked children

_FORK = (
    _SETUP
    + """
import os
pid = os.fork()
if not pid:
    telemetry.drop_in_child()
    providers.drop_in_child()
    bridge.drop_in_child()
    telemetry.restart_in_child()
    providers.restart_in_child(build(settings))
    bridge.restart_in_child()
    work()
    tell(page=providers.prometheus is not None)
    providers._end()
    os._exit(0)
os.waitpid(pid, 0)
"""
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize(
    ("name", "part", "lost"),
    [
        ("_measurement_consumer", "metrics of children", "no metrics of forked children"),
        ("_reader_storages", "metrics of children", "no metrics of forked children"),
        ("_sdk_config", "metrics of children", "no metrics of forked children"),
        ("_metric_readers", "metrics of children", "no metrics of forked children"),
        ("MetricReaderStorage", "metrics of children", "no metrics of forked children"),
        ("_attributes", "resource of children", "their parent's service.instance.id"),
        ("_shutdown", "fork of batch processors", "which exports nothing"),
    ],
)
def test_without_a_name_a_forked_child_exports_the_rest(
    name: str,
    part: str,
    lost: str,
    with_renamed: Callable[..., tuple[dict[str, Any], str]],
    receiver: Received,
) -> None:
    told, _ = with_renamed(f"{name}={name}_anew", _FORK)
    assert lost in told["parts"][f"opentelemetry:{part}"][1]
    assert failed(told["parts"]) == set()
    if part == "metrics of children":
        assert told["parts"]["exporter:metrics otlp_proto_grpc"][0] == "off"
        assert told["page"] is False
    else:
        assert absent(told["parts"]) == {f"opentelemetry:{part}"}
        everything_arrived(receiver)
    assert [span.name for span in receiver.spans()] == ["worked"]
    assert "logged" in [record.body.string_value for record in receiver.records()]


# -- instrumentations

_INSTRUMENTED = (
    _SETUP
    + """
import os
from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
found = telemetry.instrumentations.find(
    "system_metrics", part="measured", install="pip", options={"config": {"process.thread.count": None}},
    measures_process=True,
)
"""
)


def test_without_the_instance_an_instrumentation_works_and_one_that_is_loaded_is_left_alone(
    with_renamed: Callable[..., tuple[dict[str, Any], str]],
) -> None:
    told, _ = with_renamed("_instance=_instance_anew", _INSTRUMENTED + "found.enable(); tell()")
    assert told["parts"]["measured"] == ["ok", ""]
    assert "configured anew" in told["parts"]["opentelemetry:instrumentation"][1]
    told, _ = with_renamed(
        "_instance=_instance_anew",
        _INSTRUMENTED + "SystemMetricsInstrumentor(config={}).instrument(); found.enable(); tell()",
    )
    assert told["parts"]["measured"][0] == "off"
    assert told["parts"]["measured"][1].startswith("something else has loaded the instrumentation system_metrics")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize(
    ("renamed", "state"),
    [("a_name_that_is_nowhere=another", ["ok", ""]), ("_proc=_proc_anew", ["off", "it would measure the parent"])],
)
def test_without_its_process_an_instrumentation_stays_off_in_a_child(
    renamed: str, state: list[str], with_renamed: Callable[..., tuple[dict[str, Any], str]]
) -> None:
    told, _ = with_renamed(
        renamed,
        _INSTRUMENTED
        + """
found.enable()
if not (pid := os.fork()):
    found.drop_in_child()
    found.enable()
    tell()
    os._exit(0)
os.waitpid(pid, 0)
""",
    )
    assert told["parts"]["measured"][0] == state[0]
    assert told["parts"]["measured"][1].startswith(state[1])
    assert ("opentelemetry:process metrics of children" in told["parts"]) == (state[0] == "off")


# -- those that a single object shows


def test_a_list_of_links_is_bounded_without_the_sdks(monkeypatch: pytest.MonkeyPatch, telemetry: Telemetry) -> None:
    made: Any = private.bounded_list(2, [1, 2, 3], dropped=4)
    assert (list(made), made.dropped) == ([2, 3], 5)
    private.report_to(telemetry.health)
    monkeypatch.delattr("opentelemetry.sdk.util.BoundedList")
    assert private.bounded_list(2, [1, 2, 3], dropped=4) == (2, 3)
    assert private.bounded_list(0, [1]) == ()
    assert private.bounded_list(None, [1]) == (1,)
    assert "were dropped" in telemetry.health.parts()["opentelemetry:dropped events and links"].detail


def test_a_context_with_a_second_key_for_the_span_has_spans_made_current_by_the_public_function(
    monkeypatch: pytest.MonkeyPatch, telemetry: Telemetry
) -> None:
    private.report_to(telemetry.health)
    original = trace.set_span_in_context
    monkeypatch.setattr(
        trace, "set_span_in_context", lambda span, given=None: context.set_value("second", 2, original(span, given))
    )
    assert private.current_span_key() is None
    assert "which costs more" in telemetry.health.parts()["opentelemetry:current span"].detail
    monkeypatch.setattr(spans, "_CURRENT", None)
    tracing = spans.tracing_by(TracerProvider(shutdown_on_exit=False), telemetry)
    root = tracing.root("root", SpanKind.INTERNAL, dict)
    root.attach()
    assert context.get_value("second") == 2
    child: Any = tracing.child("child", SpanKind.INTERNAL, {})
    assert child.trace_id == root.trace_id == trace.get_current_span().get_span_context().trace_id
    root.detach()
    assert tracing.child("root", SpanKind.INTERNAL, {}).trace_id != root.trace_id  # type: ignore[union-attr]


def test_without_opentelemetrys_memory_entry_points_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    known = set(private.entry_points(group="opentelemetry_distro"))
    monkeypatch.setitem(sys.modules, "opentelemetry.util._importlib_metadata", None)
    assert set(private.entry_points(group="opentelemetry_distro")) == known
    assert isinstance(private.entry_points(group="opentelemetry_distro"), metadata.EntryPoints)


def test_an_sdk_that_does_not_configure_itself_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(private.sdk_configurator())
    monkeypatch.delattr("opentelemetry.sdk._configuration._OTelSDKConfigurator")
    with pytest.raises(private.GoneError, match="unset OTEL_CONFIG_FILE"):
        private.sdk_configurator()


def test_a_missing_name_is_warned_of_once(caplog: pytest.LogCaptureFixture, telemetry: Telemetry) -> None:
    private.missing("something", "this is lost")
    with caplog.at_level(logging.WARNING, "argus_otel"):
        private.report_to(telemetry.health)
        private.missing("something", "this is lost")
        private.report_to(telemetry.health)
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage() == (
        "argus-otel: opentelemetry:something absent: the installed OpenTelemetry has changed a name that argus-otel "
        "uses: this is lost; look for a newer argus-otel. The program and everything else go on."
    )


# -- nothing else reads a private name

SOURCE = Path(argus_otel.__file__).parent
PRIVATE = SOURCE / "otel" / "private.py"


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Private names of OpenTelemetry that a module imports, but for its types, and private attributes of any object."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        imported = []
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            imported = [node.value]
        for name in imported:
            if name.startswith("opentelemetry.") and any(map(is_private, name.split("."))) and " " not in name:
                yield node.lineno, name
        yield from private_names(node)


def private_attributes(tree: ast.AST, own: set[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own:
            if getattr(node.value, "id", "") != "os":
                yield node.lineno, node.attr
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("getattr", "setattr", "hasattr"):
            given = node.args[1]
            if isinstance(given, ast.Constant) and is_private(str(given.value)) and given.value not in own:
                yield node.lineno, str(given.value)


def defined(tree: ast.AST) -> Iterator[str]:
    """Names that a module gives to something itself."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if getattr(node.value, "id", "") in ("self", "cls"):
                yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):  # of __slots__
            yield node.value


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_other_module_imports_a_private_name_of_opentelemetrys(path: Path) -> None:
    found = list(private_names(ast.parse(path.read_text(encoding="utf-8"))))
    if path == PRIVATE:
        assert found
    else:
        assert found == []


@pytest.mark.parametrize("folder", ["otel", "endpoint"])
def test_no_other_module_of_the_bridge_reads_a_private_attribute(folder: str) -> None:
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8")) for path in (SOURCE / folder).rglob("*.py") if path != PRIVATE
    }
    own = {name for tree in trees.values() for name in defined(tree)}
    found = {path.name: list(private_attributes(tree, own)) for path, tree in trees.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_planted_ones_are_found() -> None:
    planted = ast.parse("def f():\n    from opentelemetry.sdk._logs import LoggerProvider\n    span._secret\n")
    assert list(private_names(planted)) == [(2, "opentelemetry.sdk._logs.LoggerProvider")]
    assert list(private_attributes(planted, set())) == [(3, "_secret")]
