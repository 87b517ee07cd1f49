"""Observed: calls of tools. Signal: operation.

Every call of a tool, by ``ToolNode``, by ``create_agent`` or by hand, runs in ``BaseTool.run`` or ``arun``. Safe,
because the originals get the same arguments, and what they return or raise passes through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.detections.facts import ToolFacts
from argus_otel.detections.shapes import digest_of
from argus_otel.sources.patches import Patch, PatchSet
from argus_otel.telemetry import AttributeValue, Operation, SpanKind, Telemetry, type_name

from . import attributes as a
from . import conventions as genai
from .calls import around, around_async
from .content import as_json
from .outcomes import Exceptions
from .runs import CURRENT, NodeRun

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

HOOK = "tools"

PACKAGE = "langchain_core.tools"

_TYPE = "function"
_HANDLED = "ToolException"
"""The ``error.type`` of a call whose error the tool itself has turned into an answer: which it was, nobody says."""


class ToolCall(Operation):
    """One call of a tool.

    Attributes
    ----------
    node:
        The node that it is made in; ``None`` outside of graphs.
    arguments:
        A digest of its arguments.
    """

    __slots__ = ("name", "node", "arguments")

    def __init__(self, name: str, node: NodeRun | None) -> None:
        super().__init__()
        self.name = name
        self.node = node
        self.arguments = 0


class Tools:
    """Times calls of tools.

    Parameters
    ----------
    content:
        Whether spans have what tools are given and return.
    """

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, exceptions: Exceptions, content: bool) -> None:
        self._content = content
        self._telemetry = telemetry
        self._hooks = hooks
        self._exceptions = exceptions
        self._durations = telemetry.histogram(genai.TOOL_DURATION)
        self._in_flight = telemetry.guard.in_flight
        self._begin_shielded = telemetry.guard.shield(HOOK, self._begin, 3)
        self._end_shielded = telemetry.guard.shield(HOOK, self._end, 3)
        self._cut_short = telemetry.guard.shield(HOOK, self._end_early, 2)

    def patches(self) -> list[Patch]:
        """Return the hooks on the two methods."""
        module = f"{PACKAGE}.base"
        return [
            Patch(HOOK, module, "BaseTool.run", self._wrap, PACKAGE),
            Patch(HOOK, module, "BaseTool.arun", self._wrap_async, PACKAGE),
        ]

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        return around(original, self._begin_shielded, self._end_shielded)

    def _wrap_async(self, original: Callable[..., Any]) -> Callable[..., Any]:
        return around_async(original, self._begin_shielded, self._end_shielded)

    def _begin(self, tool: BaseTool, args: tuple[Any, ...], given: dict[str, Any]) -> ToolCall | None:
        if not self._hooks.on:
            return None
        current = CURRENT.get()
        node = current if isinstance(current, NodeRun) else None
        call = ToolCall(tool.name, node)
        self._in_flight[call] = self._cut_short
        if node is not None:
            node.run.tool_calls += 1
            if node.run.record is not None:
                node.run.record.tool_calls += 1
            if node.number >= 0:
                call.arguments = digest_of(args[0] if args else given.get("tool_input"))
                node.called.append(str(given.get("tool_call_id")))
        tracing = self._telemetry.tracing
        if tracing is not None:
            attributes: dict[str, AttributeValue] = {
                genai.OPERATION.name: "execute_tool",
                genai.TOOL.name: tool.name,
                genai.TOOL_TYPE.name: _TYPE,
            }
            asked = given.get("tool_call_id")
            if asked is not None:
                attributes[genai.TOOL_CALL.name] = str(asked)
            if self._content:
                attributes[genai.ARGUMENTS.name] = as_json(args[0] if args else given.get("tool_input"))
            span = tracing.child(f"execute_tool {tool.name}", SpanKind.INTERNAL, attributes)
            if span is not None:
                call.trace_in(span)
                span.attach()
        return call

    def _end_early(self, call: ToolCall, error: BaseException) -> None:
        """End a call that is made while the process ends."""
        self._end(call, None, error)

    def _end(self, call: ToolCall, result: Any, error: BaseException | None) -> None:
        self._in_flight.pop(call, None)
        if call.ended:  # the process is ending, or this is a forked child of it
            return
        if call.scope is not None:
            call.scope.detach()
        error_type = None
        if isinstance(error, Exception):
            error_type = None if self._exceptions.is_control_flow(error) else type_name(error)
        elif getattr(result, "status", None) == "error":
            error_type = _HANDLED
        if call.node is not None and call.node.number >= 0:
            call.node.tools.append(ToolFacts(call.name, call.arguments, error_type is not None))
        self._durations[(call.name, _TYPE, error_type)].record(call.settle(), call.trace)
        # Without the exception, whose message may quote arguments.
        if call.span is not None:
            found: dict[str, AttributeValue] = {} if error_type is None else {a.ERROR_TYPE.name: error_type}
            if self._content and error is None:
                found[genai.RESULT.name] = as_json(getattr(result, "content", result))
            call.end_span(error_type is not None, found)
