"""The GPUs of a process that trains, by a library that stands in for NVIDIA's: nothing here has seen real ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import pytest

from argus_otel import training
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.gpu import gpus as gpus_module
from argus_otel.sources.training.gpu.gpus import PART, Gpus
from argus_otel.sources.training.gpu.visible import VARIABLE
from argus_otel.telemetry import State
from argus_otel.testing import Observation, observe, until
from lab.gpus.like_torch import Cuda, like_torch
from lab.gpus.stand_in import GIBIBYTE, StandIn, compiled, gpus

if TYPE_CHECKING:
    from argus_otel.sources.training.source import TrainingSource

A, B, PARTED, SMALL = "GPU-aaaa0000", "GPU-bbbb0000", "GPU-cccc0000", "MIG-cccc0001"

FIGURES = [c.GPU_UTILIZATION, c.GPU_MEMORY_USAGE, c.GPU_MEMORY_LIMIT, c.GPU_TEMPERATURE, c.GPU_POWER]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.delenv(VARIABLE, raising=False)
    with gpus() as made:
        yield made


@pytest.fixture
def two(stand_in: StandIn) -> StandIn:
    stand_in.add(A, utilization=50, used=2, total=8)
    stand_in.add(B, utilization=100, used=7, total=8)
    return stand_in


class Machine:
    """A machine of which a run is observed."""

    def __init__(self, observed: Observation) -> None:
        self.observed = observed
        recorder = cast("TrainingSource", observed.handle.source).recorder
        [self._gpus] = [each for each in recorder.companions._all if isinstance(each, Gpus)]

    def look(self) -> None:
        """Do what is done a second after a run has begun."""
        self._gpus.each_second(())

    def age(self) -> None:
        """Have the last reading be a second old."""
        self._gpus._read_at -= 1

    def figures(self, metric: Any = c.GPU_UTILIZATION) -> dict[str, float]:
        """Return the points of a metric by the GPU's UUID."""
        points = self.observed.points().get(metric.name, [])
        found = {str(has["hw.id"]): value for has, value in points}
        assert len(found) == len(points)
        return found

    @property
    def state(self) -> tuple[State, str]:
        """What ``/status`` says of the GPUs."""
        part = self.observed.telemetry.health.parts(PART)[PART]
        return part.state, part.detail


@pytest.fixture
def machine(observed: Observation) -> Machine:
    return Machine(observed)


def test_what_the_driver_tells(two: StandIn, machine: Machine) -> None:
    with training.run():
        machine.look()
        assert machine.figures(c.GPU_UTILIZATION) == {A: 0.5, B: 1.0}
        assert machine.figures(c.GPU_MEMORY_USAGE) == {A: 2 * GIBIBYTE, B: 7 * GIBIBYTE}
        assert machine.figures(c.GPU_MEMORY_LIMIT) == {A: 8 * GIBIBYTE, B: 8 * GIBIBYTE}
        assert machine.figures(c.GPU_TEMPERATURE) == {A: 65, B: 65}
        assert machine.figures(c.GPU_POWER) == {A: 250, B: 250}
        points = machine.observed.points()
        assert {has["hw.type"] for metric in FIGURES for has, _ in points[metric.name]} == {"gpu"}
    assert machine.state == (State.OK, "2 GPUs, by NVML")
    assert not any(machine.figures(metric) for metric in FIGURES)  # the run has ended


@pytest.mark.parametrize(("given", "seen"), [("1", [B]), ("GPU-bb", [B]), ("1,0", [A, B]), ("0,-1,1", [A])])
def test_only_those_that_the_process_sees(
    two: StandIn, machine: Machine, monkeypatch: pytest.MonkeyPatch, given: str, seen: list[str]
) -> None:
    with training.run():
        monkeypatch.setenv(VARIABLE, given)  # a program may set it until it first uses a GPU
        machine.look()
        assert sorted(machine.figures()) == seen


