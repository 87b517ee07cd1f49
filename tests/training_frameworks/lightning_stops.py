"""A fit of Lightning that goes on until it is stopped: in two processes by gloo, or in one with a least number of
steps. Run by ``test_control.py``."""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

import json
import sys
import time
import warnings

import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

warnings.simplefilter("ignore")


class Stopped(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def training_step(self, batch, index):
        time.sleep(0.005 * (1 + self.global_rank))
        if self.global_rank == 0 and self.global_step == 10:
            print("TOLD", json.dumps({"training": True}), flush=True)
        return self.layer(batch[0]).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


data = DataLoader(TensorDataset(torch.rand(64, 3)), batch_size=4)
quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
if sys.argv[1] == "ranks":
    trainer = pl.Trainer(accelerator="cpu", devices=2, strategy="ddp", max_epochs=10_000, log_every_n_steps=7, **quiet)
else:
    trainer = pl.Trainer(accelerator="cpu", max_epochs=10_000, min_steps=int(sys.argv[1]), **quiet)
trainer.fit(Stopped(), data)
told = json.dumps({f"steps{trainer.global_rank}": trainer.global_step})
sys.stdout.write(f"\nTOLD {told}\n")  # at once: the other process writes too
