"""Observed, with ``ARGUS_TRAINING_TORCH``: steps of torch's optimizers in loops of the program's own. Signals: a run
from the first of them to the end of the process, with its steps; never values, which torch has no name for.

torch calls a function after each step of any optimizer, by an entrance that is public. Safe, because it gets the
optimizer and returns nothing. A step within another run, such as a fit of Lightning, is that run's. A step that a
gradient scaler leaves out is none.
"""

from __future__ import annotations

import atexit
import sys
from time import perf_counter
from typing import Any

from argus_otel.sources.training import attributes as a
from argus_otel.sources.training.recorder import Recorder
from argus_otel.sources.training.runs import TrainingRun
from argus_otel.telemetry import AttributeValue, Telemetry

HOOK = "torch"
PACKAGE = "torch.optim.optimizer"

_ENTRANCE = "register_optimizer_step_post_hook"


class TorchLoops:
    """Observes steps of torch's optimizers."""

    def __init__(self, telemetry: Telemetry, recorder: Recorder) -> None:
        self._telemetry = telemetry
        self._recorder = recorder
        self._run: TrainingRun | None = None
        self._registration: Any = None
        self._imported = perf_counter()
        self._stepped = telemetry.guard.shield(HOOK, self._on_step, 1)

    def install(self) -> None:
        """Have torch call back after each step; safe to repeat."""
        if self._registration is None:
            self._imported = perf_counter()

            def stepped(optimizer: Any, *_: Any) -> None:
                self._stepped(optimizer)

            self._registration = getattr(sys.modules[PACKAGE], _ENTRANCE)(stepped)

    def uninstall(self) -> None:
        """Have torch call back no more. The run goes on to the end of the process."""
        registration, self._registration = self._registration, None
        if registration is not None:
            registration.remove()

    def _on_step(self, optimizer: Any) -> None:
        run = self._run
        if run is None or run.ended:
            if self._recorder.active:
                return
            run = self._run = self._begin(optimizer)
        elif self._recorder.active[-1] is not run:
            return
        run.stepped(perf_counter(), 1)

    def _begin(self, optimizer: Any) -> TrainingRun:
        facts: dict[str, AttributeValue] = {a.FRAMEWORK_VERSION.name: str(sys.modules["torch"].__version__)}  # type: ignore[attr-defined]
        facts[a.PARAMETERS.name] = sum(each.numel() for group in optimizer.param_groups for each in group["params"])
        config = {"optimizer": type(optimizer).__name__}
        run = self._recorder.begin("torch", None, facts=facts, config=config)
        run.started = self._imported  # what comes before the first step is a part of it
        # After that of the distro, which cuts short what has not ended, so before it at the end.
        atexit.register(self._end, run)
        return run

    def _end(self, run: TrainingRun) -> None:
        error = getattr(sys, "last_value", None)  # what has ended the program, if it was an exception
        self._telemetry.guard.run(HOOK, self._recorder.end, run, error)
