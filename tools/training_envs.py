"""Makes environments with frameworks that train models, each apart from the others, for the tests of training runs.

    python3 tools/training_envs.py             all of them, which `make test-training` does
    python3 tools/training_envs.py keras       one
    python3 tools/training_envs.py peers       what benchmarks compare with; not one of all
    python3 tools/training_envs.py --path      print where they are, or would be, and make nothing

What is large, the packages, is kept in ``$XDG_CACHE_HOME/argus-otel/training/NAME/HASH/``: made once for all clones,
and again when what it is made of changes. Each clone has an interpreter of its own, in ``build/training/NAME/``, which
finds these packages and argus-otel as the clone has it, and is made in seconds. Needs uv.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tools import find_uv, torch_stubs  # noqa: E402 - as a script, this is in no package

PYTHON = "3.11"

_TORCH = ("typing-extensions", "filelock", "sympy", "networkx", "jinja2", "fsspec[http]", "numpy", "setuptools")
"""What torch needs besides CUDA."""
_LIGHTNING = ("pyyaml", "tqdm", "packaging")
"""What Lightning needs besides torch and what needs torch itself."""
_ALONE = ("lightning-utilities==0.15.3", "torchmetrics==1.9.0")
"""What needs torch, with each Lightning."""

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
    def packages(self) -> Path:
        """The directory of its packages, made or not. Once it is there, it is complete."""
        stubs = _digest(Path(torch_stubs.__file__).read_text(encoding="utf-8")) if self.alone else ""
        made_of = json.dumps([PYTHON, self.requirements, self.alone, stubs, _needed()])
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "argus-otel" / "training" / self.name / _digest(made_of)[:16]

    @property
    def python(self) -> Path:
        """This clone's interpreter, made or not."""
        return self._here / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def ready(self) -> bool:
        """Whether it is made, with the entry points that argus-otel has now."""
        return (
            self.packages.exists()
            and self.python.exists()
            and self._stamp.exists()
            and self._stamp.read_text(encoding="utf-8") == self._made_of()
        )

    def make(self) -> None:
        """Make it, or bring it up to date.

        Raises
        ------
        OSError, subprocess.CalledProcessError
            There is no uv, or it failed. Its output is on standard error.
        """
        if not self.packages.exists():
            self._make_packages()
        if not self.ready:
            self._make_interpreter()

    @property
    def _here(self) -> Path:
        return ROOT / "build" / "training" / self.name

    @property
    def _stamp(self) -> Path:
        return self._here / "made-of"

    def _made_of(self) -> str:
        return f"{self.packages}\n{_digest((ROOT / 'pyproject.toml').read_text(encoding='utf-8'))}\n"

    def _make_packages(self) -> None:
        """Make the packages beside their place and move them there at last: another clone may do the same."""
        self.packages.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix="making-", dir=self.packages.parent))
        try:
            if self.alone:
                _install(making, "--no-deps", *self.alone)
            _install(making, *self.requirements, *_needed())
            if (making / "torch").exists():
                self._without_cuda(making)
            try:
                making.rename(self.packages)
            except OSError:  # the other one was faster
                if not self.packages.exists():
                    raise
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def _without_cuda(self, making: Path) -> None:
        try:
            torch_stubs.write(making / "torch")
            command = ("run", "--no-project", "--python", PYTHON, "python", "-c", "import torch")
            _uv(*command, PYTHONPATH=str(making))
        except (OSError, subprocess.CalledProcessError):
            print(f"{self.name}: no libraries can stand in for those of CUDA, so they are installed", file=sys.stderr)
            _install(making, *(each for each in self.alone if each.startswith("torch==")))

    def _make_interpreter(self) -> None:
        _uv("venv", "--clear", "--python", PYTHON, str(self._here))
        _uv("pip", "install", "--python", str(self.python), "--no-deps", "--editable", str(ROOT))
        asked = (str(self.python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        own = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
        line = f"import site; site.addsitedir({str(self.packages)!r})\n"
        (own / "packages.pth").write_text(line, encoding="utf-8")
        self._stamp.write_text(self._made_of(), encoding="utf-8")


_SMALL_TORCH = ("torch==2.15.0", "lightning==2.6.6", "pytorch-lightning==2.6.6", "accelerate==1.14.0", *_ALONE)

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
                ("torch==2.4.1", "pytorch-lightning==2.0.9", "accelerate==0.34.2", *_ALONE),
            ),
            Environment(PEERS, ("argus-reporter==0.1.3", "mlflow==3.17.2", "tensorboardX==2.6.5", "wandb==0.31.0")),
        )
    }
)


def _install(packages: Path, *arguments: str) -> None:
    _uv("pip", "install", "--python", PYTHON, "--target", str(packages), *arguments)


def _uv(*arguments: str, **variables: str) -> None:
    uv = find_uv.find()
    if uv is None:
        raise FileNotFoundError("there is no uv: https://docs.astral.sh/uv/getting-started/installation/")
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run([*uv, "--quiet", *arguments], check=True, env={**environment, **variables})


def _needed() -> list[str]:
    """Return what argus-otel itself requires. (Python 3.10 reads no TOML; this array is one of Python too.)"""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r"^dependencies = (\[.*?^\])", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError("pyproject.toml has no dependencies")
    return ast.literal_eval(found[1])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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
            print(environment.packages)
            continue
        try:
            environment.make()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed += 1
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
