"""What a rule has found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

    from .facts import NodeFacts


class Layer(Enum):
    """By what something is found."""

    STRUCTURAL = "structural"
    BEHAVIOURAL = "behavioural"
    SEMANTIC = "semantic"
    CROSS_RUN = "cross_run"


class Severity(Enum):
    """How sure it is that something is wrong. Only ``ERROR`` fails a test."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for the least."""
        return list(Severity).index(self)


class Confidence(Enum):
    """From what a cause follows."""

    DECLARED = "declared"
    OBSERVED = "observed"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Cause:
    """Which node caused a finding.

    Attributes
    ----------
    kind:
        ``empty``, ``mistyped``, ``misnamed``, ``missing``, ``swallowed`` or ``own``.
    path:
        The nodes from the cause to the symptom.
    """

    node: str
    step: int
    kind: str
    path: tuple[str, ...]
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a run.

    Attributes
    ----------
    rule, layer, severity:
        Of the rule. What a detector returns gets those of the detector; its severity can only be lower.
    node, step:
        Where it shows; an empty name and 0 for the run as a whole.
    number:
        The node's place in the run; -1 for the run as a whole.
    key:
        The key of the state, the tool or the evaluation that it is about; empty for none.
    """

    rule: str = ""
    layer: Layer = Layer.BEHAVIOURAL
    severity: Severity = Severity.ERROR
    node: str = ""
    step: int = 0
    number: int = -1
    key: str = ""
    cause: Cause | None = None

    @classmethod
    def at(cls, node: NodeFacts, key: str = "") -> Self:
        """Return a detector's finding at a node, about a key or a tool."""
        return cls(node=node.node, step=node.step, number=node.number, key=key)

    def at_most(self, severity: Severity) -> Finding:
        """Return it with a severity that is not above this one."""
        return self if self.severity.rank <= severity.rank else replace(self, severity=severity)
