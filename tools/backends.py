"""Builds the backends that the tests run and that no package has: the Collector, Prometheus 3, Alertmanager and others.

    python3 tools/backends.py               all of them, which `make backends` does
    python3 tools/backends.py prometheus    one
    python3 tools/backends.py --path        print where they are, or would be, and build nothing

Each binary is kept in ``$XDG_CACHE_HOME/argus-otel/NAME/HASH/``, so it is built once for all clones, and again when
what it is built from changes. Go checks each module by its checksum database. Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = ROOT / "collector-config" / "builder.yaml"
GO = (1, 26)
"""The oldest Go that every release here can be built with, as their ``go.mod`` say."""
_EXE = ".exe" if os.name == "nt" else ""


class BuildError(Exception):
    """A program could not be built; the message names the remedy."""


class Program(ABC):
    """A program, in Go unless its class says otherwise.

    Parameters
    ----------
    name:
        Of the program, for its directory and on the command line.
    binary:
        The name of its file.
    takes:
        How long a build takes, as text.
    """

    def __init__(self, name: str, binary: str, takes: str) -> None:
        self.name = name
        self.binary = binary + _EXE
        self.takes = takes
        self.tells_version = "--version"

    @property
    @abstractmethod
    def release(self) -> str:
        """Its release, such as ``0.161.0``."""

    @abstractmethod
    def source(self) -> str:
        """Return a text that changes whenever another binary would come out."""

    @abstractmethod
    def make(self, directory: Path, environment: dict[str, str]) -> Path:
        """Build it in ``directory``, and return the binary's path.

        Raises
        ------
        BuildError
            A step failed. Its output is on standard error.
        """

    @property
    def path(self) -> Path:
        """Where the binary is, built or not."""
        digest = hashlib.sha256(self.source().encode()).hexdigest()[:16]
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "argus-otel" / self.name / digest / self.binary

    def environment(self) -> dict[str, str]:
        """Return the environment to build it in.

        Raises
        ------
        BuildError
            What builds it is missing or too old.
        """
        return go_environment()

    def build(self) -> None:
        """Build it, and put it there.

        Raises
        ------
        BuildError
            What builds it is missing or too old, or a step failed. The step's output is on standard error.
        """
        environment = self.environment()
        wanted = self.path
        begun = time.monotonic()
        self.say(f"building {self.binary} {self.release}: {self.takes}")
        wanted.parent.mkdir(parents=True, exist_ok=True)
        # In the target's directory, so that the last step is a rename: concurrent builds never leave half a binary.
        with tempfile.TemporaryDirectory(dir=wanted.parent, ignore_cleanup_errors=True) as directory:
            built = self.make(Path(directory), environment)
            self.step([str(built), self.tells_version], directory, environment)
            built.replace(wanted)
        self.say(f"built in {time.monotonic() - begun:.0f} s")

    def step(self, command: list[str], directory: Path | str, environment: dict[str, str]) -> None:
        """Run one step; its output is the progress.

        Raises
        ------
        BuildError
            It failed.
        """
        ended = subprocess.run(command, cwd=directory, env=environment, stdout=sys.stderr, check=False)
        if ended.returncode:
            raise BuildError(f"`{' '.join(command)}` failed (exit code {ended.returncode}); what it printed is above")

    def say(self, text: str) -> None:
        """Print to standard error, because standard output is the path."""
        print(f"{self.name}: {text}", file=sys.stderr, flush=True)


class Collector(Program):
    """The OpenTelemetry Collector of ``collector-config/builder.yaml``, which the Collector Builder puts together."""

    def __init__(self) -> None:
        super().__init__("collector", "argus-otelcol", "6 minutes, or 1 where Go's caches are warm")

    @property
    def release(self) -> str:
        """The release that the manifest names."""
        found = re.search(r"^  version: (\S+)$", MANIFEST.read_text(encoding="utf-8"), re.MULTILINE)
        if not found:
            raise BuildError(f"{MANIFEST} has no dist.version")
        return found.group(1)

    def source(self) -> str:
        """Return the manifest without comments and empty lines: changing them does not cause a build."""
        lines = (line.rstrip() for line in MANIFEST.read_text(encoding="utf-8").splitlines())
        return "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))

    def make(self, directory: Path, environment: dict[str, str]) -> Path:
        """Build the Builder, and let it build the Collector."""
        environment["GOBIN"] = str(directory)
        self.say("1 of 2: the Collector Builder")
        builder = f"go.opentelemetry.io/collector/cmd/builder@v{self.release}"
        self.step(["go", "install", builder], directory, environment)
        self.say("2 of 2: its modules are fetched and compiled")
        self.step([str(directory / f"builder{_EXE}"), "--config", str(MANIFEST)], directory, environment)
        return next((directory / "build").glob("argus-otelcol*"))


class Module(Program):
    """A program of a Go module, by a ``go.mod`` of our own that requires exactly this version.

    Parameters
    ----------
    module, version, package:
        The module, its version, and the program's package within it.
    replaced:
        Modules that it replaces by others in its own ``go.mod``, which counts nowhere else: the names, with a path and
        version for each. Those of which the program compiles a part.
    absent:
        A file that the program embeds and that its module does not contain, such as the web interface, which its
        makers build with npm. An empty one is put there.
    tells_version:
        The argument with which the program tells its version, to see that it runs.
    """

    def __init__(
        self,
        name: str,
        binary: str,
        module: str,
        version: str,
        package: str,
        takes: str,
        absent: str = "",
        tells_version: str = "--version",
        replaced: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(name, binary, takes)
        self.tells_version = tells_version
        self.module = module
        self.version = version
        self.package = f"{module}/{package}"
        self.absent = absent
        self.replaced = replaced

    @property
    def release(self) -> str:
        """The module's version."""
        return self.version

    def source(self) -> str:
        """Return the ``go.mod``, from which Go always chooses the same versions of everything else."""
        replaced = f"\nreplace {self.module} => ./module // with {self.absent}\n" if self.absent else ""
        replaced += "".join(f"\nreplace {name} => {other}\n" for name, other in self.replaced.items())
        go = ".".join(map(str, GO))
        return (
            f"module argus-otel/backends/{self.name}\n\ngo {go}\n\ntool {self.package}\n\n"
            f"require {self.module} {self.version}\n{replaced}"
        )

    def make(self, directory: Path, environment: dict[str, str]) -> Path:
        """Fetch the modules and compile them."""
        environment["GOFLAGS"] = "-mod=mod"
        if self.absent:
            self._complete(directory / "module", environment)
        (directory / "go.mod").write_text(self.source(), encoding="utf-8")
        stripped = ["-trimpath", "-ldflags=-s -w"]
        self.step(["go", "build", *stripped, "-o", self.binary, self.package], directory, environment)
        return directory / self.binary

    def _complete(self, directory: Path, environment: dict[str, str]) -> None:
        """Copy the module, and add the file that it lacks."""
        command = ["go", "mod", "download", "-json", f"{self.module}@{self.version}"]
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if told.returncode:
            raise BuildError(f"`{' '.join(command)}` failed: {told.stdout}{told.stderr}")
        shutil.copytree(json.loads(told.stdout)["Dir"], directory, copy_function=shutil.copyfile)
        for path in (directory, *directory.rglob("*")):  # Go's cache is read-only
            path.chmod(0o755 if path.is_dir() else 0o644)
        absent = directory / self.absent
        absent.parent.mkdir(parents=True, exist_ok=True)
        absent.write_text("", encoding="utf-8")


