"""The wheel as users get it: built, and installed by plain pip with discord.py only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from argus_otel.demo.agreement import compare
from discord_simulator import BackgroundSimulator

from .conftest import ROOT, Receiver, Start, exports_at_the_end, until
from .test_commands import idle, use

pytestmark = pytest.mark.timeout(400)

KEPT = (".json", ".yaml", ".md")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the scripts' directory of an environment with the wheel and discord.py in it, and what redirects a bot."""
    directory = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)]
    for project in (ROOT, ROOT / "packages" / "discord-simulator"):
        subprocess.run(build, cwd=project, check=True, capture_output=True)
    (wheel,) = directory.glob("argus_otel-*.whl")
    (redirecting,) = directory.glob("discord_simulator-*.whl")
    venv.create(directory / "env", with_pip=True)
    scripts = directory / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = str(scripts / "python")
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "discord.py>=2.4", str(redirecting)], check=True, capture_output=True
    )
    (scripts / "discord.json").write_text(json.dumps(sorted(packages(scripts))))
    install = [python, "-m", "pip", "install", "-q", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    return scripts


def packages(scripts: Path) -> set[str]:
    """Return what is installed, by normal names."""
    command = [str(scripts / "python"), "-m", "pip", "list", "--format=json"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    return {package["name"].lower().replace("_", "-") for package in json.loads(listed.stdout)}


def test_the_core_install_is_small_and_consistent(scripts: Path) -> None:
    python = str(scripts / "python")
    subprocess.run([python, "-m", "pip", "check"], check=True, capture_output=True)
    installed = packages(scripts)
    discord = set(json.loads((scripts / "discord.json").read_text()))
    ours = {name for name in installed - discord if not name.startswith("opentelemetry-")}
    assert ours <= {
        "argus-otel", "wrapt", "prometheus-client", "grpcio", "protobuf", "googleapis-common-protos",
        "typing-extensions", "packaging", "pip", "setuptools", "importlib-metadata", "zipp", "requests", "urllib3",
        "certifi", "charset-normalizer",
    }  # fmt: skip


@exports_at_the_end
@pytest.mark.parametrize("way", ["opentelemetry-instrument", "argus-otel run"])
def test_the_wheel_does_the_same(
    simulator: BackgroundSimulator, start: Start, receiver: Receiver, scripts: Path, way: str
) -> None:
    first, *rest = way.split()
    command = [str(scripts / first), *(rest or ["python"])]
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    bot = start(command, settings=settings)
    use(simulator)
    until(lambda: idle(bot))
    until(lambda: all(row.agrees for row in compare(simulator.ledger, bot.metrics(), 1)))
    status = json.loads(bot.get("/status"))
    assert {part["state"] for name, part in status["parts"].items() if name.startswith("hook:")} == {"ok"}
    assert status["faults"] == {}
    assert bot.get("/readyz")
    assert bot.end() == 0
    (play,) = receiver.received.named("command play")
    assert any(span.parent_span_id == play.span_id for span in receiver.received.spans)


def test_what_needs_an_extra_says_so(scripts: Path) -> None:
    for command in ("top", "demo"):
        told = subprocess.run([str(scripts / "argus-otel"), command], check=False, capture_output=True, text=True)
        assert told.returncode == 2
        assert "pip install 'argus-otel[" in told.stderr


@pytest.mark.parametrize("kind", ["dashboards", "rules", "collector"])
def test_it_exports_what_the_repository_has(scripts: Path, tmp_path: Path, kind: str) -> None:
    command = [str(scripts / "argus-otel"), "export", kind, str(tmp_path / "out")]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    written = {path.relative_to(tmp_path / "out"): path for path in (tmp_path / "out").rglob("*") if path.is_file()}
    origin = ROOT / {"dashboards": "grafana", "rules": "prometheus/rules", "collector": "collector-config"}[kind]
    there = {path.relative_to(origin): path for path in origin.rglob("*.*") if path.suffix in KEPT}
    if kind == "rules":
        there |= {Path("runbooks", path.name): path for path in (ROOT / "docs" / "runbooks").iterdir()}
        for part in ("alertmanager", "victoriametrics"):
            there |= {Path(part, path.name): path for path in (ROOT / part).iterdir()}
    assert set(written) == set(there)
    assert all(path.read_bytes() == there[name].read_bytes() for name, path in written.items())
