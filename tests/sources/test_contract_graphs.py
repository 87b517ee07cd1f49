from __future__ import annotations

import re

import pytest

pytest.importorskip("langgraph.pregel", reason="install langgraph: uv sync")

from argus_otel.testing import SourceContract

from ..graphs_source.history.graphs import nested, working
from ..graphs_source.running import Ran, run, run_async
from ..graphs_source.shapes import SHAPES

WITHOUT_VALUES = ("functional", "odd keys")
"""Shapes that run on no event loop, or whose results are equal to none."""


def told(ran: Ran) -> object:
    return [re.sub(r"id='\w+'", "id", str(result)) for result in ran.results]  # an interrupt has another one each time


class TestContract(SourceContract):
    source = "graphs"
    modules = (
        "langgraph.pregel",
        "langgraph.pregel._loop",
        "langgraph.pregel._runner",
        "langchain_core.language_models.chat_models",
        "langchain_core.tools.base",
    )

    def exercise(self) -> object:
        shapes = [shape for shape in SHAPES if shape.name not in WITHOUT_VALUES]
        results = [told(each(shape)) for shape in shapes for each in (run, run_async)]
        with pytest.raises(KeyError):
            nested().invoke({"question": "?"})
        return [*results, nested(["a"]).invoke({"question": "?"}), working().invoke({"question": "?"})]
