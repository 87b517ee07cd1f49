"""What a model reports of a call: tokens, why it stopped, which model answered. Numbers and names, never text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

Tokens = list[int | None]
"""The numbers of :data:`.conventions.USAGE`, in its order; ``None`` where the provider said nothing."""

_FINISH = ("finish_reason", "stop_reason", "done_reason")
_MODEL = ("model_name", "model")


class Report:
    """What is known of the answers of one call.

    Attributes
    ----------
    tokens:
        See :data:`Tokens`.
    finish_reason, model, response_id:
        Empty if the provider said nothing.
    cached:
        Whether a cache of LangChain's answered, and no model did.
    """

    __slots__ = ("tokens", "finish_reason", "model", "response_id", "cached")

    def __init__(self) -> None:
        self.tokens: Tokens = [None] * 5
        self.finish_reason = ""
        self.model = ""
        self.response_id = ""
        self.cached = False

    def add(self, message: Any) -> None:
        """Add a message, or a chunk of one: their tokens add up."""
        usage = getattr(message, "usage_metadata", None)
        if usage:
            self._add_usage(usage)
        metadata: Mapping[str, Any] = getattr(message, "response_metadata", None) or {}
        if metadata:
            self.finish_reason = _first(metadata, _FINISH) or self.finish_reason
            self.model = _first(metadata, _MODEL) or self.model
            self.response_id = _first(metadata, ("id",)) or self.response_id

    def _add_usage(self, usage: Mapping[str, Any]) -> None:
        if usage.get("total_cost") == 0:  # how LangChain marks an answer of its cache
            self.cached = True
            return
        of_input: Mapping[str, Any] = usage.get("input_token_details") or {}
        of_output: Mapping[str, Any] = usage.get("output_token_details") or {}
        told = (
            usage.get("input_tokens"),
            usage.get("output_tokens"),
            of_input.get("cache_read"),
            of_input.get("cache_creation"),
            of_output.get("reasoning"),
        )
        for place, tokens in enumerate(told):
            if isinstance(tokens, int) and tokens >= 0:
                self.tokens[place] = (self.tokens[place] or 0) + tokens


def _first(metadata: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


_PROVIDERS = {
    "amazon_bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""LangChain's names of providers, as the conventions have them, where they differ."""


def provider_of(model: Any) -> str:
    """Return the provider of a model, by what LangChain reports to LangSmith; else the class's name."""
    told = cast("Mapping[str, Any]", model._get_ls_params()).get("ls_provider")  # noqa: SLF001 - there is no public one
    name = told if isinstance(told, str) and told else type(model).__name__.lower()
    return _PROVIDERS.get(name, name)


def model_of(model: Any) -> str | None:
    """Return the name of the model that is asked for; ``None`` if the class has none."""
    for attribute in _MODEL:
        name = getattr(model, attribute, None)
        if isinstance(name, str) and name:
            return name
    return None
