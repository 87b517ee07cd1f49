"""How true durations are: what each prober says, less what the service itself says, at a steady rate."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence

from benchmarks.progress import Progress

from .figures import Figures, quantile
from .machine import Machine
from .probers import CONTROL, EXCHANGE, KINDS, Prober, started

PART = "durations"
RATE = 300.0
"""Probes each second."""

SECONDS = 5
"""How long each prober probes in each round."""

FIGURES = ("p50", "p99", "beyond")


def measure(machine: Machine, rounds: int, progress: Progress) -> list[Figures]:
    """Return the table; none if no round was finished.

    In each round each prober probes each URL once, so that the service's ledger tells which duration belongs to which.
    """
    kinds = [kind for kind in KINDS if not kind.missing]
    urls = [machine.service.url("http", "soon", number) for number in range(int(RATE * SECONDS))]
    found: dict[str, list[dict[str, float]]] = {kind.name: [] for kind in kinds}
    with started(kinds, machine, urls) as probers:
        for prober in probers.values():
            prober.probe(urls, len(urls))
        shuffle = random.Random(1)
        for _ in progress.counting("durations")(rounds):
            for name in shuffle.sample(list(probers), len(probers)):
                found[name].append(_round(machine, probers[name], urls))
    return [_table(found, [kind.missing for kind in KINDS if kind.missing])] if found[EXCHANGE] else []


def _round(machine: Machine, prober: Prober, urls: Sequence[str]) -> dict[str, float]:
    """Return the errors of one round, in milliseconds."""
    machine.service.ledger()
    said = prober.durations(urls, RATE)
    took = {request.number: request.took for request in machine.service.ledger()}
    if len(took) != len(urls):
        raise RuntimeError(f"{len(urls)} probes, of which the service has seen {len(took)}")
    errors = [1e3 * (each.said - took[number]) for number, each in enumerate(said)]
    beyond = [1e3 * each.beyond for each in said if each.beyond is not None]
    figures = {"p50": quantile(errors, 0.5), "p99": quantile(errors, 0.99)}
    return {**figures, "beyond": quantile(beyond, 0.99)} if beyond else figures


def _table(found: dict[str, list[dict[str, float]]], missing: Sequence[str]) -> Figures:
    values = {
        name: {what: statistics.median(one[what] for one in rounds) for what in FIGURES if what in rounds[0]}
        for name, rounds in found.items()
    }
    rows = [
        [name, *(f"{of[what]:.3f}" if what in of else "" for what in FIGURES), _spread(found[name])]
        for name, of in values.items()
    ]
    return Figures(
        PART,
        f"durations at {RATE:g} probes a second, less the service's own ({len(found[CONTROL])} rounds of {SECONDS} s)",
        ["", "p50, ms", "p99, ms", "outside the phases, p99, ms", "p99 of each round, ms"],
        rows,
        values,
        [
            *missing,
            "the service counts from the acceptance of the connection to the last byte that it has written",
            "outside the phases: the duration less the sum of its phases; of the own exchange, a clock around it",
        ],
    )


def _spread(rounds: Sequence[dict[str, float]]) -> str:
    return f"{min(one['p99'] for one in rounds):.1f} … {max(one['p99'] for one in rounds):.1f}"
