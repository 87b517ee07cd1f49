"""The short form for CI, on this machine, and its verdict for invented results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.pairs import BARE, CONTROL
from benchmarks.results import Result
from benchmarks.variants import OURS
from benchmarks.verdict import CEILINGS, Verdict, judge

ROOT = Path(__file__).parents[2]


_TICKS = pytest.mark.skipif(sys.platform == "win32", reason="the clock of a thread ticks every 15 ms")


@_TICKS
@pytest.mark.alone
def test_argus_otel_has_not_become_expensive() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--short"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for scenario in CEILINGS:
        assert f"\n{scenario}: argus-otel adds at least" in ran.stdout


# The hook that counts gateway events spins at each of them. What an empty loop takes is a part of the bare time on a
# fast machine as on a slow one.
_SLOWED = """
import sys
from benchmarks import __main__
from argus_otel.sources.discord.gateway_events import GatewayEvents

turns, attach = int(sys.argv[1]), GatewayEvents.attach

class Slow:
    def __init__(self, counts):
        self._counts = counts

    def bind(self, shard_id):
        return Slow(self._counts.bind(shard_id))

    def __getitem__(self, event):
        for _ in range(turns):
            pass
        return self._counts[event]

def slow(self, ws, shard_id):
    if not isinstance(self._counts, Slow):
        self._counts = Slow(self._counts)
    attach(self, ws, shard_id)

GatewayEvents.attach = slow
sys.exit(__main__.main(["--short", *sys.argv[2:]]))
"""


@_TICKS
@pytest.mark.alone
@pytest.mark.parametrize(("scenario", "turns"), [("typing", 300), ("slash", 4000)])
def test_a_hook_that_has_become_slow_fails_it(scenario: str, turns: int) -> None:
    words = [sys.executable, "-c", _SLOWED, str(turns), "--scenario", scenario, "--rounds", "20"]
    said = ""
    for _ in range(3):  # a machine that is busy enough hides everything, which is as it is to be
        ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        said += ran.stdout + ran.stderr
        if ran.returncode:
            break
    else:
        pytest.fail(said)
    assert ran.returncode == 1
    assert ran.stdout.count("TOO EXPENSIVE") == 2  # measured once more before it is said
    assert "once more, to be sure:" in ran.stdout


def _judged(ours: tuple[float, float], control: tuple[float, float], bare: float = 100.0) -> Verdict:
    def result(name: str, low: float, high: float) -> Result:
        middle = (low + high) / 2 * bare
        return Result(name, bare + middle, middle, low * bare, high * bare, bare)

    return judge("typing", [result(BARE, 0, 0), result(CONTROL, *control), result(OURS, *ours)])


def test_what_is_surely_above_the_ceiling_fails() -> None:
    verdict = _judged((0.2, 0.3), (-0.01, 0.01))
    assert verdict.failed
    assert str(verdict) == "typing: argus-otel adds at least +20.0% (at most 6%, and A/A 1.0%): TOO EXPENSIVE"


def test_what_may_be_below_the_ceiling_passes() -> None:
    assert not _judged((0.05, 0.9), (-0.01, 0.01)).failed


@pytest.mark.parametrize("control", [(-0.01, 0.15), (-0.15, 0.01)])
def test_what_the_control_shows_is_granted(control: tuple[float, float]) -> None:
    verdict = _judged((0.2, 0.3), control)
    assert not verdict.failed
    assert str(verdict).endswith("fine")


@pytest.mark.parametrize("bare", [1.0, 1000.0])
def test_only_ratios_count(bare: float) -> None:
    assert _judged((0.2, 0.3), (-0.01, 0.01), bare).failed
    assert not _judged((0.01, 0.02), (-0.01, 0.01), bare).failed
