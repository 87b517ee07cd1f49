"""What grows in a process while it does the same again and again: memory, blocks of Python, objects of ours.

The processes run in parallel, because no time is measured. Each works in parts, and prints its counts after each of
them. Growth is the difference over a part, and is averaged, because memory may grow rarely and by much. The first half
of the parts is the warm-up: a count that outgrows Python's small integers allocates a block, once.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from .pairs import BARE
from .progress import Count
from .results import compared
from .tables import Table

Counts = Mapping[str, int]
"""The counts after a part, and how much work was done until then."""


def counted_of(work: str) -> dict[str, tuple[str, str]]:
    """Return title and unit of each count, for a kind of work such as ``events``."""
    return {
        "resident": (f"growth of resident memory by a thousand {work}", "bytes"),
        "blocks": (f"growth of Python's memory blocks by a thousand {work}", "blocks"),
        "ours": (f"growth of argus-otel's objects by a thousand {work}", "objects"),
    }


def counted() -> dict[str, int]:
    """Return the counts of this process: the first is coarse, the others are exact."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    modules = [str(type(it).__module__) for it in gc.get_objects()]
    return {
        "resident": pages * os.sysconf("SC_PAGE_SIZE"),
        "blocks": sys.getallocatedblocks(),
        "ours": sum(name.startswith("argus_otel.") for name in modules),
    }


def scrape(url: str | None) -> None:
    """Scrape the endpoint of this process, as Prometheus does."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        answer.read()


class _Working:
    """A process that works in parts.

    Parameters
    ----------
    words:
        The module that is run, and its arguments.
    """

    def __init__(self, name: str, words: Sequence[str]) -> None:
        self._name = name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "ARGUS_"))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", *words],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=kept,
            start_new_session=True,  # Ctrl-C interrupts the measurement, not the process
        )
        self.found: list[Counts] = []

    def part(self) -> None:
        """Wait until it has done another part."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._failed()
        self.found.append(json.loads(line))

    def finish(self) -> None:
        """Wait for its end, and check its exit code."""
        if self._process.wait(60):
            self._failed()

    def _failed(self) -> None:
        self._process.wait(10)
        self._errors.seek(0)
        raise RuntimeError(f"{self._name} has ended: {self._errors.read().decode()[-2000:]}")

    def end(self) -> None:
        """End the process, if it runs."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def measure(kinds: Mapping[str, Sequence[str]], parts: int, count: Count = range) -> dict[str, list[Counts]]:
    """Run the processes, and return the counts after each part.

    Parameters
    ----------
    kinds:
        The module that is run, and its arguments, by name.
    """
    with ExitStack() as stack:
        working = {name: _Working(name, words) for name, words in kinds.items()}
        for each in working.values():
            stack.callback(each.end)
        for number in count(parts):
            for each in working.values():
                each.part()
            if number + 1 == parts:
                for each in working.values():
                    each.finish()
        return {name: each.found for name, each in working.items()}


def tables(
    part: str,
    titles: Mapping[str, tuple[str, str]],
    work: str,
    found: Mapping[str, Sequence[Counts]],
    done: Callable[[Counts], int],
) -> list[Table]:
    """Return a table for each count, or none if there are fewer than two parts after the warm-up.

    Parameters
    ----------
    titles, work:
        What :func:`counted_of` returned, and for which work.
    done:
        Returns how much work was done.
    """
    parts = len(found[BARE])
    warm = max(1, parts // 2)
    if parts < warm + 2:
        return []
    made: list[Table] = []
    for what, (title, unit) in titles.items():
        samples = {
            name: [
                (after[what] - before[what]) / (done(after) - done(before)) * 1000
                for before, after in zip(counts[warm - 1 :], counts[warm:], strict=False)
            ]
            for name, counts in found.items()
        }
        notes = [
            f"{name}: {counts[warm - 1][what]:,} after {done(counts[warm - 1]):,} {work},"
            f" {counts[-1][what]:,} after {done(counts[-1]):,} ({counts[-1][what] - counts[warm - 1][what]:+,})"
            for name, counts in found.items()
        ]
        made.append(Table(part, what, title, unit, compared(samples, BARE, centre=statistics.fmean), 3, notes))
    return made
