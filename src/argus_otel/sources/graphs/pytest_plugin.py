"""A pytest plugin that fails a test if a graph that it ran was silently wrong. Off unless it is asked for.

``pytest --argus-graphs``, or ``argus_graphs = fail`` in the configuration of pytest; ``warn`` only warns. A test fails
by findings of the severity ``error`` in runs that began in it, on any thread. It does not fail by an exception that
reached the test's own code (it is the test's to judge), by an interrupt, or by a retry that succeeded.

.. code-block:: python

    @pytest.mark.graph_allows("key_empty")
    def test_nothing_is_found(graph_runs):
        graph.invoke({"question": "?"})
        assert [node.node for node in graph_runs.nodes] == ["search", "write"]

Nothing is exported, and no file is written. Each worker of xdist judges the runs of its own tests.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from argus_otel.detections.facts import NodeFacts, RunFacts
    from argus_otel.detections.findings import Finding

    from .judging import Verdict
    from .source import LangGraphSource

MODES = ("fail", "warn", "off")

_LONGEST = 30.0
"""How long a test waits for declared validators that run on their own thread, in seconds."""


class GraphFindingWarning(UserWarning):
    """A graph that a test ran was silently wrong."""


class GraphRuns:
    """The runs of graphs that began in a test, and have ended. Grows while the test runs.

    Attributes
    ----------
    verdicts:
        Each run with what was found in it.
    """

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []

    @property
    def runs(self) -> list[RunFacts]:
        """The facts of each run."""
        return [verdict.facts for verdict in self.verdicts]

    @property
    def nodes(self) -> list[NodeFacts]:
        """The facts of each node, in the order in which they began, run by run."""
        return [node for verdict in self.verdicts for node in verdict.facts.nodes]

    @property
    def findings(self) -> list[Finding]:
        """What rules have found, of every severity."""
        return [finding for verdict in self.verdicts for finding in verdict.findings]


class _Plugin:
    """Observes graphs in this process, and judges those of each test."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._source: LangGraphSource | None = None
        self._since = 0.0
        self.runs = GraphRuns()

    def start(self) -> None:
        """Place the hooks, now or once LangGraph is imported. Exports nothing."""
        from argus_otel.settings import Settings
        from argus_otel.telemetry import Telemetry

        from .source import LangGraphSource

        self._source = LangGraphSource(Telemetry(), Settings.resolve({}), lambda: None)
        self._source.verdicts.append(self._note)
        self._source.install()

    def stop(self) -> None:
        """Take the hooks out."""
        if self._source is not None:
            self._source.uninstall()

    def _note(self, verdict: Verdict) -> None:
        if verdict.started >= self._since:
            self.runs.verdicts.append(verdict)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:  # noqa: ARG002 - the hook's
        """Begin a test."""
        self._since, self.runs = perf_counter(), GraphRuns()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Judge a test that has passed."""
        result = yield
        if self._source is not None:
            self._source.settle(_LONGEST)
        lines = list(_reasons(item, self.runs.verdicts))
        if lines and self._mode == "fail":
            pytest.fail("\n".join(lines), pytrace=False)
        for line in lines:
            warnings.warn(GraphFindingWarning(line), stacklevel=1)
        return result


def _reasons(item: pytest.Item, verdicts: list[Verdict]) -> Iterator[str]:
    """Yield why a test does not pass: one line for each error."""
    from argus_otel.detections.detectors import rules
    from argus_otel.detections.findings import Severity

    marks = list(item.iter_markers("graph_allows"))
    allowed = {rule for mark in marks for rule in mark.args}
    if not all(mark.args for mark in marks):
        yield 'graph_allows needs ids of rules, such as graph_allows("key_empty"); argus-otel graphs rules lists them'
    for rule in sorted(allowed - {rule.id for rule in rules()}):
        yield f"graph_allows names {rule}, and there is no such rule or detector; argus-otel graphs rules lists rules"
    for verdict in verdicts:
        if _reached(verdict.error, str(item.path)):
            continue
        for finding in verdict.findings:
            if finding.severity is Severity.ERROR and finding.rule not in allowed:
                yield _line(verdict.facts.graph.name, finding)


def _line(graph: str, finding: Finding) -> str:
    where = f" at {finding.node}" if finding.node else ""
    about = f" {finding.key}" if finding.key else ""
    cause = finding.cause
    why = "" if cause is None else f"; caused by {cause.node}: {cause.kind} ({' → '.join(cause.path)})"
    return f"the graph {graph} was silently wrong: {finding.rule}{about}{where}{why}"


def _reached(error: BaseException | None, file: str) -> bool:
    """Whether an exception got to the test's own code: then a frame of its file is in the traceback."""
    trace = None if error is None else error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            return True
        trace = trace.tb_next
    return False


# -- hooks of pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the setting."""
    group = parser.getgroup("argus-otel")
    group.addoption(
        "--argus-graphs",
        action="store_const",
        const="fail",
        default=None,
        help="fail tests in which a graph of LangGraph was silently wrong",
    )
    parser.addini("argus_graphs", "fail, warn or off: what becomes of a test in which a graph was wrong", default="off")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and start if the plugin is asked for."""
    config.addinivalue_line("markers", "graph_allows(id, ...): rules whose findings do not fail the test")
    mode = config.getoption("--argus-graphs") or config.getini("argus_graphs")
    if mode not in MODES:
        raise pytest.UsageError(f"argus_graphs is {mode!r}; it has to be one of {', '.join(MODES)}")
    if mode != "off":
        plugin = _Plugin(mode)
        plugin.start()
        config.pluginmanager.register(plugin, "argus_graphs_runs")
        config.add_cleanup(plugin.stop)


@pytest.fixture
def graph_runs(request: pytest.FixtureRequest) -> GraphRuns:
    """The runs of graphs that began in this test."""
    plugin = request.config.pluginmanager.get_plugin("argus_graphs_runs")
    if plugin is None:
        pytest.skip("graphs are not observed: pytest --argus-graphs")
    return plugin.runs
