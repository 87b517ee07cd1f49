"""The signals of agent graphs."""

from __future__ import annotations

from argus_otel.telemetry import Catalogue, Event, InstrumentKind, Metric, Severity, Span, SpanKind

from . import attributes as a
from . import conventions as genai

_NODES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_STEPS = (1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0, 250.0, 1000.0)

NODE_DURATION = Metric(
    "graph.node.duration",
    InstrumentKind.HISTOGRAM,
    "s",
    "Runs of nodes, with all attempts of their retry policy.",
    (a.GRAPH, a.NODE, a.OUTCOME, a.ERROR_TYPE),
    _NODES,
)
NODES_ACTIVE = Metric(
    "graph.nodes.active", InstrumentKind.UP_DOWN_COUNTER, "{node}", "Nodes that run now.", (a.GRAPH, a.NODE)
)
RUNS_ACTIVE = Metric(
    "graph.runs.active", InstrumentKind.UP_DOWN_COUNTER, "{run}", "Runs of graphs that have not ended.", (a.GRAPH,)
)
RUN_STEPS = Metric(
    "graph.run.steps",
    InstrumentKind.HISTOGRAM,
    "{step}",
    "Steps of runs; in a step, nodes run at the same time.",
    (a.GRAPH, a.OUTCOME),
    _STEPS,
)
FAILED_ATTEMPTS = Metric(
    "graph.node.failed_attempts",
    InstrumentKind.COUNTER,
    "{attempt}",
    "Attempts of nodes with a retry policy that failed, whether another one succeeded or not.",
    (a.GRAPH, a.NODE, a.ERROR_TYPE),
)
ROUTES = Metric(
    "graph.routes",
    InstrumentKind.COUNTER,
    "{route}",
    "From which node a run went on to which.",
    (a.GRAPH, a.NODE, a.ROUTE),
)
INTERRUPTS = Metric(
    "graph.interrupts",
    InstrumentKind.COUNTER,
    "{interrupt}",
    "Nodes that wait for a person, by `interrupt()` or before or after they run.",
    (a.GRAPH, a.NODE),
)
RESUMES = Metric("graph.resumes", InstrumentKind.COUNTER, "{resume}", "Runs that go on after an interrupt.", (a.GRAPH,))

USAGE_UNREPORTED = Metric(
    "graph.usage.unreported",
    InstrumentKind.COUNTER,
    "{call}",
    "Calls of models whose provider has not said how many tokens they took: these are unknown, not 0.",
    (genai.PROVIDER, genai.REQUEST_MODEL),
)

DETECTIONS = Metric(
    "graph.detections",
    InstrumentKind.COUNTER,
    "{detection}",
    "What rules have found wrong with runs.",
    (a.GRAPH, a.CAUSE_NODE, a.DETECTION, a.SEVERITY),
)

RUNS_STUCK = Metric(
    "graph.runs.stuck",
    InstrumentKind.UP_DOWN_COUNTER,
    "{run}",
    "Runs of graphs that are open for longer than `ARGUS_GRAPHS_STUCK_AFTER` says.",
)
EVALUATIONS = Metric(
    "graph.evaluations",
    InstrumentKind.COUNTER,
    "{evaluation}",
    "Evaluations by validators, judges and `evaluate()`; with `error.type`, validators that failed themselves.",
    (a.GRAPH, genai.EVALUATION, genai.LABEL, a.ERROR_TYPE),
)
VALIDATIONS_DROPPED = Metric(
    "graph.validations.dropped",
    InstrumentKind.COUNTER,
    "{validation}",
    "Updates of nodes that no validator or judge has seen, because too many others were waiting.",
    (a.GRAPH,),
)

# Exceptions have no events: their messages may quote the state, prompts or arguments.

NODE_SPAN = Span(
    "invoke_node {graph.node.name}",
    SpanKind.INTERNAL,
    "A run of a node, with all attempts.",
    (a.NODE.name, a.GRAPH.name, a.STEP.name, a.ATTEMPTS.name, a.ROUTES.name, a.KEYS.name, a.OUTCOME.name,
     a.ERROR_TYPE.name),
    raises=False,
)  # fmt: skip
WORKFLOW_SPAN = Span(
    "invoke_workflow {graph.name}",
    SpanKind.INTERNAL,
    "A run of a graph.",
    (genai.OPERATION.name, genai.AGENT.name, genai.CONVERSATION.name, a.STEPS.name, a.DETECTIONS.name, a.OUTCOME.name,
     a.ERROR_TYPE.name),
    raises=False,
)  # fmt: skip
AGENT_SPAN = Span(
    "invoke_agent {gen_ai.agent.name}",
    SpanKind.INTERNAL,
    "A run of an agent.",
    (
        genai.OPERATION.name,
        genai.AGENT.name,
        genai.CONVERSATION.name,
        a.STEPS.name,
        a.DETECTIONS.name,
        a.OUTCOME.name,
        a.ERROR_TYPE.name,
    ),
    raises=False,
)

