"""The process that trains, as a part of the lab."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lab.collector import kept_environment
from lab.processes import Part, free_port
from tools.backends import ROOT

SERVICE = "trainee"
INSTANCE = "trainee-0"


class Trainee(Part):
    """A program that trains.

    Parameters
    ----------
    variables:
        More of its environment.
    """

    def __init__(self, directory: Path, **variables: str) -> None:
        super().__init__("the program that trains", directory / "trainee.log")
        self.port = free_port()
        self._variables = {
            "ARGUS_CONTROL": str(directory / "control"),
            "ARGUS_ENDPOINT_PORT": str(self.port),
            "ARGUS_HISTORY": "true",
            "ARGUS_HISTORY_SPOOL": str(directory / "spool-trainee"),
            "OTEL_SERVICE_NAME": SERVICE,
            "OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={INSTANCE},service.version=1.0.0",
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
            "OTEL_BSP_SCHEDULE_DELAY": "500",
            "OTEL_BLRP_SCHEDULE_DELAY": "500",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            **variables,
        }

    def start(self) -> None:
        command = [sys.executable, "-m", "argus_otel", "run", str(Path(__file__).with_name("program.py"))]
        self.launch(command, {**kept_environment(), **self._variables, "PATH": os.environ["PATH"]})
