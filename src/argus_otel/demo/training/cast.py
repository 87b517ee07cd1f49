"""What is trained: a sweep, a run that diverges, and one that would go on for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any
from uuid import uuid4

KILLED_STEPS = 5000
"""How many steps the run is to have whose first process is killed: more than that process gets to."""

RESUMED_STEPS = 1800
"""How many it has in the end."""

SOON = 1200
"""After how many steps it is killed."""


def killed(run: str, checkpoint: str, steps: int) -> dict[str, Any]:
    """Return the order for the run whose first process is killed, or for the process that goes on with it."""
    return {
        "way": "loop", "name": "killed", "run": run, "steps": steps, "rate": 0.05, "checkpoint": checkpoint,
    }  # fmt: skip


def orders() -> Iterator[Mapping[str, Any]]:
    """Return what is trained, one after the other, again and again."""
    for number in count():
        group = f"sweep-{number + 1}"
        for seed, rate in enumerate((0.01, 0.05, 0.2), 1):
            yield {"way": "fit", "name": f"rate {rate:g}", "group": group, "steps": 200, "rate": rate, "seed": seed}
        yield {"way": "loop", "name": "diverges", "steps": 200, "rate": 400.0}
        yield {"way": "loop", "name": "endless", "run": str(uuid4()), "steps": 1_000_000, "rate": 0.05, "stopped": True}
