"""The rules as they are shipped, in a real Prometheus that scrapes a real program of agent graphs that fails a lot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.prometheus import Prometheus
from lab.receptionist.receptionist import SERVICE, Receptionist

from .firing import assert_fires, assert_nothing_else_fires, watched

FIRE = {
    "GraphRunsFail": {"graph_name": "answer"},
    "GraphLimitReached": {"graph_name": "answer"},
    "GraphDetectsErrors": {"graph_name": "answer", "graph_detection_id": "key_missing"},
    "ToolCallsFail": {"gen_ai_tool_name": "archive"},
}
"""What is wrong in each round of visits, and with what. The other alerts wait for longer, or for more failures."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    directory = tmp_path_factory.mktemp("graphs")
    with watched(Receptionist(directory), SERVICE, directory) as server:
        yield server


@pytest.mark.parametrize("name", FIRE)
def test_an_alert_fires_with_what_it_is_about(prometheus: Prometheus, name: str):
    assert_fires(prometheus, name, {"job": SERVICE, **FIRE[name]})


def test_nothing_else_fires_and_no_rule_fails(prometheus: Prometheus):
    assert_nothing_else_fires(prometheus, set(FIRE))
