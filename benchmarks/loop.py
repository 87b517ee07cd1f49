"""The cost that argus-otel and other packages add to a bot's everyday work, on the thread of its event loop.

Each round times every variant once, in random order, on the same real discord.py and the same real payloads, in one
process, without garbage collection. Tracing samples 0 %, 1 % or all of the traces, with
OTEL_TRACES_SAMPLER=traceidratio. Spans go through the SDK's batches to an exporter that drops them: its thread's time
is not counted, for argus-otel or any peer.
"""

from __future__ import annotations

from collections.abc import Sequence

from argus_otel.runtime import runtime

from .pairs import compare
from .peers import PEERS, installed
from .progress import Progress
from .scenarios import SCENARIOS
from .tables import Table
from .variants import NAMES, stage

PART = "loop"
TOO_COARSE = "loop: not measured: Windows' clock of a thread ticks every 15 ms, which is longer than what is timed"
UNIT = "µs"


def measure(
    chosen: Sequence[str], variants: Sequence[str], rounds: int, progress: Progress, *, short: bool = False
) -> list[Table]:
    """Time the chosen scenarios.

    Parameters
    ----------
    variants:
        The names of the variants to compare with the bare bot and its controls.

    Raises
    ------
    RuntimeError
        A hook has failed, so the measurement is void.
    """
    peers = [] if short else [peer for peer in installed() if peer.name in variants]
    left_out = set(NAMES) - set(variants)
    tables: list[Table] = []
    with stage(peers, short=short) as on:
        for scenario in SCENARIOS:
            if scenario.name in chosen and not progress.stopped:
                scenario.begin()
                compared = [variant for variant in on.variants(scenario) if variant.name not in left_out]
                count = progress.counting(scenario.title)
                results = compare(on.loop, scenario.work, compared, rounds, count=count)
                if results:
                    tables.append(Table(PART, scenario.name, scenario.title, UNIT, results))
    faults = runtime().telemetry.guard.faults
    if faults:
        raise RuntimeError(f"hooks failed, so these figures are worth nothing: {faults}")
    return tables


def missing(variants: Sequence[str]) -> list[str]:
    """Return how to install the variants that are missing."""
    return [peer.missing for peer in PEERS if peer.version is None and peer.name in variants]
