"""Observed: ``fit`` of Keras' models. Signals: all of a training run.

The fit that all models share is wrapped, and gets one more callback. Safe, because the other arguments are the
program's, and because Keras calls this callback as any other. ``train_on_batch`` and ``evaluate`` are no run.

Keras may call the ends of batches on a pool of threads, and then in any order: unless a callback that it is given says
otherwise, and this one does not. So steps are told by the index of the batch, under a lock that nobody else waits for.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from argus_otel.sources.patches import Patch, PatchSet
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training.outcomes import Outcome
from argus_otel.sources.training.recorder import Recorder
from argus_otel.telemetry import AttributeValue, Telemetry

from .fit import Fit
from .saves import Saves

if TYPE_CHECKING:
    from argus_otel.sources.training.runs import TrainingRun

HOOK = "keras"
PACKAGE = "keras"

_FRAMEWORK = "keras"
_PARAMETERS = (
    "x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split", "validation_data", "shuffle",
    "class_weight", "sample_weight", "initial_epoch", "steps_per_epoch",
)  # fmt: skip
"""Those of ``fit``, in order, in all versions since 3.0."""
_CALLBACKS = _PARAMETERS.index("callbacks")
_BATCH_SIZE = 32
"""Keras' own default, for arrays."""
_LOG_EACH = 50
"""After how many steps the values are logged, besides each epoch. They are means since the beginning of the epoch."""


