"""What others may call and set: each in a process of its own, as a bot would."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import argus_otel
from argus_otel import entrypoints

Run = Callable[..., "subprocess.CompletedProcess[str]"]

# What each program begins with: every port that it opens is noted, and `tell` prints what its parent looks at.
_PRELUDE = """
import json, logging, socket, sys, threading
logging.basicConfig(level=logging.WARNING, format="LOG %(levelname)s %(message)s")
listening = []
listen = socket.socket.listen
def noted(self, *args):
    listening.append(self.getsockname()[:2])
    return listen(self, *args)
socket.socket.listen = noted

def loaded(*names):
    return [name for name in names if name in sys.modules]

def hooked():
    import discord
    client = vars(discord.Client)
    return any("argus_otel" in str(getattr(thing, "__module__", "")) + str(getattr(thing, "__code__", ""))
               for thing in (*client.values(), *vars(discord.http.HTTPClient).values()))

def tell(**facts):
    print(json.dumps({"threads": [t.name for t in threading.enumerate()], "listening": listening, **facts}))
"""

# The rest of what is installed here would load too, and take most of the time.
_OTHERS = "aiohttp-client,asyncio,httpx,httpx2,logging,requests,system_metrics,urllib3"

_LOAD = """
from opentelemetry.instrumentation.auto_instrumentation import initialize
initialize()
"""

_OURS = (
    "argus_otel.otel.bridge",
    "argus_otel.otel.providers",
    "argus_otel.sources.discord.source",
    "argus_otel.endpoint",
    "prometheus_client",
    "grpc",
)


@pytest.fixture
def program(tmp_path: Path) -> Run:
    """Run a program in a process of its own; keywords are variables of its environment."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_", "PYTHON"))}
    loader = {
        "OTEL_PYTHON_DISTRO": "argus",
        "OTEL_PYTHON_CONFIGURATOR": "argus",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": _OTHERS,
    }

    def run(*sources: str, **variables: str) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "bot.py"
        script.write_text("\n".join([_PRELUDE, *map(textwrap.dedent, sources)]))
        return subprocess.run(
            [sys.executable, str(script)],
            env={**bare, **loader, "ARGUS_ENDPOINT_PORT": "0", **variables},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run


def told(done: Any) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# -- the names


def test_the_public_names_are_these() -> None:
    functions = [
        "aiohttp_app",
        "annotate",
        "asgi",
        "count",
        "instrument",
        "record",
        "timed",
        "training_run",
        "uninstrument",
    ]
    assert argus_otel.__all__ == ["__version__", *functions]
    assert argus_otel.__version__ == importlib.metadata.version("argus-otel")


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(argus_otel.__file__).parent / "py.typed").is_file()


def test_everything_public_is_by_keyword() -> None:
    kinds = {parameter.kind for parameter in inspect.signature(argus_otel.instrument).parameters.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}
    assert not inspect.signature(argus_otel.uninstrument).parameters


@pytest.mark.parametrize(
    ("group", "made"),
    [
        ("opentelemetry_distro", entrypoints.ArgusDistro),
        ("opentelemetry_configurator", entrypoints.ArgusConfigurator),
    ],
)
def test_opentelemetrys_loader_finds_us_under_a_name_of_our_own(group: str, made: type) -> None:
    (found,) = importlib.metadata.entry_points(group=group).select(name="argus")
    assert found.load() is made


def test_opentelemetrys_loader_finds_the_instrumentor() -> None:
    (found,) = importlib.metadata.entry_points(group="opentelemetry_instrumentor").select(name="discord")
    assert found.load() is entrypoints.DiscordInstrumentor
    assert list(entrypoints.DiscordInstrumentor().instrumentation_dependencies()) == ["discord.py>=2.4.0a0,<3"]


def test_an_unknown_keyword_is_a_type_error_and_changes_nothing(program: Run) -> None:
    done = program(
        """
        import argus_otel
        try:
            argus_otel.instrument(endpoint_prot=9500)
        except TypeError as error:
            tell(error=str(error), loaded=loaded("argus_otel.otel.providers"))
        """
    )
    assert told(done)["error"].startswith("argus-otel has no setting 'endpoint_prot'; there are: ")
    assert told(done)["loaded"] == []


