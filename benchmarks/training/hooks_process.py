"""Calls the hooks of argus-otel at a step of a real fit, again and again: the process of :mod:`.hooks`.

In a fit that ``argus-otel run`` observes, a callback of the program's own finds that of argus-otel, and calls its
methods with what the framework gives it, in turns with a callback of the framework's class that does nothing.
"""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

from __future__ import annotations

import gc
import json
import random
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from time import thread_time
from typing import Any

from benchmarks.pairs import BARE, CONTROL

OURS = "argus-otel"
_WARM_UP = 3

Step = Callable[[int], object]
"""One step, as a callback sees it, by its number."""


def timed(variants: dict[str, Step], calls: int, rounds: int) -> dict[str, list[float]]:
    """Return the processor time of a step in each round, in µs."""
    found: dict[str, list[float]] = {name: [] for name in variants}
    shuffle = random.Random(1)
    for number in range(rounds + _WARM_UP):
        for name in shuffle.sample(list(variants), len(variants)):
            step = variants[name]
            gc.collect()
            gc.disable()
            began = thread_time()
            for each in range(calls):
                step(each)
            took = thread_time() - began
            gc.enable()
            if number >= _WARM_UP:
                found[name].append(took / calls * 1e6)
    return found


def _ours(callbacks: Iterable[Any]) -> Any:
    return next(each for each in callbacks if type(each).__name__ == "ArgusCallback")


def keras(calls: int, rounds: int) -> dict[str, list[float]]:
    """Within the third batch of a fit."""
    import keras
    import numpy

    found: dict[str, list[float]] = {}

    class Calls(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            if batch == 2:
                ours = _ours(gc.get_objects())  # there is no public way from a callback to its list
                nothing = keras.callbacks.Callback()
                variants = {BARE: self.step_of(nothing), CONTROL: self.step_of(nothing), OURS: self.step_of(ours)}
                found.update(timed(variants, calls, rounds))

        def step_of(self, callback: Any) -> Step:
            began, ended = callback.on_train_batch_begin, callback.on_train_batch_end
            number = 10

            def step(_: int) -> None:
                nonlocal number
                number += 1
                began(number)
                ended(number)

            return step

    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    total = 10 + (rounds + _WARM_UP) * calls * 3

    def batches():  # of a generator, whose number of steps is not known
        for _ in range(total):
            yield numpy.ones((4, 3)), numpy.ones((4, 1))

    stops = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: _stop(model, batch))
    model.fit(batches(), verbose=0, callbacks=[Calls(), stops])
    return found


def _stop(model: Any, batch: int) -> None:
    if batch >= 4:
        model.stop_training = True


def lightning(calls: int, rounds: int) -> dict[str, list[float]]:
    """Within the third batch of a fit that logs nothing."""
    import lightning.pytorch as pl
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    warnings.simplefilter("ignore")
    found: dict[str, list[float]] = {}

    class Net(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(3, 1)

        def training_step(self, batch, index):
            return self.layer(batch[0]).square().mean()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    class Calls(pl.Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
            if batch_idx != 2:
                return
            done = trainer.fit_loop.epoch_loop.automatic_optimization.optim_progress.optimizer.step.total

            def step_of(callback: pl.Callback) -> Step:
                began, ended = callback.on_train_batch_start, callback.on_train_batch_end

                def step(_: int) -> None:
                    began(trainer, pl_module, batch, 3)
                    done.completed += 1
                    ended(trainer, pl_module, outputs, batch, 3)

                return step

            nothing = pl.Callback()
            ours = step_of(_ours(trainer.callbacks))
            before = done.completed
            found.update(timed({BARE: step_of(nothing), CONTROL: step_of(nothing), OURS: ours}, calls, rounds))
            done.completed = before

    trainer = pl.Trainer(
        max_steps=5, log_every_n_steps=10**9, logger=False, enable_progress_bar=False, enable_checkpointing=False,
        enable_model_summary=False, accelerator="cpu", callbacks=[Calls()],
    )  # fmt: skip
    trainer.fit(Net(), DataLoader(TensorDataset(torch.rand(64, 3)), batch_size=4))
    return found


def transformers(calls: int, rounds: int) -> dict[str, list[float]]:
    """Within the third step of a training that logs nothing; the wrap of ``training_step`` is a variant of its own."""
    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments

    found: dict[str, list[float]] = {}

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(3, 1)

        def forward(self, x, labels=None):
            logits = self.layer(x)
            return {"loss": (logits - labels).square().mean(), "logits": logits}

    class Calls(TrainerCallback):
        def on_step_end(self, args, state, control, **more) -> None:
            if state.global_step != 3:
                return

            def step_of(callback: TrainerCallback, watch: Callable[[object], object] | None = None) -> Step:
                began, ended, loss = callback.on_step_begin, callback.on_step_end, torch.tensor(0.5)

                def step(_: int) -> None:
                    began(args, state, control, **more)
                    if watch is not None:
                        watch(loss)
                    state.global_step += 1
                    ended(args, state, control, **more)

                return step

            nothing, ours = TrainerCallback(), _ours(trainer.callback_handler.callbacks)
            variants = {
                BARE: step_of(nothing),
                CONTROL: step_of(nothing),
                OURS: step_of(ours),
                f"{OURS}, and the look at the loss": step_of(ours, ours.watch),
            }
            found.update(timed(variants, calls, rounds))
            state.global_step = 3

    samples = [{"x": torch.ones(3), "labels": torch.ones(1)} for _ in range(64)]
    with tempfile.TemporaryDirectory() as directory:
        arguments = TrainingArguments(
            output_dir=directory, max_steps=5, per_device_train_batch_size=4, logging_strategy="no", report_to=[],
            save_strategy="no", disable_tqdm=True, use_cpu=True,
        )  # fmt: skip
        trainer = Trainer(model=Net(), args=arguments, train_dataset=samples, callbacks=[Calls()])
        trainer.train()
    return found


FRAMEWORKS = {each.__name__: each for each in (keras, lightning, transformers)}


def main() -> None:
    """Print the figures of each round, in µs, by variant."""
    name, calls, rounds = sys.argv[1:]
    print("FOUND " + json.dumps(FRAMEWORKS[name](int(calls), int(rounds))), flush=True)


if __name__ == "__main__":
    main()
