"""The names of OpenTelemetry's conventions for generative AI, of version 0.1.0 and of the package before it.

https://github.com/open-telemetry/semantic-conventions-genai is in development: whatever is renamed there is renamed
here, and nowhere else.
"""

from __future__ import annotations

from argus_otel.telemetry import Attribute, InstrumentKind, Metric, SpanAttribute

from .attributes import ERROR_TYPE

OPERATION = Attribute(
    "gen_ai.operation.name", "What was done.", values=("invoke_workflow", "invoke_agent", "execute_tool", "chat")
)
AGENT = Attribute(
    "gen_ai.agent.name", "The agent's name, or that of the graph.", cardinality_limit=100, examples=("support",)
)
PROVIDER = Attribute(
    "gen_ai.provider.name", "Who serves the model.", cardinality_limit=20, examples=("openai", "anthropic")
)
REQUEST_MODEL = Attribute(
    "gen_ai.request.model", "The model that was asked for.", cardinality_limit=50, examples=("gpt-4o-mini",)
)
RESPONSE_MODEL = Attribute(
    "gen_ai.response.model", "The model that answered.", cardinality_limit=50, examples=("gpt-4o-mini-2024-07-18",)
)
TOOL = Attribute("gen_ai.tool.name", "The tool's name.", cardinality_limit=200, examples=("search",))
TOOL_TYPE = Attribute("gen_ai.tool.type", "Always `function`: the program runs it itself.", values=("function",))

EVALUATION = Attribute("gen_ai.evaluation.name", "What is evaluated.", cardinality_limit=100, examples=("helpfulness",))
LABEL = Attribute(
    "gen_ai.evaluation.score.label", "The score in a word; absent without. Of a validator: `pass` or `fail`.",
    cardinality_limit=20, examples=("pass", "fail"),
)  # fmt: skip

SCORE = SpanAttribute("gen_ai.evaluation.score.value", "The score; absent without.", (0.8,))
EXPLANATION = SpanAttribute(
    "gen_ai.evaluation.explanation", "Why it has the score; only if content is asked for.", ("It names its sources.",)
)
CONVERSATION = SpanAttribute("gen_ai.conversation.id", "The thread: `thread_id` of the configuration.", ("42",))
TOOL_CALL = SpanAttribute("gen_ai.tool.call.id", "The id of the model's request for the tool.", ("call_9",))
FINISH_REASONS = SpanAttribute("gen_ai.response.finish_reasons", "Why the model stopped.", ("stop",))
RESPONSE_ID = SpanAttribute("gen_ai.response.id", "The id of the answer.", ("chatcmpl-123",))
STREAM = SpanAttribute("gen_ai.request.stream", "Whether the answer came in chunks; absent if not.", (True,))
FIRST_CHUNK = SpanAttribute("gen_ai.response.time_to_first_chunk", "How long the first chunk took, in s.", (0.4,))
INPUT = SpanAttribute("gen_ai.usage.input_tokens", "Tokens of the prompt.", (120,))
OUTPUT = SpanAttribute("gen_ai.usage.output_tokens", "Tokens of the answer.", (80,))
CACHE_READ = SpanAttribute("gen_ai.usage.cache_read.input_tokens", "Of the prompt, those from the cache.", (64,))
CACHE_WRITE = SpanAttribute("gen_ai.usage.cache_write.input_tokens", "Of the prompt, those cached now.", (64,))
REASONING = SpanAttribute("gen_ai.usage.reasoning.output_tokens", "Of the answer, those of reasoning.", (20,))

_CALLS = tuple(0.01 * 2**power for power in range(14))  # 0.01 to 81.92
INPUT_MESSAGES = SpanAttribute(
    "gen_ai.input.messages", "What the model was asked with, as JSON; only if content is asked for.",
    ('[{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]',),
)  # fmt: skip
OUTPUT_MESSAGES = SpanAttribute(
    "gen_ai.output.messages", "What the model answered, as JSON; only if content is asked for.",
    ('[{"role": "assistant", "parts": [{"type": "text", "content": "Hello"}], "finish_reason": "stop"}]',),
)  # fmt: skip
ARGUMENTS = SpanAttribute(
    "gen_ai.tool.call.arguments", "What the tool was given, as JSON; only if content is asked for.", ('{"q": "x"}',)
)
RESULT = SpanAttribute(
    "gen_ai.tool.call.result", "What the tool returned, as JSON; only if content is asked for.", ('"found"',)
)

# What the package before 0.1.0 has under other names.
WORKFLOW = Attribute("gen_ai.workflow.name", "The graph's name.", cardinality_limit=100, examples=("support",))
TOKEN_TYPE = Attribute(
    "gen_ai.token.type", "Whose tokens they are: the prompt's or the answer's.", values=("input", "output")
)

_RUNS = tuple(0.1 * 2**power for power in range(13))  # 0.1 to 409.6
_COUNTS = tuple(float(2**power) for power in range(8))  # 1 to 128
_MODEL = (OPERATION, PROVIDER, REQUEST_MODEL, RESPONSE_MODEL)