class TraceQL(Program):
    """The grammar of TraceQL that Grafana's editor has, from npm, in a program that tells where queries are wrong.

    It reads a list of queries in JSON, and prints a list with a text for each, which is empty if the query is right.
    Tempo itself is not built: not every proxy of Go modules has its module.
    """

    _PACKAGE = "@grafana/lezer-traceql@1.0.0"
    _SCRIPT = """#!/usr/bin/env node
const {parser} = require("@grafana/lezer-traceql");
function fault(query) {
  let found = "";
  parser.parse(query).iterate({enter(node) { if (node.type.isError) found ||= `at ${node.from}: ${query.slice(node.from)}`; }});
  return found;
}
if (process.argv[2] === "--version") console.log("PACKAGE");
else console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8")).map(fault)));
"""  # noqa: E501

    def __init__(self) -> None:
        super().__init__("traceql", "traceql", "5 seconds")

    @property
    def release(self) -> str:
        """The version of the grammar."""
        return self._PACKAGE.rpartition("@")[2]

    def source(self) -> str:
        """Return the script, with the package's name."""
        return self._SCRIPT.replace("PACKAGE", self._PACKAGE)

    def environment(self) -> dict[str, str]:
        """Return this process's environment, where npm is."""
        if not shutil.which("npm"):
            raise BuildError("npm is needed, and is not on PATH: https://nodejs.org")
        return dict(os.environ)

    def make(self, directory: Path, environment: dict[str, str]) -> Path:
        """Install the package beside the program, and write the program."""
        place = str(self.path.parent)
        self.step(["npm", "install", "--no-audit", "--no-fund", "--prefix", place, self._PACKAGE], place, environment)
        script = directory / self.binary
        script.write_text(self.source(), encoding="utf-8")
        script.chmod(0o755)
        return script


