"""Judges what runs log by the rules, on the training thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Final

from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.companions import Companion
from argus_otel.sources.training.outcomes import Action, Rule
from argus_otel.sources.training.recorder import Recorder
from argus_otel.sources.training.runs import TrainingRun
from argus_otel.sources.training.values import Watch
from argus_otel.telemetry import CounterCell, Telemetry

from .rules import DIVERGED_IN_A_ROW, NONFINITE_IN_A_ROW, Loss, NonFinite, is_loss, is_whole_loss

_MOST = 256
"""How many names of a run are judged: a program may make some of a number."""

_SEEN: Final = {
    Rule.NONFINITE: f"was NaN or infinite {NONFINITE_IN_A_ROW} times in a row",
    Rule.DIVERGENCE: f"was far above its best {DIVERGED_IN_A_ROW} times in a row",
}
_DONE: Final = {
    Action.WARN: "The run goes on; with ARGUS_TRAINING_GUARD=stop it would be asked to end.",
    Action.STOP: "The run is asked to end.",
}

_log = logging.getLogger("argus_otel")

_Judge = Callable[[float], Rule | None]


class Losses(Companion):
    """Judges the losses that runs log, and where transformers says it, the norm of the gradients.

    Of the processes that train together only the first is judged: what is not finite spreads to all of them.

    Parameters
    ----------
    action:
        What is done when a rule trips.
    """

    def __init__(self, telemetry: Telemetry, recorder: Recorder, action: Action) -> None:
        self._recorder = recorder
        self._action = action
        self._trips = telemetry.counter(c.GUARD_TRIPS)

    def began(self, run: TrainingRun) -> None:
        """Have the series of the rules before the first trip: an alert needs them."""
        if run.rank == 0:
            for rule in _SEEN:
                self._cell(rule).value += 0

    def watch(self, run: TrainingRun, phase: str, names: Sequence[str]) -> Watch | None:
        """Return what judges the values that are logged under these names; ``None`` if none of them is judged."""
        if run.rank:
            return None
        judges = [
            (place, judge) for place, name in enumerate(names) if (judge := self._judge(run, phase, name)) is not None
        ]
        if not judges:
            return None

        def judge_all(values: Sequence[float]) -> None:
            for place, judge in judges:
                rule = judge(values[place])
                if rule is not None and rule not in run.tripped:
                    self._trip(run, rule, phase, names[place])

        return judge_all

    def _judge(self, run: TrainingRun, phase: str, name: str) -> _Judge | None:
        key = (phase, name)
        judge = run.judges.get(key)
        if judge is None and len(run.judges) < _MOST:
            if is_loss(name):
                judge = (Loss() if is_whole_loss(name) else NonFinite()).add
            elif name == "grad_norm" and run.kind.framework == "transformers":
                judge = Gradients(run.kind.skipped).add
            else:
                return None
            run.judges[key] = judge
        return judge

    def _trip(self, run: TrainingRun, rule: Rule, phase: str, name: str) -> None:
        run.tripped.add(rule)
        if self._action is Action.STOP and not run.stop_asked:
            run.stop_asked = "guard"
        self._cell(rule).value += 1
        _log.warning(
            "argus-otel: training: %s (%s) of the run %s %s, up to step %d. %s (Reported once a rule and run.)",
            name[:100], phase, run.name, _SEEN[rule], run.steps, _DONE[self._action],
        )  # fmt: skip
        self._recorder.tell(
            run,
            c.GUARDED,
            {
                a.STEP.name: run.steps,
                a.PHASE.name: phase,
                a.METRIC.name: name,
                a.RULE.name: rule.value,
                a.ACTION.name: self._action.value,
            },
        )

    def _cell(self, rule: Rule) -> CounterCell:
        return self._trips[(rule.value, self._action.value)]


class Gradients(NonFinite):
    """Of the norm of gradients, without steps that a gradient scaler has left out: it is looking for its factor.

    Parameters
    ----------
    skipped:
        The cell of these steps.
    """

    __slots__ = ("_skipped", "_known")

    def __init__(self, skipped: CounterCell) -> None:
        super().__init__()
        self._skipped = skipped
        self._known = skipped.value

    def add(self, value: float) -> Rule | None:
        """Take the next value; return the rule that trips now."""
        known, self._known = self._known, self._skipped.value
        if self._known != known and not isfinite(value):
            return None
        return super().add(value)
