"""Observed: ``fit`` of Lightning's trainers, of ``lightning.pytorch`` and ``pytorch_lightning``. Signals: all of a run.

Lightning asks an entry point for more callbacks, at each Trainer: nothing is patched but what saves checkpoints. Safe,
because Lightning calls this callback as any other, and because it has no state that would get into a checkpoint.
``validate``, ``test`` and ``predict`` are no run, and neither is the sanity check.

Tensors are read at those steps only at which Lightning logs, and none is kept.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from argus_otel.sources.patches import Patch, PatchSet
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training.outcomes import Outcome
from argus_otel.sources.training.recorder import Recorder
from argus_otel.telemetry import AttributeValue, Telemetry

from .fit import Fit
from .saves import Saves
from .torch_models import parameters_of, samples_in, samples_of

HOOK = "lightning"
PACKAGES = ("lightning.pytorch", "pytorch_lightning")

_FRAMEWORK = "lightning"


class LightningFits:
    """Observes fits of Lightning's trainers."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, recorder: Recorder) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._recorder = recorder
        self._saves = Saves(telemetry.guard, HOOK, _FRAMEWORK, hooks, recorder)
        self._classes: dict[str, type[LightningHooks]] = {}
        self._made = telemetry.guard.shield(HOOK, self._make, 1)

    def patches(self, package: str) -> list[Patch]:
        """Return the hook on what saves checkpoints."""
        return [Patch(HOOK, f"{package}.trainer.trainer", "Trainer.save_checkpoint", self._saves.wrap, package)]

    def callbacks(self, package: str) -> list[Any]:
        """Return the callbacks for a Trainer of a package."""
        made = self._made(package) if self._hooks.on else None
        return [] if made is None else [made]

    def _make(self, package: str) -> LightningHooks:
        kind = self._classes.get(package)
        if kind is None:  # made here, since it is Lightning's own class that it has to be a subclass of
            base = sys.modules[package].Callback
            kind = self._classes[package] = type("ArgusCallback", (LightningHooks, base), {})
        hooks = kind()
        hooks.prepare(self._telemetry, self._recorder, package)
        return hooks


