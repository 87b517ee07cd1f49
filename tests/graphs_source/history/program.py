"""A program that runs graphs: started by the tests under ``argus-otel run``."""

from __future__ import annotations

import contextlib

from tests.graphs_source.history.graphs import judged, nested, working

config = {"configurable": {"thread_id": "42"}}
with contextlib.suppress(KeyError):
    nested().invoke({"question": "the parcel of 1 Main Street"}, config)
nested(["a", "b"]).invoke({"question": "?"}, config)
working().invoke({"question": "?"})
judged().invoke({"question": "?"})  # its validators run on, while the program ends
