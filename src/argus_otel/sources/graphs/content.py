"""What was said: messages, arguments and results of tools as JSON, for those who ask for it. Nobody else calls this.

The JSON is that of OpenTelemetry's GenAI conventions: a message has a role and parts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import add
from typing import Any, cast

from argus_otel.telemetry.guard import attempt as attempted

_ROLES = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"}
"""LangChain's roles, as the conventions have them, where they differ."""

_FAILED = '"<no JSON>"'


def as_json(value: Any) -> str:
    """Return a value as JSON. An object that JSON has no form for is the name of its class: no code of its runs."""
    return attempted(lambda: json.dumps(value, default=_class_of, skipkeys=True), lambda _: None) or _FAILED


def given_messages(model: Any, given: Any) -> str:
    """Return the messages that a model is asked with: a list of messages, or what LangChain makes of ``given``."""
    if not (isinstance(given, list) and all(hasattr(each, "content") for each in cast("list[Any]", given))):
        given = model._convert_input(given).to_messages()  # noqa: SLF001 - as the model itself is about to do
    return as_json(list(map(_message, cast("list[Any]", given))))


def answered_message(message: Any, finish_reason: str) -> str:
    """Return the message that a model has answered with."""
    return as_json([{**_message(message), "finish_reason": finish_reason}])


def whole(chunks: Iterable[Any]) -> Any:
    """Return the message that chunks are the parts of."""
    return reduce(add, chunks)


def _message(message: Any) -> dict[str, Any]:
    kind = str(message.type)
    if kind == "tool":
        parts = [{"type": "tool_call_response", "id": message.tool_call_id, "response": message.content}]
    else:
        parts = [*_parts(message.content), *map(_tool_call, getattr(message, "tool_calls", None) or ())]
    return {"role": _ROLES.get(kind, kind), "parts": parts}


def _parts(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "content": content}] if content else []
    return [_part(each) for each in content]


def _part(part: Any) -> Any:
    if isinstance(part, str):
        return {"type": "text", "content": part}
    block = cast("Mapping[str, Any]", part)
    return {"type": "text", "content": block["text"]} if block.get("type") == "text" else part


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "tool_call", "id": call.get("id"), "name": call.get("name"), "arguments": call.get("args")}


def _class_of(value: Any) -> str:
    return f"<{type(value).__name__}>"
