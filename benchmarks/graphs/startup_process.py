"""A program that imports LangGraph, and runs one graph once: ``python startup_process.py [argus-otel]``.

It prints its usage after the import, and after the run, as a line of JSON. With the word, it calls argus-otel itself.
Otherwise it imports no module of argus-otel.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, cast


def used() -> dict[str, float]:
    """Return the usage of the process: processor seconds, bytes, modules."""
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return {"processor": time.process_time(), "resident": resident, "modules": len(sys.modules)}


def main() -> None:
    """Start."""
    if sys.argv[1:] == ["argus-otel"]:
        import argus_otel

        argus_otel.instrument()

    from langgraph.graph import START, StateGraph

    imported = used()

    def answer(state: dict[str, Any]) -> dict[str, Any]:
        return {"answer": state["question"]}

    graph: Any = StateGraph(cast("Any", dict))
    graph.add_node("answer", answer)
    graph.add_edge(START, "answer")
    graph.compile().invoke({"question": "yes"})
    print(json.dumps({"imported": imported, "ran": used()}), flush=True)
    os._exit(0)  # an end, with its last export, is no part of a start


if __name__ == "__main__":
    main()
