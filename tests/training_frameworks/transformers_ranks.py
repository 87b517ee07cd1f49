"""A training of transformers in two processes, by gloo; the first is asked to stop. Run by ``test_transformers.py``."""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

import json
import os
import sys

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from argus_otel.sources.training.recorder import CURRENT


class Ranked(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def forward(self, x, labels=None):
        logits = self.layer(x)
        return {"loss": (logits - labels).square().mean(), "logits": logits}


class Samples(torch.utils.data.Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, index):
        return {"x": torch.full((3,), float(index % 5)), "labels": torch.ones(1)}


class Asks(TrainerCallback):
    def on_step_end(self, args, state, control, **more):
        if state.global_step == 4 and args.process_index == 0:
            CURRENT.get().stop_asked = "command"


arguments = TrainingArguments(
    "ranked",
    num_train_epochs=3,
    per_device_train_batch_size=4,
    logging_steps=5,
    save_strategy="no",
    report_to=[],
    disable_tqdm=True,
    use_cpu=True,
)
trainer = Trainer(model=Ranked(), args=arguments, train_dataset=Samples(), callbacks=[Asks()])
trainer.train()
told = json.dumps({f"steps{os.environ['RANK']}": trainer.state.global_step})
sys.stdout.write(f"\nTOLD {told}\n")  # at once: the other process writes too
