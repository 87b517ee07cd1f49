"""A training loop of one's own: it says what it does by a few calls, and ends when it is asked to.

    argus-otel run examples/training/own_loop.py
    argus-otel training list

It needs no framework: a line is fitted to points, by steps down the gradient.
"""

import random
import time

from argus_otel import training

STEPS, BATCH, RATE = 2000, 16, 0.05

dice = random.Random(1)
points = [(x, 3 * x + 1 + dice.gauss(0, 0.1)) for x in (dice.uniform(-1, 1) for _ in range(256))]
held_back, points = points[:64], points[64:]
slope = start = 0.0


def loss_of(some):
    return sum((slope * x + start - y) ** 2 for x, y in some) / len(some)


with training.run("own loop", model="Line", total_steps=STEPS, config={"rate": RATE, "batch": BATCH}) as run:
    for step in range(STEPS):
        batch = dice.sample(points, BATCH)
        errors = [slope * x + start - y for x, y in batch]
        slope -= RATE * sum(2 * error * x for error, (x, _) in zip(errors, batch, strict=True)) / BATCH
        start -= RATE * sum(2 * error for error in errors) / BATCH
        run.log(loss=sum(error * error for error in errors) / BATCH, step=step)
        if step % 500 == 499:
            with run.validation():
                run.log(loss=loss_of(held_back), phase="validation")
        if run.should_stop:  # by `argus-otel training stop`, or by ARGUS_TRAINING_GUARD=stop
            break
        time.sleep(0.001)

print(f"y = {slope:.2f} x + {start:.2f}")
