"""The processor time of a probe, with each prober, in paired rounds."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator

from benchmarks.cores import processor
from benchmarks.progress import Progress

from .figures import Figures, ratio
from .machine import Machine
from .probers import CONTROL, EXCHANGE, KINDS, Prober, started

PART = "probes"
PROBES = 1000
"""In each round, by each prober."""

_URLS = 200


def measure(machine: Machine, rounds: int, progress: Progress) -> Iterator[Figures]:
    """Yield a table for HTTP, and one for HTTPS, where each probe has a handshake of its own."""
    kinds = [kind for kind in KINDS if not kind.missing]
    notes = [kind.missing for kind in KINDS if kind.missing]
    for scheme in ("http", "https"):
        urls = [machine.service.url(scheme, "now", number) for number in range(_URLS)]
        with started(kinds, machine, urls) as probers:
            samples: dict[str, list[float]] = {kind.name: [] for kind in kinds}
            for prober in probers.values():  # warm: the first probes confirm each check, and import modules
                prober.probe(urls, 2 * _URLS)
            shuffle = random.Random(1)
            for _ in progress.counting(f"probes, {scheme}")(rounds):
                for name in shuffle.sample(list(probers), len(probers)):
                    samples[name].append(_each(probers[name], urls))
        if samples[EXCHANGE]:
            yield _table(scheme, samples, notes)


def _each(prober: Prober, urls: list[str]) -> float:
    """Return the processor time of a probe, in microseconds: of all threads, user and system, exports included."""
    before = processor(prober.pid)
    prober.probe(urls, PROBES)
    return (processor(prober.pid) - before) / PROBES * 1e6


def _table(scheme: str, samples: dict[str, list[float]], notes: list[str]) -> Figures:
    rows: list[list[str]] = []
    values: dict[str, dict[str, float]] = {}
    for name, mine in samples.items():
        each = statistics.median(mine)
        estimate, text = ratio(mine, samples[EXCHANGE])
        rows.append([name, f"{each:.0f}", f"{1e6 / each:.0f}", "" if name == EXCHANGE else text])
        values[name] = {"µs": each, "per core": 1e6 / each, "ratio": estimate.value}
    return Figures(
        f"{PART} {scheme}",
        f"a probe over {scheme} ({len(samples[CONTROL])} rounds of {PROBES})",
        ["", "µs of processor", "per core and s", "to the own exchange (95 %)"],
        rows,
        values,
        [*notes, "20 at a time; each probe has a connection of its own"],
    )
