"""An ordinary loop of torch, without a line about argus-otel: its steps are those of the optimizer.

    pip install torch
    ARGUS_TRAINING_TORCH=true argus-otel run examples/training/torch_loop.py

The hook on the optimizer does not see the loss. To log it, use `argus_otel.training`, as own_loop.py does.
"""

import torch

torch.manual_seed(1)
x = torch.rand(512, 4)
y = x @ torch.tensor([[1.0], [-2.0], [3.0], [0.5]])

model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    for begin in range(0, 512, 32):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x[begin : begin + 32]), y[begin : begin + 32])
        loss.backward()
        optimizer.step()
print(f"loss {loss.item():.3f}")
