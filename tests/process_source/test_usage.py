"""The resources of this process, against what psutil tells of it."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from argus_otel.sources.process import catalogue

from .conftest import Observe, Observed

ME = psutil.Process()
ON_WINDOWS = sys.platform == "win32"


def only(observed: Observed, metric: object) -> float:
    (value,) = observed.values(metric).values()
    return value


def test_memory_is_what_psutil_tells(observe: Observe) -> None:
    observed = observe()
    held = bytearray(64 << 20)
    memory = only(observed, catalogue.MEMORY)
    assert memory == pytest.approx(ME.memory_info().rss, rel=0.01)
    assert memory > len(held)


def test_processor_time_is_what_psutil_tells(observe: Observe) -> None:
    observed = observe()
    until = time.process_time() + 0.5
    while time.process_time() < until:
        pass
    told = observed.values(catalogue.CPU_TIME)
    real = ME.cpu_times()
    # Systems count in ticks of a hundredth of a second, and psutil is asked a moment later.
    assert told["user",] == pytest.approx(real.user, rel=0.01, abs=0.05)
    assert told["system",] == pytest.approx(real.system, rel=0.01, abs=0.05)


def test_threads_are_counted(observe: Observe) -> None:
    observed = observe()
    before = only(observed, catalogue.THREADS)
    assert before == ME.num_threads()
    done = threading.Event()
    threads = [threading.Thread(target=done.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    try:
        assert only(observed, catalogue.THREADS) == ME.num_threads() == before + 5
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_open_files_are_counted_as_descriptors_and_on_windows_as_handles(observe: Observe, tmp_path: Path) -> None:
    counted, absent = catalogue.FILE_DESCRIPTORS, catalogue.HANDLES
    if ON_WINDOWS:
        counted, absent = absent, counted
    observed = observe()
    before = only(observed, counted)
    # psutil counts the directory that it reads on Linux. Threads of the interpreter have handles of their own.
    assert before == (pytest.approx(ME.num_handles(), abs=5) if ON_WINDOWS else pytest.approx(ME.num_fds(), abs=1))
    files = [(tmp_path / str(number)).open("w") for number in range(5)]
    assert only(observed, counted) == before + 5
    for file in files:
        file.close()
    assert only(observed, counted) == before
    assert observed.values(absent) == {}


def test_runs_of_the_garbage_collector_are_counted_by_generation(observe: Observe) -> None:
    observed = observe()
    gc.collect()
    before = {metric.name: observed.values(metric) for metric in (catalogue.GC_COLLECTIONS, catalogue.GC_COLLECTED)}
    for _ in range(10):
        cycle: list[object] = []
        cycle.append(cycle)
    del cycle
    gc.collect()
    after = {metric.name: observed.values(metric) for metric in (catalogue.GC_COLLECTIONS, catalogue.GC_COLLECTED)}
    assert set(after["cpython.gc.collections"]) == {(0,), (1,), (2,)}
    assert after["cpython.gc.collections"][2,] == before["cpython.gc.collections"][2,] + 1
    assert (
        sum(after["cpython.gc.collected_objects"].values()) >= sum(before["cpython.gc.collected_objects"].values()) + 10
    )
    assert sum(observed.values(catalogue.GC_UNCOLLECTABLE).values()) == sum(s["uncollectable"] for s in gc.get_stats())


def test_nothing_is_told_after_uninstrumenting(observe: Observe) -> None:
    observed = observe()
    observed.source.uninstall()
    for metric in (catalogue.MEMORY, catalogue.CPU_TIME, catalogue.THREADS, catalogue.GC_COLLECTIONS):
        assert observed.values(metric) == {}


def test_the_operating_system_is_asked_at_a_collection_and_not_before() -> None:
    program = """
import sys
from argus_otel.settings import Settings
from argus_otel.sources.process import catalogue
from argus_otel.sources.process.source import ProcessSource
from argus_otel.telemetry import Telemetry
telemetry = Telemetry()
source = ProcessSource(telemetry, Settings.resolve({}), lambda: None)
source.install()
source.start()
systems = {f"argus_otel.sources.process.{name}" for name in ("linux", "macos", "windows")}
assert not systems & set(sys.modules)
((_, memory),) = telemetry.points(catalogue.MEMORY)
assert memory > 1 << 20
assert len(systems & set(sys.modules)) == 1
assert "psutil" not in sys.modules
source.end()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