# -- again and again

_CYCLE = """
import argus_otel
from argus_otel.runtime import runtime
argus_otel.uninstrument()
for _ in range(3):
    argus_otel.instrument()
    argus_otel.instrument()
    argus_otel.uninstrument()
    argus_otel.uninstrument()
"""


def test_hooking_and_unhooking_can_be_repeated_and_imports_no_discord(program: Run) -> None:
    done = program(_CYCLE, "tell(loaded=loaded('discord', 'aiohttp'))")
    assert done.stderr == ""
    assert told(done)["loaded"] == []
    assert told(done)["listening"] == []


def test_it_can_be_repeated_where_discord_is_not_installed(program: Run) -> None:
    done = program(
        """
        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "discord":
                    raise ModuleNotFoundError(name)
        sys.meta_path.insert(0, Absent())
        """,
        _CYCLE,
        _LOAD,
        "tell()",
    )
    assert done.stderr == ""
    assert told(done)["listening"] == []


def test_hooks_go_in_at_the_import_and_work_begins_with_a_client_and_both_end_again(program: Run) -> None:
    done = program(
        """
        import argus_otel
        argus_otel.instrument()
        early = list(listening)
        import discord
        imported = (hooked(), [t.name for t in threading.enumerate() if t.name.startswith("argus-otel endpoint")])
        discord.Client(intents=discord.Intents.default())
        states = [(hooked(), "argus-otel endpoint" in [t.name for t in threading.enumerate()])]
        for act in (argus_otel.uninstrument, argus_otel.instrument, argus_otel.instrument, argus_otel.uninstrument):
            act()
            states.append((hooked(), "argus-otel endpoint" in [t.name for t in threading.enumerate()]))
        tell(early=early, imported=imported, states=states)
        """
    )
    found = told(done)
    assert found["early"] == []
    assert found["imported"] == [True, []]
    assert found["states"] == [[True, True], [False, False], [True, True], [True, True], [False, False]]
    assert len(found["listening"]) == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"argus-otel {argus_otel.__version__}: ")


def test_every_attribute_of_discord_is_its_own_again_after_unhooking(program: Run) -> None:
    done = program(
        """
        import discord, discord.ext.commands, discord.ext.tasks, discord.app_commands
        def attributes():
            return {
                (module, name, attribute): thing
                for module in sorted(m for m in sys.modules if m.split(".")[0] == "discord")
                for name, kind in vars(sys.modules[module]).items() if isinstance(kind, type)
                for attribute, thing in vars(kind).items() if callable(thing)
            }
        before = attributes()
        import argus_otel
        for _ in range(2):
            argus_otel.instrument(endpoint=False)
            changed = [key for key, thing in attributes().items() if before.get(key) is not thing]
            argus_otel.uninstrument()
        after = attributes()
        tell(changed=len(changed), left=[key for key in before if after.get(key) is not before[key]])
        """
    )
    assert told(done)["changed"] > 10
    assert told(done)["left"] == []


def test_counters_keep_their_values_from_one_time_to_the_next(program: Run) -> None:
    done = program(
        """
        import argus_otel
        from argus_otel.runtime import runtime
        from argus_otel.telemetry.catalogue import HOOK_ERRORS
        argus_otel.instrument()
        runtime().telemetry.guard.record_fault("test", ValueError())
        argus_otel.uninstrument()
        argus_otel.instrument()
        tell(points=runtime().telemetry.points(HOOK_ERRORS))
        """
    )
    assert told(done)["points"] == [[{"argus.hook": "test"}, 1]]


def test_settings_count_the_first_time_only(program: Run) -> None:
    done = program(
        """
        import argus_otel
        from argus_otel.runtime import runtime
        argus_otel.instrument(service_name="one")
        argus_otel.uninstrument()
        argus_otel.instrument(service_name="two")
        tell(service=runtime().status()["service"])
        """
    )
    assert told(done)["service"] == "one"