_ALERTMANAGER = ("github.com/prometheus/alertmanager", "v0.35.0")
_VICTORIAMETRICS = "github.com/VictoriaMetrics/VictoriaMetrics"

PROGRAMS: dict[str, Program] = {
    program.name: program
    for program in (
        Collector(),
        # 3.16.0, without its web interface.
        Module(
            "prometheus", "prometheus", "github.com/prometheus/prometheus", "v0.316.0", "cmd/prometheus", "5 minutes"
        ),
        Module(
            "alertmanager", "alertmanager", *_ALERTMANAGER, "cmd/alertmanager", "1 minute", "ui/app/dist/index.html"
        ),
        Module("amtool", "amtool", *_ALERTMANAGER, "cmd/amtool", "half a minute", "ui/app/dist/index.html"),
        # Jaeger 2, although its module's version begins with 1.
        Module(
            "jaeger",
            "jaeger",
            "github.com/jaegertracing/jaeger",
            "v1.76.0",
            "cmd/jaeger",
            "4 minutes",
            tells_version="version",
        ),
        Module(
            "victoriametrics",
            "victoria-metrics",
            _VICTORIAMETRICS,
            "v1.146.0",
            "app/victoria-metrics",
            "half a minute",
        ),
        # Runs rules, which VictoriaMetrics leaves to it. Later releases need the module of VictoriaLogs too, which Go's
        # proxy does not have everywhere.
        Module(
            "vmalert", "vmalert", _VICTORIAMETRICS, "v1.121.0", "app/vmalert", "half a minute", tells_version="-version"
        ),
        # Its licence is the AGPL; the tests run it as a program of its own.
        Module(
            "loki",
            "loki",
            "github.com/grafana/loki/v3",
            "v3.7.8",
            "cmd/loki",
            "10 minutes",
            replaced={
                "github.com/hashicorp/memberlist": "github.com/grafana/memberlist v0.3.1-0.20251126142931-6f9f62ab6f86",
                "github.com/grafana/regexp": "github.com/grafana/regexp v0.0.0-20240518133315-a468a5bfb3bc",
                "github.com/influxdata/go-syslog/v3": "github.com/leodido/go-syslog/v4 v4.3.0",
                "github.com/thanos-io/objstore": "github.com/grafana/objstore v0.0.0-20250728171719-b5d3b766d1b0",
                "github.com/gocql/gocql": "github.com/grafana/gocql v0.0.0-20200605141915-ba5dc39ece85",
                "github.com/Azure/azure-storage-blob-go": "github.com/MasslessParticle/azure-storage-blob-go "
                "v0.14.1-0.20240322194317-344980fda573",
            },
        ),
        TraceQL(),
    )
}


def main(arguments: list[str] | None = None) -> int:
    """Build what is not built yet; print the paths; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", action="store_true", help="print where they are, or would be, and build nothing")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(PROGRAMS)}; all of them if none is named")
    chosen = parser.parse_args(arguments)
    for name in chosen.names:
        if name not in PROGRAMS:
            parser.error(f"there is no {name!r}; there are {', '.join(PROGRAMS)}")
    code = 0
    for program in (PROGRAMS[name] for name in chosen.names or PROGRAMS):
        wanted = program.path
        if not chosen.path and not wanted.exists():
            try:
                program.build()
            except BuildError as error:
                program.say(str(error))
                code = 1
                continue
        print(wanted)
    return code


def go_environment() -> dict[str, str]:
    """Return the environment to run Go in.

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


if __name__ == "__main__":
    sys.exit(main())
