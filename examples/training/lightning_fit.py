"""A fit of Lightning, without a line about argus-otel.

pip install lightning
argus-otel run examples/training/lightning_fit.py
"""

import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader, TensorDataset


class Line(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch, index):
        loss = torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, index):
        self.log("val_loss", torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


torch.manual_seed(1)
x = torch.rand(512, 4)
data = TensorDataset(x, x @ torch.tensor([[1.0], [-2.0], [3.0], [0.5]]))
trainer = pl.Trainer(
    max_epochs=3, log_every_n_steps=4, logger=False, enable_checkpointing=False, enable_progress_bar=False
)
trainer.fit(Line(), DataLoader(data, batch_size=32), DataLoader(data, batch_size=32))
