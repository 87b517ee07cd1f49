"""Observed: ``train`` of the Trainer of transformers, and its subclasses. Signals: all of a training run.

Each Trainer makes its callbacks from a list of classes, which gets one more. ``train``, ``evaluate`` and the saving of
checkpoints are wrapped, since their ends and exceptions are told to no callback. Safe, because the originals get the
same arguments, and because the Trainer calls this callback as any other.

The Trainer logs a loss that is not finite as if it were 0. So ``training_step`` is wrapped, too: one number, on the
device of the loss, becomes NaN with the first such loss. It is read where the Trainer logs, which waits for the device
anyway.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

from argus_otel.sources.patches import Patch, PatchSet
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training.outcomes import Outcome
from argus_otel.sources.training.recorder import Phase, Recorder
from argus_otel.telemetry import AttributeValue, Telemetry

from .fit import Fit
from .torch_models import parameters_of, samples_in, samples_of

HOOK = "transformers"
PACKAGE = "transformers.trainer"

_FRAMEWORK = "transformers"
_CONFIG = (
    "learning_rate", "per_device_train_batch_size", "gradient_accumulation_steps", "weight_decay", "warmup_steps",
    "max_grad_norm", "seed", "bf16", "fp16",
)  # fmt: skip
"""Arguments of a training that the start of a run tells."""
_NO_VALUES = ("epoch", "step")


class TransformersTrainings:
    """Observes trainings of transformers."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, recorder: Recorder) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._recorder = recorder
        self._callback: type[Any] | None = None

    def patches(self) -> list[Patch]:
        """Have each Trainer call back from now on, and return the hooks on what it does."""
        module: Any = sys.modules[PACKAGE]
        if self._callback is None:
            telemetry, recorder = self._telemetry, self._recorder

            def initialize(hooks: TransformersHooks) -> None:
                hooks.prepare(telemetry, recorder)

            # The class is made here, since it is that of transformers that it has to be a subclass of.
            bases = (TransformersHooks, module.TrainerCallback)
            self._callback = type("ArgusCallback", bases, {"__init__": initialize})
        if self._callback not in module.DEFAULT_CALLBACKS:
            module.DEFAULT_CALLBACKS.append(self._callback)
        return [
            Patch(HOOK, PACKAGE, "Trainer.train", self._wrap_train, PACKAGE),
            Patch(HOOK, PACKAGE, "Trainer.training_step", self._wrap_step, PACKAGE),
            Patch(HOOK, PACKAGE, "Trainer.evaluate", self._wrap_evaluate, PACKAGE),
            Patch(HOOK, PACKAGE, "Trainer._save_checkpoint", self._wrap_save, PACKAGE),
        ]

    def revert(self) -> None:
        """Have no Trainer that is made from now on call back."""
        callbacks: list[Any] = getattr(sys.modules.get(PACKAGE), "DEFAULT_CALLBACKS", [])
        if self._callback in callbacks:
            callbacks.remove(self._callback)

    def _hooks_of(self, trainer: Any) -> TransformersHooks | None:
        if not self._hooks.on:
            return None
        callbacks = trainer.callback_handler.callbacks
        return next((each for each in callbacks if isinstance(each, TransformersHooks)), None)

    def _wrap_train(self, original: Callable[..., Any]) -> Callable[..., Any]:
        shield = self._telemetry.guard.shield
        find, end = shield(HOOK, self._hooks_of, 1), shield(HOOK, _end, 3)

        def train(self: Any, *args: Any, **kwargs: Any) -> Any:
            hooks = find(self)
            if hooks is None:
                return original(self, *args, **kwargs)
            try:
                result = original(self, *args, **kwargs)
            except BaseException as error:
                end(hooks, self, error)
                raise
            end(hooks, self, None)
            return result

        return train

    def _wrap_step(self, original: Callable[..., Any]) -> Callable[..., Any]:
        watch = self._telemetry.guard.shield(HOOK, self._watch, 2)

        def training_step(self: Any, *args: Any, **kwargs: Any) -> Any:
            loss = original(self, *args, **kwargs)
            watch(self, loss)
            return loss

        return training_step

    def _watch(self, trainer: Any, loss: Any) -> None:
        hooks = self._hooks_of(trainer)
        if hooks is not None:
            hooks.watch(loss)

    def _wrap_evaluate(self, original: Callable[..., Any]) -> Callable[..., Any]:
        shield = self._telemetry.guard.shield
        begin, end = shield(HOOK, self._begin_evaluation, 1), shield(HOOK, _end_evaluation, 1)

        def evaluate(self: Any, *args: Any, **kwargs: Any) -> Any:
            fit = begin(self)
            try:
                return original(self, *args, **kwargs)
            finally:
                if fit is not None:
                    end(fit)

        return evaluate

    def _begin_evaluation(self, trainer: Any) -> Fit | None:
        """Return the training that this evaluation is a part of; ``None`` alone, and within another evaluation."""
        hooks = self._hooks_of(trainer)
        if hooks is None or hooks.fit.run is None or hooks.fit.validates:
            return None
        hooks.fit.validation_began()
        return hooks.fit

    def _wrap_save(self, original: Callable[..., Any]) -> Callable[..., Any]:
        shield = self._telemetry.guard.shield
        begin, end = shield(HOOK, self._begin_save, 1), shield(HOOK, _end_save, 2)

        def save(self: Any, *args: Any, **kwargs: Any) -> Any:
            phase = begin(self)
            try:
                return original(self, *args, **kwargs)
            finally:
                if phase is not None:
                    end(phase, self)

        return save

    def _begin_save(self, trainer: Any) -> Phase | None:
        hooks = self._hooks_of(trainer)
        return None if hooks is None or hooks.fit.run is None else self._recorder.checkpoint(hooks.fit.run)


