"""The kinds of runs, by framework and model, each with the cells that it counts in: a step looks none of them up."""

from __future__ import annotations

from argus_otel.telemetry import CounterCell, HistogramCell, Telemetry

from . import attributes as a
from . import catalogue as c


class RunKind:
    """What runs of one framework and one class of models have in common.

    Parameters
    ----------
    model:
        The name of the class; ``None`` if it is not known.
    counted:
        Whether runs and steps are counted: of the processes that train together, only one counts them.
    """

    __slots__ = (
        "framework",
        "model",
        "counted",
        "active",
        "steps",
        "skipped",
        "train_batches",
        "step",
        "first",
        "data_wait",
        "validation",
        "checkpoint",
        "_batches",
        "_samples",
        "_samples_of",
        "_tokens",
    )

    def __init__(self, telemetry: Telemetry, framework: str, model: str | None, *, counted: bool) -> None:
        key = (framework, model)
        self.framework = framework
        self.model = model
        self.counted = counted
        self._batches = telemetry.counter(c.BATCHES)
        self.active = telemetry.counter(c.RUNS_ACTIVE)[key] if counted else CounterCell()
        self.steps = telemetry.counter(c.STEPS)[key] if counted else CounterCell()
        self.skipped = telemetry.counter(c.STEPS_SKIPPED)[key] if counted else CounterCell()
        self.train_batches = self._batches[(framework, model, "train")]
        self._samples = telemetry.counter(c.SAMPLES)
        self._samples_of: dict[str, CounterCell] = {}  # from the first on: where they are not known, there is no series
        self._tokens = telemetry.counter(c.TOKENS)
        self.step: HistogramCell = telemetry.histogram(c.STEP_DURATION)[key]
        self.first: HistogramCell = telemetry.histogram(c.STEP_FIRST)[key]
        self.data_wait: HistogramCell = telemetry.histogram(c.DATA_WAIT)[key]
        self.validation: HistogramCell = telemetry.histogram(c.VALIDATION_DURATION)[key]
        self.checkpoint: HistogramCell = telemetry.histogram(c.CHECKPOINT_DURATION)[key]

    def batches(self, phase: str) -> CounterCell:
        """Return the cell of the batches of a phase."""
        return self._batches[(self.framework, self.model, phase)]

    def count_samples(self, samples: int, phase: str) -> None:
        """Count samples, where a framework says how many there are in a batch."""
        cell = self._samples_of.get(phase)
        if cell is None:
            cell = self._samples_of[phase] = self._samples[(self.framework, self.model, phase)]
        cell.value += samples

    def count_tokens(self, tokens: int, phase: str) -> None:
        """Count tokens, where a framework says how many there are."""
        self._tokens[(self.framework, self.model, phase)].value += tokens

    @property
    def labels(self) -> dict[str, str]:
        """The attributes of the points of its gauges."""
        found = {a.FRAMEWORK.name: self.framework}
        if self.model is not None:
            found[a.MODEL.name] = self.model
        return found