AGENT_DURATION = Metric(
    "gen_ai.invoke_agent.duration",
    InstrumentKind.HISTOGRAM,
    "s",
    "Runs of graphs and agents.",
    (OPERATION, AGENT, ERROR_TYPE),
    _RUNS,
)
INFERENCE_CALLS = Metric(
    "gen_ai.invoke_agent.inference_calls",
    InstrumentKind.HISTOGRAM,
    "{inference_call}",
    "Calls of models by a run, without those of graphs that it calls.",
    (AGENT,),
    _COUNTS,
)
TOOL_CALLS = Metric(
    "gen_ai.invoke_agent.tool_calls",
    InstrumentKind.HISTOGRAM,
    "{tool_call}",
    "Calls of tools by a run, without those of graphs that it calls.",
    (AGENT,),
    _COUNTS,
)
TOOL_DURATION = Metric(
    "gen_ai.execute_tool.duration",
    InstrumentKind.HISTOGRAM,
    "s",
    "Calls of tools.",
    (TOOL, TOOL_TYPE, ERROR_TYPE),
    _CALLS,
)
INFERENCE_DURATION = Metric(
    "gen_ai.client.inference.duration",
    InstrumentKind.HISTOGRAM,
    "s",
    "Calls of models, up to the last chunk.",
    (*_MODEL, ERROR_TYPE),
    _CALLS,
)
TIME_TO_FIRST_CHUNK = Metric(
    "gen_ai.client.inference.time_to_first_chunk",
    InstrumentKind.HISTOGRAM,
    "s",
    "From the request to the first chunk of an answer that is streamed.",
    _MODEL,
    _CALLS,
)
TIME_PER_OUTPUT_CHUNK = Metric(
    "gen_ai.client.inference.time_per_output_chunk",
    InstrumentKind.HISTOGRAM,
    "s",
    "From one chunk of an answer that is streamed to the next.",
    _MODEL,
    _CALLS,
)


def _tokens(kind: str, description: str) -> Metric:
    return Metric(f"gen_ai.client.inference.usage.{kind}", InstrumentKind.COUNTER, "{token}", description, _MODEL)


INPUT_TOKENS = _tokens("input_tokens", "Tokens of prompts, as providers count them.")
OUTPUT_TOKENS = _tokens("output_tokens", "Tokens of answers, as providers count them.")
CACHE_READ_TOKENS = _tokens("cache_read.input_tokens", "Of the prompts' tokens, those that were read from a cache.")
CACHE_WRITE_TOKENS = _tokens("cache_write.input_tokens", "Of the prompts' tokens, those that were put into a cache.")
REASONING_TOKENS = _tokens("reasoning.output_tokens", "Of the answers' tokens, those of reasoning.")

USAGE = (
    (INPUT_TOKENS, INPUT),
    (OUTPUT_TOKENS, OUTPUT),
    (CACHE_READ_TOKENS, CACHE_READ),
    (CACHE_WRITE_TOKENS, CACHE_WRITE),
    (REASONING_TOKENS, REASONING),
)
"""The counter and the span attribute of each kind of tokens."""

OLDER_WORKFLOW_DURATION = Metric(
    "gen_ai.invoke_workflow.duration",
    InstrumentKind.HISTOGRAM,
    "s",
    "Runs of graphs that are no agents. Older name; see `ARGUS_GENAI_CONVENTIONS`.",
    (OPERATION, WORKFLOW, ERROR_TYPE),
    (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0),
)
OLDER_TOKEN_USAGE = Metric(
    "gen_ai.client.token.usage",
    InstrumentKind.HISTOGRAM,
    "{token}",
    "Tokens of each call of a model, as its provider counts them. Older name; see `ARGUS_GENAI_CONVENTIONS`.",
    (*_MODEL, TOKEN_TYPE),
    tuple(float(4**power) for power in range(14)),  # 1 to 67,108,864
)


def _older(metric: Metric, name: str) -> Metric:
    description = f"{metric.description} Older name; see `ARGUS_GENAI_CONVENTIONS`."
    return Metric(name, metric.kind, metric.unit, description, metric.attributes, metric.boundaries)


OLDER = {
    INFERENCE_DURATION: _older(INFERENCE_DURATION, "gen_ai.client.operation.duration"),
    TIME_TO_FIRST_CHUNK: _older(TIME_TO_FIRST_CHUNK, "gen_ai.client.operation.time_to_first_chunk"),
    TIME_PER_OUTPUT_CHUNK: _older(TIME_PER_OUTPUT_CHUNK, "gen_ai.client.operation.time_per_output_chunk"),
}
"""The older name of metrics that have changed nothing else."""

METRICS = (
    AGENT_DURATION,
    INFERENCE_CALLS,
    TOOL_CALLS,
    TOOL_DURATION,
    INFERENCE_DURATION,
    TIME_TO_FIRST_CHUNK,
    TIME_PER_OUTPUT_CHUNK,
    *(metric for metric, _ in USAGE),
    OLDER_WORKFLOW_DURATION,
    OLDER_TOKEN_USAGE,
    *OLDER.values(),
)
SPAN_ATTRIBUTES = (
    SCORE,
    EXPLANATION,
    CONVERSATION,
    TOOL_CALL,
    FINISH_REASONS,
    RESPONSE_ID,
    STREAM,
    FIRST_CHUNK,
    INPUT_MESSAGES,
    OUTPUT_MESSAGES,
    ARGUMENTS,
    RESULT,
    *(attribute for _, attribute in USAGE),
)
