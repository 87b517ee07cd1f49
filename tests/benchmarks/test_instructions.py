"""The count of instructions, for real, on one scenario."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_instructions_are_counted_by_variant_and_function() -> None:
    command = [sys.executable, "-m", "benchmarks.instructions", "--scenario", "typing", "--functions", "3"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    headings, _, row = ran.stdout.splitlines()
    assert headings.split("|")[2:5] == [" bare ", " argus-otel adds ", " argus-otel, traced at 0% adds "]
    bare, ours, *_ = (int(number) for number in re.findall(r"[ +](\d+) \|", row))
    assert 0 < ours < bare / 4  # one cell for each event, and nothing else
    assert "sources/discord/gateway_events.py" in ran.stderr
