"""One training of a framework, from its beginning to its end: the run, and what of it is open now."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Token
from typing import Any

from argus_otel.sources.training.outcomes import Outcome
from argus_otel.sources.training.recorder import Phase, Recorder, enter, leave
from argus_otel.sources.training.runs import TrainingRun
from argus_otel.sources.training.values import numbers_of
from argus_otel.telemetry import TraceSpan


class Fit:
    """One training of a framework.

    Attributes
    ----------
    run:
        The run, once it has begun; ``None`` before, and after its end.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.run: TrainingRun | None = None
        self._recorder = recorder
        self._token: Token[TrainingRun | None] | None = None
        self._epoch: int | None = None
        self._epoch_span: TraceSpan | None = None
        self._validation: Phase | None = None

    def begin(self, framework: str, model: str, **more: Any) -> TrainingRun:
        """Begin the run, and make it current. The arguments are those of :meth:`Recorder.begin`."""
        run = self.run = self._recorder.begin(framework, model, **more)
        self._token = enter(run)
        return run

    def end(self, error: BaseException | None, outcome: Outcome | None = None) -> None:
        """End the run and what is open in it; a second call does nothing."""
        run, token = self.run, self._token
        if run is None:
            return
        self.validation_ended()
        if self._epoch is not None and self._epoch_span is not None:
            self._epoch_span.end(None, failed=False)
        self.run = self._token = self._epoch = self._epoch_span = None
        if token is not None:
            leave(run, token)
        self._recorder.end(run, error, outcome)

    def epoch_began(self, epoch: int) -> None:
        """Begin an epoch, counted from 0."""
        run = self.run
        if run is not None:
            run.epoch = float(epoch)
            self._epoch = epoch
            self._epoch_span = self._recorder.epoch_span(run, epoch)

    def epoch_ended(self) -> None:
        """End the epoch."""
        run, epoch = self.run, self._epoch
        if run is not None and epoch is not None:
            run.epoch = float(epoch + 1)
            span, self._epoch, self._epoch_span = self._epoch_span, None, None
            self._recorder.epoch_ended(run, epoch, span)

    def validation_began(self) -> None:
        """Begin a validation."""
        if self.run is not None and self._validation is None:
            self._validation = self._recorder.validation(self.run)

    def validation_ended(self) -> None:
        """End the validation, if one goes on."""
        validation, self._validation = self._validation, None
        if validation is not None:
            validation.end()

    @property
    def validates(self) -> bool:
        """Whether a validation goes on."""
        return self._validation is not None

    def log(self, values: Mapping[str, Any], phase: str) -> None:
        """Log values at the step that the run is at. What is no number is left out: a framework logs texts, too."""
        run = self.run
        if run is not None and values:
            names, numbers, _ = numbers_of(values)
            if names:
                self._recorder.values.log(run, names, numbers, run.steps, phase)
