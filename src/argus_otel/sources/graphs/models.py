"""Observed: calls of chat models, streamed or not. Signal: operation.

``invoke`` and ``ainvoke`` end in ``_generate_with_cache`` and ``_agenerate_with_cache``; ``stream`` and ``astream`` are
generators, and call ``invoke`` if the model cannot stream: then the inner call is not counted again. What a model
reports is read from its messages. Safe, because the originals get the same arguments; a run manager's
``on_llm_new_token`` is replaced by a function that notes the time and calls it.
"""

from __future__ import annotations

from array import array
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import ContextVar, Token
from time import perf_counter
from typing import TYPE_CHECKING, Any

from argus_otel.sources.patches import Patch, PatchSet
from argus_otel.telemetry import AttributeValue, Operation, SpanKind, Telemetry, type_name
from argus_otel.telemetry.guard import attempt as attempted

from . import attributes as a
from . import catalogue as c
from . import conventions as genai
from .calls import Begin, End, around, around_async
from .content import answered_message, given_messages, whole
from .contexts import reset
from .genai_metrics import GenAIMetrics
from .outcomes import Exceptions
from .runs import GraphRun, current_node, current_run
from .streams import watched, watched_async
from .usage import Report, model_of, provider_of

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

HOOK = "models"

PACKAGE = "langchain_core.language_models.chat_models"

_STREAMED: ContextVar[object] = ContextVar("argus_otel.streamed_model", default=None)
"""The model whose stream is being read in this context."""


class ChatCall(Operation):
    """One call of a model.

    Attributes
    ----------
    provider, model:
        Who serves it, and its name; ``None`` if it has none.
    report:
        What it reported.
    first:
        How long the first chunk took, in seconds; ``None`` if the answer was not streamed.
    gaps:
        How long each chunk came after the one before it, in seconds.
    answer:
        The chunks of the answer, while content is asked for.
    run:
        The run of a graph that it is made in; ``None`` outside of graphs.
    """

    __slots__ = ("provider", "model", "report", "first", "gaps", "answer", "run", "_last")

    def __init__(self, provider: str, model: str | None, run: GraphRun | None) -> None:
        super().__init__()
        self.run = run
        self.provider = provider
        self.model = model
        self.report = Report()
        self.first: float | None = None
        self.gaps = array("d")
        self.answer: list[Any] = []
        self._last = 0.0

    def chunk(self) -> None:
        """Note that a chunk has come."""
        now = perf_counter()
        if self.first is None:
            self.first = now - self.started
        else:
            self.gaps.append(now - self._last)
        self._last = now


