"""``command`` checks: real programs, among them such that do not end, write too much, or leave others behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from argus_otel.sources.checks import program
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.executor import ExecutorContext, Probe
from argus_otel.sources.checks.file.checks_file import CheckFileError
from argus_otel.sources.checks.kinds.command import CommandExecutor, CommandOptions
from argus_otel.sources.checks.net.resolver import Resolver
from argus_otel.sources.checks.outcomes import Attempt, Outcome

from .probing import probed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are those of POSIX")


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def run(arguments: list[str], rest: str = "", timeout: str = "10s", options: str = "") -> Attempt:
    """Run a check of a program; ``rest`` are further keys of the check, ``options`` further ones of the command."""
    command = yaml.safe_dump(arguments, default_flow_style=True, width=10_000).strip()
    definition = f"{{command: {{run: {command}{options}}}{rest}}}"
    return asyncio.run(probed(definition, timeout, allow_commands=True))


def error_type(attempt: Attempt) -> ErrorType | None:
    return None if attempt.failure is None else attempt.failure.error_type


def ended(pid: int) -> bool:
    """Whether a process has ended; a zombie whose parent is another process counts as such."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def written(path: Path) -> int:
    """Wait until a program has written its process id, and return it."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if path.exists() and (text := path.read_text()).endswith("\n"):
            return int(text)
        time.sleep(0.01)
    raise AssertionError("the program did not say its process id")


def until_ended(pid: int) -> None:
    end = time.monotonic() + 20
    while not ended(pid):
        assert time.monotonic() < end, "the process goes on"
        time.sleep(0.01)


# A program that starts another in the background, and notes the process ids of both.
_TWO = """
import os, pathlib, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
for name, pid in (('child', child.pid), ('self', os.getpid())):
    (folder / 'new').write_text(f'{pid}\\n')
    (folder / 'new').rename(folder / name)
