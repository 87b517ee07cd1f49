"""The attributes of graphs, nodes and routes. Those of OpenTelemetry's GenAI conventions are in :mod:`.conventions`."""

from __future__ import annotations

from argus_otel.detections.detect import RULES
from argus_otel.detections.findings import Severity
from argus_otel.telemetry import Attribute, SpanAttribute

from .outcomes import Outcome

GRAPH = Attribute(
    "graph.name", "The graph's name: `compile(name=…)`.", cardinality_limit=100, examples=("support", "LangGraph")
)
NODE = Attribute(
    "graph.node.name", "The node's name, without those of the graphs above it.", cardinality_limit=500,
    examples=("retrieve",),
)  # fmt: skip
ROUTE = Attribute(
    "graph.route", "The node that ran next, or `__end__`.", cardinality_limit=500, examples=("tools", "__end__")
)
OUTCOME = Attribute(
    "graph.outcome",
    "`ok`; `interrupted`: it waits for a person or a resume; `error`; `cancelled`; `abandoned`: its stream was left; "
    "`limit`: the recursion limit was reached.",
    values=tuple(each.value for each in Outcome),
)
ERROR_TYPE = Attribute(
    "error.type", "The exception that ended it; absent without.", cardinality_limit=100, examples=("KeyError",)
)

CAUSE_NODE = Attribute(
    "graph.cause.node", "The node that caused it, or at which it shows; absent for the run as a whole.",
    cardinality_limit=500, examples=("search",),
)  # fmt: skip
DETECTION = Attribute(
    "graph.detection.id", "The id of the rule, or of the program's own detector.",
    cardinality_limit=len(RULES) + 50, examples=("key_empty",),
)  # fmt: skip
SEVERITY = Attribute(
    "graph.detection.severity",
    "`error`: something was declared or came of it. `warn`; `info`: it may be as it should be.",
    values=tuple(each.value for each in Severity),
)

LAYER = SpanAttribute("graph.detection.layer", "By what it was found.", ("structural",))
KEY = SpanAttribute("graph.key", "The key of the state, the tool or the evaluation that it is about.", ("docs",))
CAUSE_STEP = SpanAttribute("graph.cause.step", "The step of the node that caused it.", (2,))
CAUSE_KIND = SpanAttribute(
    "graph.cause.kind", "What it did: `empty`, `mistyped`, `misnamed`, `missing`, `swallowed`, `own`.", ("empty",)
)
PATH = SpanAttribute("graph.path", "The nodes from the cause to where it shows.", ("search → write",))
CONFIDENCE = SpanAttribute("graph.confidence", "`declared`, `observed` or `inferred`.", ("observed",))
DETECTIONS = SpanAttribute("graph.detections", "The ids of the rules that found something.", ("key_empty",))
STEP = SpanAttribute("graph.step", "The step of the run in which the node ran, from 1 on.", (3,))
ATTEMPTS = SpanAttribute("graph.attempts", "How many attempts its retry policy made of the node; absent for one.", (2,))
ROUTES = SpanAttribute("graph.route", "The nodes that ran next.", ("tools",))
KEYS = SpanAttribute("graph.keys.written", "The keys of the state that it wrote, by the schema's names.", ("docs",))
STEPS = SpanAttribute("graph.run.steps", "How many steps the run had.", (5,))

# -- in history only

RUN_ID = SpanAttribute("graph.run.id", "The run's id; the same on its rows.", ("5f0c7c52-…",))
TRACE_ID = SpanAttribute(
    "graph.run.trace_id", "The run's trace, if it is sampled.", ("0af7651916cd43dd8448eb211c80319c",)
)
NODES = SpanAttribute("graph.run.nodes", "How many nodes ran, those of graphs in nodes too.", (7,))
INFERENCE_CALLS = SpanAttribute(
    "graph.run.inference_calls", "How many calls of models its nodes made, those of graphs in nodes too.", (2,)
)
TOOL_CALLS = SpanAttribute(
    "graph.run.tool_calls", "How many calls of tools its nodes made, those of graphs in nodes too.", (1,)
)
FINDINGS = SpanAttribute("graph.run.findings", "How many findings there are, but for `info`.", (2,))
FOUND_ERRORS = SpanAttribute("graph.run.errors", "How many findings are errors.", (1,))
NUMBER = SpanAttribute("graph.node.number", "The node's place in the run, from 0.", (0,))
BEGAN = SpanAttribute("graph.node.began", "How long after its run the node began, in s.", (0.25,))
AFTER = SpanAttribute("graph.node.after", "The places of the nodes that led to it, separated by commas.", ("0,1",))
ABOVE = SpanAttribute("graph.node.above", "The place of the node whose graph it is in.", (2,))
SHAPES = SpanAttribute(
    "graph.node.shapes",
    "The type and the length of each key that it wrote; without a length for what has none; `…` if there are more.",
    ("docs:list:3,score:float",),
)
TOOLS = SpanAttribute("graph.node.tools", "The tools that it called; `!` after one that failed.", ("search,order!",))
