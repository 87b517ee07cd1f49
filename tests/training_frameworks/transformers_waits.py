"""A training of transformers that goes on until somebody ends it. Run by ``test_control.py``."""
# pyright: basic, reportMissingImports=false

import json
import time

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments


class Waiting(torch.nn.Module):
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
        return {"x": torch.ones(3), "labels": torch.ones(1)}


class Tells(TrainerCallback):
    def on_step_end(self, args, state, control, **more):
        if state.global_step == 3:
            print("TOLD", '{"training": true}', flush=True)
        time.sleep(0.01)


arguments = TrainingArguments(
    output_dir="waits", num_train_epochs=100_000, per_device_train_batch_size=4, save_strategy="no",
    report_to=[], disable_tqdm=True, use_cpu=True,
)  # fmt: skip
trainer = Trainer(model=Waiting(), args=arguments, train_dataset=Samples(), callbacks=[Tells()])
trainer.train()
print("TOLD", json.dumps({"steps": trainer.state.global_step}), flush=True)
