"""If nothing is instrumented, the public functions do nothing, import nothing, and cost next to nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from argus_otel.discovery import installed

_USE = """
import argus_otel, asyncio, json, sys
from argus_otel import annotate, count, record, timed

@timed("work")
def work(): return 3

@timed("slow")
async def slow(): return 4

def use():
    count("songs.played", genre="rock")
    count("bad name", -1)
    annotate(user_id=1)
    record("song.played", guild=object())
    with timed("block", a=object()):
        pass
    return work(), asyncio.run(slow())
"""

_HEAVY = ["opentelemetry", "argus_otel.custom", "argus_otel.telemetry", "discord", "prometheus_client", "wrapt"]


def run(tmp_path: Path, source: str, **variables: str) -> Any:
    script = tmp_path / "bot.py"
    script.write_text(_USE + textwrap.dedent(source))
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**bare, "ARGUS_ENDPOINT": "false", **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_never_instrumented_they_do_nothing_and_import_nothing(tmp_path: Path) -> None:
    told = run(tmp_path, f"print(json.dumps([use(), [name for name in {_HEAVY} if name in sys.modules]]))")
    assert told == [[3, 4], []]


@pytest.mark.parametrize(
    "variables",
    [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": ",".join(installed().specs)}],
    ids=["disabled", "not ours"],
)
def test_switched_off_they_do_nothing(tmp_path: Path, variables: dict[str, str]) -> None:
    source = """
    argus_otel.instrument()
    from argus_otel.runtime import runtime
    print(json.dumps([use(), len(runtime().telemetry.defined_metrics())]))
    """
    assert run(tmp_path, source, **variables) == [[3, 4], 0]


def test_uninstrumented_they_do_nothing_and_counts_go_on_afterwards(tmp_path: Path) -> None:
    source = """
    from argus_otel.runtime import runtime
    counts = []
    for _ in range(3):
        argus_otel.instrument()
        count("songs.played")
        work()
        argus_otel.uninstrument()
        count("songs.played", 100)
        work()
        layer = runtime().telemetry
        histogram = layer.histograms()[-1]
        counts.append([layer.points(layer.defined_metrics()[0])[0][1], sum(next(histogram.rows())[1].counts)])
    print(json.dumps(counts))
    """
    assert run(tmp_path, source) == [[1, 1], [2, 2], [3, 3]]


def test_off_they_are_cheap(tmp_path: Path) -> None:
    source = """
    import timeit
    def block():
        with timed("block", a=1): pass
    calls = {"count": lambda: count("x", a=1), "annotate": lambda: annotate(a=1), "block": block, "work": work}
    print(json.dumps({name: min(timeit.repeat(call, number=10000, repeat=5)) / 10000 for name, call in calls.items()}))
    """
    for name, seconds in run(tmp_path, source).items():
        assert seconds < 20e-6, name  # they take 0.1 to 0.4 µs: the test finds work, and passes on a slow machine
