from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from argus_otel import __version__
from argus_otel.cli import main

from .conftest import Run


def test_help_teaches(argus: Run) -> None:
    told = argus("--help")
    assert told.returncode == 0
    assert "argus_otel.instrument()" in told.stdout
    for word in ("argus-otel run bot.py", "argus-otel run -m my_bot", "argus-otel doctor", "top", "demo"):
        assert word in told.stdout


def test_help_imports_no_subcommand(python: Run) -> None:
    source = (
        "import sys, argus_otel.cli\n"
        "try: argus_otel.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith(('argus_otel.cli.', 'rich', 'opentelemetry.sdk'))])"
    )
    assert python("-c", source).stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_help_of_a_subcommand_has_examples(argus: Run, command: str) -> None:
    told = argus(command, "--help")
    assert told.returncode == 0
    assert f"examples:\n  argus-otel {command}" in told.stdout


def test_version(argus: Run) -> None:
    assert argus("--version").stdout == f"argus-otel {__version__}\n"


@pytest.mark.parametrize("words", [(), ("dance",), ("--loud",), ("run",), ("run", "--loud", "x.py"), ("doctor", "x")])
def test_wrong_usage(argus: Run, words: tuple[str, ...]) -> None:
    told = argus(*words)
    assert told.returncode == 2
    assert "usage: argus-otel" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run(_: object) -> int:
        raise ModuleNotFoundError("No module named 'rich.table'", name="rich.table")

    subcommand = SimpleNamespace(add_arguments=lambda _: None, run=run)
    monkeypatch.setitem(sys.modules, "argus_otel.cli.top", subcommand)
    assert main(["top"]) == 2
    assert capsys.readouterr().err == (
        "argus-otel top needs rich, which is not installed: pip install 'argus-otel[cli]'\n"
    )


def test_nobody_has_to_read_to_the_end() -> None:
    command = [sys.executable, "-u", "-m", "argus_otel", "doctor", "--no-network"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as doctor:
        assert doctor.stdout is not None
        assert doctor.stderr is not None
        doctor.stdout.readline()
        doctor.stdout.close()
        assert doctor.stderr.read() == ""
        assert doctor.wait(30) == 0


def test_a_console_without_a_character_shows_another(python: Run) -> None:
    source = "from argus_otel.cli import main\nmain(['doctor', '--no-network'])\nprint('\\u256d')"
    told = python("-c", source, PYTHONIOENCODING="cp1252", OTEL_SERVICE_NAME="\u30dc\u30c3\u30c8")
    assert "Traceback" not in told.stderr
    assert told.stdout.splitlines()[-1] == "?"
    assert "that of the bot's script" not in told.stdout