class LightningHooks:
    """What Lightning calls of one Trainer. With Lightning's own class as a second base it is a callback."""

    def prepare(self, telemetry: Telemetry, recorder: Recorder, package: str) -> None:
        """Note who records what is seen."""
        shield = telemetry.guard.shield
        self._fit = Fit(recorder)
        self._package = package
        self._steps = self._batches = self._size = self._samples = self._validated = 0
        self._alone = True
        self._logged: set[str] = set()
        self._of_training: set[str] = set()
        self._began = shield(HOOK, self._on_train_start, 2)
        self._ended = shield(HOOK, self._on_train_end, 1)
        self._failed = shield(HOOK, self._on_exception, 3)
        self._epoch_began = shield(HOOK, self._on_epoch_start, 1)
        self._epoch_ended = shield(HOOK, self._on_epoch_end, 1)
        # At each batch Lightning calls these two at once, with arguments by position in all versions since 2.0.
        self.on_train_batch_start = shield(HOOK, self._on_batch_start)
        self.on_train_batch_end = shield(HOOK, self._on_batch_end)
        self._validation_began = shield(HOOK, self._on_validation_start, 1)
        self._validation_batch_ended = shield(HOOK, self._on_validation_batch_end, 1)
        self._validation_ended = shield(HOOK, self._on_validation_end, 1)

    # -- what Lightning calls

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin the run."""
        self._began(trainer, pl_module)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002 - Lightning's names, as below
        """End the run."""
        self._ended(trainer)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End the run, if it is one: with neither ``on_train_end`` nor ``teardown``."""
        self._failed(trainer, pl_module, exception)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:  # noqa: ARG002
        """End a run that a tuner has left."""
        self._ended(trainer)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
        """Begin an epoch."""
        self._epoch_began(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
        """End the epoch, and log its values."""
        self._epoch_ended(trainer)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
        """Begin a validation, if it is one of a fit."""
        self._validation_began(trainer)

    def on_validation_batch_end(self, trainer: Any, *_: Any) -> None:
        """Count batches of the validation."""
        self._validation_batch_ended(trainer)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002
        """End the validation, and log its values."""
        self._validation_ended(trainer)

    # -- what is done

    def _on_train_start(self, trainer: Any, module: Any) -> None:
        facts: dict[str, AttributeValue] = {
            a.FRAMEWORK_VERSION.name: str(sys.modules[self._package].__version__),  # type: ignore[attr-defined]
            a.WORLD_SIZE.name: trainer.world_size,
        }
        parameters = parameters_of(module)
        if parameters:
            facts[a.PARAMETERS.name] = parameters
        epochs = trainer.max_epochs if (trainer.max_epochs or 0) > 0 else None
        self._alone = trainer.world_size == 1
        self._steps, self._batches = trainer.global_step, 0
        self._logged, self._of_training = set(), set()
        self._fit.begin(
            _FRAMEWORK,
            type(module).__name__,
            rank=trainer.global_rank,
            first_step=self._steps,
            total_steps=_total_steps(trainer, module),
            total_epochs=epochs,
            facts=facts,
            config=dict(getattr(module, "hparams", None) or {}),
            stops=_stops(trainer),
        )

    def _on_train_end(self, trainer: Any) -> None:
        run = self._fit.run
        if run is None:
            return
        self._catch_up(trainer)
        self._log_late(trainer)
        self._fit.end(None, Outcome.STOPPED if not run.stop_asked and _stops_early(trainer) else None)

    def _on_exception(self, trainer: Any, module: Any, error: BaseException) -> None:
        if self._fit.run is None:
            if trainer.state.fn != "fit":
                return
            self._on_train_start(trainer, module)  # it has failed before its first batch
        self._catch_up(trainer)
        terminated = type(error).__name__ == "SIGTERMException"  # which is a SystemExit without a status
        self._fit.end(error, Outcome.INTERRUPTED if terminated else None)

    def _catch_up(self, trainer: Any) -> None:
        """Count the step after which another callback has raised."""
        run, steps = self._fit.run, trainer.global_step - self._steps
        if run is not None and steps > 0:
            run.batch_ended(steps)
            self._steps += steps

    def _on_epoch_start(self, trainer: Any) -> None:
        self._log_late(trainer)
        self._size, self._samples = samples_of(trainer.train_dataloader)
        self._fit.epoch_began(trainer.current_epoch)

    def _on_epoch_end(self, trainer: Any) -> None:
        run = self._fit.run
        self._fit.epoch_ended()
        self._log(trainer, on_step=False)
        if self._alone and run is not None and run.stop_asked:
            trainer.should_stop = True

    def _on_batch_start(self, *_: Any) -> None:
        """Note that a batch is there."""
        run = self._fit.run
        if run is not None:
            run.batch_began()

    def _on_batch_end(self, trainer: Any, module: Any, outputs: Any, _: Any, batch: int, *__: Any) -> None:  # noqa: ARG002
        """Count steps, and log values where Lightning does."""
        run = self._fit.run
        if run is None:
            return
        steps = trainer.global_step
        run.batch_ended(steps - self._steps)
        self._steps = steps
        self._batches += 1
        if batch == 0:
            self._of_training.update(_values(trainer, on_step=True))
        if self._size:
            run.kind.count_samples(samples_in(batch, self._size, self._samples), "train")
        each = trainer.log_every_n_steps
        logs = each > 0 and self._batches % each == 0
        if logs and not self._log(trainer, on_step=True):
            self._fit.log(outputs if isinstance(outputs, dict) else {"loss": outputs}, "train")  # pyright: ignore[reportUnknownArgumentType]
        if self._alone:
            if run.stop_asked:
                trainer.should_stop = True
        elif logs and trainer.strategy.reduce_boolean_decision(bool(run.stop_asked), all=False):
            # All have to stop at the same step, or those that go on wait for the others for ever.
            trainer.should_stop = True

    def _on_validation_start(self, trainer: Any) -> None:
        if not trainer.sanity_checking:
            self._fit.validation_began()

    def _on_validation_batch_end(self, trainer: Any) -> None:
        run = self._fit.run
        if run is not None and not trainer.sanity_checking:
            run.kind.batches("validation").value += 1
            run.progressed()

    def _on_validation_end(self, trainer: Any) -> None:
        if self._fit.validates:
            self._fit.validation_ended()
            several = len(trainer.num_val_batches) > 1  # a list since 2.0
            # Those of several loaders are collected one after the other, and are all together only here.
            values = (
                {name: value for name, value in trainer.callback_metrics.items() if name not in self._of_training}
                if several
                else _values(trainer, on_step=False)
            )
            self._logged.update(values)
            self._fit.log(values, "validation")

    # -- values

    def _log(self, trainer: Any, *, on_step: bool) -> bool:
        """Log what the training has collected; return whether there is anything."""
        values = _values(trainer, on_step=on_step)
        self._logged.update(values)
        self._of_training.update(values)
        self._fit.log(values, "train")
        return bool(values)

    def _log_late(self, trainer: Any) -> None:
        """Log what the module has logged at the end of the epoch, which it does after its callbacks."""
        late = {name: value for name, value in trainer.callback_metrics.items() if name not in self._logged}
        self._of_training.update(late)
        self._fit.log(late, "train")


def _values(trainer: Any, *, on_step: bool) -> dict[str, Any]:
    """Return what the loop that runs has collected: ``callback_metrics`` has those of earlier epochs, too."""
    results = trainer._results  # noqa: SLF001 - there is no public way to them
    return {} if results is None else results.metrics(on_step)["callback"]


def _total_steps(trainer: Any, module: Any) -> float | None:
    """Return how many steps there will be; ``None`` where a module steps its optimizers itself."""
    if not module.automatic_optimization:
        return None
    total = trainer.estimated_stepping_batches
    return None if math.isinf(total) or total < 0 else total


def _stops(trainer: Any) -> str:
    """Return when it ends once it is asked to."""
    if trainer.world_size == 1:
        when = "it ends with the batch that runs now"
    else:
        each = trainer.log_every_n_steps
        when = f"its {trainer.world_size} processes end together where Lightning logs: each {each} batches"
        if each <= 0:
            return ""
    least = [f"{name}={value}" for name in ("min_epochs", "min_steps") if (value := getattr(trainer, name, None))]
    return f"{when}, but not before {' and '.join(least)}: Lightning goes on until then" if least else when


def _stops_early(trainer: Any) -> bool:
    """Whether the program has ended a fit before its last epoch and step. Lightning sets ``should_stop`` then, too."""
    epochs, steps = trainer.max_epochs, trainer.max_steps
    if (epochs is not None and 0 <= epochs <= trainer.current_epoch) or 0 <= steps <= trainer.global_step:
        return False
    return bool(trainer.should_stop)
