"""All graphs: do their runs end well, how long do they take, what do they wait for, and what do they use."""

from __future__ import annotations

from ...board import Board, Row
from ...panels import Column, stat, table, timeseries
from ...queries import average, counted, increase, now, or_zero, per, prom, quantile, quantile_in_range, share, total
from ...style import BAD, GOOD, NEUTRAL, NUMBER, SECONDS, SHARE, WARNING, board_link, coloured, steps
from .common import EXCEPTIONS, FAILED, IN_AGENT, IN_GRAPH, RUNS, duration_by_graph, of_outcomes, services
from .spent import TOKENS_OVER_TIME, tokens_in_range

_LINK = board_link("Its nodes", "argus-graph-nodes", "job", "graph=${__data.fields.graph_name:percentencode}")


def _runs_by_graph(*matchers: str) -> str:
    return counted(RUNS, IN_GRAPH, *matchers, by="graph_name")


_SUMMARY = Row(
    "Do runs end well?",
    [
        stat(
            "Runs",
            """Runs of the chosen graphs that have ended in the time range. A graph in a node of another one counts,
            too; a run that was interrupted and resumed is two.""",
            now(counted(RUNS, IN_GRAPH), "runs"),
            unit="locale",
            decimals=0,
            no_value="none",
        ),
        stat(
            "Failed",
            """Share of the runs that ended with an exception or at the recursion limit. "Exceptions that ended runs"
            names the cause.""",
            now(share(counted(RUNS, IN_GRAPH, FAILED), counted(RUNS, IN_GRAPH)), "of the runs"),
            unit=SHARE,
            thresholds=steps((0.01, WARNING), (0.05, BAD)),
            no_value="no runs",
        ),
        stat(
            "At the recursion limit",
            """Runs that reached the recursion limit, even where the program has caught the exception. The loop has no
            way out, or the limit is too low: see the routes of the graph's nodes.""",
            now(or_zero(counted(RUNS, IN_GRAPH, 'graph_outcome="limit"'), counted(RUNS, IN_GRAPH)), "runs"),
            unit=NUMBER,
            decimals=0,
            thresholds=steps((1, BAD)),
            no_value="0",
        ),
        stat(
            "Running now",
            """Runs that have begun and not ended. A number that only grows: runs hang, most likely in a call without a
            timeout.""",
            prom(total("graph_runs_active", IN_GRAPH), "runs"),
            unit=NUMBER,
            no_value="0",
        ),
        stat(
            "Interrupts",
            """Nodes that began to wait for a person in the time range. Far more of them than of resumes: nobody
            answers.""",
            now(or_zero(counted("graph_interrupts_total", IN_GRAPH), counted(RUNS, IN_GRAPH)), "interrupts"),
            unit=NUMBER,
            decimals=0,
            no_value="0",
        ),
        stat(
            "Tokens",
            """Tokens of prompts and answers in the time range, as providers report them, of all graphs of the chosen
            services. A click leads to models.""",
            now(f"{tokens_in_range('input')} + {tokens_in_range('output')}", "tokens"),
            unit="short",
            links=[board_link("Models and tools", "argus-graph-calls", "job", "instance")],
            no_value="none reported",
        ),
        timeseries(
            "Runs, by outcome",
            """How runs ended. abandoned: the program left the stream; limit: the recursion limit; interrupted: it waits
            for a person, which is no failure.""",
            prom(increase(RUNS, IN_GRAPH, by="graph_outcome"), "{{graph_outcome}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            overrides=of_outcomes(),
            no_value="no runs",
        ),
        timeseries(
            "Exceptions that ended runs",
            """Runs that failed, by the class of the exception. One class in all graphs at a time: what they have in
            common, such as a provider, fails.""",
            prom(EXCEPTIONS, "{{error_type}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            no_value="none failed",
        ),
        table(
            "Graphs",
            """Each graph in the time range: its runs, the share of them that failed, and the duration and number of
            steps that 95 % stay below. A click leads to its nodes.""",
            per(_runs_by_graph()),
            per(share(_runs_by_graph(FAILED), _runs_by_graph())),
            per(duration_by_graph(0.95, in_range=True)),
            per(quantile_in_range(0.95, "graph_run_steps", IN_GRAPH, by="graph_name")),
            columns={
                "graph_name": Column("Graph", links=[_LINK]),
                "Value #A": Column("Runs", unit="locale", decimals=0, bar=True),
                "Value #B": Column("Failed", unit=SHARE, thresholds=steps((0.01, WARNING), (0.05, BAD))),
                "Value #C": Column("Duration, p95", unit=SECONDS),
                "Value #D": Column("Steps, p95", unit=NUMBER, decimals=0),
            },
            sort="Runs",
            no_value="no runs",
        ),
    ],
)

_TIME = Row(
    "How long do they take?",
    [
        timeseries(
            "Duration of runs, p95 by graph",
            """The time that 95 of 100 runs stay below. Points are exemplars, which lead to the run's trace. Look for
            the node that grew on the dashboard of nodes.""",
            prom(duration_by_graph(0.95), "{{graph_name}}", exemplar=True),
            unit=SECONDS,
        ),
        timeseries(
            "Steps of runs, p95 by graph",
            """Steps that 95 of 100 runs stay below; in a step, nodes run at the same time. Steps that grow while inputs
            do not: a loop finds its way out later and later, and then never.""",
            prom(quantile(0.95, "graph_run_steps", IN_GRAPH, by="graph_name"), "{{graph_name}}", exemplar=True),
            unit=NUMBER,
        ),
        timeseries(
            "Running now, by graph",
            """Runs that have begun and not ended, and how many runs of all graphs of the chosen services are open for
            longer than ARGUS_GRAPHS_STUCK_AFTER.""",
            prom(total("graph_runs_active", IN_GRAPH, by="graph_name"), "{{graph_name}}"),
            prom(total("graph_runs_stuck"), "stuck"),
            unit=NUMBER,
            stacked=True,
            overrides=[coloured("stuck", BAD)],
            width=8,
        ),
        timeseries(
            "Interrupts and resumes",
            """How often nodes began to wait for a person, and how often runs went on after that. The distance of the
            two is what still waits.""",
            prom(increase("graph_interrupts_total", IN_GRAPH), "interrupts"),
            prom(increase("graph_resumes_total", IN_GRAPH), "resumes"),
            unit=NUMBER,
            bars=True,
            calcs=("sum",),
            overrides=[coloured("interrupts", NEUTRAL), coloured("resumes", GOOD)],
            width=8,
            no_value="none",
        ),
        timeseries(
            "Calls of models and tools, each run",
            """The mean over the runs of all chosen graphs, without the calls of graphs in their nodes. Tool calls that
            rise by themselves: an agent does not see, or does not believe, what its tools answer.""",
            prom(average("gen_ai_invoke_agent_inference_calls", IN_AGENT), "models"),
            prom(average("gen_ai_invoke_agent_tool_calls", IN_AGENT), "tools"),
            unit=NUMBER,
            width=8,
        ),
        TOKENS_OVER_TIME,
    ],
)

BOARD = Board(
    uid="argus-graphs",
    title="Graphs: overview",
    description="Do runs of agent graphs end well, how long do they take, what do they wait for, what do they use.",
    variables=services(),
    rows=[_SUMMARY, _TIME],
)
