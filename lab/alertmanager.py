"""Alertmanager, and amtool, which checks its configurations."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .built import built
from .processes import Part, answers, free_port


def check(config: Path) -> str:
    """Return what ``amtool check-config`` finds wrong with a configuration; empty if nothing is."""
    command = [built("amtool"), "check-config", str(config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


class Alertmanager(Part):
    """One server, without a cluster.

    Parameters
    ----------
    directory:
        For its data, its config and its log.
    config:
        The config's text.
    """

    def __init__(self, directory: Path, config: str) -> None:
        super().__init__("Alertmanager", directory / "alertmanager.log")
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.port = free_port()
        self.config = directory / "alertmanager.yaml"
        self.config.write_text(config, encoding="utf-8")

    def start(self) -> Alertmanager:
        """Start it and wait until it is ready."""
        options = [f"--config.file={self.config}", f"--storage.path={self.directory / 'data'}"]
        options += [f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="]
        self.launch([built("alertmanager"), *options])
        self.wait_until(self.ready, "is ready", 30)
        return self

    def ready(self) -> bool:
        """Whether it answers."""
        return answers(f"http://127.0.0.1:{self.port}/-/ready")
