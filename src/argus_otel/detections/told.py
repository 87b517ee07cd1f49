"""Rules on what the facts of a run that has ended do not show. The source finds it itself, and says so by their ids."""

from __future__ import annotations

from collections.abc import Iterable

from .facts import RunFacts
from .findings import Finding, Layer, Severity
from .rule import Habits, Rule


def _nothing(_rule: Rule, _run: RunFacts, _habits: Habits) -> Iterable[Finding]:
    return ()


RUN_STUCK = Rule(
    "run_stuck",
    Layer.BEHAVIOURAL,
    Severity.WARN,
    "a run is open for longer than ARGUS_GRAPHS_STUCK_AFTER says (300 s); found when metrics are collected, once a run",
    "A node does not return, or whoever reads the run's stream has stopped reading.",
    "Look at the open node that the finding names; give what it calls a timeout.",
    _nothing,
)
EVALUATION_LOW = Rule(
    "evaluation_low",
    Layer.SEMANTIC,
    Severity.ERROR,
    "a validator refused what a node wrote, or an evaluation has a score under the floor; of the declared severity",
    "What the node wrote is not what its author wants, whatever its shape.",
    "See the evaluation that the finding names, and the node's span.",
    _nothing,
)

RULES = (RUN_STUCK, EVALUATION_LOW)
