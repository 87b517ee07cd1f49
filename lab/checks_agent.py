"""An agent of service checks in a process of its own, as ``argus-otel checks run`` starts it."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.processes import Part, free_port


class ChecksAgent(Part):
    """An agent, and its endpoint, in an environment without other settings of argus-otel.

    Parameters
    ----------
    directory:
        Where its output is kept.
    """

    def __init__(self, directory: Path, name: str = "agent") -> None:
        super().__init__(name, directory / f"{name}.log")
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    @classmethod
    @contextmanager
    def running(cls, directory: Path, arguments: Sequence[str], **variables: str) -> Iterator[ChecksAgent]:
        """Run ``argus-otel`` with some arguments until the block ends."""
        agent = cls(directory)
        agent.start(arguments, variables)
        try:
            yield agent
        finally:
            agent.kill()

    def start(self, arguments: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_"))}
        environment = {**bare, **(variables or {}), "ARGUS_ENDPOINT_PORT": str(self._port)}
        self.launch([sys.executable, "-m", "argus_otel", *arguments], environment)

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """Return what `/readyz` says; the status is 0 before the endpoint answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, {}

    def is_ready(self) -> bool:
        return self.readiness()[0] == 200
