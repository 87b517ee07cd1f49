from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

import argus_otel

from .conftest import Run

SHOW = """
import json, pickle, sys
from __main__ import __dict__ as main
class Thing: pass
facts = {name: repr(main.get(name, "missing")).split(" at 0x")[0] for name in (
    "__name__", "__file__", "__package__", "__cached__", "__doc__", "__loader__", "__spec__", "__builtins__")}
facts |= {"names": sorted(main), "argv": sys.argv, "path": sys.path, "thing": Thing.__module__}
facts["pickled"] = isinstance(pickle.loads(pickle.dumps(Thing())), Thing)
print(json.dumps(facts, indent=1))
sys.exit(int(sys.argv[1]))
"""

# What the SDK and the distro are set to, as the program sees it.
LOADED = """
import json, os, sys
from opentelemetry import metrics
runtime = sys.modules.get("argus_otel.runtime")
settings = runtime.runtime().settings if runtime else None
print(json.dumps({
    "provider": type(metrics.get_meter_provider()).__module__,
    "service": settings and settings.service_name,
    "port": settings and str(settings.endpoint_port),
    "endpoint": settings and settings.endpoint,
    "traces": settings and settings.traces_exporters,
    "modules": sorted(sys.modules),
    "pythonpath": os.environ.get("PYTHONPATH"),
}))
"""


ENDS_IN_A_THREAD = """
import atexit, threading, time
atexit.register(print, "at exit")
threading.Thread(target=lambda: (time.sleep(0.1), print("thread"))).start()
print("main")
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    for path in (tmp_path / "show.py", package / "show.py", package / "__main__.py"):
        path.write_text(SHOW)
    if os.name == "posix":
        (tmp_path / "link.py").symlink_to(package / "show.py")
    with zipfile.ZipFile(tmp_path / "archive.pyz", "w") as archive:
        archive.writestr("__main__.py", SHOW)
    return tmp_path


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(
    "words",
    [
        "show.py 0",
        "package/show.py 3 --service-name x -- -m y --help",
        pytest.param("link.py 0", marks=pytest.mark.skipif(os.name != "posix", reason="symlinks")),
        "-m package.show 4 --help",
        "-m package 0",
        "package 0",
        "archive.pyz 0",
    ],
)
def test_the_program_sees_what_python_would_show_it(argus: Run, python: Run, words: str) -> None:
    expected, found = python(*words.split()), argus("run", *words.split())
    assert found.stdout == expected.stdout
    assert found.returncode == expected.returncode
    assert found.stderr == expected.stderr == ""


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("def f():\n    raise KeyError('x')\ntry:\n    f()\nexcept KeyError as e:\n    raise OSError('y') from e\n", 1),
        ("x = = 1\n", 1),
        ("import sys\nsys.exit('bye')\n", 1),
        ("import os\nos._exit(7)\n", 7),
        ("import nowhere_to_be_found\n", 1),
        ("raise KeyboardInterrupt\n", -signal.SIGINT),
        ("import sys\nsys.excepthook = lambda k, e, t: print(t.tb_frame.f_code.co_filename, t.tb_next)\n1 / 0\n", 1),
        (ENDS_IN_A_THREAD, 0),
    ],
    ids=["chain", "syntax", "message", "_exit", "import", "interrupt", "excepthook", "thread"],
)
def test_the_program_ends_as_it_would_with_python(
    argus: Run, python: Run, tmp_path: Path, source: str, code: int
) -> None:
    (tmp_path / "ends.py").write_text(source)
    expected, found = python("ends.py"), argus("run", "ends.py")
    assert (found.stdout, found.stderr) == (expected.stdout, expected.stderr)
    assert found.returncode == expected.returncode
    if os.name == "posix":
        assert found.returncode == code


def test_a_package_that_cannot_be_imported_shows_its_own_traceback(argus: Run, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text("import nowhere_to_be_found\n")
    (tmp_path / "broken" / "bot.py").touch()
    found = argus("run", "-m", "broken.bot")
    assert found.returncode == 1
    assert "__init__.py" in found.stderr
    assert "argus_otel" not in found.stderr
    assert "importlib" not in found.stderr


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("nowhere.py", "'nowhere.py'"),
        ("-m nowhere.bot", "'nowhere.bot'"),
        ("-m package.nowhere", "'package.nowhere'"),
        ("-m show.py", "'show.py'"),
        ("-m", "-m needs"),
        ("site", "__main__.py"),
    ],
)
def test_a_program_that_is_not_there(argus: Run, tmp_path: Path, words: str, named: str) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "show.py").write_text("")
    found = argus("run", *words.split(), OTEL_SDK_DISABLED="true")  # which is sooner there
    assert found.returncode == 2
    (line,) = found.stderr.splitlines()
    assert line.startswith("argus-otel run: ")
    assert named in line


def test_an_interrupt_from_the_terminal(environment: dict[str, str], tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("signals")
    (tmp_path / "waits.py").write_text(
        "import asyncio\nasync def main():\n    print('up', flush=True)\n    await asyncio.sleep(60)\n"
        "try:\n    asyncio.run(main())\nexcept KeyboardInterrupt:\n    print('goodbye')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "argus_otel", "run", "waits.py"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("goodbye\n", "")
    assert process.returncode == 0


# -- what is loaded


def test_the_distro_is_loaded_and_nothing_that_it_does_not_need(argus: Run, tmp_path: Path) -> None:
    (tmp_path / "my_bot.py").write_text(LOADED)
    facts = json.loads(argus("run", "my_bot.py").stdout)
    assert facts["provider"] == "opentelemetry.sdk.metrics._internal"
    assert facts["service"] == "my_bot"
    assert facts["pythonpath"] == str(Path(argus_otel.__file__).with_name("children"))
    loaded = set(facts["modules"])
    assert "argus_otel.entrypoints" in loaded
    # The simulator's switch is loaded where the simulator is installed, and no more of it.
    assert not loaded & {"rich", "discord", "discord_simulator.redirection", "argus_otel.cli.doctor"}
    assert not loaded & {"argus_otel.cli.top", "argus_otel.cli.demo", "argus_otel.endpoint", "clickhouse_connect"}


def test_options_stand_for_variables_and_win_over_them(argus: Run, tmp_path: Path) -> None:
    (tmp_path / "my_bot.py").write_text(LOADED)
    options = ("--service-name", "music", "--endpoint-port=9500", "--otlp-endpoint", "http://127.0.0.1:1")
    variables = {"OTEL_SERVICE_NAME": "other", "ARGUS_ENDPOINT_PORT": "9600", "OTEL_METRICS_EXPORTER": "prometheus"}
    variables |= {"OTEL_LOGS_EXPORTER": "none", "ARGUS_SHUTDOWN_TIMEOUT": "0"}
    facts = json.loads(argus("run", *options, "--no-endpoint", "my_bot.py", "--endpoint-port=1", **variables).stdout)
    assert (facts["service"], facts["port"], facts["endpoint"]) == ("music", "9500", False)
    assert facts["traces"] == ["otlp_proto_grpc"]


@pytest.mark.parametrize(("words", "name"), [("--endpoint-port 9500 my_bot.py", "my_bot"), ("-m my.bot x", "my.bot")])
def test_a_service_is_named_after_the_program(argus: Run, tmp_path: Path, words: str, name: str) -> None:
    (tmp_path / "my").mkdir()
    for path in (tmp_path / "my_bot.py", tmp_path / "my" / "bot.py"):
        path.write_text(LOADED)
    assert json.loads(argus("run", *words.split()).stdout)["service"] == name


def test_disabled_means_that_nothing_is_loaded(argus: Run, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text("import sys\nprint(sorted(sys.modules))\n")
    found = argus("run", "bot.py", OTEL_SDK_DISABLED="true")
    assert found.returncode == 0
    for module in ("opentelemetry.sdk", "argus_otel.runtime", "wrapt"):
        assert f"'{module}'" not in found.stdout


def test_another_distro_is_not_taken(argus: Run, distribution: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "my_bot.py").write_text(LOADED)
    path = distribution(
        "opentelemetry-distro",
        "0.99b0",
        "[opentelemetry_distro]\ndistro = other_distro:Distro\n\n"
        "[opentelemetry_configurator]\nconfigurator = other_distro:Configurator\n",
        other_distro="raise SystemExit('the other distro was loaded')",
    )
    found = argus("run", "my_bot.py", PYTHONPATH=path)
    assert json.loads(found.stdout)["service"] == "my_bot", found.stderr


def test_under_opentelemetry_instrument_it_loads_nothing_twice(
    environment: dict[str, str], tmp_path: Path, python: Run
) -> None:
    (tmp_path / "my_bot.py").write_text(LOADED)
    source = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"
    found = python("-c", source, sys.executable, "-m", "argus_otel", "run", "my_bot.py")
    assert found.stderr == "argus-otel run: opentelemetry-instrument has loaded OpenTelemetry already\n"
    assert json.loads(found.stdout)["provider"] == "opentelemetry.sdk.metrics._internal"


# -- what the program starts


POOL = """
import multiprocessing, sys