time.sleep(float(sys.argv[2]))
"""


def test_a_program_that_exits_with_0_is_well() -> None:
    attempt = run(python("print('42 of 100 used')"), ", expect: {output: '/^42 of/', duration: < 10s}")
    assert attempt.failure is None
    assert attempt.facts["exit_status"] == 0
    assert attempt.facts["output"] == b"42 of 100 used\n"
    assert sum(attempt.phases.values()) == pytest.approx(attempt.duration)


def test_another_exit_status_fails_unless_it_is_expected() -> None:
    attempt = run(python("raise SystemExit(2)"))
    assert error_type(attempt) is ErrorType.COMMAND
    assert attempt.failure is not None
    assert attempt.failure.detail == "exit_status is 2, not 0"
    attempt = run(python("raise SystemExit(1)"), ", expect: {exit_status: [0, 1]}, warn: {exit_status: 0}")
    assert attempt.outcome is Outcome.WARN


def test_what_it_writes_is_compared_and_not_shown() -> None:
    attempt = run(python("import sys; print('secret', file=sys.stderr)"), ", expect: {output: ready}")
    assert error_type(attempt) is ErrorType.ANSWER
    assert attempt.failure is not None
    assert "secret" not in attempt.failure.detail


def test_there_is_no_shell() -> None:
    attempt = run(python("import sys; print(sys.argv[1:])", "$(id)", "a b", "*", "; true"))
    assert attempt.facts["output"] == b"['$(id)', 'a b', '*', '; true']\n"


def test_its_environment_is_what_the_file_says_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_TEST_SECRET", "of the agent")
    attempt = run(["/usr/bin/env"], options=", environment: {WHERE: here}")
    lines = set(bytes(attempt.facts["output"]).decode().splitlines())  # type: ignore[call-overload]
    assert lines == {f"PATH={program.PATH}", "LC_ALL=C.UTF-8", "WHERE=here"}


def test_its_input_is_empty() -> None:
    assert run(["cat"]).facts["output"] == b""


def test_the_trace_goes_on_in_the_program() -> None:
    executor = CommandExecutor(ExecutorContext(Resolver(1), allow_commands=True))
    headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x-other": "1"}
    probe = Probe("it", CommandOptions(run=("/usr/bin/env",)), 10, headers)
    output = bytes(asyncio.run(executor.run(probe))["output"]).decode()  # type: ignore[call-overload]
    assert f"TRACEPARENT={headers['traceparent']}" in output
    assert "OTHER" not in output


def test_without_leave_nothing_is_started_and_nothing_is_judged(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    attempt = asyncio.run(probed(f"{{command: [touch, '{mark}']}}"))
    assert attempt.outcome is Outcome.UNKNOWN
    assert error_type(attempt) is ErrorType.BLOCKED
    assert attempt.failure is not None
    assert "--allow-commands" in attempt.failure.detail
    assert not mark.exists()


@pytest.mark.parametrize("name", ["/no/such/program", "no-such-program-anywhere", "/etc/passwd", "/"])
def test_a_program_that_cannot_be_started_is_told(name: str) -> None:
    attempt = run([name])
    assert error_type(attempt) is ErrorType.COMMAND
    assert attempt.failure is not None
    assert attempt.failure.detail.startswith("the program cannot be started: ")


def test_an_argument_that_no_program_can_have_is_told() -> None:
    attempt = asyncio.run(probed(r'{command: [echo, "a\0b"]}', allow_commands=True))
    assert error_type(attempt) is ErrorType.COMMAND


def test_a_signal_that_ends_it_is_named() -> None:
    attempt = run(python("import os; os.kill(os.getpid(), 11)"), ", expect: {exit_status: [0, 139]}")
    assert error_type(attempt) is ErrorType.COMMAND
    assert attempt.failure is not None
    assert attempt.failure.detail == "the program was ended by the signal SIGSEGV"


def test_output_without_end_is_cut_off_and_the_program_killed() -> None:
    attempt = run(["yes"], timeout="30s")
    assert error_type(attempt) is ErrorType.SIZE
    assert attempt.failure is not None
    assert attempt.failure.detail == "the program writes more than 65536 bytes"


@pytest.mark.parametrize(("length", "expected"), [(1000, None), (1001, ErrorType.SIZE)])
def test_the_limit_of_output_is_exact(length: int, expected: ErrorType | None) -> None:
    attempt = run(python(f"print('x' * {length}, end='')"), options=", limit: 1kB")
    assert error_type(attempt) is expected


def test_a_program_that_does_not_end_is_killed_with_its_children_and_leaves_no_zombie(tmp_path: Path) -> None:
    attempt = run(python(_TWO, str(tmp_path), "600"), timeout="3s")
    assert error_type(attempt) is ErrorType.TIMEOUT
    until_ended(written(tmp_path / "child"))
    assert not Path(f"/proc/{written(tmp_path / 'self')}").exists(), "it is a zombie of this process"


def test_what_a_program_leaves_behind_does_not_hold_up_its_check(tmp_path: Path) -> None:
    attempt = run(python(_TWO, str(tmp_path), "0"), timeout="60s")
    assert attempt.failure is None
    until_ended(written(tmp_path / "child"))


def test_a_program_that_ignores_every_signal_it_can_is_killed(tmp_path: Path) -> None:
    code = "import signal\nfor each in range(1, 32):\n    if each not in (9, 19): signal.signal(each, signal.SIG_IGN)\n"
    code += "import os, sys, pathlib; pathlib.Path(sys.argv[1]).write_text(f'{os.getpid()}\\n')\nsignal.pause()"
    attempt = run(python(code, str(tmp_path / "self")), timeout="3s")
    assert error_type(attempt) is ErrorType.TIMEOUT
    until_ended(written(tmp_path / "self"))


def test_a_daemon_that_holds_the_output_ends_its_check_at_the_deadline(tmp_path: Path) -> None:
    # It has left the group that is killed.
    code = "import os, sys, time, pathlib\nif os.fork() == 0:\n    os.setsid()\n"
    code += "    pathlib.Path(sys.argv[1]).write_text(f'{os.getpid()}\\n')\n    time.sleep(600)"
    attempt = run(python(code, str(tmp_path / "daemon")), timeout="3s")
    os.kill(written(tmp_path / "daemon"), signal.SIGKILL)
    assert error_type(attempt) is ErrorType.TIMEOUT


def test_programs_leave_no_file_descriptor_and_no_process() -> None:
    async def life() -> tuple[int, int]:
        await probed("{command: [true]}", allow_commands=True)
        before = len(list(Path("/proc/self/fd").iterdir()))
        for timeout in ("10s", "100ms") * 5:
            await probed("{command: [sleep, '0.5']}", timeout, allow_commands=True)
        return before, len(list(Path("/proc/self/fd").iterdir()))

    others = set(psutil.Process().children())  # other tests of this process may have some
    before, after = asyncio.run(life())
    assert after <= before
    assert set(psutil.Process().children()) <= others


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("command: df -h /", r"there is no shell that splits a text; write \[df, -h, /\]"),
        ("command: {run: []}", "there is no program"),
        ("command: ['']", "there is no program"),
        ("command: {run: {df: 1}}", "a mapping is not a list with a program"),
        ("command: [df], expect: {exit_status: 256}", "256 is not a whole number from 0 to 255"),
        ("command: [df], expect: {exit_status: ok}", "'ok' is not a whole number"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(definition: str, message: str) -> None:
    with pytest.raises(CheckFileError, match=message):
        asyncio.run(probed(f"{{{definition}}}"))
