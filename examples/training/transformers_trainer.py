"""A training by transformers' Trainer, without a line about argus-otel. The model is torch's own: no hub is asked.

pip install transformers accelerate torch
argus-otel run examples/training/transformers_trainer.py
"""

import tempfile

import torch
from transformers import Trainer, TrainingArguments


class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def forward(self, x, labels=None):
        logits = self.layer(x)
        return {"loss": torch.nn.functional.mse_loss(logits, labels), "logits": logits}


torch.manual_seed(1)
points = torch.rand(512, 4)
labels = points @ torch.tensor([[1.0], [-2.0], [3.0], [0.5]])
data = [{"x": x, "labels": y} for x, y in zip(points, labels, strict=True)]

with tempfile.TemporaryDirectory() as directory:
    arguments = TrainingArguments(
        directory, num_train_epochs=2, per_device_train_batch_size=32, logging_steps=4, eval_strategy="epoch",
        save_strategy="no", learning_rate=0.05, report_to=[], disable_tqdm=True, use_cpu=True,
    )  # fmt: skip
    Trainer(model=Line(), args=arguments, train_dataset=data, eval_dataset=data).train()