def test_a_wrong_setting_is_warned_of_once_and_in_the_status(program: Run) -> None:
    done = program(
        _LOAD,
        _CYCLE,
        "tell(parts=runtime().status()['parts'])",
        ARGUS_SHUTDOWN_TIMEOUT="soon",
    )
    (warning,) = done.stderr.splitlines()
    assert "ARGUS_SHUTDOWN_TIMEOUT is 'soon', but it has to be a number of seconds" in warning
    assert told(done)["parts"]["setting:ARGUS_SHUTDOWN_TIMEOUT"]["state"] == "failed"


@pytest.mark.parametrize(
    "keywords",
    ["endpoint_port='abc'", "endpoint_port=-1", "metrics_exporters=5", "endpoint_host=object()", "sampler=[]"],
)
def test_a_wrong_keyword_never_raises(program: Run, keywords: str) -> None:
    done = program(f"import argus_otel\nargus_otel.instrument({keywords})\nimport discord\ntell(hooked=hooked())")
    assert told(done)["hooked"]


# -- switched off


_DISABLED = """
import argus_otel, os
from argus_otel.entrypoints import DiscordInstrumentor
argus_otel.instrument()
DiscordInstrumentor().instrument()
import discord
from opentelemetry import _logs, metrics, trace
providers = [type(p).__name__ for p in
             (trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider())]
"""


@pytest.mark.parametrize("loader", ["", _LOAD], ids=["called", "loaded"])
def test_with_the_sdk_disabled_nothing_is_hooked_started_or_opened(program: Run, loader: str) -> None:
    done = program(
        loader,
        _DISABLED,
        f"tell(hooked=hooked(), loaded=loaded(*{_OURS}), providers=providers)",
        OTEL_SDK_DISABLED="true",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
    )
    found = told(done)
    assert found["threads"] == ["MainThread"]
    assert found["listening"] == []
    assert found["hooked"] is False
    assert found["loaded"] == []
    assert all("proxy" in name.lower() for name in found["providers"])
    assert "argus" not in done.stderr


@pytest.mark.parametrize("names", ["discord", "*", "requests, discord", f"{_OTHERS} , discord ,"])
def test_an_instrumentation_that_is_disabled_hooks_nothing(program: Run, names: str) -> None:
    done = program(
        _LOAD,
        _DISABLED,
        "tell(hooked=hooked(), loaded=loaded('argus_otel.sources.discord.source', 'argus_otel.endpoint'))",
        OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=f"{names},{_OTHERS}" if names != "*" else names,
    )
    found = told(done)
    assert (found["hooked"], found["loaded"], found["listening"]) == (False, [], [])


def test_another_instrumentation_that_is_disabled_does_not_disable_ours(program: Run) -> None:
    done = program(_LOAD, "import discord\ntell(hooked=hooked())")
    assert told(done)["hooked"]


def test_a_configuration_file_that_cannot_be_used_does_not_cost_the_hooks(program: Run) -> None:
    done = program(_LOAD, "import discord\ntell(hooked=hooked())", OTEL_CONFIG_FILE="no/such/otel.yaml")
    assert told(done)["hooked"]


# -- providers of the bot's own


def test_providers_that_are_handed_over_are_used(program: Run) -> None:
    done = program(
        """
        import argus_otel
        from argus_otel.runtime import runtime
        from argus_otel.telemetry.catalogue import HOOK_ERRORS
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        reader = InMemoryMetricReader()
        argus_otel.instrument(meter_provider=MeterProvider([reader]), tracer_provider=TracerProvider())
        runtime().telemetry.guard.record_fault("test", ValueError())
        data = reader.get_metrics_data()
        names = [m.name for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]
        tell(names=names, tracing=type(runtime().telemetry.tracing).__name__)
        """
    )
    assert told(done)["names"] == ["argus.hook.errors"]
    assert told(done)["tracing"] == "OTelTracing"


def test_importing_us_is_cheap(program: Run) -> None:
    done = program(
        "import time\nbegan = time.perf_counter()\nimport argus_otel\ntell(took=time.perf_counter() - began)"
    )
    assert told(done)["took"] < 0.25
