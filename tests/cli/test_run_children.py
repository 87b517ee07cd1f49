"""Pythons that a program under `argus-otel run` starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from .conftest import Run

# What a child knows of itself.
TELL = """
import json, os, sys
runtime = sys.modules.get("argus_otel.runtime")
settings = runtime and runtime.runtime().settings
print(json.dumps({
    "sdk": "opentelemetry.sdk" in sys.modules,
    "ours": sorted(name for name in sys.modules if name.startswith(("argus_otel", "opentelemetry"))),
    "hooks": len(runtime.runtime().telemetry.health.parts("hook:")) if runtime else 0,
    "service": settings and settings.service_name,
    "port": settings and str(settings.endpoint_port),
    "path": sys.path,
    "argv": sys.argv,
}), flush=True)
"""
OBSERVED = f"import discord\n{TELL}"


def parent(*words: str, environment: str = "None") -> str:
    """Return a program that starts a Python, and ends with its exit code."""
    return (
        "import os, subprocess, sys\n"
        f"sys.exit(subprocess.run([sys.executable, *{words!r}], env={environment}).returncode)\n"
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "tell.py").write_text(TELL)
    (tmp_path / "cluster.py").write_text(OBSERVED)
    return tmp_path


def told(argus: Run, directory: Path, *words: str, environment: str = "None", **variables: str) -> dict[str, object]:
    (directory / "my_bot.py").write_text(parent(*words, environment=environment))
    found = argus("run", "my_bot.py", **variables)
    assert (found.stderr, found.returncode) == ("", 0)
    return json.loads(found.stdout)


def test_a_child_that_imports_what_is_observed_is_instrumented(argus: Run, directory: Path) -> None:
    pytest.importorskip("discord")
    facts = told(argus, directory, "cluster.py", ARGUS_ENDPOINT_PORT="9471")
    assert facts["sdk"]
    assert facts["hooks"]
    assert (facts["service"], facts["port"]) == ("cluster", "9471")


def test_a_child_without_a_script_is_named_after_its_parent(argus: Run, directory: Path) -> None:
    pytest.importorskip("discord")
    assert told(argus, directory, "-c", OBSERVED)["service"] == "my_bot"
    assert told(argus, directory, "-c", OBSERVED, OTEL_SERVICE_NAME="music")["service"] == "music"


def test_a_child_that_uses_opentelemetry_has_an_sdk(argus: Run, directory: Path) -> None:
    source = "from opentelemetry import metrics, trace\nimport opentelemetry\n"
    source += "print(type(metrics.get_meter_provider()).__module__, opentelemetry.__spec__.origin)"
    (directory / "my_bot.py").write_text(parent("-c", source))
    assert argus("run", "my_bot.py").stdout == "opentelemetry.sdk.metrics._internal None\n"


def test_any_other_child_loads_nothing(argus: Run, python: Run, directory: Path) -> None:
    facts = told(argus, directory, "tell.py", "--flag")
    assert facts["ours"] == []
    assert facts == json.loads(python("tell.py", "--flag").stdout)


@pytest.mark.parametrize("option", ["-I", "-E", "-S"])
def test_an_isolated_child_is_left_alone(argus: Run, directory: Path, option: str) -> None:
    assert told(argus, directory, option, "-c", TELL)["ours"] == []


def test_a_child_is_left_alone_if_everything_is_disabled(argus: Run, directory: Path) -> None:
    pytest.importorskip("discord")
    environment = "{**os.environ, 'OTEL_SDK_DISABLED': 'true'}"
    assert not told(argus, directory, "cluster.py", environment=environment)["sdk"]
    assert not told(argus, directory, "cluster.py", OTEL_SDK_DISABLED="true")["sdk"]


def test_an_instrumented_child_starts_instrumented_children(argus: Run, directory: Path) -> None:
    pytest.importorskip("discord")
    (directory / "between.py").write_text(parent("cluster.py"))
    assert told(argus, directory, "between.py")["hooks"]


def test_a_child_of_another_environment_neither_fails_nor_prints(argus: Run, directory: Path) -> None:
    venv.create(directory / "other", with_pip=False)
    python = directory / "other" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    (directory / "discord.py").write_text("print('their discord')")
    (directory / "my_bot.py").write_text(
        f"import subprocess\nsubprocess.run([{str(python)!r}, '-c', 'import discord'])"
    )
    found = argus("run", "my_bot.py")
    assert (found.stdout, found.stderr) == ("their discord\n", "")


@pytest.mark.parametrize(("source", "expected"), [("print('theirs')", "theirs\n"), ("raise KeyError('x')", "")])
def test_another_sitecustomize_runs_too(argus: Run, python: Run, directory: Path, source: str, expected: str) -> None:
    pytest.importorskip("discord")
    (directory / "site").mkdir()
    (directory / "site" / "sitecustomize.py").write_text(source)
    code = "import discord, sys; print('opentelemetry.sdk' in sys.modules, "
    code += "getattr(sys.modules.get('sitecustomize'), '__file__', ''))"
    (directory / "my_bot.py").write_text(parent("-c", code))
    (directory / "plain.py").write_text(parent("-c", code))
    theirs = str(directory / "site")
    found, plain = argus("run", "my_bot.py", PYTHONPATH=theirs), python("plain.py", PYTHONPATH=theirs)
    assert expected in found.stdout
    assert "True " in found.stdout
    if expected:
        assert found.stdout == plain.stdout.replace("False", "True")
    else:  # Python's own message, once for the parent and once for the child
        assert found.stderr.count("Error in sitecustomize") == plain.stderr.count("Error in sitecustomize") == 2


def test_a_program_may_restart_itself_by_its_arguments(argus: Run, directory: Path) -> None:
    pytest.importorskip("discord")
    if os.name != "posix":
        pytest.skip("exec starts another process there")
    restart = "os.execv(sys.executable, [sys.executable, *sys.argv, 'again'])"
    (directory / "my_bot.py").write_text(f"import os, sys\nif 'again' not in sys.argv:\n    {restart}\n{OBSERVED}")
    facts = json.loads(argus("run", "my_bot.py").stdout)
    assert facts["hooks"]
    assert facts["service"] == "my_bot"


def test_a_child_that_calls_instrument_has_its_own_settings(argus: Run, directory: Path) -> None:
    pytest.importorskip("discord")
    source = f"import argus_otel\nargus_otel.instrument(service_name='mine', endpoint_port=9472)\n{OBSERVED}"
    facts = told(argus, directory, "-c", source)
    assert (facts["service"], facts["port"]) == ("mine", "9472")
    assert facts["hooks"]


def test_a_command_of_argus_otel_is_not_instrumented_by_its_parent(argus: Run, directory: Path) -> None:
    pytest.importorskip("discord")
    facts = told(argus, directory, "-m", "argus_otel", "run", "--service-name", "inner", "cluster.py")
    assert facts["service"] == "inner"
    (directory / "my_bot.py").write_text(parent("-m", "argus_otel", "doctor", "--no-network", "--json"))
    assert json.loads(argus("run", "my_bot.py").stdout)["counts"]["fail"] == 0


def test_the_parents_pythonpath_is_kept(argus: Run, directory: Path) -> None:
    (directory / "my_bot.py").write_text("import os\nprint(os.environ['PYTHONPATH'].split(os.pathsep)[1:])")
    paths = [str(directory / "one"), str(directory / "two")]
    for again in ([], [str(directory / "three")]):
        found = argus("run", "my_bot.py", PYTHONPATH=os.pathsep.join([*paths, *again]))
        assert found.stdout == f"{[*paths, *again]}\n"


def test_python_starts_about_as_fast_as_before() -> None:
    """A start costs tens of milliseconds; loading OpenTelemetry costs several hundred."""
    import argus_otel

    children = Path(argus_otel.__file__).with_name("children")
    environment = {**os.environ, "PYTHONPATH": str(children), "ARGUS_CHILD_IMPORTS": "discord,opentelemetry"}
    source = "import sys; print(len(sys.modules))"
    modules = [
        int(subprocess.run([sys.executable, "-c", source], env=each, capture_output=True, check=True).stdout)
        for each in (dict(os.environ), environment)
    ]
    assert modules[1] <= modules[0] + 1
