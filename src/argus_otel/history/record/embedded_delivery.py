"""Delivers rows to an embedded store: into the spool, from which a subprocess inserts them, see `ingest.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import PurePath

from argus_otel.history.store.address import Address

from .delivery import Delivery
from .ingest import IngestResult
from .spool import Spool, SpoolError
from .stats import Stats

INTERVAL = 30.0
"""Seconds between two ingests. Each costs about one second of a processor, at the lowest priority."""

_SITECUSTOMIZE = str(PurePath("opentelemetry", "instrumentation", "auto_instrumentation"))


class EmbeddedDelivery(Delivery):
    """Writes rows to the spool, and starts the subprocess that inserts them."""

    def __init__(self, address: Address, spool: Spool, stats: Stats, interval: float = INTERVAL) -> None:
        super().__init__(str(address), spool, stats)
        self._spool = spool
        self._interval = interval
        self._last = float("-inf")  # rows that an earlier process has left are inserted at once
        self._ingest: subprocess.Popen[str] | None = None

    def deliver(self) -> None:
        """Spool the accepted rows, in a segment that a query's process can ingest at once.

        While ingests fail, they go into one large segment rather than into ever more small ones.
        """
        self._rows.spool_all()
        if not self._backoff.failing:
            self._rows.close_segment()

    def tick(self) -> None:
        """Spool rows that could not be spooled, and start an ingest or collect its result when it is due."""
        self._rows.spool_all()
        if self._ingest is not None:
            if self._ingest.poll() is not None:
                self._ended(self._ingest)
        elif time.monotonic() >= self._last + self._interval and self._backoff.over:
            self._start()

    def finish(self, deadline: float) -> None:
        """Spool all rows, and ingest them. An ingest that takes longer goes on after this process has ended."""
        self._rows.spool_all()
        self._rows.drop()
        self._wait(deadline)
        if self._ingest is None:
            self._start()
            self._wait(deadline)

    def _start(self) -> None:
        self._last = time.monotonic()
        self._rows.close_segment()
        try:
            if self._spool.empty:
                return
        except SpoolError as error:
            self._stats.spool_failed(str(error))
            return
        command = [sys.executable, "-m", "argus_otel.history.record.ingest"]
        command += ["--store", self.destination, "--spool", str(self._spool.directory)]
        try:
            self._ingest = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=_environment(os.environ),
                # Ctrl-C is for the observed process: an ingest that has begun may end in good order.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same, on Windows
            )
        except OSError as error:
            self._stats.failed(f"{self.destination}: the process that ingests events cannot be started: {error}")
            self._backoff.failed()

    def _wait(self, deadline: float) -> None:
        if self._ingest is not None:
            try:
                self._ingest.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                return
            self._ended(self._ingest)

    def _ended(self, process: subprocess.Popen[str]) -> None:
        output = process.communicate()[0]
        self._ingest = None
        try:
            result = IngestResult(**json.loads(output))
        except (ValueError, TypeError):
            problem = f"the process that ingests events ended with {process.returncode} and reported nothing"
            result = IngestResult(problem=problem)
        for reason, number in result.dropped.items():
            self._stats.drop(number, reason)
        if result.problem:
            self._stats.failed(result.problem)
            self._backoff.failed()
        else:
            self._stats.works()
            self._backoff.reset()


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which the subprocess is not instrumented, and the parent's settings do not apply."""
    ours = {name: value for name, value in environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    path = environ.get("PYTHONPATH", "").split(os.pathsep)
    ours["PYTHONPATH"] = os.pathsep.join(each for each in path if each and _SITECUSTOMIZE not in each)
    return {**ours, "OTEL_SDK_DISABLED": "true"}
