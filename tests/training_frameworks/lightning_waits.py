"""A fit of Lightning that goes on until somebody ends the process. Run by ``test_lightning.py``."""
# pyright: basic, reportMissingImports=false

import time
import warnings

import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

warnings.simplefilter("ignore")


class Waiting(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def training_step(self, batch, index):
        if index == 2:
            print("TOLD", '{"training": true}', flush=True)
        time.sleep(0.01)
        return self.layer(batch[0]).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


data = DataLoader(TensorDataset(torch.rand(62, 3)), batch_size=4)
quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
pl.Trainer(accelerator="cpu", max_epochs=100_000, **quiet).fit(Waiting(), data)