class Thing:
    def __init__(self, value):
        self.value = value

def work(thing):
    instrumented = any(name.startswith("opentelemetry.sdk") for name in sys.modules)
    return Thing((thing.value * 2, type(thing).__module__, __name__, instrumented))

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print([thing.value for thing in pool.map(work, [Thing(1), Thing(2)])])
"""


@pytest.mark.parametrize("words", ["pool.py", "-m package.pool"])
def test_multiprocessing_by_spawn(argus: Run, python: Run, tmp_path: Path, words: str) -> None:
    (tmp_path / "package").mkdir()
    for path in (tmp_path / "pool.py", tmp_path / "package" / "pool.py"):
        path.write_text(POOL)
    expected, found = python(*words.split()), argus("run", *words.split())
    assert (found.stdout, found.stderr) == (expected.stdout, expected.stderr)
    assert "(4, '__mp_main__', '__mp_main__', False)" in found.stdout


# -- with discord.py


def test_a_bot_is_hooked_and_served(argus: Run, tmp_path: Path) -> None:
    pytest.importorskip("discord")
    (tmp_path / "bot.py").write_text(
        "import urllib.request\nimport discord\nfrom argus_otel.runtime import runtime\n"
        "discord.Client(intents=discord.Intents.none())\n"
        "print(urllib.request.urlopen(runtime().endpoint_url + '/healthz').read())\n"
    )
    found = argus("run", "--endpoint-port", "0", "bot.py")
    assert found.returncode == 0, found.stderr
    assert b'"alive": true' in found.stdout.encode()
    assert found.stderr.startswith("argus-otel ")
    assert f"hooks in discord.py {version('discord.py')}; endpoint http://127.0.0.1:" in found.stderr
