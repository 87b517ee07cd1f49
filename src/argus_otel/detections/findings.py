"""What a rule has found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


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
    rule:
        The rule's id.
    node, step:
        Where it shows; an empty name and 0 for the run as a whole.
    number:
        The node's place in the run; -1 for the run as a whole.
    key:
        The key of the state, or the tool, that it is about; empty for none.
    """

    rule: str
    layer: Layer
    severity: Severity
    node: str = ""
    step: int = 0
    number: int = -1
    key: str = ""
    cause: Cause | None = None

    def at_most(self, severity: Severity) -> Finding:
        """Return it with a severity that is not above this one."""
        return self if self.severity.rank <= severity.rank else replace(self, severity=severity)
