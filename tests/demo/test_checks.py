"""`argus-otel demo checks`, as a newcomer runs it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys

import pytest

from argus_otel.cli import main
from argus_otel.demo.checks import stage
from argus_otel.demo.checks.cast import CAST
from argus_otel.demo.checks.ledger import Ledger
from argus_otel.demo.observed_process import ObservedProcess
from lab.processes import free_port

COMMAND = [sys.executable, "-m", "argus_otel", "demo", "checks"]
PORT = ["--port", str(free_port())]  # others of the suite use the default one now and then


def test_it_ends_by_itself_and_everything_agrees() -> None:
    done = subprocess.run(
        [*COMMAND, "--duration", "10", *PORT], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"All \d+ numbers agree", done.stdout)
    assert "/metrics" in done.stdout
    assert re.search(r"\d+ runs; .*\d+ down", done.stdout)
    for subject in ("connections", "runs", "retries", "changes of status", "status now"):
        assert subject in done.stdout
    for part in CAST:
        assert part.name in done.stdout
    for verdict in ("timeout", "json", "reset", "protocol", "blocked", "certificate_expired", "certificate_untrusted"):
        assert f": {verdict}" in done.stdout


def test_a_count_that_is_wrong_makes_it_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = Ledger.record

    def record_one_too_many(ledger: Ledger, service: str, deed: str) -> None:
        if service == "shop" and not ledger.number("shop"):
            record(ledger, service, deed)
        record(ledger, service, deed)

    monkeypatch.setattr(Ledger, "record", record_one_too_many)
    monkeypatch.setattr(stage, "_SETTLE", 5.0)
    assert main(["demo", "checks", "--duration", "3", *PORT]) == 1
    told = capsys.readouterr().out
    assert re.search(r"2 of \d+ numbers differ", told)  # the connections of the shop, and its good runs
    assert len(re.findall(r"differs", told)) == 2


@pytest.mark.parametrize("module", ["cryptography", "h11", "yaml", "rich"])
def test_a_package_that_is_missing_is_named(module: str) -> None:
    program = (
        f"import sys; sys.modules[{module!r}] = None; from argus_otel.cli import main; sys.exit(main({COMMAND[3:]}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    needs = f"argus-otel demo checks needs {module}, which is not installed: pip install 'argus-otel[cli,checks]'\n"
    assert (done.returncode, done.stderr) == (2, needs)


def test_an_agent_that_cannot_start_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        ObservedProcess, "start", lambda self, words, more: start(self, ["checks", "run", "nowhere.yaml"], more)
    )
    assert main(["demo", "checks", "--duration", "1", *PORT]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "the agent did not start: it ended with exit code 2" in told
    assert "nowhere.yaml" in told


def test_a_port_that_is_not_free_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["demo", "checks", "--duration", "1", "--port", str(port)]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert f"argus-otel demo: port {port} is not free: give another --port, or none" in told


start = ObservedProcess.start
