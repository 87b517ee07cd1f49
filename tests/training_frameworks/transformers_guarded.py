"""Trainings of transformers with losses that the guard does not like. Run by ``test_guard.py``."""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

import json

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

TOLD = {}


class Net(torch.nn.Module):
    """Has a loss that is multiplied from a step on, and hardly learns."""

    factor, start = 1.0, 0
    through = 1.0

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        self.calls = 0

    def forward(self, x, labels=None):
        logits = self.layer(x)
        late, self.calls = self.calls >= self.start, self.calls + 1
        return {"loss": (logits - labels).square().mean() * (self.factor if late else 1.0), "logits": logits}


class BadGradients(Net):
    """Has a loss that is finite, and gradients that are not."""

    def forward(self, x, labels=None):
        return {"loss": (self.layer(x) * 0).abs().sqrt().mean(), "logits": labels}


class Samples(torch.utils.data.Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, index):
        return {"x": torch.ones(3), "labels": torch.ones(1)}


class Counts(TrainerCallback):
    def __init__(self, name):
        self.name = name

    def on_step_end(self, args, state, control, **more):
        TOLD[self.name] = state.global_step


def train(name, base=Net, **options):
    """Train a model of a class of this name: sixteen steps an epoch."""
    arguments = TrainingArguments(
        output_dir=name, num_train_epochs=3, per_device_train_batch_size=4, logging_steps=1, save_strategy="no",
        report_to=[], disable_tqdm=True, use_cpu=True, learning_rate=1e-12, max_grad_norm=1.0,
    )  # fmt: skip
    Trainer(
        model=type(name, (base,), options)(), args=arguments, train_dataset=Samples(), callbacks=[Counts(name)]
    ).train()


train("Healthy")
train("NotFinite", factor=float("nan"), start=5)  # the Trainer logs a loss of 0
train("Diverging", factor=1e4, start=20)
train("BadGradients", BadGradients)
print("TOLD", json.dumps(TOLD), flush=True)
