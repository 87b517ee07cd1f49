"""A fit of Lightning in two processes, by gloo; the second has a loss that is no number. Run by ``test_guard.py``."""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

import json
import sys
import warnings

import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

warnings.simplefilter("ignore")


class Ranked(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def training_step(self, batch, index):
        bad = self.global_step >= 4 and self.global_rank == 1
        loss = self.layer(batch[0]).square().mean() * (float("nan") if bad else 1.0)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


data = DataLoader(TensorDataset(torch.rand(256, 3)), batch_size=4)
quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
trainer = pl.Trainer(accelerator="cpu", devices=2, strategy="ddp", max_epochs=3, log_every_n_steps=2, **quiet)
trainer.fit(Ranked(), data)
told = json.dumps({f"steps{trainer.global_rank}": trainer.global_step})
sys.stdout.write(f"\nTOLD {told}\n")  # at once: the other process writes too
