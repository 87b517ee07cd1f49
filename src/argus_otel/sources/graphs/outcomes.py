"""How a run of a graph or of a node ended."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any


class Outcome(Enum):
    """How it ended."""

    OK = "ok"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    LIMIT = "limit"

    @property
    def failed(self) -> bool:
        """Whether the status of its span is an error."""
        return self in (Outcome.ERROR, Outcome.LIMIT)


class Exceptions:
    """The exceptions by which LangGraph says how a run ends; imported once LangGraph is."""

    def __init__(self) -> None:
        from langgraph import errors
        from langgraph.types import Command

        self._bubble_up: type[BaseException] = errors.GraphBubbleUp
        self._handed_over: type[BaseException] = errors.ParentCommand
        self._limit: type[BaseException] = errors.GraphRecursionError
        self._command: type[Any] = Command

    def outcome(self, error: BaseException | None) -> Outcome:
        """Return the outcome of what ended with ``error``; ``None`` for a return.

        Control flow is no error: https://github.com/langchain-ai/langgraph has ``GraphBubbleUp`` for it. A node that
        hands over to a node of the graph above (``Command(graph=Command.PARENT)``) has done its work.
        """
        if error is None or isinstance(error, self._handed_over):
            return Outcome.OK
        if isinstance(error, self._bubble_up):
            return Outcome.INTERRUPTED
        if isinstance(error, self._limit):
            return Outcome.LIMIT
        if isinstance(error, asyncio.CancelledError):
            return Outcome.CANCELLED
        if isinstance(error, GeneratorExit):
            return Outcome.ABANDONED
        return Outcome.ERROR

    def is_control_flow(self, error: BaseException) -> bool:
        """Whether an exception is no error but how LangGraph leaves a node or a tool."""
        return isinstance(error, self._bubble_up)

    def is_resume(self, given: Any) -> bool:
        """Whether a run is given a command that resumes an interrupted one."""
        return isinstance(given, self._command) and given.resume is not None
