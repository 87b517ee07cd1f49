"""Runs the parts of a suite one after the other. One that fails takes nothing from the others, which take minutes."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .progress import Progress, spoken

INTERRUPTED = 130
"""The exit code of what was interrupted, as shells have it."""

T = TypeVar("T")


@dataclass(frozen=True)
class Step(Generic[T]):
    """A part that was chosen.

    Attributes
    ----------
    seconds:
        About how long it takes.
    run:
        Returns the tables, and the reasons for anything that could not be measured.
    why_not:
        Why it is not run; ``None`` if it is.
    """

    name: str
    title: str
    seconds: float
    run: Callable[[], tuple[list[T], list[str]]]
    why_not: str | None = None


def alone() -> None:
    """Remove what would configure OpenTelemetry or argus-otel in this process, and let nothing be logged."""
    for variable in [name for name in os.environ if name.startswith(("OTEL_", "ARGUS_"))]:
        del os.environ[variable]
    logging.disable(logging.WARNING)


def run_each(steps: Sequence[Step[T]], progress: Progress) -> tuple[list[T], list[str], bool]:
    """Return the tables, what was not measured and why, and whether something has failed."""
    tables: list[T] = []
    notes: list[str] = []
    failed = False
    progress.say(f"about {spoken(sum(step.seconds for step in steps))} in all; Ctrl-C shows the results so far")
    for step in steps:
        if progress.stopped or step.why_not:
            notes.append(f"{step.name}: not measured: {step.why_not or 'interrupted'}")
            continue
        progress.say(f"{step.name}: {step.title}, about {spoken(step.seconds)}")
        try:
            found, missing = step.run()
        except KeyboardInterrupt:
            notes.append(f"{step.name}: not measured: interrupted")
        except Exception as error:  # noqa: BLE001 - the other parts know nothing of it
            traceback.print_exc()
            notes.append(f"{step.name}: FAILED: {error}")
            failed = True
        else:
            tables += found
            notes += missing
    return tables, list(dict.fromkeys(notes)), failed