class KerasFits:
    """Observes fits of Keras' models."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, recorder: Recorder) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._recorder = recorder
        self._saves = Saves(telemetry.guard, HOOK, _FRAMEWORK, hooks, recorder)
        self._callback: type[KerasHooks] | None = None

    def patches(self) -> list[Patch]:
        """Return the hooks on what fits models and what saves them; none for Keras 2."""
        keras: Any = sys.modules[PACKAGE]
        if not str(keras.__version__)[:1] >= "3":
            return []
        # The class is made here, since it is Keras' own that it has to be a subclass of.
        self._callback = type("ArgusCallback", (KerasHooks, keras.callbacks.Callback), {})
        model = keras.Model
        trainer = next((each for each in model.__mro__ if "fit" in vars(each)), model)
        return [
            Patch(HOOK, trainer.__module__, f"{trainer.__qualname__}.fit", self._wrap_fit, PACKAGE),
            Patch(HOOK, model.__module__, f"{model.__qualname__}.save", self._saves.wrap, PACKAGE),
            Patch(HOOK, model.__module__, f"{model.__qualname__}.save_weights", self._saves.wrap, PACKAGE),
        ]

    def _wrap_fit(self, original: Callable[..., Any]) -> Callable[..., Any]:
        guard = self._telemetry.guard
        begin, end = guard.shield(HOOK, self._begin, 3), guard.shield(HOOK, _end, 2)

        def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
            begun = begin(self, args, kwargs)
            if begun is None:
                return original(self, *args, **kwargs)
            hooks, args, kwargs = begun
            try:
                result = original(self, *args, **kwargs)
            except BaseException as error:
                end(hooks, error)
                raise
            end(hooks, None)
            return result

        return fit

    def _begin(
        self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[KerasHooks, tuple[Any, ...], dict[str, Any]] | None:
        if not self._hooks.on or self._callback is None:
            return None
        given = {**dict(zip(_PARAMETERS, args, strict=False)), **kwargs}
        hooks = self._callback()
        hooks.prepare(self._telemetry, self._recorder, model, given)
        callbacks: Any = given.get("callbacks")
        if hasattr(callbacks, "callbacks"):  # a CallbackList, which has told its callbacks of the model already
            hooks.join(callbacks)
            return hooks, args, kwargs
        if callbacks is None:
            callbacks = [hooks]
        else:
            callbacks = [*callbacks, hooks] if isinstance(callbacks, (list, tuple)) else [callbacks, hooks]
        if len(args) > _CALLBACKS:
            return hooks, (*args[:_CALLBACKS], callbacks, *args[_CALLBACKS + 1 :]), kwargs
        return hooks, args, {**kwargs, "callbacks": callbacks}


class KerasHooks:
    """What Keras calls in one fit. With Keras' own class as a second base it is a callback.

    Attributes
    ----------
    async_safe:
        Keras may call it from its threads. A callback without this would turn that off for all.
    among:
        The list of the program's that it has been added to.
    """

    async_safe = True
    among: list[Any] | None = None
    params: Any
    set_params: Callable[[Any], None]
    set_model: Callable[[Any], None]

    def prepare(self, telemetry: Telemetry, recorder: Recorder, model: Any, given: Mapping[str, Any]) -> None:
        """Note what is fitted, and with what arguments."""
        shield = telemetry.guard.shield
        self.fit = Fit(recorder)
        self.fitted = model
        self._given = given
        self._lock = Lock()
        self._run: TrainingRun | None = None
        self._reached = self._validated = 0
        self._steps: int | None = None
        self._at_once: int = getattr(model, "steps_per_execution", 1) or 1
        self._ahead = 0
        self._size, self._samples = _samples(given)
        self._train_began = shield(HOOK, self.begin, 1)
        self._epoch_began = shield(HOOK, self._on_epoch_began, 1)
        self._epoch_ended = shield(HOOK, self._on_epoch_ended, 1)
        self._batch_began = shield(HOOK, self._on_batch_began, 1)
        self._batch_ended = shield(HOOK, self._on_batch_ended, 2)
        self._test_began = shield(HOOK, self._on_test_began)
        self._test_batch_ended = shield(HOOK, self._on_test_batch_ended, 1)
        self._test_ended = shield(HOOK, self.fit.validation_ended)

    def join(self, callbacks: Any) -> None:
        """Become one of the callbacks of a list of Keras' own class."""
        self.set_params(callbacks.params)
        self.set_model(self.fitted)
        self.among = callbacks.callbacks
        callbacks.callbacks.append(self)

    # -- what Keras calls

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras gives it by this name, as below
        """Begin the run."""
        self._train_began(self.params)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Begin an epoch."""
        self._epoch_began(epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """End the epoch, and log its values."""
        self._epoch_ended(logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Note that a batch is there."""
        self._batch_began(batch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count steps; on any thread."""
        self._batch_ended(batch, logs)

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Begin a validation."""
        self._test_began()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Count batches of the validation; on any thread."""
        self._test_batch_ended(batch)

    def on_test_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """End the validation."""
        self._test_ended()

    # -- what is done

    def begin(self, params: Mapping[str, Any] | None) -> None:
        """Begin the run, with the totals that Keras knows by now."""
        given, model, params = self._given, self.fitted, params or {}
        epochs, steps = params.get("epochs", given.get("epochs", 1)), params.get("steps")
        self._steps = steps
        first = given.get("initial_epoch") or 0
        facts: dict[str, AttributeValue] = {a.FRAMEWORK_VERSION.name: str(sys.modules[PACKAGE].__version__)}  # type: ignore[attr-defined]
        parameters = sum(math.prod(each.shape) for each in model.trainable_variables)
        if parameters:
            facts[a.PARAMETERS.name] = parameters
        self._run = self.fit.begin(
            _FRAMEWORK,
            type(model).__name__,
            first_step=first * (steps or 0),
            total_steps=epochs * steps if steps else None,
            total_epochs=epochs,
            facts=facts,
            config=_config(given, model),
            stops="it ends with the batch that runs now",
        )

    def _on_epoch_began(self, epoch: int) -> None:
        self._reached = 0
        self.fit.epoch_began(epoch)

    def _on_batch_began(self, batch: int) -> None:
        run = self._run
        if run is None:
            return
        if self._reached == batch:
            run.batch_began()
        else:  # the end of the last batch is not told yet: nothing waits for data
            run.kind.data_wait.record(0.0)
        if run.stop_asked:
            self.fitted.stop_training = True

    def _on_batch_ended(self, batch: int, logs: Any) -> None:
        run = self._run
        if run is None:
            return
        with self._lock:
            before, reached = self._reached, self._after(batch)
            if self._steps:
                reached = min(reached, self._steps)
            if reached <= before:
                return
            self._reached = reached
            run.batch_ended(reached - before, reached - before)
            if self._size:
                total = self._samples
                run.kind.count_samples(min(reached * self._size, total) - min(before * self._size, total), "train")
            if logs and reached // _LOG_EACH > before // _LOG_EACH and reached != self._steps:
                run.epoch = run.epoch // 1 + (reached / self._steps if self._steps else 0)
                self.fit.log(logs, "train")

    def _after(self, batch: int) -> int:
        """Return how many batches there have been at the end of one with this index.

        Of several steps in one call, Keras tells the last one; the oldest versions told the first.
        """
        if batch == 0 and self._at_once > 1:
            self._ahead = self._at_once - 1
        return batch + 1 + self._ahead

    def _on_epoch_ended(self, logs: Any) -> None:
        if self._steps is None:
            self._learn_steps()
        self.fit.epoch_ended()
        logs = logs or {}
        self.fit.log({name: value for name, value in logs.items() if not name.startswith("val_")}, "train")
        self.fit.log({name: value for name, value in logs.items() if name.startswith("val_")}, "validation")
        if self._run is not None and self._run.stop_asked:
            self.fitted.stop_training = True

    def _learn_steps(self) -> None:
        """Expect of the other epochs as many steps as the first one had, of a generator that does not tell."""
        run = self._run
        if run is not None and run.total_epochs and self._reached and run.total_steps is None:
            self._steps = self._reached
            run.total_steps = run.total_epochs * self._reached

    def _on_test_began(self) -> None:
        self._validated = 0
        self.fit.validation_began()

    def _on_test_batch_ended(self, batch: int) -> None:
        run = self._run
        if run is None:
            return
        with self._lock:
            before, reached = self._validated, self._after(batch)
            if reached > before:
                run.kind.batches("validation").value += reached - before
                self._validated = reached
                run.progressed()


def _end(hooks: KerasHooks, error: BaseException | None) -> None:
    if hooks.among is not None and hooks in hooks.among:
        hooks.among.remove(hooks)
    if hooks.fit.run is None and error is not None:  # it has failed before its first epoch
        hooks.begin(None)
    run, model = hooks.fit.run, hooks.fitted
    stopped = error is None and run is not None and not run.stop_asked and getattr(model, "stop_training", False)
    hooks.fit.end(error, Outcome.STOPPED if stopped else None)


def _config(given: Mapping[str, Any], model: Any) -> dict[str, Any]:
    kept = {name: given[name] for name in ("batch_size", "epochs", "initial_epoch") if given.get(name) is not None}
    optimizer = getattr(model, "optimizer", None)
    return kept if optimizer is None else {**kept, "optimizer": type(optimizer).__name__}


def _samples(given: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many samples a batch and an epoch have, if the data are arrays; zeros if not."""
    data = given.get("x")
    while isinstance(data, (list, tuple, dict)) and data:
        data = next(iter(data.values() if isinstance(data, dict) else data))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    shape = getattr(data, "shape", None)  # pyright: ignore[reportUnknownArgumentType]
    if not shape or given.get("steps_per_epoch") is not None:
        return 0, 0
    samples = shape[0]
    if given.get("validation_split") and given.get("validation_data") is None:
        samples = math.floor(samples * (1.0 - given["validation_split"]))
    return given.get("batch_size") or _BATCH_SIZE, samples
