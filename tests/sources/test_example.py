"""The example source, from its wheel: a third party's package, which touches nothing of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from lab.exposition import samples

from ..launch.conftest import EVERY_WAY

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "source"

PROGRAM = """
import sys, time, urllib.request
from concurrent.futures import ThreadPoolExecutor

def resize(number):
    time.sleep(0.01)
    if number == 3:
        raise ValueError(number)

with ThreadPoolExecutor(2) as pool:
    list(map(lambda job: job.exception(), [pool.submit(resize, number) for number in range(10)]))

from argus_otel.runtime import runtime
print(urllib.request.urlopen(runtime().endpoint_url + "/metrics").read().decode())
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, and unpack it where Python finds it."""
    folder = tmp_path_factory.mktemp("example")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=EXAMPLE, check=True, capture_output=True, timeout=60)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def run(installed: Path, tmp_path: Path) -> Run:
    """Run a command beside the installed example, in a directory of its own."""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{bare['PATH']}"
        environment = {**bare, "PATH": path, "PYTHONPATH": str(installed), "ARGUS_ENDPOINT_PORT": "0", **variables}
        return subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
        )

    return run


def test_it_passes_the_contract(run: Run) -> None:
    done = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests"))
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_program_that_uses_a_pool_has_its_metrics(way: list[str], run: Run, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    done = run(*way, "program.py")
    assert done.returncode == 0, done.stderr
    counted = {
        (labels["executor_job_name"], labels.get("error_type", "")): value
        for name, labels, value in samples(done.stdout.strip() + "\n")
        if name == "executor_job_duration_seconds_count"
    }
    assert counted == {("resize", ""): 9, ("resize", "ValueError"): 1}
    assert [value for name, _, value in samples(done.stdout.strip() + "\n") if name == "executor_job_waiting"] == [0]
    assert "1 hook in concurrent.futures" in done.stderr
    assert "process_uptime_seconds" in done.stdout  # companions came along


def test_a_program_that_only_imports_pools_opens_no_port(run: Run, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("from concurrent.futures import ThreadPoolExecutor\n")
    done = run(sys.executable, "-m", "argus_otel", "run", "program.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(find_spec("chdb") is None, reason="needs ClickHouse's engine: pip install chdb-core-lite")
def test_its_history_has_a_table_and_its_command_asks_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    store = {"ARGUS_HISTORY": "store", "ARGUS_HISTORY_STORE": "chdb:jobs"}
    done = run(sys.executable, "-m", "argus_otel", "run", "program.py", **store)
    assert done.returncode == 0, done.stderr
    asked = run(sys.executable, "-m", "argus_otel", "executor", "slowest", "--format", "json", **store)
    assert asked.returncode == 0, asked.stderr
    (row,) = json.loads(asked.stdout)
    assert (row["job"], row["runs"]) == ("resize", 10)
    assert row["longest"] >= row["mean"] > 0.01
    again = run(sys.executable, "-m", "argus_otel", "executor", "slowest", "--since", "1d", **store)
    assert "resize" in again.stdout


def test_the_commands_of_argus_otel_know_it(run: Run, tmp_path: Path) -> None:
    def argus(*words: str) -> str:
        done = run(sys.executable, "-m", "argus_otel", *words)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    assert "executor" in argus("--help")
    assert "slowest" in argus("executor", "--help")
    assert "executor.job.duration" in argus("catalogue", "--source", "executor")
    assert "ThreadPoolExecutor.submit is the standard library's" in argus("doctor", "--no-network")
    argus("export", "dashboards", "out", "--source", "executor")
    assert json.loads((tmp_path / "out" / "dashboards" / "executor" / "executor.json").read_text())["uid"] == "executor"


def test_it_has_a_panel_in_top(run: Run, tmp_path: Path) -> None:
    shown = PROGRAM.rpartition("print(")[0] + (
        "import subprocess\n"
        "url = runtime().endpoint_url\n"
        "command = [sys.executable, '-m', 'argus_otel', 'top', '--once', url]\n"
        "print(subprocess.run(command, capture_output=True, text=True).stdout)\n"
    )
    (tmp_path / "program.py").write_text(shown)
    done = run(sys.executable, "-m", "argus_otel", "run", "program.py")
    assert "executor" in done.stdout, done.stdout + done.stderr
    assert "waiting 0" in done.stdout


def test_it_is_switched_off_by_its_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "from concurrent.futures import ThreadPoolExecutor\nprint(hasattr(ThreadPoolExecutor.submit, '__wrapped__'))\n"
    )
    for disabled, hooked in (("", "True"), ("executor", "False")):
        done = run(
            sys.executable, "-m", "argus_otel", "run", "program.py", OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=disabled
        )
        assert done.stdout.strip() == hooked, done.stderr


def test_it_is_about_one_hundred_and_fifty_lines() -> None:
    """Without its tests, blank lines and docstrings: short enough to copy."""
    files = (EXAMPLE / "src").rglob("*.py")
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    code = [line for line in lines if line.strip() and not line.strip().startswith(('"""', "#"))]
    assert len(code) < 180
