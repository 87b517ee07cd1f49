"""Makes environments with frameworks that train models, each apart from the others, for the tests of training runs.

    python3 tools/training_envs.py             all of them, which `make test-training` does
    python3 tools/training_envs.py keras       one
    python3 tools/training_envs.py peers       what benchmarks compare with; not one of all
    python3 tools/training_envs.py --path      print where they are, or would be, and make nothing

Each is kept in ``$XDG_CACHE_HOME/argus-otel/training/NAME/HASH/``, so it is made once, and again when what it is made
of changes. argus-otel is installed in it as this clone has it, so clones do not share them; uv links files, so the
second one takes seconds and little room. Needs uv.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "3.11"
UV = [shutil.which("uv") or "uv"] if shutil.which("uv") else [sys.executable, "-m", "uv"]

_TORCH = ("typing-extensions", "filelock", "sympy", "networkx", "jinja2", "fsspec[http]", "numpy", "setuptools")
"""What torch needs besides CUDA."""
_LIGHTNING = ("lightning-utilities", "torchmetrics", "pyyaml", "tqdm", "packaging")

PEERS = "peers"
"""The environment of other packages that log training runs. No test needs it."""


class Environment:
    """An environment for tests.

    Parameters
    ----------
    requirements:
        What is installed with all that it needs.
    alone:
        What is installed without, because it needs torch, whose packages of CUDA nothing here uses.
    """

    def __init__(self, name: str, requirements: tuple[str, ...], alone: tuple[str, ...] = ()) -> None:
        self.name = name
        self.requirements = requirements
        self.alone = alone

    @property
    def directory(self) -> Path:
        """Where it is, made or not."""
        made_of = json.dumps([PYTHON, self.requirements, self.alone, str(ROOT)])
        digest = hashlib.sha256(made_of.encode()).hexdigest()[:16]
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "argus-otel" / "training" / self.name / digest

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.directory / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def ready(self) -> bool:
        """Whether it is made, with the entry points that argus-otel has now."""
        stamp = self._stamp
        return stamp.exists() and stamp.read_text(encoding="utf-8") == _project()

    def make(self) -> None:
        """Make it, or bring it up to date.

        Raises
        ------
        OSError, subprocess.CalledProcessError
            There is no uv, or it failed. Its output is on standard error.
        """
        if self.ready:
            return
        if not self._stamp.exists():
            _uv("venv", "--clear", "--python", PYTHON, str(self.directory))
            if self.alone:
                self._install("--no-deps", *self.alone)
            if self.requirements:
                self._install(*self.requirements)
            self._without_cuda()
        self._install("--reinstall-package", "argus-otel", "--editable", str(ROOT))
        self._stamp.write_text(_project(), encoding="utf-8")

    @property
    def _stamp(self) -> Path:
        return self.directory / "made-with-pyproject"

    def _install(self, *arguments: str) -> None:
        _uv("pip", "install", "--python", str(self.python), *arguments)

    def _without_cuda(self) -> None:
        torch = next(iter(self.directory.glob("lib/python*/site-packages/torch")), None)
        if torch is None:
            return
        try:
            sys.path.insert(0, str(ROOT))
            from tools.torch_stubs import write

            write(torch)
            subprocess.run([str(self.python), "-c", "import torch"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            print(f"{self.name}: no libraries can stand in for those of CUDA, so they are installed", file=sys.stderr)
            self._install(*(each for each in self.alone if each.startswith("torch==")))


_SMALL_TORCH = ("torch==2.15.0", "lightning==2.6.6", "pytorch-lightning==2.6.6", "accelerate==1.14.0")

ENVIRONMENTS = MappingProxyType(
    {
        environment.name: environment
        for environment in (
            Environment("keras", ("keras==3.15.1", "jax==0.10.2")),
            Environment("keras-oldest", ("keras==3.0.5", "jax==0.4.30", "numpy<2")),
            Environment("torch", (*_TORCH, *_LIGHTNING, "transformers==5.24.0", "psutil"), _SMALL_TORCH),
            Environment(
                "torch-oldest",
                (*_TORCH, *_LIGHTNING, "transformers==4.46.0", "psutil", "numpy<2", "setuptools<81"),
                ("torch==2.4.1", "pytorch-lightning==2.0.9", "accelerate==0.34.2"),
            ),
            Environment(PEERS, ("argus-reporter==0.1.3", "mlflow==3.17.2", "tensorboardX==2.6.5", "wandb==0.31.0")),
        )
    }
)


def _uv(*arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run([*UV, "--quiet", *arguments], check=True, env=environment)


def _project() -> str:
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """Make the environments that are named, or all; return how many could not be made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ENVIRONMENTS))
    parser.add_argument("--path", action="store_true", help="print where they are, or would be, and make nothing")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(ENVIRONMENTS)
    if unknown:
        parser.error(f"no such environment: {', '.join(sorted(unknown))}")
    failed = 0
    for name in options.names or [name for name in ENVIRONMENTS if name != PEERS]:
        environment = ENVIRONMENTS[name]
        if options.path:
            print(environment.directory)
            continue
        try:
            environment.make()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed += 1
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
