"""Fits of the frameworks that the demo knows, as any program has them: without a line about argus-otel."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

Points = Sequence[tuple[list[float], float]]


class Framework(NamedTuple):
    """A framework by which the demo trains.

    Attributes
    ----------
    title:
        Its name, for a sentence.
    kind:
        The values of ``argus.training.framework`` and ``argus.training.model``.
    needs:
        The packages that have to be installed.
    variables:
        Variables of the environment that it reads, of the program that uses it.
    fit:
        Fits a line to points, with a batch size, a number of epochs and a rate.
    """

    title: str
    kind: tuple[str, str]
    needs: tuple[str, ...]
    variables: Mapping[str, str]
    fit: Callable[[Points, int, int, float], None]


def _fit_keras(points: Points, batch: int, epochs: int, rate: float) -> None:
    import keras
    import numpy

    x, y = numpy.array([at for at, _ in points]), numpy.array([value for _, value in points])
    model = keras.Sequential([keras.Input((len(points[0][0]),)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(rate), loss="mse")
    model.fit(x, y, batch_size=batch, epochs=epochs, validation_data=(x, y), verbose=0)


def _fit_lightning(points: Points, batch: int, epochs: int, rate: float) -> None:
    import lightning.pytorch as pl
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    class Line(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(len(points[0][0]), 1)

        def loss(self, batch: Any) -> Any:
            return torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])

        def training_step(self, batch: Any, _: int) -> Any:
            loss = self.loss(batch)
            self.log("loss", loss)
            return loss

        def validation_step(self, batch: Any, _: int) -> None:
            self.log("val_loss", self.loss(batch))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=rate)

    data = TensorDataset(torch.tensor([at for at, _ in points]), torch.tensor([[value] for _, value in points]))
    trainer = pl.Trainer(
        max_epochs=epochs, log_every_n_steps=4, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(Line(), DataLoader(data, batch_size=batch), DataLoader(data, batch_size=batch))


def _fit_transformers(points: Points, batch: int, epochs: int, rate: float) -> None:
    import torch
    from transformers import Trainer, TrainingArguments

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(len(points[0][0]), 1)

        def forward(self, x: Any, labels: Any = None) -> Any:
            logits = self.layer(x)
            return {"loss": torch.nn.functional.mse_loss(logits, labels), "logits": logits}

    data = [{"x": torch.tensor(at), "labels": torch.tensor([value])} for at, value in points]
    with tempfile.TemporaryDirectory() as directory:
        arguments = TrainingArguments(
            directory, num_train_epochs=epochs, per_device_train_batch_size=batch, logging_steps=4,
            eval_strategy="epoch", save_strategy="no", learning_rate=rate, report_to=[], disable_tqdm=True,
            use_cpu=True,
        )  # fmt: skip
        Trainer(model=Line(), args=arguments, train_dataset=data, eval_dataset=data).train()


FRAMEWORKS: Final = (
    Framework("Keras", ("keras", "Sequential"), ("keras", "jax"), {"KERAS_BACKEND": "jax"}, _fit_keras),
    Framework("Keras", ("keras", "Sequential"), ("keras", "torch"), {"KERAS_BACKEND": "torch"}, _fit_keras),
    Framework("Lightning", ("lightning", "Line"), ("lightning", "torch"), {}, _fit_lightning),
    Framework(
        "transformers", ("transformers", "Line"), ("transformers", "accelerate", "torch"),
        {"HF_HUB_OFFLINE": "1"}, _fit_transformers,
    ),
)  # fmt: skip
"""In the order in which the demo prefers them."""


def installed() -> Framework | None:
    """Return the first framework that is installed, if there is one."""
    return next((each for each in FRAMEWORKS if all(find_spec(name) is not None for name in each.needs)), None)