TOOL_SPAN = Span(
    "execute_tool {gen_ai.tool.name}",
    SpanKind.INTERNAL,
    "A call of a tool.",
    (
        genai.OPERATION.name,
        genai.TOOL.name,
        genai.TOOL_TYPE.name,
        genai.TOOL_CALL.name,
        genai.ARGUMENTS.name,
        genai.RESULT.name,
        a.ERROR_TYPE.name,
    ),
    raises=False,
)
CHAT_SPAN = Span(
    "chat {gen_ai.request.model}",
    SpanKind.CLIENT,
    "A call of a model, up to the last chunk.",
    (genai.OPERATION.name, genai.PROVIDER.name, genai.REQUEST_MODEL.name, genai.RESPONSE_MODEL.name, genai.STREAM.name,
     genai.FIRST_CHUNK.name, genai.FINISH_REASONS.name, genai.RESPONSE_ID.name,
     genai.INPUT_MESSAGES.name, genai.OUTPUT_MESSAGES.name,
     *(attribute.name for _, attribute in genai.USAGE), a.ERROR_TYPE.name),
    raises=False,
)  # fmt: skip

DETECTION = Event(
    "graph.detection",
    "A rule has found something wrong with a run",
    (a.GRAPH.name, a.DETECTION.name, a.SEVERITY.name, a.LAYER.name, a.NODE.name, a.STEP.name, a.KEY.name,
     a.CAUSE_NODE.name, a.CAUSE_STEP.name, a.CAUSE_KIND.name, a.PATH.name, a.CONFIDENCE.name),
    Severity.WARN,
)  # fmt: skip

EVALUATION = Event(
    "gen_ai.evaluation.result",
    "A validator, a judge or the program itself has evaluated what a node did",
    (a.GRAPH.name, a.NODE.name, a.STEP.name, genai.EVALUATION.name, genai.SCORE.name, genai.LABEL.name,
     genai.EXPLANATION.name, a.ERROR_TYPE.name),
)  # fmt: skip

RUN_ROW = Event(
    "graph.run",
    "A run of a graph has ended; only in history",
    (a.RUN_ID.name, a.GRAPH.name, genai.OPERATION.name, genai.CONVERSATION.name, a.OUTCOME.name, a.ERROR_TYPE.name,
     a.STEPS.name, a.NODES.name, a.INFERENCE_CALLS.name, a.TOOL_CALLS.name, a.FINDINGS.name, a.FOUND_ERRORS.name,
     a.TRACE_ID.name,
     genai.INPUT.name, genai.OUTPUT.name),
)  # fmt: skip
NODE_ROW = Event(
    "graph.node",
    "A node has ended; only in history",
    (a.RUN_ID.name, a.GRAPH.name, genai.CONVERSATION.name, a.NODE.name, a.NUMBER.name, a.AFTER.name, a.ABOVE.name,
     a.STEP.name, a.BEGAN.name, a.ATTEMPTS.name, a.OUTCOME.name, a.ERROR_TYPE.name, a.ROUTES.name, a.SHAPES.name,
     a.TOOLS.name),
)  # fmt: skip
DETECTION_ROW = Event(
    "graph.finding",
    "What a rule has found; only in history",
    (a.RUN_ID.name, genai.CONVERSATION.name, a.NUMBER.name, *DETECTION.attributes),
)
EVALUATION_ROW = Event(
    "graph.evaluation",
    "An evaluation of what a node did; only in history",
    (a.RUN_ID.name, genai.CONVERSATION.name, a.NUMBER.name, *EVALUATION.attributes),
)

CATALOGUE = Catalogue(
    "graphs",
    metrics=(
        *genai.METRICS,
        NODE_DURATION,
        NODES_ACTIVE,
        RUNS_ACTIVE,
        RUN_STEPS,
        FAILED_ATTEMPTS,
        ROUTES,
        INTERRUPTS,
        RESUMES,
        USAGE_UNREPORTED,
        DETECTIONS,
        RUNS_STUCK,
        EVALUATIONS,
        VALIDATIONS_DROPPED,
    ),
    spans=(NODE_SPAN, WORKFLOW_SPAN, AGENT_SPAN, TOOL_SPAN, CHAT_SPAN),
    events=(DETECTION, EVALUATION, RUN_ROW, NODE_ROW, DETECTION_ROW, EVALUATION_ROW),
    span_attributes=(
        a.STEP,
        a.ATTEMPTS,
        a.ROUTES,
        a.KEYS,
        a.STEPS,
        a.LAYER,
        a.KEY,
        a.CAUSE_STEP,
        a.CAUSE_KIND,
        a.PATH,
        a.CONFIDENCE,
        a.DETECTIONS,
        a.RUN_ID,
        a.NODES,
        a.INFERENCE_CALLS,
        a.TOOL_CALLS,
        a.FINDINGS,
        a.FOUND_ERRORS,
        a.TRACE_ID,
        a.NUMBER,
        a.BEGAN,
        a.AFTER,
        a.ABOVE,
        a.SHAPES,
        a.TOOLS,
        *genai.SPAN_ATTRIBUTES,
    ),
)
