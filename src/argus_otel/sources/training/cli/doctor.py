"""The checks of ``argus-otel doctor`` about training runs: hooks, loops, history, the control directory, GPUs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import entry_points

from argus_otel.sources.training.control.directory import RIGHT, ControlDirectory
from argus_otel.sources.training.gpu.gpus import EXTRA, has_driver
from argus_otel.sources.training.settings import TrainingSettings
from argus_otel.terminal.findings import Check, Finding, Look, Status
from argus_otel.terminal.probes import ProbeError, probed
from argus_otel.terminal.requirements import installed_version

_GROUP = "Training runs"
_OURS = "argus-otel"

_FRAMEWORKS = {
    "keras": "keras",
    "lightning": "lightning.pytorch",
    "pytorch-lightning": "pytorch_lightning",
    "transformers": "transformers.trainer",
}
"""What is imported of each distribution."""

_LIGHTNING = ("lightning.pytorch", "pytorch_lightning")
_WITH_TORCH = ("lightning", "pytorch-lightning", "transformers")

_PROBE = """
import importlib, json, sys
from argus_otel.settings import Settings
from argus_otel.sources.training.source import TrainingSource
from argus_otel.telemetry import State, Telemetry
importlib.import_module(sys.argv[1])
telemetry = Telemetry()
TrainingSource(telemetry, Settings.resolve({}), lambda: None).install()
hooks = telemetry.health.parts("hook:")
print()
absent = {name: hook.detail for name, hook in hooks.items() if hook.state is not State.OK}
print(json.dumps({"targets": len(hooks), "absent": absent, "faults": dict(telemetry.guard.faults)}))
"""

_NVML = """
import json, pynvml
pynvml.nvmlInit()
print(json.dumps(pynvml.nvmlDeviceGetCount()))
"""


def _hooks(look: Look) -> Iterator[Finding]:
    """Import each framework as the program would, and check that the hooks' targets are in it."""
    for library, module in _FRAMEWORKS.items():
        version = installed_version(library)
        if version is None:
            continue
        if library in _WITH_TORCH and installed_version("torch") is None:
            yield Finding(_GROUP, library, Status.INFO, f"{library} {version}, and no torch to train with")
            continue
        try:
            found = probed(_PROBE, module, look.environ)
        except ProbeError as error:
            yield Finding(_GROUP, library, Status.WARN, f"it cannot be imported: {error}", error.remedy)
            continue
        targets, absent, faults = found["targets"], found["absent"], found["faults"]
        if not targets:
            detail = f"{library} {version} is not observed: no hook is for this version"
            yield Finding(_GROUP, library, Status.WARN, detail, f"pip install -U {library} {_OURS}")
            continue
        detail = f"{library} {version}: {targets - len(absent)} of {targets} patch targets exist"
        yield Finding(_GROUP, library, Status.WARN if absent or faults else Status.OK, detail)
        for name, reason in {**absent, **faults}.items():
            remedy = "the program runs without this signal; please report it"
            yield Finding(_GROUP, name.replace("hook:", "hook ", 1), Status.WARN, reason, remedy)
        if module in _LIGHTNING and not _is_asked(module):
            detail = f"the entry point of {_OURS} for {module} is missing: no Trainer is observed"
            yield Finding(_GROUP, library, Status.FAIL, detail, f"pip install --force-reinstall {_OURS}")


def _is_asked(package: str) -> bool:
    points = entry_points(group=f"{package}.callbacks_factory")
    return any(each.value.startswith("argus_otel.") for each in points)


