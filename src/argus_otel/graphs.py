"""What the author of an agent graph can declare about it. Everything is optional, and nothing needs LangGraph.

.. code-block:: python

    from argus_otel import graphs

    graphs.graph("support", reads={"write": ["docs"]}, must_write={"search": ["docs"]}, allow_empty=["note"])

What is declared turns a guess into a verdict: a key that is missing where it is declared to be read is an error, and
the finding names the node that left it out.
"""

from __future__ import annotations

from argus_otel.sources.graphs.promises import declare as graph

__all__ = ["graph"]
