"""Observed: what a framework writes a checkpoint with, inside the run that is current. Signals: a checkpoint of it.

Safe, because the original gets the same arguments, and its result and its exceptions are passed on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argus_otel.sources.patches import PatchSet
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training.recorder import CURRENT, Phase, Recorder
from argus_otel.telemetry import Guard


class Saves:
    """Observes the methods of one framework that write a checkpoint to the path that is their first argument."""

    def __init__(self, guard: Guard, hook: str, framework: str, hooks: PatchSet, recorder: Recorder) -> None:
        self._framework = framework
        self._hooks = hooks
        self._recorder = recorder
        self._begin, self._end = guard.shield(hook, self._begin_save), guard.shield(hook, _end_save, 2)

    def wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method in place of such a one."""
        begin, end = self._begin, self._end

        def save(self: Any, filepath: Any, *args: Any, **kwargs: Any) -> Any:
            phase = begin()
            try:
                return original(self, filepath, *args, **kwargs)
            finally:
                if phase is not None:
                    end(phase, filepath)

        return save

    def _begin_save(self) -> Phase | None:
        run = CURRENT.get()
        if run is None or run.kind.framework != self._framework or run.ended or not self._hooks.on:
            return None
        return self._recorder.checkpoint(run)


def _end_save(phase: Phase, path: Any) -> None:
    phase.end({a.PATH.name: str(path)})
