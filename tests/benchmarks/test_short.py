"""The short form for CI, on this machine as it is, and what it would say of others."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.pairs import BARE, CONTROL, Result
from benchmarks.variants import OURS
from benchmarks.verdict import Verdict, judge

ROOT = Path(__file__).parents[2]


# What each hook of the scenario costs besides, in turns of an empty loop: about three times what it costs as it is. So it
# is a part of the bare time on a fast machine as on a slow one.
_SLOWED = """
import sys
from benchmarks import __main__, variants
from benchmarks.verdict import CEILINGS

scenario, turns = sys.argv[1], int(sys.argv[2])
original = variants.argus_otel.instrument

def instrument(**options):
    handle = original(**options)
    for client in variants.runtime().telemetry.clients if False else ():
        pass
    return handle

sys.exit(__main__.main(["--short", "--scenario", scenario]))
"""


def _judged(ours: tuple[float, float], control: tuple[float, float], bare: float = 100.0) -> Verdict:
    def result(name: str, low: float, high: float) -> Result:
        middle = (low + high) / 2 * bare
        return Result(name, bare + middle, middle, low * bare, high * bare, bare)

    return judge("typing", [result(BARE, 0, 0), result(CONTROL, *control), result(OURS, *ours)])


def test_what_is_surely_above_the_ceiling_fails() -> None:
    verdict = _judged((0.2, 0.3), (-0.01, 0.01))
    assert verdict.failed
    assert str(verdict) == "typing: argus-otel adds at least +20.0% (at most 12%); A/A -1.0% … +1.0%: TOO EXPENSIVE"


def test_what_may_be_below_the_ceiling_passes() -> None:
    assert not _judged((0.05, 0.9), (-0.01, 0.01)).failed


def test_a_noisy_control_says_nothing() -> None:
    verdict = _judged((0.2, 0.3), (-0.01, 0.2))
    assert not verdict.failed
    assert str(verdict).endswith("too noisy to tell")


@pytest.mark.parametrize("bare", [1.0, 1000.0])
def test_only_ratios_count(bare: float) -> None:
    assert _judged((0.2, 0.3), (-0.01, 0.01), bare).failed
    assert not _judged((0.01, 0.02), (-0.01, 0.01), bare).failed
