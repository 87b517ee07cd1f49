"""Bots of discord.py's forks, each in an environment of its own that uv makes: no two of them go into one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.launch.conftest import ROOT, free_port, simulator, start
from tools.find_uv import find

__all__ = ["Fork", "free_port", "simulator", "start"]

UV = find()


@dataclass(frozen=True)
class Fork:
    """A fork, installed beside argus-otel.

    Attributes
    ----------
    name:
        As PyPI has it.
    root:
        As it is imported.
    bot:
        The file of its bot.
    scripts:
        The directory of its environment's commands.
    """

    name: str
    root: str
    bot: Path
    scripts: Path

    @property
    def python(self) -> str:
        return str(self.scripts / "python")


ROOTS = {"py-cord": "discord", "nextcord": "nextcord", "disnake": "disnake"}


def uv(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*(UV or ()), *words], capture_output=True, text=True, timeout=180)


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return what makes an environment with packages in it, and returns the directory of its commands.

    The test is skipped where there is no uv, or where it cannot get the packages.
    """

    def make(*packages: str) -> Path:
        if UV is None:
            pytest.skip("uv is needed to make environments: https://docs.astral.sh/uv/getting-started/installation/")
        environment = tmp_path_factory.mktemp("environment") / "env"
        made = uv("venv", "--python", sys.executable, str(environment))
        assert made.returncode == 0, made.stderr
        scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
        python = str(scripts / "python")
        got = uv("pip", "install", "--python", python, "hatchling", *packages)
        if got.returncode:
            pytest.skip(f"uv cannot get {' '.join(packages)}: {got.stderr.strip().splitlines()[-1]}")
        simulator = ROOT / "packages" / "discord-simulator"  # which redirects the bots
        ours = uv("pip", "install", "--python", python, "-e", str(ROOT), "-e", str(simulator))
        assert ours.returncode == 0, ours.stderr
        return scripts

    return make


@pytest.fixture(scope="session", params=sorted(ROOTS))
def fork(request: pytest.FixtureRequest, install: Callable[..., Path]) -> Fork:
    name = request.param
    # nextcord 2 takes `pkg_resources` from setuptools without asking for it.
    scripts = install(name, "setuptools<81")
    bot = Path(__file__).parent / "bots" / f"with_{name.replace('-', '_')}.py"
    return Fork(name, ROOTS[name], bot, scripts)
