"""A sweep: a run for each learning rate, all of one group, and the best of them at the end.

    ARGUS_HISTORY=store ARGUS_HISTORY_STORE=files:history argus-otel run examples/training/sweep.py
    argus-otel training best loss --group rates --store files:history

The questions need `pip install 'argus-otel[embedded]'`, or a ClickHouse server.
"""

import random

from argus_otel import training

dice = random.Random(1)
points = [(x, 3 * x + dice.gauss(0, 0.1)) for x in (dice.uniform(-1, 1) for _ in range(256))]


def train(rate):
    slope = 0.0
    with training.run(f"rate {rate:g}", model="Slope", total_steps=100, group="rates", config={"rate": rate}) as run:
        for step in range(100):
            batch = dice.sample(points, 16)
            slope -= rate * sum(2 * (slope * x - y) * x for x, y in batch) / 16
            run.log(loss=sum((slope * x - y) ** 2 for x, y in batch) / 16, step=step)
        with run.validation():
            loss = sum((slope * x - y) ** 2 for x, y in points) / len(points)
            run.log(loss=loss, phase="validation")
    return loss


losses = {rate: train(rate) for rate in (0.01, 0.03, 0.1, 0.3, 1.0)}
print(f"the best rate is {min(losses, key=losses.get)}")
