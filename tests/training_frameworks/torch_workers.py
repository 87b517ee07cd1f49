"""A loop of its own with workers that load its data, which are forks of it. Run by ``test_control.py``."""
# pyright: basic, reportMissingImports=false

import json

import torch
from torch.utils.data import DataLoader, TensorDataset

from argus_otel import training

data = DataLoader(TensorDataset(torch.rand(100_000, 3)), batch_size=4, num_workers=2)
with training.run("workers", model="Net") as run:
    for step, _ in enumerate(data):
        run.log(loss=1.0, step=step)
        if step == 5:
            children = [each.pid for each in torch.multiprocessing.active_children()]
            print("TOLD", json.dumps({"children": children}), flush=True)
