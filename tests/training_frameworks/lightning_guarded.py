"""Fits of Lightning with losses that the guard does not like. Run by ``test_guard.py``."""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

import importlib
import json
import sys
import warnings

import torch
from torch.utils.data import DataLoader, TensorDataset

warnings.simplefilter("ignore")
pl = importlib.import_module(sys.argv[1])
TOLD = {}


class Net(pl.LightningModule):
    """Has a loss that is multiplied from a step on, and hardly learns."""

    factor, start = 1.0, 0
    on_step = True

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def training_step(self, batch, index):
        TOLD[type(self).__name__] = self.global_step + 1
        late = self.global_step >= self.start
        loss = (self.layer(batch[0]) - 1).square().mean() * (self.factor if late else 1.0)
        self.log("train_loss", loss, on_step=self.on_step, on_epoch=not self.on_step)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e-12)


def fit(name, epochs=3, each=1, **options):
    """Fit a module of a class of this name: sixteen batches."""
    made = type(name, (Net,), options)()
    trainer = pl.Trainer(
        logger=False, enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False,
        accelerator="cpu", max_epochs=epochs, log_every_n_steps=each,
    )  # fmt: skip
    trainer.fit(made, DataLoader(TensorDataset(torch.ones(64, 3)), batch_size=4))


fit("Healthy")
fit("NotFinite", factor=float("nan"), start=5)
fit("Diverging", factor=1e4, start=20)
fit("ByEpoch", factor=float("nan"), start=16, on_step=False, epochs=9, each=50)
print("TOLD", json.dumps(TOLD), flush=True)