def _loops(look: Look) -> Iterator[Finding]:
    """Tell whether loops of the program's own are observed, where there is torch."""
    asked = look.settings[TrainingSettings].torch
    version = installed_version("torch")
    if version is None:
        if asked:
            detail = "ARGUS_TRAINING_TORCH asks for steps of torch, which is not installed"
            yield Finding(_GROUP, "own loops", Status.WARN, detail, "pip install torch, or leave the variable out")
    elif asked:
        detail = f"torch {version}: steps of its optimizers are a run; values only by argus_otel.training"
        yield Finding(_GROUP, "own loops", Status.OK, detail)
    else:
        detail = "loops of the program's own are seen only if they use argus_otel.training"
        yield Finding(_GROUP, "own loops", Status.INFO, detail, "ARGUS_TRAINING_TORCH=true counts their steps, too")


def _history(look: Look) -> Iterator[Finding]:
    """Tell what is lost without history, where something trains."""
    if not _trains(look):
        return
    if look.settings.history != "off":
        yield Finding(_GROUP, "history", Status.OK, "runs and the values that they log are recorded")
        return
    detail = (
        "history is off: curves, configurations, checkpoints and the best values of runs are not kept; metrics have "
        "the last value only"
    )
    yield Finding(_GROUP, "history", Status.INFO, detail, "set ARGUS_HISTORY=true")


def _trains(look: Look) -> bool:
    libraries = (*_FRAMEWORKS, "torch")
    return look.settings[TrainingSettings].torch or any(installed_version(each) is not None for each in libraries)


def _control(look: Look) -> Iterator[Finding]:
    """Check the directory in which runs tell of themselves and are told to stop."""
    path = look.settings[TrainingSettings].control
    origin = look.settings.origins.get("training_control")
    given = origin is not None and origin.source != "default"
    if not given and not _trains(look):
        return
    if not path:
        detail = "runs are not known on their host: argus-otel training list, stop and rerun do not find them"
        remedy = "" if given else f"set ARGUS_CONTROL to {RIGHT}"
        yield Finding(_GROUP, "control", Status.INFO, detail, remedy)
        return
    directory = ControlDirectory(path)
    wrong = directory.check()
    if wrong is not None:
        yield Finding(_GROUP, "control", Status.FAIL, f"{directory.path}: {wrong}", f"it has to be {RIGHT}")
        return
    existing = next(each for each in (directory.path, *directory.path.parents) if each.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        runs = directory.runs()
        alive = sum(run.alive for run in runs)
        detail = f"{directory.path}: {alive} of {len(runs)} runs go on" if runs else str(directory.path)
        yield Finding(_GROUP, "control", Status.OK, detail)
        return
    remedy = f"let this user write to {existing}, or set ARGUS_CONTROL to another directory, or to false"
    detail = f"{directory.path} cannot be written to: runs cannot be stopped from outside"
    yield Finding(_GROUP, "control", Status.FAIL if given else Status.WARN, detail, remedy)


def _gpus(look: Look) -> Iterator[Finding]:
    """Check what reads GPUs, where there is a driver of NVIDIA or the package."""
    here, version = has_driver(), installed_version("nvidia-ml-py")
    if version is None:
        if here:
            detail = "there is a driver of NVIDIA, and no nvidia-ml-py: no metric of the GPUs"
            yield Finding(_GROUP, "GPUs", Status.WARN, detail, f"pip install '{EXTRA}'")
        return
    try:
        number: int = probed(_NVML, "pynvml", look.environ)
    except ProbeError as error:
        status = Status.WARN if here else Status.INFO
        remedy = "nvidia-smi says more; in a container, it needs the GPUs of its host" if here else ""
        yield Finding(_GROUP, "GPUs", status, f"NVML does not work: {error}", remedy)
        return
    seen = look.environ.get("CUDA_VISIBLE_DEVICES")
    detail = f"{number} by NVML" + ("" if seen is None else f"; the program sees CUDA_VISIBLE_DEVICES={seen!r}")
    yield Finding(_GROUP, "GPUs", Status.OK if number else Status.INFO, detail)


CHECKS: tuple[Check, ...] = (_hooks, _loops, _history, _control, _gpus)
"""See :mod:`argus_otel.terminal.findings`."""
