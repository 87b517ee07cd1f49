"""What a model is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for an answer.

    Attributes
    ----------
    model:
        The model's name.
    messages:
        The conversation, as the client sent it.
    """

    model: str
    messages: Sequence[Mapping[str, Any]]

    @property
    def turn(self) -> int:
        """How many answers the model has given since the last thing that a user said."""
        turns = 0
        for message in self.messages:
            if message.get("role") == "user":
                turns = 0
            elif message.get("role") == "assistant":
                turns += 1
        return turns

    def mentions(self, text: str) -> bool:
        """Return whether a message has this text."""
        return any(text in str(message.get("content")) for message in self.messages)


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A tool that the model asks for, with its arguments."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes
    ----------
    text:
        What the model says.
    tools:
        The tools that it asks for.
    cut:
        Whether it ends because it has reached the limit of tokens.
    refusals:
        The status of each attempt that is refused, such as 500 or 429, before one is answered.
    pause:
        The time before each chunk of an answer that is streamed, in seconds.
    cached:
        How many tokens of the prompt it reports as read from a cache.
    reports_usage:
        Whether the answer says how many tokens it took. One that is streamed says so only if the client asks for it.
    """

    text: str = ""
    tools: Sequence[ToolRequest] = ()
    cut: bool = False
    refusals: Sequence[int] = ()
    pause: float = 0.0
    cached: int = 0
    reports_usage: bool = True

    @property
    def finish_reason(self) -> str:
        """Why the answer ends, as OpenAI names it."""
        if self.cut:
            return "length"
        return "tool_calls" if self.tools else "stop"


Behaviour: TypeAlias = Callable[[Asked], Reply]
"""How a model answers."""
