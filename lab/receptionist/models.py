"""LangChain's own stand-ins for chat models, which answer for ever, take their time, and write their calls down."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGenerationChunk

from .ledger import Ledger

GAP = 0.002
"""How long a chunk takes, in seconds."""

TOKENS = {"input": 120, "output": 40, "cache_read": 64, "cache_write": 16, "reasoning": 10}
"""What a call takes, if its model reports it."""


class RateLimitError(Exception):
    """The provider refuses a call."""


class Clerk(GenericFakeChatModel):
    """A model that says which model answered, why it stopped, and how many tokens that took."""

    model_name: str = "clerk-1"
    reports: bool = True
    ledger: Ledger

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        with self.ledger.call(self.model_name):
            result = super()._generate(*args, **kwargs)
            usage = getattr(result.generations[0].message, "usage_metadata", None)
            if usage:
                self.ledger.tokens.update(TOKENS)
            else:
                self.ledger.unreported[self.model_name] += 1
            return result

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        began = last = time.perf_counter()
        first = True
        chunks = super()._stream(*args, **kwargs)
        while True:
            time.sleep(GAP)
            chunk = next(chunks, None)
            if chunk is None:
                break
            now = time.perf_counter()
            kept, since = (self.ledger.firsts, began) if first else (self.ledger.gaps, last)
            kept.setdefault(self.model_name, []).append(now - since)
            first, last = False, now
            yield chunk
        if self.reports:
            yield ChatGenerationChunk(message=_last_chunk(self.model_name))
            self.ledger.gaps.setdefault(self.model_name, []).append(time.perf_counter() - last)


class Scribe(Clerk):
    """A model that reports nothing."""

    model_name: str = "scribe-1"
    reports: bool = False


def _usage() -> UsageMetadata:
    return UsageMetadata(
        input_tokens=TOKENS["input"],
        output_tokens=TOKENS["output"],
        total_tokens=TOKENS["input"] + TOKENS["output"],
        input_token_details=InputTokenDetails(cache_read=TOKENS["cache_read"], cache_creation=TOKENS["cache_write"]),
        output_token_details=OutputTokenDetails(reasoning=TOKENS["reasoning"]),
    )


def _metadata(model: str, reason: str) -> dict[str, str]:
    return {"model_name": f"{model}-2026", "finish_reason": reason, "id": "answer"}


def _last_chunk(model: str) -> AIMessageChunk:
    return AIMessageChunk(
        "", usage_metadata=_usage(), response_metadata=_metadata(model, "stop"), chunk_position="last"
    )


def said(text: str = "one moment please", reason: str = "stop", **asked: Any) -> AIMessage:
    """Return an answer with all that a provider may report; ``asked`` are tool calls."""
    return AIMessage(text, usage_metadata=_usage(), response_metadata=_metadata("clerk-1", reason), **asked)


class _Refusals:
    """Instead of answers: each call is refused."""

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        raise RateLimitError("too many")


def clerk(ledger: Ledger, *messages: Any) -> Clerk:
    """Return a model that gives these answers, again and again."""
    return Clerk(messages=itertools.cycle(messages or (said(),)), ledger=ledger)


def scribe(ledger: Ledger) -> Scribe:
    """Return a model that reports no usage."""
    return Scribe(messages=itertools.cycle(["your answer is on its way"]), ledger=ledger)


def refused(ledger: Ledger) -> Clerk:
    """Return a model whose provider refuses each call."""
    return Clerk(messages=_Refusals(), ledger=ledger)
