from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from argus_otel import __version__
from argus_otel.cli import main

from .conftest import Run

QUEUE = """
from argus_otel.sources.spec import SourceSpec
SPEC = SourceSpec(
    'queue', api={api}, title='a queue', factory='a:b', catalogue='a:b', commands='queue_commands:COMMANDS'
)
"""
COMMANDS = """
from argus_otel.terminal.commands import Command
COMMANDS = {
    'depth': Command(
        'queue_depth', 'count the jobs that wait', 'Counts the jobs that wait.', ('queue depth --of mail',)
    ),
    'broken': Command('queue_broken', 'fail at import', 'Fails at import.'),
    'drawn': Command('queue_drawn', 'draw', 'Draws.', extra='cli'),
}
"""
DEPTH = """
import sys
def add_arguments(parser): parser.add_argument('--of', default='all')
def run(arguments):
    print('depth of', arguments.of)
    print(*(name for name in sys.modules if name.startswith('queue_')))
    return 3
"""
ENTRY_POINT = "[argus_otel_source]\nqueue = queue_source:SPEC\n"


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
    assert "the name of the script" not in told.stdout


# -- commands of sources


@pytest.fixture
def queue(argus: Run, distribution: Callable[..., str]) -> Run:
    """Run ``argus-otel`` where a source of somebody else's is installed."""
    path = distribution(
        "queue-argus",
        "1.0",
        ENTRY_POINT,
        queue_source=QUEUE.format(api=1),
        queue_commands=COMMANDS,
        queue_depth=DEPTH,
        queue_broken="raise RuntimeError('no queue here')",
        queue_drawn="import a_package_that_is_not_installed.tables",
    )
    return lambda *words, **variables: argus(*words, PYTHONPATH=path, **variables)


def test_a_source_adds_commands(queue: Run) -> None:
    told = queue("queue", "depth", "--of", "mail")
    assert (told.returncode, told.stderr) == (3, "")
    first, modules = told.stdout.splitlines()
    assert first == "depth of mail"
    assert modules.split() == ["queue_source", "queue_commands", "queue_depth"]  # and none of another command's


def test_help_lists_sources_and_their_commands(queue: Run) -> None:
    listed = queue("--help").stdout
    assert re.search(r"\n  queue +a queue\n", listed)
    assert "\n  process " not in listed  # it has no commands
    of_source = queue("queue", "--help").stdout
    assert "\n  depth   count the jobs that wait\n" in of_source
    assert "argus-otel queue depth --of mail" in of_source
    assert queue("queue", "depth", "--help").stdout.startswith("usage: argus-otel queue depth [-h] [--of OF]")


@pytest.mark.parametrize("words", [("queue",), ("queue", "dance"), ("queue", "depth", "x"), ("process", "depth")])
def test_wrong_usage_of_a_source(queue: Run, words: tuple[str, ...]) -> None:
    told = queue(*words)
    assert told.returncode == 2
    assert "usage: argus-otel" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_command_that_cannot_be_imported_is_one_line(queue: Run) -> None:
    told = queue("queue", "broken")
    assert told.returncode == 1
    assert told.stderr == "argus-otel: the source queue cannot be used: RuntimeError: no queue here\n"
    drawn = queue("queue", "drawn")
    assert drawn.returncode == 2
    assert drawn.stderr.startswith(
        "argus-otel queue drawn needs a_package_that_is_not_installed, which is not installed"
    )


def test_a_source_that_cannot_be_used_is_one_line_and_costs_nothing(
    argus: Run, distribution: Callable[..., str]
) -> None:
    path = distribution("queue-argus", "1.0", ENTRY_POINT, queue_source=QUEUE.format(api=99))
    listed = argus("--help", PYTHONPATH=path)
    assert listed.returncode == 0
    assert "argus-otel run bot.py" in listed.stdout
    (complaint,) = listed.stderr.splitlines()
    assert complaint.startswith("argus-otel: the source queue cannot be used: it is written for version 99 ")
    asked = argus("queue", "depth", PYTHONPATH=path)
    assert asked.returncode == 1
    assert asked.stderr.splitlines() == [complaint]
    assert argus("catalogue", PYTHONPATH=path).returncode == 0
