"""What the author of an agent graph can declare, evaluate, detect and ask for. Nothing here needs LangGraph.

.. code-block:: python

    from argus_otel import graphs

    graphs.graph("support", reads={"write": ["docs"]}, must_write={"search": ["docs"]}, allow_empty=["note"])

What is declared turns a guess into a verdict: a key that is missing where it is declared to be read is an error, and
the finding names the node that left it out.

What names and shapes cannot tell, a validator can. It is handed what a node has written, in the process only:

.. code-block:: python

    def cites_a_document(node, update):
        return any(document in update["answer"] for document in KNOWN)

    graphs.graph("support", validators={"write": cites_a_document}, judges={"write": helpfulness}, floor=0.7)

A node, or what it has started, can say how good its work is: ``graphs.evaluate("grounded", score=0.9)``.

A detector is a rule of the program's own on the facts of a run, which are names, shapes and durations:

.. code-block:: python

    @graphs.detector("no_search", severity="warn")
    def no_search(run):
        '''a run of the support graph has not searched'''
        if run.graph.name == "support" and not any(node.node == "search" for node in run.nodes):
            return graphs.Finding()

If history is on, what runs have done can be asked for:

.. code-block:: python

    from datetime import date

    from argus_otel import graphs

    with graphs.history() as history:
        for run in history.runs("support", outcome="error", since=date(2026, 11, 1)):
            detail = history.run(run.id)
            print(run.begin, run.error, [node.node for node in detail.nodes])
            for evaluation in detail.evaluations:
                print(evaluation.name, "of", evaluation.node, evaluation.score, evaluation.label)
            for finding in detail.findings:
                print(finding.rule, "at", finding.node, "caused by", finding.cause_node, finding.path)
        for cause in history.causes("support"):
            print(cause.node, cause.kind, cause.key, cause.findings)
        for drift in history.baseline("support"):
            print(drift.rule, drift.node, drift.subject, drift.then, drift.now)

:class:`History` has a method for each question: ``runs``, ``run``, ``nodes``, ``findings``, ``causes``,
``evaluations``, ``scores``, ``difference`` and ``baseline``. Each returns frozen dataclasses: :class:`Run`,
:class:`RunDetail`, :class:`NodeRun`, :class:`NodeSummary`, :class:`RecordedFinding`, :class:`CauseSummary`,
:class:`RecordedEvaluation`, :class:`EvaluationSummary`, :class:`Difference` and :class:`Drift`. They have names,
classes, lengths, durations and scores, never values; explanations of evaluations only if content was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argus_otel.detections.detectors import detector
from argus_otel.detections.facts import NodeFacts, RunFacts
from argus_otel.detections.findings import Finding
from argus_otel.sources.graphs.evaluate import evaluate
from argus_otel.sources.graphs.promises import declare as graph
from argus_otel.sources.graphs.validators import GateFailed

if TYPE_CHECKING:
    from argus_otel.detections.cross_run import Drift
    from argus_otel.sources.graphs.history.queries import History
    from argus_otel.sources.graphs.history.results import (
        CauseSummary,
        Difference,
        EvaluationSummary,
        NodeRun,
        NodeSummary,
        RecordedEvaluation,
        RecordedFinding,
        Run,
        RunDetail,
    )

__all__ = [
    "CauseSummary",
    "Difference",
    "Drift",
    "EvaluationSummary",
    "Finding",
    "GateFailed",
    "History",
    "NodeFacts",
    "NodeRun",
    "NodeSummary",
    "RecordedEvaluation",
    "RecordedFinding",
    "Run",
    "RunDetail",
    "RunFacts",
    "detector",
    "evaluate",
    "graph",
    "history",
]

_ASKED_FOR = {"Drift": "argus_otel.detections.cross_run", "History": "argus_otel.sources.graphs.history.queries"}
_RESULTS = "argus_otel.sources.graphs.history.results"


def history(store: str | None = None) -> History:
    """Open the history of agent graphs, to be closed after use: it is a context manager.

    Parameters
    ----------
    store:
        ``clickhouse://user:password@host:8123/database``, ``clickhouses://…``, ``chdb:DIRECTORY`` or
        ``files:DIRECTORY``. By default the one that ``ARGUS_HISTORY_STORE`` names.

    Raises
    ------
    StoreError
        It cannot be opened, or is missing the tables; the message says what to do.
    """
    from argus_otel.settings import Settings
    from argus_otel.sources.graphs.history.queries import History

    return History.open(store or Settings.resolve().history_store)


def __getattr__(name: str) -> Any:
    """Import what questions need when it is asked for: an observed program only declares."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_ASKED_FOR.get(name, _RESULTS)), name)