class Models:
    """Times calls of models.

    Parameters
    ----------
    content:
        Whether spans have what was said.
    """

    def __init__(
        self, telemetry: Telemetry, hooks: PatchSet, exceptions: Exceptions, metrics: GenAIMetrics, content: bool
    ) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._exceptions = exceptions
        self._metrics = metrics
        self._content = content
        self._providers: dict[type[Any], str] = {}
        self._unreported = telemetry.counter(c.USAGE_UNREPORTED)
        self._see_shielded = telemetry.guard.shield(HOOK, self._see, 2)
        self._end_shielded = telemetry.guard.shield(HOOK, self._end, 2)
        self._in_flight = telemetry.guard.in_flight

    def patches(self) -> list[Patch]:
        """Return the hooks on the four methods."""
        return [
            Patch(HOOK, PACKAGE, "BaseChatModel._generate_with_cache", self._wrap, PACKAGE),
            Patch(HOOK, PACKAGE, "BaseChatModel._agenerate_with_cache", self._wrap_async, PACKAGE),
            Patch(HOOK, PACKAGE, "BaseChatModel.stream", self._wrap_stream, PACKAGE),
            Patch(HOOK, PACKAGE, "BaseChatModel.astream", self._wrap_astream, PACKAGE),
        ]

    # -- whole answers

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        return around(original, *self._whole())

    def _wrap_async(self, original: Callable[..., Any]) -> Callable[..., Any]:
        return around_async(original, *self._whole())

    def _whole(self) -> tuple[Begin, End]:
        guard = self._telemetry.guard
        return guard.shield(HOOK, self._begin_whole, 3), guard.shield(HOOK, self._end_whole, 3)

    def _begin_whole(self, model: BaseChatModel, args: tuple[Any, ...], kwargs: dict[str, Any]) -> ChatCall | None:
        if _STREAMED.get() is model:  # its stream is this call
            return None
        call = self._begin(model, args, kwargs)
        if call is not None:
            if call.span is not None:
                call.span.attach()
            manager = args[2] if len(args) > 2 else kwargs.get("run_manager")  # after messages and stop
            if manager is not None:
                _note_chunks(manager, call)
        return call

    def _end_whole(self, call: ChatCall, result: Any, error: BaseException | None) -> None:
        if call.scope is not None:
            call.scope.detach()
        if result is not None:
            for generation in result.generations[:1]:  # each has the usage of all
                call.report.add(generation.message)
                if self._content:
                    call.answer.append(generation.message)
        self._end(call, error)

    # -- answers in chunks

    def _wrap_stream(self, original: Callable[..., Any]) -> Callable[..., Any]:
        begin = self._telemetry.guard.shield(HOOK, self._begin_stream, 3)

        def stream(self: BaseChatModel, *args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return (yield from watched(original(self, *args, **kwargs), lambda: begin(self, args, kwargs)))

        return stream

    def _wrap_astream(self, original: Callable[..., Any]) -> Callable[..., Any]:
        begin = self._telemetry.guard.shield(HOOK, self._begin_stream, 3)

        def astream(self: BaseChatModel, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            return watched_async(original(self, *args, **kwargs), lambda: begin(self, args, kwargs))

        return astream

    def _begin_stream(self, model: BaseChatModel, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Stream | None:
        call = self._begin(model, args, kwargs)
        return None if call is None else _Stream(model, call, self._see_shielded, self._end_shielded)

    def _see(self, call: ChatCall, item: Any) -> None:
        # A chunk of the model's, and not the whole answer of one that cannot stream.
        if hasattr(item, "tool_call_chunks") and not _is_end(item):
            call.chunk()
        call.report.add(item)
        if self._content:
            call.answer.append(item)

    # -- both

    def _begin(self, model: BaseChatModel, args: tuple[Any, ...], kwargs: dict[str, Any]) -> ChatCall | None:
        if not self._hooks.on:
            return None
        run = current_run()
        call = ChatCall(self._provider(model), model_of(model), run)
        self._in_flight[call] = self._end_shielded
        if run is not None:
            run.inference_calls += 1
        tracing = self._telemetry.tracing
        if tracing is not None:
            attributes: dict[str, AttributeValue] = {
                genai.OPERATION.name: "chat",
                genai.PROVIDER.name: call.provider,
            }
            name = "chat"
            if call.model is not None:
                attributes[genai.REQUEST_MODEL.name] = call.model
                name = f"chat {call.model}"
            span = tracing.child(name, SpanKind.CLIENT, attributes, suppress_http=False)
            if span is not None:
                call.trace_in(span)
                if self._content:
                    given = args[0] if args else kwargs.get("messages", kwargs.get("input"))
                    span.set_attributes({genai.INPUT_MESSAGES.name: given_messages(model, given)})
        return call

    def _provider(self, model: BaseChatModel) -> str:
        kind = type(model)
        known = self._providers.get(kind)
        if known is None:
            known = attempted(lambda: provider_of(model), lambda _: None) or kind.__name__.lower()
            self._providers[kind] = known
        return known

    def _end(self, call: ChatCall, error: BaseException | None) -> None:
        self._in_flight.pop(call, None)
        if call.ended:  # the process is ending, or this is a forked child of it
            return
        report, trace = call.report, call.trace
        error_type = None
        if isinstance(error, Exception) and not self._exceptions.is_control_flow(error):
            error_type = type_name(error)
        node = current_node()
        if node is not None:
            node.model_failed = error_type is not None
        model = ("chat", call.provider, call.model, report.model or None)
        self._metrics.record_call(model, error_type, call.settle(), trace, report)
        if call.first is not None:
            self._metrics.record_chunks(model, call.first, call.gaps, trace)
        if call.run is not None and call.run.record is not None:
            call.run.record.count_tokens(*((0, 0) if report.cached else report.tokens[:2]))
        if error is None and report.tokens[0] is None and report.tokens[1] is None and not report.cached:
            self._unreported[(call.provider, call.model)].value += 1
        # Without the exception, whose message may quote the prompt.
        if call.span is not None:
            call.end_span(error_type is not None, _ending(call, error_type))


class _Stream:
    """A call whose answer comes in chunks."""

    __slots__ = ("_model", "_call", "_see", "_end", "_token")

    def __init__(
        self,
        model: Any,
        call: ChatCall,
        see: Callable[[ChatCall, Any], object],
        end: Callable[[ChatCall, BaseException | None], object],
    ) -> None:
        self._model = model
        self._call = call
        self._see = see
        self._end = end
        self._token: Token[object] | None = None

    def enter(self) -> None:
        self._token = _STREAMED.set(self._model)
        if self._call.scope is not None:
            self._call.scope.attach()

    def leave(self) -> None:
        if self._call.scope is not None:
            self._call.scope.detach()
        if self._token is not None:
            reset(_STREAMED, self._token)

    def see(self, item: Any) -> None:
        self._see(self._call, item)

    def end(self, error: BaseException | None) -> None:
        self._end(self._call, error)


def _is_end(chunk: Any) -> bool:
    """Whether a chunk is the empty one that LangChain puts at the end of a stream."""
    if getattr(chunk, "chunk_position", None) != "last":
        return False
    return not (chunk.content or chunk.tool_call_chunks or chunk.usage_metadata or chunk.response_metadata)


def _note_chunks(manager: Any, call: ChatCall) -> None:
    """Note the chunks of an answer that LangChain streams by itself, for those that listen to tokens."""
    original = manager.on_llm_new_token

    def on_llm_new_token(*args: Any, **kwargs: Any) -> Any:
        if not _is_end(getattr(kwargs.get("chunk"), "message", None)):
            call.chunk()
        return original(*args, **kwargs)

    manager.on_llm_new_token = on_llm_new_token


def _ending(call: ChatCall, error_type: str | None) -> dict[str, AttributeValue]:
    report = call.report
    found: dict[str, Any] = {}
    for (_, attribute), tokens in zip(genai.USAGE, report.tokens, strict=True):
        if tokens is not None:
            found[attribute.name] = tokens
    if report.model:
        found[genai.RESPONSE_MODEL.name] = report.model
    if report.finish_reason:
        found[genai.FINISH_REASONS.name] = (report.finish_reason,)
    if report.response_id:
        found[genai.RESPONSE_ID.name] = report.response_id
    if call.first is not None:
        found[genai.STREAM.name] = True
        found[genai.FIRST_CHUNK.name] = call.first
    if call.answer:
        found[genai.OUTPUT_MESSAGES.name] = answered_message(whole(call.answer), report.finish_reason)
    if error_type is not None:
        found[a.ERROR_TYPE.name] = error_type
    return found
