"""A fit of Lightning in two processes that it forks itself. Run by ``test_lightning.py``."""
# pyright: basic, reportMissingImports=false

import json
import os
import warnings

import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

warnings.simplefilter("ignore")


class Forked(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        self.stepped = 0

    def training_step(self, batch, index):
        loss = self.layer(batch[0]).square().mean()
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def on_train_end(self):
        told = {f"steps{self.global_rank}": self.trainer.global_step, f"pid{self.global_rank}": os.getpid()}
        print("TOLD", json.dumps(told), flush=True)


data = DataLoader(TensorDataset(torch.rand(64, 3)), batch_size=4)
quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
trainer = pl.Trainer(accelerator="cpu", devices=2, strategy="ddp_fork", max_epochs=2, log_every_n_steps=4, **quiet)
trainer.fit(Forked(), data)
print("TOLD", json.dumps({"parent": os.getpid()}), flush=True)