@pytest.mark.parametrize("given", ["", "-1", "9"])
def test_a_process_that_sees_none_has_no_metric(
    two: StandIn, machine: Machine, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv(VARIABLE, given)
    with training.run():
        machine.look()
        assert not any(machine.figures(metric) for metric in FIGURES)
    assert machine.state == (State.OFF, "this process sees no GPU; CUDA_VISIBLE_DEVICES says which it sees")


def test_a_part_that_mig_makes(two: StandIn, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    place = two.add(PARTED)
    two.add(SMALL, part_of=place, used=1, total=2)
    monkeypatch.setenv(VARIABLE, "MIG-cccc")
    with training.run():
        machine.look()
        assert machine.figures(c.GPU_MEMORY_LIMIT) == {SMALL: 2 * GIBIBYTE}
        assert machine.figures(c.GPU_UTILIZATION) == {}  # the driver does not tell it of parts
        monkeypatch.setenv(VARIABLE, "2")
    assert machine.state == (State.OK, "1 GPU, by NVML")


def test_a_figure_that_a_gpu_does_not_tell_is_absent(two: StandIn, machine: Machine) -> None:
    two.hide_power(0)
    with training.run():
        machine.look()
        assert machine.figures(c.GPU_POWER) == {B: 250}
        assert machine.figures(c.GPU_TEMPERATURE) == {A: 65, B: 65}


def test_a_gpu_that_is_lost_takes_nothing_with_it(
    two: StandIn, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    with training.run():
        machine.look()
        assert sorted(machine.figures()) == [A, B]
        two.fail(0)
        machine.age()
        assert all(machine.figures(metric).keys() == {B} for metric in FIGURES)
        assert machine.state == (State.DEGRADED, f"lost: {A}")
        for _ in range(3):
            machine.age()
            machine.figures()
        two.fail(0, 0)
        machine.age()
        assert sorted(machine.figures()) == [A, B]
        assert machine.state == (State.OK, "2 GPUs, by NVML")
    assert [each.getMessage() for each in caplog.records if "gpus" in each.getMessage()] == [
        f"argus-otel: gpus degraded: lost: {A}. The program and everything else go on."
    ]


def test_a_gpu_that_is_lost_before_a_run_is_left_out(two: StandIn, machine: Machine) -> None:
    two.fail(0)
    with training.run():
        machine.look()
        assert sorted(machine.figures()) == [B]


def test_the_driver_is_asked_once_a_second(two: StandIn, machine: Machine) -> None:
    with training.run():
        machine.look()
        before = two.asked
        for _ in range(5):
            machine.figures()
        assert two.asked - before == 2  # once for each GPU
        two.use(0, 75)
        assert machine.figures()[A] == 0.5
        machine.age()
        assert machine.figures()[A] == 0.75


def test_who_collects_meanwhile_gets_the_last_reading(two: StandIn, machine: Machine) -> None:
    """A GPU that is failing may keep NVML waiting: then one collection waits, and no other."""
    with training.run():
        machine.look()
        machine.figures()
        two.use(0, 75)
        machine.age()
        with machine._gpus._reading:
            assert machine.figures()[A] == 0.5
            machine._gpus._read_at -= 10
            assert machine.figures() == {}
        assert machine.figures()[A] == 0.75


def test_nothing_is_opened_before_a_run_and_only_once(two: StandIn, observed: Observation) -> None:
    machine = Machine(observed)
    assert machine.figures() == {}
    assert PART not in observed.telemetry.health.parts()
    with training.run():
        machine.look()
        two.add("GPU-late")
        machine.look()
        assert sorted(machine.figures()) == [A, B]


def test_a_second_after_a_run_has_begun_a_thread_opens_it(two: StandIn) -> None:
    with observe("training") as observed, training.run():
        assert sorted(until(Machine(observed).figures, timeout=20)) == [A, B]


# -- without a driver, without the package


@pytest.fixture(params=[True, False], ids=["a GPU", "no GPU"])
def signs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> bool:
    """Whether the machine looks as if it had a GPU."""
    sign = tmp_path / "nvidiactl"
    if request.param:
        sign.touch()
    monkeypatch.setattr(gpus_module, "_SIGNS", (str(sign),))
    return request.param


def test_without_a_driver_there_is_one_line_in_the_status(
    two: StandIn, machine: Machine, signs: bool, caplog: pytest.LogCaptureFixture
) -> None:
    two.end()
    with training.run():
        machine.look()
        assert not any(machine.figures(metric) for metric in FIGURES)
    assert machine.state == (State.DEGRADED if signs else State.OFF, "NVML does not work: Driver Not Loaded")
    assert len([each for each in caplog.records if "gpus" in each.getMessage()]) == signs


def test_without_the_package_it_is_named_where_there_is_a_gpu(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, signs: bool, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with training.run():
        machine.look()
        assert not any(machine.figures(metric) for metric in FIGURES)
    state, detail = machine.state
    assert state is (State.DEGRADED if signs else State.OFF)
    assert "argus-otel[gpu]" in detail
    assert len([each for each in caplog.records if "argus-otel[gpu]" in each.getMessage()]) == signs


# -- torch: no machine of these tests has a GPU, so this is of an object that answers like torch


Torch = Callable[..., Cuda]


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> Torch:
    def make(*reserved: int, uuids: tuple[str, ...] = (), world_size: int = 0) -> Cuda:
        cuda = Cuda(*reserved, uuids=uuids)
        monkeypatch.setitem(sys.modules, "torch", like_torch(cuda, world_size))
        return cuda

    return make


def test_memory_that_torch_holds(two: StandIn, machine: Machine, torch: Torch) -> None:
    torch(4 * GIBIBYTE, 0)
    with training.run():
        machine.look()
        assert machine.figures(c.GPU_MEMORY_RESERVED) == {A: 4 * GIBIBYTE}
        assert machine.figures(c.GPU_MEMORY_ALLOCATED) == {A: 2 * GIBIBYTE}
        assert sorted(machine.figures()) == [A, B]
    assert machine.figures(c.GPU_MEMORY_RESERVED) == {}


def test_before_torch_has_used_a_gpu_nothing_is_asked(machine: Machine, torch: Torch) -> None:
    cuda = torch(4 * GIBIBYTE)
    cuda.initialized = False
    with training.run():
        assert machine.figures(c.GPU_MEMORY_RESERVED) == {}


def test_without_nvml_a_gpu_has_the_uuid_that_torch_tells_or_its_number(machine: Machine, torch: Torch) -> None:
    with training.run():
        torch(GIBIBYTE, uuids=(A,))
        assert machine.figures(c.GPU_MEMORY_RESERVED) == {}  # NVML may tell another name
        machine.look()
        assert machine.figures(c.GPU_MEMORY_RESERVED) == {A: GIBIBYTE}
        torch(GIBIBYTE)
        assert machine.figures(c.GPU_MEMORY_RESERVED) == {"cuda:0": GIBIBYTE}


def test_the_uuid_that_torch_tells_goes_before_the_order(two: StandIn, machine: Machine, torch: Torch) -> None:
    torch(GIBIBYTE, 3 * GIBIBYTE, uuids=(B, A))  # CUDA numbers the fastest one first
    with training.run():
        machine.look()
        assert machine.figures(c.GPU_MEMORY_RESERVED) == {B: GIBIBYTE, A: 3 * GIBIBYTE}


def test_of_several_processes_each_has_the_gpus_that_it_uses(two: StandIn, machine: Machine, torch: Torch) -> None:
    torch(0, GIBIBYTE, world_size=2)
    with training.run():
        machine.look()
        assert sorted(machine.figures()) == [B]
        torch(0, 0, world_size=2)
        machine.age()
        assert sorted(machine.figures()) == [A, B]


# -- a whole program

PROGRAM = """
import ctypes, json, os, sys, threading, time, urllib.request
library = ctypes.CDLL({library!r})
library.argus_reset(0)
library.argus_add(b"GPU-aaaa0000", -1, 50, ctypes.c_ulonglong(1 << 30), ctypes.c_ulonglong(1 << 33), 65, 250000)
library.argus_add(b"GPU-bbbb0000", -1, 50, ctypes.c_ulonglong(1 << 30), ctypes.c_ulonglong(1 << 33), 65, 250000)
os.environ["CUDA_VISIBLE_DEVICES"] = "1"
from argus_otel import training
from argus_otel.runtime import runtime

def page(path):
    return urllib.request.urlopen(runtime().endpoint_url + path).read().decode()

def ours():
    return [each.name for each in threading.enumerate() if each.name == "argus-otel training"]

told = {{"before": ["pynvml" in sys.modules, ours()]}}
with training.run("net") as run:
    run.log(loss=1.0)
    while "hw_gpu_utilization" not in (served := page("/metrics")):
        time.sleep(0.1)
    told["metrics"] = [line for line in served.splitlines() if line.startswith("hw_")]
    told["status"] = json.loads(page("/status"))["parts"]["gpus"]
print("TOLD", json.dumps(told))
"""


def test_a_program_serves_the_figures_of_its_gpus(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(PROGRAM.format(library=str(compiled())), encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ARGUS_", "OTEL_"))}
    done = subprocess.run(
        [sys.executable, "-m", "argus_otel", "run", str(script)],
        capture_output=True, text=True, timeout=60, check=False,
        env={**kept, "ARGUS_ENDPOINT_PORT": "0", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("TOLD")).removeprefix("TOLD"))
    assert told["before"] == [False, []]
    assert told["status"] == {"state": "ok", "detail": "1 GPU, by NVML"}
    assert {line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in told["metrics"]} == {
        "hw_gpu_utilization": 0.5,
        "hw_gpu_memory_usage_bytes": 1 << 30,
        "hw_gpu_memory_limit_bytes": 1 << 33,
        "hw_temperature_celsius": 65.0,
        "hw_power_watts": 250.0,
    }
    assert all('hw_id="GPU-bbbb0000",hw_type="gpu"' in line for line in told["metrics"])


def test_no_thread_is_left_after_a_run(observed: Observation) -> None:
    def ours() -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each.name == "argus-otel training"]

    until(lambda: not ours())  # of the test before
    with training.run():
        assert len(ours()) == 1
    until(lambda: not ours())


def test_torch_that_another_thread_still_imports_is_asked_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("torch")
    with training.run():
        for part in ("cuda", "distributed"):
            monkeypatch.setitem(sys.modules, "torch", module)
            assert machine.figures(c.GPU_MEMORY_RESERVED) == {}
            vars(module)[part] = ModuleType(f"torch.{part}")
    assert not machine.observed.telemetry.guard.faults
