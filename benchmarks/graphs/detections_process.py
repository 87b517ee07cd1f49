"""A process that runs the judged graphs under one watcher: ``python -m benchmarks.graphs.detections_process WATCHER``.

It prints a line of JSON for each graph, without and with what its author declares: what was found, and the highest
severity of it.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from pathlib import Path

from . import judged_graphs, more_judged_graphs
from .judged_graphs import NOTHING, Judged
from .recorders import Recorder, recorder

GRAPHS = (
    *judged_graphs.HEALTHY,
    *more_judged_graphs.HEALTHY,
    *judged_graphs.BROKEN,
    *more_judged_graphs.BROKEN,
)


def main(watcher: str) -> None:
    """Run them."""
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as directory, recorder(watcher, Path(directory)) as recording:
        for graph in GRAPHS:
            found = {mode: _judged(recording, graph, mode) for mode in ("without", "with")}
            print(json.dumps({"graph": graph.name, **found}), flush=True)


def _judged(recording: Recorder, graph: Judged, mode: str) -> dict[str, object]:
    watched = recording.observed(graph.build(), graph.declared if mode == "with" else NOTHING)
    raised: type[BaseException] | None = None
    try:
        graph.run(watched)
    except Exception as error:  # noqa: BLE001 - it is compared with what the graph raises bare
        raised = type(error)
    it = recording.recorded()
    changed = "" if raised is graph.raises else f"it raised {raised.__name__ if raised else 'nothing'}"
    return {"level": it.level, "found": it.found, "changed": changed}


if __name__ == "__main__":
    main(sys.argv[1])
