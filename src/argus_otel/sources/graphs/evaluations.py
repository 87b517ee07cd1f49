"""Evaluations of what nodes did, by validators, judges and the program: events, a metric, rows; low ones are found."""

from __future__ import annotations

import logging
from math import isfinite
from numbers import Real
from typing import NamedTuple

from argus_otel.detections.findings import Finding, Severity
from argus_otel.detections.told import EVALUATION_LOW
from argus_otel.telemetry import AttributeValue, Telemetry
from argus_otel.telemetry.encoding import as_utf8
from argus_otel.telemetry.guard import tried

from . import attributes as a
from . import catalogue as c
from . import conventions as genai
from .judging import Judge
from .places import Place, current_place
from .rows import Rows
from .validators import DECLARED, MOST_CHARACTERS

HOOK = "evaluations"

_log = logging.getLogger("argus_otel")

_LONGEST = 2000
"""How many characters of an explanation are kept."""

_MOST_WARNINGS = 100


class Evaluation(NamedTuple):
    """An evaluation.

    Attributes
    ----------
    score, label:
        ``None`` for none.
    error_type:
        The exception of a validator that has failed itself; then it has neither score nor label.
    refused:
        Whether it is low, whatever its score.
    """

    name: str
    score: float | None
    label: str | None
    explanation: str = ""
    error_type: str | None = None
    refused: bool = False


class Evaluations:
    """Records evaluations.

    Parameters
    ----------
    judge:
        Is told of low ones; ``None`` for no detections.
    content:
        Whether explanations leave the process.

    Attributes
    ----------
    given:
        Records what the program has given: name, score, label, explanation. Never raises.
    """

    def __init__(self, telemetry: Telemetry, judge: Judge | None, content: bool) -> None:
        self._telemetry = telemetry
        self._judge = judge
        self._content = content
        self._counter = telemetry.counter(c.EVALUATIONS)
        self._rows = Rows(telemetry)
        self._warned: set[tuple[str, str]] = set()
        self.given = telemetry.guard.shield(HOOK, self._given)

    def add(self, evaluation: Evaluation, place: Place | None) -> None:
        """Record an evaluation of what a node did; ``None`` for outside of runs."""
        graph = None if place is None else place.graph
        self._counter[(graph, evaluation.name, evaluation.label, evaluation.error_type)].value += 1
        if place is None:
            return
        described = self._described(evaluation, place)
        self._telemetry.emit(c.EVALUATION, described, place.span)
        self._rows.add_evaluation(place, described)
        if self._judge is not None and _is_low(evaluation, place.graph):
            finding = Finding(
                EVALUATION_LOW.id,
                EVALUATION_LOW.layer,
                _severity_in(place.graph),
                place.node,
                place.step,
                place.number,
                evaluation.name,
            )
            self._judge.add(place, finding)

    def _described(self, evaluation: Evaluation, place: Place) -> dict[str, AttributeValue]:
        found: dict[str, AttributeValue] = {a.GRAPH.name: place.graph, genai.EVALUATION.name: evaluation.name}
        if place.node:
            found[a.NODE.name] = place.node
            found[a.STEP.name] = place.step
        if evaluation.score is not None:
            found[genai.SCORE.name] = evaluation.score
        if evaluation.label is not None:
            found[genai.LABEL.name] = evaluation.label
        if evaluation.explanation and self._content:
            found[genai.EXPLANATION.name] = self._telemetry.redact(as_utf8(evaluation.explanation[:_LONGEST]))
        if evaluation.error_type is not None:
            found[a.ERROR_TYPE.name] = evaluation.error_type
        return found

    def _given(self, name: object, score: object, label: object, explanation: object) -> None:
        if not isinstance(name, str) or not 0 < len(name) <= MOST_CHARACTERS:
            self._warn(f"<{type(name).__name__}>", f"the name is a text of 1 to {MOST_CHARACTERS} characters")
            return
        number = None if score is None else number_of(score)
        if score is not None and number is None:
            # A float that is no finite number is shown; anything else may be what somebody said.
            shown = str(score) if type(score) is float else f"of the class {type(score).__name__}"
            self._warn(name, f"the score is a finite number, and this one is {shown}")
        elif label is not None and not is_label(label):
            self._warn(name, f"the label is a text of 1 to {MOST_CHARACTERS} characters")
        elif score is None and label is None:
            self._warn(name, "give a score, a label, or both")
        else:
            text = explanation if isinstance(explanation, str) else ""
            word = as_utf8(label) if isinstance(label, str) else None
            self.add(Evaluation(as_utf8(name), number, word, text), current_place())

    def _warn(self, name: str, problem: str) -> None:
        if (name, problem) not in self._warned and len(self._warned) < _MOST_WARNINGS:
            self._warned.add((name, problem))
            _log.warning("argus-otel: graphs.evaluate(%r): %s. Nothing is recorded. (Reported once.)", name, problem)


def number_of(score: object) -> float | None:
    """Return a score as a number; ``None`` if it is no finite one."""
    if not isinstance(score, Real):
        return None
    number, _ = tried(lambda: float(score))  # an int may be too large, and a class of others' may raise anything
    return number if number is not None and isfinite(number) else None


def is_label(label: object) -> bool:
    """Whether something is a label."""
    return isinstance(label, str) and 0 < len(label) <= MOST_CHARACTERS


def _is_low(evaluation: Evaluation, graph: str) -> bool:
    declared = DECLARED.get(graph)
    floor = None if declared is None else declared.floor_of(evaluation.name)
    return evaluation.refused or (floor is not None and evaluation.score is not None and evaluation.score < floor)


def _severity_in(graph: str) -> Severity:
    declared = DECLARED.get(graph)
    return EVALUATION_LOW.severity if declared is None else declared.severity
