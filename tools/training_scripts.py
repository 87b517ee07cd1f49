"""Fetches programs of other projects that train a model, as they are, for the tests of training runs.

    python3 tools/training_scripts.py             all of them, which `make test-training` does
    python3 tools/training_scripts.py nanogpt     one
    python3 tools/training_scripts.py --path      print where they are, or would be, and fetch nothing

They are no part of this project. Each is kept in ``$XDG_CACHE_HOME/argus-otel/training-scripts/NAME/COMMIT/``, and each
file has the SHA-256 that is written here. Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

GITHUB = "https://raw.githubusercontent.com"


class Script:
    """A program of another project.

    Parameters
    ----------
    licence:
        Its SPDX identifier, for readers.
    files:
        The path in the repository of each file, and the file's SHA-256. The first one is the program.
    """

    def __init__(self, name: str, repository: str, commit: str, licence: str, files: Mapping[str, str]) -> None:
        self.name = name
        self.repository = repository
        self.commit = commit
        self.licence = licence
        self.files = files

    @property
    def directory(self) -> Path:
        """Where its files are, fetched or not, without the folders that they have in their repository."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "argus-otel" / "training-scripts" / self.name / self.commit

    @property
    def ready(self) -> bool:
        """Whether all files are there, and each one is the project's."""
        return all(
            (self.directory / Path(path).name).exists()
            and _digest((self.directory / Path(path).name).read_bytes()) == digest
            for path, digest in self.files.items()
        )

    def fetch(self, host: str = GITHUB) -> None:
        """Fetch the files, unless they are there.

        Raises
        ------
        OSError
            There is no answer, or it is an error.
        ValueError
            A file is not the one that is written here. It is not kept.
        """
        if self.ready:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        for path, digest in self.files.items():
            address = f"{host}/{self.repository}/{self.commit}/{path}"
            with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - https, or a test's own
                content = answer.read()
            if _digest(content) != digest:
                raise ValueError(f"{address} has the SHA-256 {_digest(content)}, not {digest}")
            (self.directory / Path(path).name).write_bytes(content)


SCRIPTS = MappingProxyType(
    {
        script.name: script
        for script in (
            Script(
                "lightning",
                "Lightning-AI/pytorch-lightning",
                "6c9edcfa62671a846bc238b4cfa1eda2c4bf63fb",
                "Apache-2.0",
                {
                    "examples/pytorch/bug_report/bug_report_model.py": (
                        "18382f6e6f035c81a500ba862026b8b571b3883ec4e279c451aaa17daf6ec753"
                    )
                },
            ),
            Script(
                "keras",
                "keras-team/keras",
                "2fae37e0c71c70f81baeed9f5e216ae4d8b92280",
                "Apache-2.0",
                {"examples/demo_functional.py": "ee17ed3cd55d59848412515685554de189bb2124e3da86771e0c23f03cc2ed81"},
            ),
            Script(
                "nanogpt",
                "karpathy/nanoGPT",
                "3adf61e154c3fe3fca428ad6bc3818b27a3b8291",
                "MIT",
                {
                    "train.py": "413bd97b40bb400a2a0d01230e2946f056c263ebac1b7281c2367d964a123085",
                    "model.py": "7c01703240dbec5d554527dc666e35b3df8391d0b117fddc07afcf325a21d11c",
                    "configurator.py": "5cc23aca26b4ab3c0d9e5f82740f4781f9444f42718c15abcee70d93c5aabe8f",
                },
            ),
        )
    }
)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """Fetch the programs that are named, or all; return how many could not be fetched."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCRIPTS))
    parser.add_argument("--path", action="store_true", help="print where they are, or would be, and fetch nothing")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(SCRIPTS)
    if unknown:
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    failed = 0
    for name in options.names or SCRIPTS:
        script = SCRIPTS[name]
        if options.path:
            print(script.directory)
            continue
        try:
            script.fetch()
        except (OSError, ValueError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed += 1
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
