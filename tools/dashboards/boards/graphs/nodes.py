"""The nodes of graphs: which are slow, which fail, and where runs go from them."""

from __future__ import annotations

from ...board import Board, Row
from ...panels import Column, heatmap, node_graph, table, timeseries
from ...queries import counted, increase, or_zero, per, prom, quantile, quantile_in_range, rate, total
from ...style import FAULTS, NUMBER, SECONDS, board_link
from .common import IN_GRAPH, NODES, of_outcomes, services

_NODE = "graph_name, graph_node_name"
_NAME = "{{graph_name}} {{graph_node_name}}"
_FOUND = board_link(
    "What was found", "argus-graph-detections", "job", "graph=${__data.fields.graph_name:percentencode}"
)


def _or_none(part: str) -> str:
    """Return counts by node that are 0 for nodes that ran, and of which nothing was counted."""
    return or_zero(part, counted(f"{NODES}_count", IN_GRAPH, by=_NODE))


_ROUTES = f"round({counted('graph_routes_total', IN_GRAPH, by=f'{_NODE}, graph_route')}) > 0"
_EDGES = _ROUTES
for _field, _from in (
    ("source", '"graph_name", "graph_node_name"'),
    ("target", '"graph_name", "graph_route"'),
    ("id", '"source", "graph_route"'),
):
    _EDGES = f'label_join({_EDGES}, "{_field}", " ", {_from})'

_TIME = Row(
    "Which nodes are slow, which fail?",
    [
        table(
            "Nodes",
            """Each node in the time range: how often it ran, the time that half of its runs and 95 % of them stay
            below, how many failed, and how many attempts its retry policy made in vain. A click leads to what rules
            found.""",
            per(counted(f"{NODES}_count", IN_GRAPH, by=_NODE)),
            per(quantile_in_range(0.5, NODES, IN_GRAPH, by=_NODE)),
            per(quantile_in_range(0.95, NODES, IN_GRAPH, by=_NODE)),
            per(_or_none(counted(f"{NODES}_count", IN_GRAPH, 'graph_outcome="error"', by=_NODE))),
            per(_or_none(counted("graph_node_failed_attempts_total", IN_GRAPH, by=_NODE))),
            columns={
                "graph_name": Column("Graph", links=[_FOUND]),
                "graph_node_name": Column("Node"),
                "Value #A": Column("Runs", unit="locale", decimals=0, bar=True),
                "Value #B": Column("p50", unit=SECONDS),
                "Value #C": Column("p95", unit=SECONDS),
                "Value #D": Column("Failed", unit="locale", decimals=0, thresholds=FAULTS),
                "Value #E": Column("Failed attempts", unit="locale", decimals=0, thresholds=FAULTS),
            },
            sort="p95",
            height=10,
            no_value="no nodes",
        ),
        timeseries(
            "Duration of nodes, p95",
            """The time that 95 of 100 runs of a node stay below, with all attempts. Points are exemplars, which lead to
            the trace. A node that calls a model is as slow as the model: see its calls.""",
            prom(quantile(0.95, NODES, IN_GRAPH, by=_NODE), _NAME, exemplar=True),
            unit=SECONDS,
            width=8,
        ),
        timeseries(
            "Duration of nodes, p50",
            """The time that half of the runs of a node stay below. p50 as before and p95 higher: some inputs, or some
            attempts, are slow; both higher: all of them.""",
            prom(quantile(0.5, NODES, IN_GRAPH, by=_NODE), _NAME, exemplar=True),
            unit=SECONDS,
            width=8,
        ),
        heatmap(
            "Durations of nodes",
            """How many runs of the chosen graphs' nodes took how long.""",
            prom(rate(f"{NODES}_bucket", IN_GRAPH, by="le"), "{{le}}", form="heatmap", exemplar=True),
            width=8,
        ),
        timeseries(
            "Nodes, by outcome",
            """How nodes ended. interrupted: it waits for a person; cancelled: the program has cancelled the run, or one
            node beside it failed.""",
            prom(increase(f"{NODES}_count", IN_GRAPH, by="graph_outcome"), "{{graph_outcome}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            overrides=of_outcomes(),
            width=8,
            no_value="no nodes",
        ),
        timeseries(
            "Exceptions of nodes",
            """Nodes that failed in all attempts, by the class of the exception. The span of the node has its step, and
            the keys of the state that were written before it.""",
            prom(
                increase(f"{NODES}_count", IN_GRAPH, 'error_type!=""', by=f"{_NODE}, error_type"),
                f"{_NAME} {{{{error_type}}}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="none failed",
        ),
        timeseries(
            "Failed attempts",
            """Attempts of nodes with a retry policy that failed, whether another one succeeded or not. They cost time,
            and say what is close to failing.""",
            prom(
                increase("graph_node_failed_attempts_total", IN_GRAPH, by=f"{_NODE}, error_type"),
                f"{_NAME} {{{{error_type}}}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="none failed",
        ),
        timeseries(
            "Running nodes",
            """Nodes that run now. One that is always there hangs, or is where runs spend their time.""",
            prom(total("graph_nodes_active", IN_GRAPH, by=_NODE), _NAME),
            unit=NUMBER,
            stacked=True,
        ),
        timeseries(
            "Interrupts, by node",
            """Nodes that began to wait for a person, by interrupt() or before or after they run.""",
            prom(increase("graph_interrupts_total", IN_GRAPH, by=_NODE), _NAME),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="none",
        ),
    ],
)

_WHERE = Row(
    "Where do runs go?",
    [
        node_graph(
            "Routes",
            """The ways that runs of the chosen graphs took in the time range, as often as the number at the edge says;
            __end__ is the end of a run. An edge that you expect and do not see was never taken; a thick one back to an
            earlier node is a loop.""",
            per(_EDGES),
        ),
        table(
            "Routes, counted",
            """The same as numbers: from which node runs went on to which.""",
            per(_ROUTES),
            columns={
                "graph_name": Column("Graph"),
                "graph_node_name": Column("From"),
                "graph_route": Column("To"),
                "Value": Column("Times", unit="locale", decimals=0, bar=True),
            },
            sort="Times",
            no_value="none",
        ),
    ],
)

BOARD = Board(
    uid="argus-graph-nodes",
    title="Graphs: nodes",
    description="Which nodes of agent graphs are slow, which fail, and where runs go from them.",
    variables=services(),
    rows=[_TIME, _WHERE],
)
