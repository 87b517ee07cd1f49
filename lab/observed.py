"""A program that runs under argus-otel, as a part of the lab."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lab.collector import kept_environment
from lab.processes import Part, free_port
from tools.backends import ROOT


class ObservedProgram(Part):
    """A program that runs under ``argus-otel run``, with an endpoint and with history.

    Parameters
    ----------
    title:
        What it is, for messages.
    program:
        Its file.
    directory:
        Where its log and its spool are.
    service:
        Its ``service.name``. The instance is the same with ``-0``.
    variables:
        More of its environment.

    Attributes
    ----------
    port:
        That of its endpoint.
    """

    def __init__(self, title: str, program: Path, directory: Path, service: str, **variables: str) -> None:
        super().__init__(title, directory / f"{service}.log")
        self.port = free_port()
        self._program = program
        self._variables = {
            "ARGUS_ENDPOINT_PORT": str(self.port),
            "ARGUS_HISTORY": "true",
            "ARGUS_HISTORY_SPOOL": str(directory / f"spool-{service}"),
            "OTEL_SERVICE_NAME": service,
            "OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={service}-0,service.version=1.0.0",
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
            "OTEL_BSP_SCHEDULE_DELAY": "500",
            "OTEL_BLRP_SCHEDULE_DELAY": "500",
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            **variables,
        }

    def start(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", "argus_otel", "run", str(self._program)]
        self.launch(command, {**kept_environment(), **self._variables})
