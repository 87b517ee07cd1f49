"""Each program runs in a process of its own: a process has one instrumentation, which cannot be removed."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from argus_otel.sources.process.catalogue import CATALOGUE as OF_THE_PROCESS
from argus_otel.sources.system.catalogue import CATALOGUE
from argus_otel.telemetry import InstrumentKind
from tests.otel.conftest import Run

_COLLECT = """
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader = InMemoryMetricReader()
def every():
    data = reader.get_metrics_data()
    return [
        (metric.name, scope.scope.name)
        for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics
        for metric in scope.metrics if metric.name.partition(".")[0] in ("process", "cpython")
    ]
def collected():
    data = reader.get_metrics_data()
    return {
        metric.name: {
            "kind": type(metric.data).__name__, "monotonic": getattr(metric.data, "is_monotonic", None),
            "unit": metric.unit, "points": [dict(point.attributes) for point in metric.data.data_points],
        }
        for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics
        if "system_metrics" in scope.scope.name for metric in scope.metrics
    }
argus_otel.instrument(meter_provider=MeterProvider([reader]))
"""

CLIENT = "import discord\ndiscord.Client(intents=discord.Intents.default())\n"

_MODULE = "opentelemetry.instrumentation.system_metrics"
_NOT_HERE = {"process.disk.io"} if sys.platform == "darwin" else set[str]()


def reported(done: Any) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_catalogue_lists_what_is_emitted(program: Run) -> None:
    found = reported(program(_COLLECT + CLIENT + "report(found=collected())"))
    assert found["parts"]["process metrics"] == ["ok", ""]
    emitted = found["found"]
    assert set(emitted) == {metric.name for metric in CATALOGUE.metrics} - _NOT_HERE
    kinds = {
        InstrumentKind.COUNTER: ("Sum", True),
        InstrumentKind.UP_DOWN_COUNTER: ("Sum", False),
        InstrumentKind.GAUGE: ("Gauge", None),
    }
    for metric in CATALOGUE.metrics:
        if metric.name in emitted:
            one = emitted[metric.name]
            assert (one["kind"], one["monotonic"]) == kinds[metric.kind], metric.name
            assert one["unit"] == metric.unit, metric.name
            for point in one["points"]:
                assert set(point) == {attribute.name for attribute in metric.attributes}, metric.name
                for attribute in metric.attributes:
                    assert point[attribute.name] in attribute.values
            combinations = {tuple(sorted(point.items())) for point in one["points"]}
            assert len(combinations) == len(one["points"]) >= 1


def test_nothing_is_emitted_before_discord_is_imported_or_after_uninstrumenting(program: Run) -> None:
    found = reported(
        program(
            _COLLECT
            + """
before = len(collected())
import discord
discord.Client(intents=discord.Intents.default())
during = len(collected())
argus_otel.uninstrument()
after = len(collected())
argus_otel.instrument()
argus_otel.instrument()
again = collected()
report(numbers=[before, during, after, len(again)], points=len(again["process.memory.virtual"]["points"]))
"""
        )
    )
    before, during, after, again = found["numbers"]
    assert (before, after) == (0, 0)
    assert during == again == len(CATALOGUE.metrics) - len(_NOT_HERE)
    assert found["points"] == 1


def test_no_metric_is_emitted_twice(program: Run) -> None:
    found = reported(program(_COLLECT + CLIENT + "report(every=every())"))
    names = [name for name, _ in found["every"]]
    assert sorted(set(names)) == sorted(names)
    assert {"process.memory.usage", "process.cpu.time", "process.thread.count", "cpython.gc.collections"} <= set(names)
    assert {metric.name for metric in CATALOGUE.metrics} - _NOT_HERE <= set(names)
    assert not {metric.name for metric in CATALOGUE.metrics} & {metric.name for metric in OF_THE_PROCESS.metrics}


@pytest.mark.parametrize(
    ("configuration", "theirs"),
    [
        ("None", {"process.memory.usage", "process.cpu.time", "process.thread.count", "cpython.gc.collections"}),
        ("{'process.thread.count': None}", {"process.thread.count"}),
        ("{'system.memory.usage': ['used']}", set[str]()),
    ],
)
def test_what_the_program_measures_itself_is_not_measured_again(
    program: Run, configuration: str, theirs: set[str]
) -> None:
    load = f"""
from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
SystemMetricsInstrumentor(config={configuration}).instrument(meter_provider=MeterProvider([]))
"""
    found = reported(program(_COLLECT + load + CLIENT + "report(every=every())"))
    ours = {name for name, scope in found["every"] if "system_metrics" not in scope}
    resources = {"process.memory.usage", "process.cpu.time", "process.thread.count", "cpython.gc.collections"}
    assert ours & resources == resources - theirs


@pytest.mark.parametrize("names", ["system_metrics", "requests, system_metrics"])
def test_it_can_be_switched_off(program: Run, names: str) -> None:
    done = program(
        _COLLECT + CLIENT + f"report(found=collected(), loaded={_MODULE!r} in sys.modules)",
        OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=names,
    )
    found = reported(done)
    assert found["found"] == {}
    assert found["loaded"] is False
    assert found["parts"]["process metrics"][0] == "off"


def test_without_the_extra_it_is_off_and_says_what_to_install(program: Run) -> None:
    hidden = """
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "psutil":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
"""
    done = program(hidden + _COLLECT + CLIENT + "report(found=collected())")
    found = reported(done)
    assert found["found"] == {}
    assert found["parts"]["process metrics"] == ["off", "not installed: pip install 'argus-otel[system]'"]
    assert "LOG" not in done.stderr


def test_what_somebody_else_has_loaded_is_left_alone(program: Run) -> None:
    theirs = """
from opentelemetry.instrumentation.system_metrics import SystemMetricsInstrumentor
SystemMetricsInstrumentor(config={"process.thread.count": None, "system.memory.usage": ["used"]}).instrument(
    meter_provider=MeterProvider([other := InMemoryMetricReader()])
)
"""
    found = reported(
        program(
            _COLLECT
            + theirs
            + """
import discord
discord.Client(intents=discord.Intents.default())
data = other.get_metrics_data()
names = [m.name for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]
report(found=collected(), theirs=names)
"""
        )
    )
    assert found["found"] == {}
    assert found["theirs"] == ["system.memory.usage", "process.thread.count"]
    assert found["parts"]["process metrics"][0] == "off"


def test_the_loader_leaves_both_to_us(program: Run) -> None:
    found = reported(
        program(
            """
from opentelemetry.instrumentation.auto_instrumentation import initialize
before = list(logging.getLogger().handlers)
initialize()
loaded = "opentelemetry.instrumentation.system_metrics" in sys.modules
import discord
discord.Client(intents=discord.Intents.default())
from opentelemetry.instrumentation.logging import LoggingInstrumentor
report(
    loaded=loaded, added=len(logging.getLogger().handlers) - len(before),
    correlating=LoggingInstrumentor().is_instrumented_by_opentelemetry,
)
""",
            OTEL_PYTHON_DISTRO="argus",
            OTEL_PYTHON_CONFIGURATOR="argus",
            OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="requests,aiohttp-client,httpx,httpx2,urllib3",
        )
    )
    assert (found["loaded"], found["added"], found["correlating"]) == (False, 0, True)
    assert found["parts"]["process metrics"] == ["ok", ""]
