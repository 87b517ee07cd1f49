"""Runs the tests in one cell of the matrix: a Python, a discord.py or a LangGraph, and a choice of all other versions.

``make test-with DISCORD=2.4.0 PYTHON=3.10 RESOLUTION=lowest``, ``make test-graphs LANGGRAPH=0.2.76`` and the workflow
run this, so a failure of the workflow can be reproduced locally. Each cell has an environment of its own under
``build/cells``, made by uv.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CELLS = ROOT / "build" / "cells"
_OPENTELEMETRY = "https://github.com/open-telemetry/opentelemetry-python"
_CONTRIB = "https://github.com/open-telemetry/opentelemetry-python-contrib"
# Package: its repository, branch and directory there.
MAINS = {
    "opentelemetry": {
        "opentelemetry-api": (_OPENTELEMETRY, "main", "opentelemetry-api"),
        "opentelemetry-configuration": (_OPENTELEMETRY, "main", "opentelemetry-configuration"),
        "opentelemetry-proto": (_OPENTELEMETRY, "main", "opentelemetry-proto"),
        "opentelemetry-sdk": (_OPENTELEMETRY, "main", "opentelemetry-sdk"),
        "opentelemetry-semantic-conventions": (_OPENTELEMETRY, "main", "opentelemetry-semantic-conventions"),
        "opentelemetry-test-utils": (_OPENTELEMETRY, "main", "tests/opentelemetry-test-utils"),
        **{
            f"opentelemetry-exporter-{name}": (_OPENTELEMETRY, "main", f"exporter/opentelemetry-exporter-{name}")
            for name in (
                "http-transport",
                "otlp-common",
                "otlp-proto-common",
                "otlp-proto-grpc",
                "otlp-proto-http",
                "prometheus",
            )
        },
        "opentelemetry-instrumentation": (_CONTRIB, "main", "opentelemetry-instrumentation"),
        "opentelemetry-util-http": (_CONTRIB, "main", "util/opentelemetry-util-http"),
        **{
            f"opentelemetry-instrumentation-{name}": (
                _CONTRIB,
                "main",
                f"instrumentation/opentelemetry-instrumentation-{name}",
            )
            for name in ("aiohttp-client", "dbapi", "httpx", "logging", "requests", "system-metrics")
        },
    },
    "discord.py": {"discord.py[speed]": ("https://github.com/Rapptz/discord.py", "master", "")},
}
GRAPHS = ["tests/graphs_source", "tests/detections"]
"""The tests of agent graphs."""

UV = [shutil.which("uv")] if shutil.which("uv") else [sys.executable, "-m", "uv"]


def main(arguments: list[str] | None = None) -> int:
    """Create the cell's environment and run pytest in it; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default="", help="a version or a path, for uv; by default this one")
    parser.add_argument(
        "--discord", default="", help="discord.py's version, such as 2.4.0; by default the cell's choice"
    )
    parser.add_argument(
        "--langgraph",
        default="",
        help="run the tests of agent graphs alone, with this version, such as 0.2.76, or `newest`: an environment with "
        "nothing else in it",
    )
    parser.add_argument(
        "--resolution",
        choices=("locked", "lowest", "newest"),
        default="locked",
        help="the dependencies as uv.lock has them, the lowest that pyproject.toml allows, or the newest",
    )
    parser.add_argument("--main", choices=MAINS, default="", help="take these packages from their main branch, by git")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    chosen = parser.parse_args(arguments)
    if chosen.langgraph:
        python, words = make_for_graphs(chosen.python or sys.executable, chosen.langgraph), chosen.pytest or GRAPHS
    else:
        python = make(chosen.python or sys.executable, chosen.discord, chosen.resolution, chosen.main)
        words = chosen.pytest
    show(python)
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.run([python, "-m", "pytest", *words], cwd=ROOT, env=environment, check=False).returncode


def make_for_graphs(python: str, langgraph: str) -> str:
    """Create an environment for the tests of agent graphs; return its Python. LangChain's agents need LangGraph 1."""
    environment = CELLS / re.sub(r"[^\w.-]+", "-", f"{python}-langgraph-{langgraph}").strip("-")
    uv("venv", "--quiet", "--clear", "--python", python, str(environment))
    inside = inside_of(environment)
    wanted = ["langgraph" if langgraph == "newest" else f"langgraph=={langgraph}"]
    if not langgraph.startswith("0."):
        wanted += ["langchain>=1,<2", "langchain-openai>=1,<2"]
    if langgraph.startswith("1.0."):
        wanted.append("langgraph-prebuilt<=1.0.8")  # later ones ask for any LangGraph 1, and import what 1.1 has
    tests = ("hypothesis>=6.100", "pytest>=8", "pytest-timeout>=2.3", "pytest-xdist>=3.8")
    uv("pip", "install", "--quiet", "--python", inside, "-e", f"{ROOT}[cli]", *wanted, *tests)
    return inside


def inside_of(environment: Path) -> str:
    """Return the Python of an environment."""
    return str(environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def make(python: str, discord: str, resolution: str, main: str = "") -> str:
    """Create the cell's environment; return its Python."""
    name = "-".join(filter(None, (python, discord, resolution, main)))
    environment = CELLS / re.sub(r"[^\w.-]+", "-", name).strip("-")
    uv("venv", "--quiet", "--clear", "--python", python, str(environment))
    inside = inside_of(environment)
    words = ["pip", "install", "--quiet", "--python", inside, "-e", f"{ROOT}[all]"]
    if discord:
        words.append(f"discord.py[speed]=={discord}")
    if main:
        if resolution != "newest":
            sys.exit("tools/matrix_env.py: --main takes all else in its newest version: --resolution newest")
        with tempfile.TemporaryDirectory() as directory:
            listed = Path(directory) / "overrides.txt"
            listed.write_text("".join(f"{line}\n" for line in overrides(main)), encoding="utf-8")
            # Overrides, since packages of one release ask for each other's exact versions.
            uv(*words, "--upgrade", "--overrides", str(listed), "--group", f"{ROOT / 'pyproject.toml'}:dev")
    elif resolution == "locked":
        with tempfile.TemporaryDirectory() as directory:
            listed = Path(directory) / "requirements.txt"
            # Without discord.py and what only one version of it asks for: the cell's has its own.
            leave_out = ["--no-emit-package", "discord-py"] if discord else []
            export = ("export", "--quiet", "--locked", "--no-hashes", "--no-emit-project", "--output-file", str(listed))
            uv(*export, *leave_out)
            uv(*words, "-r", str(listed))
    else:
        how = ("--resolution", "lowest-direct") if resolution == "lowest" else ("--upgrade",)
        uv(*words, *how, "--group", f"{ROOT / 'pyproject.toml'}:dev")
    return inside


def overrides(main: str) -> list[str]:
    """Return the requirements that override all others of the same packages, each from a branch of its repository."""
    return [
        f"{package} @ git+{repository}@{branch}" + (f"#subdirectory={directory}" if directory else "")
        for package, (repository, branch, directory) in MAINS[main].items()
    ]


def show(python: str) -> None:
    """Print the versions in the cell."""
    listed = uv("pip", "list", "--python", python)
    shown = ("discord", "langgraph", "langchain", "opentelemetry", "aiohttp", "wrapt", "prometheus")
    print(subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout.strip())
    print("\n".join(line for line in listed.splitlines() if line.lower().startswith(shown)), flush=True)


def uv(*words: str) -> str:
    """Run uv; return its output.

    Raises
    ------
    SystemExit
        It failed, and has printed the reason.
    """
    done = subprocess.run([*UV, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
