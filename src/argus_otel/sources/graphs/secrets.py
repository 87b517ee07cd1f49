"""The keys of model providers, which the redactor removes from all telemetry: a prompt or a log line may quote one.

Messages are exported as JSON, if that is asked for: there a line break or a letter beyond ASCII before a key ends with
a letter or a digit.
"""

from __future__ import annotations

from argus_otel.telemetry import Telemetry

PREFIXES = ("sk-", "gsk_", "xai-", "hf_", "AIza", "lsv2_")
"""Of OpenAI, Anthropic, OpenRouter and others, Groq, xAI, Hugging Face, Google and LangSmith."""

PATTERN = rf"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{{4}}))(?:{'|'.join(PREFIXES)})[A-Za-z0-9_-]{{16,}}"


def add_pattern(telemetry: Telemetry) -> None:
    """Add the pattern of these keys to the redactor."""
    telemetry.redact.add_pattern(PATTERN, prefixes=PREFIXES)
