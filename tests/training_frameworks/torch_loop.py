"""A loop of torch of the program's own, with a gradient scaler. Run by ``test_torch.py``."""
# pyright: basic, reportMissingImports=false

import sys
import time

import torch

from argus_otel import training

how = sys.argv[1]
layer = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
stepped = 0


def count(*_):
    global stepped
    stepped += 1


optimizer.register_step_post_hook(count)
if how == "explicit":
    with training.run("own", total_steps=5) as run:
        for step in range(5):
            layer(torch.rand(4, 3)).sum().backward()
            optimizer.step()
            run.log(loss=1, step=step)
    raise SystemExit
scaler = torch.amp.GradScaler("cpu")
for step in range(6):
    optimizer.zero_grad()
    loss = layer(torch.rand(4, 3)).square().mean()
    scaler.scale(loss * (float("inf") if step in (2, 4) else 1.0)).backward()
    scaler.step(optimizer)
    scaler.update()
    del loss
print("TOLD", f'{{"steps": {stepped}}}', flush=True)
if how == "raises":
    raise ValueError("a secret")
if how == "waits":
    time.sleep(100)
