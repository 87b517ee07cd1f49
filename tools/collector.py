"""Builds the Collector of ``collector-config/builder.yaml``, which the tests run.

``make collector`` runs this. The binary is kept in ``$XDG_CACHE_HOME/argus-otel/collector/<the manifest's hash>/``,
so it is built once for all clones, and again when the manifest changes. Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = ROOT / "collector-config" / "builder.yaml"
NAME = "argus-otelcol"
GO = (1, 26)
"""The oldest Go that the Collector's release can be built with, as its ``go.mod`` says."""


def main(arguments: list[str] | None = None) -> int:
    """Build it, if it is not built yet; print its path; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", action="store_true", help="print where it is, or would be, and build nothing")
    chosen = parser.parse_args(arguments)
    wanted = binary()
    if not chosen.path and not wanted.exists():
        try:
            build(wanted)
        except BuildError as error:
            print(f"collector: {error}", file=sys.stderr)
            return 1
    print(wanted)
    return 0


class BuildError(Exception):
    """The Collector could not be built; the message names the remedy."""


def binary() -> Path:
    """Return the path of the Collector of this manifest, built or not.

    Comments and empty lines of the manifest are ignored: changing them does not cause a build.
    """
    lines = (line.rstrip() for line in MANIFEST.read_text(encoding="utf-8").splitlines())
    meant = "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))
    digest = hashlib.sha256(meant.encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "argus-otel" / "collector" / digest / (NAME + (".exe" if os.name == "nt" else ""))


def build(wanted: Path) -> None:
    """Build the Collector, and put it there.

    Raises
    ------
    BuildError
        Go is missing or too old, or a step failed. The step's output is on standard error.
    """
    environment = go_environment()
    version = release()
    begun = time.monotonic()
    wanted.parent.mkdir(parents=True, exist_ok=True)
    # In the target's directory, so that the last step is a rename: concurrent builds never leave half a binary.
    with tempfile.TemporaryDirectory(dir=wanted.parent, ignore_cleanup_errors=True) as directory:
        builder = Path(directory) / ("builder.exe" if os.name == "nt" else "builder")
        environment["GOBIN"] = directory
        say(f"building {NAME} {version}: some 6 minutes the first time, and 1 where Go's caches are warm")
        say("1 of 2: the Collector Builder")
        step(["go", "install", f"go.opentelemetry.io/collector/cmd/builder@v{version}"], directory, environment)
        say("2 of 2: its modules are fetched and compiled")
        step([str(builder), "--config", str(MANIFEST)], directory, environment)
        built = next((Path(directory) / "build").glob(f"{NAME}*"))
        step([str(built), "--version"], directory, environment)
        built.replace(wanted)
    say(f"built in {time.monotonic() - begun:.0f} s")


def release() -> str:
    """The Collector's release that the manifest names, such as ``0.161.0``."""
    found = re.search(r"^  version: (\S+)$", MANIFEST.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise BuildError(f"{MANIFEST} has no dist.version")
    return found.group(1)


def go_environment() -> dict[str, str]:
    """The environment to run Go in.

    Raises
    ------
    BuildError
        Go is missing, or too old and cannot fetch a newer one.
    """
    needed = ".".join(str(part) for part in GO)
    if not shutil.which("go"):
        raise BuildError(f"Go {needed} or newer is needed, and no `go` is on PATH: https://go.dev/doc/install")
    told = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S607
    found = re.match(r"go(\d+)\.(\d+)", told)
    have = (int(found.group(1)), int(found.group(2))) if found else (0, 0)
    # Since 1.21 an older Go fetches the version that a module requires, unless that is disabled.
    fetches = have >= (1, 21) and os.environ.get("GOTOOLCHAIN", "auto") != "local"
    if have < GO and not fetches:
        raise BuildError(
            f"Go {needed} or newer is needed; this is {told or 'of no version'}: https://go.dev/doc/install"
        )
    return {**os.environ, "CGO_ENABLED": "0"}


def step(command: list[str], directory: str, environment: dict[str, str]) -> None:
    """Run one step; its output is the progress.

    Raises
    ------
    BuildError
        It failed.
    """
    ended = subprocess.run(command, cwd=directory, env=environment, stdout=sys.stderr, check=False)
    if ended.returncode:
        raise BuildError(f"`{' '.join(command)}` failed (exit code {ended.returncode}); what it printed is above")


def say(text: str) -> None:
    """Print to standard error, because standard output is the path."""
    print(f"collector: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
