"""The public function ``evaluate``: passes what the program evaluates to each observing source, if there is one."""

from __future__ import annotations

from collections.abc import Callable

OBSERVERS: list[Callable[[object, object, object, object], object]] = []
"""Called with each evaluation: its name, score, label and explanation. None of them raises."""


def evaluate(
    name: str, /, *, score: float | None = None, label: str | None = None, explanation: str | None = None
) -> None:
    """Say how good something is that a node has done: ``evaluate("helpfulness", score=0.8)``.

    It becomes an event ``gen_ai.evaluation.result`` in the span of the node, and is counted in ``graph.evaluations``.
    The node is the one that the call is made in, or that a task or thread has been started by, even if it has ended
    since. If history is on, it is a row beside its run. Outside of runs of graphs, it is only counted. A score under
    the floor that :func:`graph` declares is found by the rule ``evaluation_low``.

    Parameters
    ----------
    name:
        What is evaluated; 100 different ones are told apart.
    score:
        A finite number.
    label:
        The score in a word, such as ``pass``; 20 different ones are told apart.
    explanation:
        Why. It only leaves the process if ``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`` asks for content.

    Never raises. A wrong call records nothing, and is warned of once. Does nothing until LangGraph is imported in an
    observed process.
    """
    for observe in tuple(OBSERVERS):
        observe(name, score, label, explanation)
