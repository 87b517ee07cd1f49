"""What the author of an agent graph can declare, evaluate and detect. All is optional, and nothing needs LangGraph.

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
"""

from __future__ import annotations

from argus_otel.detections.detectors import detector
from argus_otel.detections.facts import NodeFacts, RunFacts
from argus_otel.detections.findings import Finding
from argus_otel.sources.graphs.evaluate import evaluate
from argus_otel.sources.graphs.promises import declare as graph
from argus_otel.sources.graphs.validators import GateFailed

__all__ = ["Finding", "GateFailed", "NodeFacts", "RunFacts", "detector", "evaluate", "graph"]
