"""A training with a secret in its arguments, parameters, environment and exception: started by the tests."""

from __future__ import annotations

import os
import time
from pathlib import Path

from argus_otel import training


def secret(place: str) -> str:
    """Return a text that is a secret, and says where it was."""
    return f"sk-planted{place}0123456789abcdef"


config = {
    "api_key": f"planted-{secret('parameter')}",
    "lr": 0.5,
    "nested": {"hub_token": "planted-nested", "note": secret("value")},
    "address": f"https://user:{'planted-password'}@example.com/data",
}
checkpoint = Path("model.ckpt")
checkpoint.write_text("planted-checkpoint")
with training.run("planted", model="Net", config=config) as run:
    run.artifact(checkpoint)
    for step in range(100):
        run.log(loss=1 / (step + 1), step=step)
        time.sleep(0.03)
    if os.environ["PLANTED_PASSWORD"]:
        raise ValueError(f"password=planted-exception {secret('exception')}")