def _end(hooks: TransformersHooks, trainer: Any, error: BaseException | None) -> None:
    if hooks.fit.run is None and error is not None:  # it has failed before its first step
        hooks.begin(trainer.args, trainer.state, trainer.model)
    run, state = hooks.fit.run, trainer.state
    early = run is not None and not run.stop_asked and state.global_step < state.max_steps
    hooks.fit.end(error, Outcome.STOPPED if early and error is None else None)


def _end_evaluation(fit: Fit) -> None:
    fit.validation_ended()


def _end_save(phase: Phase, trainer: Any) -> None:
    phase.end({a.PATH.name: f"{trainer.args.output_dir}/checkpoint-{trainer.state.global_step}"})


class TransformersHooks:
    """What one Trainer calls. With the class of transformers as a second base it is a callback."""

    def prepare(self, telemetry: Telemetry, recorder: Recorder) -> None:
        """Note who records what is seen."""
        shield = telemetry.guard.shield
        self.fit = Fit(recorder)
        self._bad: Any = None
        self._ever_bad = False
        self._alone = True  # asking the arguments each time would take several times as long as all else
        self._steps = self._tokens = self._batches = self._size = self._samples = 0
        self._train_began = shield(HOOK, self.begin, 3)
        self._epoch_began = shield(HOOK, self._on_epoch_begin, 2)
        self._batch_began = shield(HOOK, self._on_step_begin)
        self._batch_ended = shield(HOOK, self._on_substep_end)
        self._step_ended = shield(HOOK, self._on_step_end, 3)
        self._logs = shield(HOOK, self._on_log)
        self._evaluated = shield(HOOK, self._on_prediction_step)
        self._epoch_ended = shield(HOOK, self.fit.epoch_ended)

    # -- what the Trainer calls

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ARG002 - its names
        """Begin the run. It may be told twice, with a batch that has become smaller: it is still one."""
        self._train_began(args, state, more.get("model"))

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ARG002
        """Begin an epoch."""
        self._epoch_began(state, more.get("train_dataloader"))

    def on_epoch_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ARG002
        """End the epoch."""
        self._epoch_ended()

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ARG002
        """Note that a batch is there."""
        self._batch_began()

    def on_substep_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ARG002
        """Count a batch without a step."""
        self._batch_ended()

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ARG002
        """Count a step, and stop if that is asked for."""
        self._step_ended(state, more.get("optimizer"), control)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:  # noqa: ARG002
        """Log values."""
        self._logs(args, state, control, logs or {})

    def on_prediction_step(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ARG002
        """Count a batch of an evaluation."""
        self._evaluated()

    # -- what is done

    def begin(self, args: Any, state: Any, model: Any) -> None:
        """Begin the run, unless it has begun."""
        self._alone = args.world_size == 1
        self._steps, self._tokens, self._bad = state.global_step, state.num_input_tokens_seen, None
        self._ever_bad = False
        if self.fit.run is not None:
            return
        facts: dict[str, AttributeValue] = {
            a.FRAMEWORK_VERSION.name: str(sys.modules["transformers"].__version__),  # type: ignore[attr-defined]
            a.WORLD_SIZE.name: args.world_size,
        }
        parameters = parameters_of(model)
        if parameters:
            facts[a.PARAMETERS.name] = parameters
        self.fit.begin(
            _FRAMEWORK,
            type(model).__name__,
            rank=args.process_index,
            first_step=state.global_step,
            total_steps=state.max_steps if state.max_steps > 0 else None,
            total_epochs=math.ceil(state.num_train_epochs) or None,
            facts=facts,
            config={name: getattr(args, name) for name in _CONFIG if getattr(args, name, None) is not None},
            stops=_stops(args),
        )

    def watch(self, loss: Any) -> None:
        """Remember a loss that is not finite, without waiting for its device."""
        bad = self._bad
        if bad is None or bad.device != loss.device:
            self._bad = loss.detach() * 0  # 0 times what is not finite is NaN
        else:
            bad.add_(loss.detach() if loss.requires_grad else loss, alpha=0)

    def _on_epoch_begin(self, state: Any, loader: Any) -> None:
        self._batches = 0
        self._size, self._samples = samples_of(loader)
        self.fit.epoch_began(int((state.epoch or 0) + 1e-6))

    def _on_step_begin(self) -> None:
        if self.fit.run is not None:
            self.fit.run.batch_began()

    def _on_substep_end(self, steps: int = 0) -> None:
        run = self.fit.run
        if run is not None:
            run.batch_ended(steps)
            if self._size:
                run.kind.count_samples(samples_in(self._batches, self._size, self._samples), "train")
            self._batches += 1

    def _on_step_end(self, state: Any, optimizer: Any, control: Any) -> None:
        run = self.fit.run
        if run is None:
            return
        steps, self._steps = state.global_step - self._steps, state.global_step
        if getattr(optimizer, "step_was_skipped", False):  # by a gradient scaler; the Trainer counts it as a step
            run.kind.skipped.value += steps
            run.steps += steps
            steps = 0
        self._on_substep_end(steps)
        if run.stop_asked and self._alone:
            control.should_training_stop = True

    def _on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any]) -> None:
        run = self.fit.run
        if run is None:
            return
        run.epoch = float(state.epoch or 0)
        evaluated = any(name.startswith("eval_") for name in logs)
        values = {name: value for name, value in logs.items() if name not in _NO_VALUES}
        mean = "train_loss" if "train_runtime" in values else "loss"  # at the end, that of all steps
        if mean in values:
            bad, self._bad = self._bad is not None and math.isnan(float(self._bad)), None
            self._ever_bad |= bad
            if self._ever_bad if mean == "train_loss" else bad:
                values[mean] = math.nan
        seen = state.num_input_tokens_seen
        if seen > self._tokens:
            run.kind.count_tokens(seen - self._tokens, "train")
            self._tokens = seen
        self.fit.log(values, "validation" if evaluated else "train")
        asks = bool(run.stop_asked)
        if asks if self._alone else "loss" in values and _any_asks(args.device, asks):
            control.should_training_stop = True

    def _on_prediction_step(self) -> None:
        run = self.fit.run
        if run is not None:
            run.kind.batches("validation").value += 1
            run.progressed()


def _stops(args: Any) -> str:
    """Return when it ends once it is asked to."""
    if args.world_size == 1:
        return "it ends with the step that runs now"
    return f"its {args.world_size} processes end together where the Trainer logs: each {args.logging_steps:g} steps"


def _any_asks(device: Any, asks: bool) -> bool:
    """Return whether any of the processes is asked to stop: all have to stop at the same step."""
    torch: Any = sys.modules["torch"]
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return asks
    asked = torch.tensor(float(asks), device=device)
    torch.distributed.all_reduce(asked, torch.distributed.ReduceOp.MAX)
    return bool(asked)
