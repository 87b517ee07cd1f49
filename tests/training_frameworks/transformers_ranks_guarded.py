"""A training of transformers in two processes, by gloo; the second has a loss that is no number.

Run by ``test_guard.py``.
"""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

import json
import os
import sys

import torch
from transformers import Trainer, TrainingArguments

RANK = os.environ["RANK"]


class Ranked(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        self.calls = 0

    def forward(self, x, labels=None):
        logits = self.layer(x)
        self.calls += 1
        bad = self.calls > 4 and RANK == "1"
        return {"loss": (logits - labels).square().mean() * (float("nan") if bad else 1.0), "logits": logits}


class Samples(torch.utils.data.Dataset):
    def __len__(self):
        return 256

    def __getitem__(self, index):
        return {"x": torch.full((3,), float(index % 5)), "labels": torch.ones(1)}


arguments = TrainingArguments(
    "ranked", num_train_epochs=3, per_device_train_batch_size=4, logging_steps=2, save_strategy="no", report_to=[],
    disable_tqdm=True, use_cpu=True,
)  # fmt: skip
trainer = Trainer(model=Ranked(), args=arguments, train_dataset=Samples())
trainer.train()
told = json.dumps({f"steps{RANK}": trainer.state.global_step})
sys.stdout.write(f"\nTOLD {told}\n")  # at once: the other process writes too
