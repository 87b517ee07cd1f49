"""langchain-openai over a real connection: what is measured is what the model service has counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypedDict

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

pytest.importorskip("langchain_openai", reason="install langchain-openai: uv sync")

import openai
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import START, StateGraph

from argus_otel.demo.graphs.model_service import ModelService
from argus_otel.demo.graphs.replies import Asked, Reply, ToolRequest
from argus_otel.telemetry import type_name
from argus_otel.testing import Observation

from .test_runs import points

TOKENS = "gen_ai.client.inference.usage"
CALLS = "gen_ai.client.inference.duration"
FIRST = "gen_ai.client.inference.time_to_first_chunk"
BETWEEN = "gen_ai.client.inference.time_per_output_chunk"
QUESTION = "a question of five words"
MODEL = ("gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model", "error.type")


class Models:
    """A service whose models give some replies, one after the other, and a client of it."""

    def __init__(self, service: ModelService, replies: list[Reply]) -> None:
        self.replies = replies
        self.url, self.ledger = service.url, service.ledger

    def client(self, **settings: Any) -> ChatOpenAI:
        return ChatOpenAI(model="small-1", base_url=self.url, api_key="none", **settings)

    def tokens(self) -> tuple[int, int]:
        deeds = self.ledger.deeds()
        return sum(deed.input_tokens or 0 for deed in deeds), sum(deed.output_tokens or 0 for deed in deeds)


@pytest.fixture
def models() -> Iterator[Models]:
    replies: list[Reply] = []

    def answer(_: Asked) -> Reply:
        return replies[0] if len(replies) == 1 else replies.pop(0)

    with ModelService(answer) as service:
        yield Models(service, replies)


def invoked(model: Any, times: int = 1) -> None:
    for _ in range(times):
        model.invoke(QUESTION)


def invoked_async(model: Any, times: int = 1) -> None:
    async def go() -> None:
        for _ in range(times):
            await model.ainvoke(QUESTION)

    asyncio.run(go())


def streamed(model: Any, times: int = 1) -> None:
    for _ in range(times):
        assert list(model.stream(QUESTION))


def streamed_async(model: Any, times: int = 1) -> None:
    async def go() -> None:
        for _ in range(times):
            assert [chunk async for chunk in model.astream(QUESTION)]

    asyncio.run(go())


Call = Callable[..., None]
WHOLE = pytest.mark.parametrize("call", [invoked, invoked_async])
STREAMED = pytest.mark.parametrize("call", [streamed, streamed_async])
EVERY_WAY = pytest.mark.parametrize("call", [invoked, invoked_async, streamed, streamed_async])


def counted(observed: Observation) -> tuple[float, float]:
    return observed.value(f"{TOKENS}.input_tokens"), observed.value(f"{TOKENS}.output_tokens")


# -- tokens


@EVERY_WAY
def test_tokens_are_those_that_the_service_has_counted(observed: Observation, models: Models, call: Call) -> None:
    models.replies += [Reply("three words long"), Reply("four words that count")]
    call(models.client(stream_usage=True), times=2)
    assert counted(observed) == models.tokens() == (10, 7)
    assert points(observed, CALLS, *MODEL) == {("openai", "small-1", "small-1", None): 2}
    assert [span.attributes and span.attributes["gen_ai.usage.output_tokens"] for span in observed.spans()] == [3, 4]
    assert "graph.usage.unreported" not in observed.points()


@EVERY_WAY
@pytest.mark.parametrize("cached", [2, 0])
def test_tokens_of_a_cache_are_those_that_the_service_reports_0_too(
    observed: Observation, models: Models, call: Call, cached: int
) -> None:
    models.replies.append(Reply("three words long", cached=cached))
    call(models.client(stream_usage=True))
    assert points(observed, f"{TOKENS}.cache_read.input_tokens", "gen_ai.request.model") == {("small-1",): cached}
    (span,) = observed.spans()
    assert span.attributes is not None
    assert span.attributes["gen_ai.usage.cache_read.input_tokens"] == cached
    assert f"{TOKENS}.reasoning.output_tokens" not in observed.points(), "unknown is not 0"


@STREAMED
def test_tokens_that_a_stream_does_not_report_are_unknown_and_not_0(
    observed: Observation, models: Models, call: Call
) -> None:
    models.replies.append(Reply("three words long"))
    call(models.client())
    assert [deed.input_tokens for deed in models.ledger.deeds()] == [None]
    assert points(observed, "graph.usage.unreported", "gen_ai.request.model") == {("small-1",): 1}
    assert not any(name.startswith(TOKENS) for name in observed.points())


@WHOLE
def test_tokens_that_an_answer_does_not_report_are_unknown_and_not_0(
    observed: Observation, models: Models, call: Call
) -> None:
    models.replies.append(Reply("three words long", reports_usage=False))
    call(models.client())
    assert observed.value("graph.usage.unreported") == 1
    assert not any(name.startswith(TOKENS) for name in observed.points())


def test_calls_from_many_threads_lose_no_token(observed: Observation, models: Models) -> None:
    models.replies.append(Reply("three words long"))
    models.client(stream_usage=True).batch([QUESTION] * 40)
    assert counted(observed) == models.tokens() == (200, 120)
    assert observed.value(CALLS) == 40


# -- chunks


@STREAMED
def test_each_chunk_of_a_stream_is_timed_and_none_that_the_service_has_not_sent(
    observed: Observation, models: Models, call: Call
) -> None:
    models.replies.append(Reply("one two three four", pause=0.01))
    call(models.client(stream_usage=True))
    (deed,) = models.ledger.deeds()
    assert observed.value(FIRST) == 1
    assert deed.chunks == 7  # the role, four words, the end, the tokens
    assert observed.value(FIRST) + observed.value(BETWEEN) == deed.chunks
    (span,) = observed.spans()
    assert span.attributes is not None
    first = span.attributes["gen_ai.response.time_to_first_chunk"]
    assert isinstance(first, float)
    assert 0.01 <= first < 1.0
    assert span.attributes["gen_ai.request.stream"] is True


def told(graph: Any) -> None:
    assert list(graph.stream({"text": QUESTION}, stream_mode="messages"))


def told_async(graph: Any) -> None:
    async def go() -> None:
        assert [each async for each in graph.astream({"text": QUESTION}, stream_mode="messages")]

    asyncio.run(go())


@pytest.mark.parametrize("call", [told, told_async])
def test_chunks_that_langgraph_passes_on_are_timed_too(observed: Observation, models: Models, call: Call) -> None:
    models.replies.append(Reply("one two three four", pause=0.01))
    client = models.client(stream_usage=True)

    class State(TypedDict):
        text: str

    # Before Python 3.11, LangGraph needs the configuration to be handed on.
    async def ask_async(state: State, config: RunnableConfig) -> State:
        return {"text": str((await client.ainvoke(state["text"], config)).content)}

    def ask(state: State, config: RunnableConfig) -> State:
        return {"text": str(client.invoke(state["text"], config).content)}

    node: Any = ask if call is told else ask_async
    call(StateGraph(State).add_node("ask", node).add_edge(START, "ask").compile())
    (deed,) = models.ledger.deeds()
    assert observed.value(FIRST) == 1
    assert observed.value(FIRST) + observed.value(BETWEEN) == deed.chunks == 7
    assert counted(observed) == models.tokens()
    assert observed.value(CALLS) == 1


@WHOLE
def test_an_answer_that_is_whole_has_no_first_chunk(observed: Observation, models: Models, call: Call) -> None:
    models.replies.append(Reply("one two three four"))
    call(models.client())
    assert not {FIRST, BETWEEN} & observed.points().keys()
    (span,) = observed.spans()
    assert span.attributes is not None
    assert "gen_ai.request.stream" not in span.attributes


# -- refusals, ends


@EVERY_WAY
def test_what_the_client_repeats_is_one_call(observed: Observation, models: Models, call: Call) -> None:
    models.replies.append(Reply("three words long", refusals=(500, 429)))
    call(models.client(stream_usage=True, max_retries=2))
    assert [deed.status for deed in models.ledger.deeds()] == [500, 429, 200]
    assert points(observed, CALLS, *MODEL) == {("openai", "small-1", "small-1", None): 1}
    assert counted(observed) == models.tokens() == (5, 3)
    (span,) = observed.spans()
    assert span.status.status_code is StatusCode.UNSET


@EVERY_WAY
@pytest.mark.parametrize(("status", "error"), [(500, "InternalServerError"), (429, "RateLimitError")])
def test_a_call_that_is_refused_in_the_end_has_the_clients_error(
    observed: Observation, models: Models, call: Call, status: int, error: str
) -> None:
    models.replies.append(Reply("never said", refusals=(status, status)))
    with pytest.raises(getattr(openai, error)) as raised:
        call(models.client(max_retries=1))
    assert [deed.status for deed in models.ledger.deeds()] == [status, status]
    assert points(observed, CALLS, *MODEL) == {("openai", "small-1", None, type_name(raised.value)): 1}
    (span,) = observed.spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert not {"graph.usage.unreported", FIRST} & observed.points().keys()


@EVERY_WAY
def test_an_answer_that_is_cut_says_so(observed: Observation, models: Models, call: Call) -> None:
    models.replies.append(Reply("three words long", cut=True))
    call(models.client(stream_usage=True))
    (span,) = observed.spans()
    assert span.attributes is not None
    assert span.attributes["gen_ai.response.finish_reasons"] == ("length",)


def test_a_stream_that_is_left_is_no_error(observed: Observation, models: Models) -> None:
    models.replies.append(Reply("one two three four", pause=0.01))
    stream = models.client(stream_usage=True).stream(QUESTION)
    next(stream)
    stream.close()  # pyright: ignore[reportAttributeAccessIssue] - it is a generator
    assert points(observed, CALLS, "error.type") == {(None,): 1}
    assert "graph.usage.unreported" not in observed.points()


# -- an agent


@tool
def find_order(number: str) -> str:
    """Find an order by its number."""
    return f"order {number} is on its way"


def test_an_agent_over_a_real_connection_is_one_trace(observed: Observation, models: Models) -> None:
    agents = pytest.importorskip("langchain.agents", reason="install langchain>=1: uv sync")
    asked = Reply(tools=(ToolRequest("find_order", {"number": "17"}), ToolRequest("find_order", {"number": "18"})))
    models.replies += [asked, Reply("both are on their way")]
    agent = agents.create_agent(models.client(), [find_order], name="clerk")
    done = agent.invoke({"messages": [("user", "where are 17 and 18?")]})
    assert done["messages"][-1].content == "both are on their way"
    by_id = {span.context.span_id: span.name for span in observed.spans()}
    tree = sorted((span.name, by_id.get(span.parent.span_id) if span.parent else None) for span in observed.spans())
    assert tree == [
        ("chat small-1", "invoke_node model"),
        ("chat small-1", "invoke_node model"),
        ("execute_tool find_order", "invoke_node tools"),
        ("execute_tool find_order", "invoke_node tools"),
        ("invoke_agent clerk", None),
        ("invoke_node model", "invoke_agent clerk"),
        ("invoke_node model", "invoke_agent clerk"),
        ("invoke_node tools", "invoke_agent clerk"),
        ("invoke_node tools", "invoke_agent clerk"),
    ]
    assert counted(observed) == models.tokens()


# -- its HTTP calls


@pytest.fixture
def http(observed: Observation) -> Iterator[None]:
    """OpenTelemetry's instrumentation of the HTTP client that OpenAI's client has."""
    instrumentation = pytest.importorskip("opentelemetry.instrumentation.httpx", reason="uv sync")
    name = "HTTPX2ClientInstrumentor" if int(openai.__version__.partition(".")[0]) >= 3 else "HTTPXClientInstrumentor"
    if not hasattr(instrumentation, name):
        pytest.skip("it is older than this version of OpenAI's client")
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(observed._spans))
    instrumentor = getattr(instrumentation, name)()
    instrumentor.instrument(tracer_provider=provider)
    yield
    instrumentor.uninstrument()


@pytest.mark.usefixtures("http")
@EVERY_WAY
def test_http_calls_are_spans_below_that_of_the_model(observed: Observation, models: Models, call: Call) -> None:
    models.replies.append(Reply("three words long", refusals=(500,)))
    call(models.client(stream_usage=True, max_retries=1))
    (chat,) = [span for span in observed.spans() if span.name.startswith("chat")]
    calls = [span for span in observed.spans() if span is not chat]
    assert [span.name for span in calls] == ["POST", "POST"]
    assert all(span.kind is SpanKind.CLIENT for span in calls)
    assert all(span.parent and span.parent.span_id == chat.context.span_id for span in calls)
    assert {span.context.trace_id for span in observed.spans()} == {chat.context.trace_id}
    assert not trace.get_current_span().get_span_context().is_valid
