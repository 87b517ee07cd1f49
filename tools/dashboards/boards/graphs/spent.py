"""Tokens, by the latest names of OpenTelemetry's conventions or by their older one."""

from __future__ import annotations

from ...panels import timeseries
from ...queries import counted, prom, rate
from .common import either

_USAGE = "gen_ai_client_inference_usage"
_OLDER = "gen_ai_client_token_usage_sum"


def _of_type(kind: str) -> str:
    return f'gen_ai_token_type="{kind}"'


def tokens_in_range(kind: str, *, by: str = "") -> str:
    """Return the tokens of one kind, ``input`` or ``output``, over the whole time range."""
    latest, older = counted(f"{_USAGE}_{kind}_tokens_total", by=by), counted(_OLDER, _of_type(kind), by=by)
    return f"({either(latest, older)})"


def tokens(kind: str, *, by: str = "") -> str:
    """Return the tokens of one kind in each second."""
    return either(rate(f"{_USAGE}_{kind}_tokens_total", by=by), rate(_OLDER, _of_type(kind), by=by))


TOKENS_OVER_TIME = timeseries(
    "Tokens, each second",
    """Tokens of prompts and of answers of all chosen services, and those among them that were read from a cache, were
    put into one, or are of reasoning. Prompts that grow while answers do not: the history of messages is sent again
    and again.""",
    prom(tokens("input"), "prompts"),
    prom(tokens("output"), "answers"),
    prom(rate(f"{_USAGE}_cache_read_input_tokens_total"), "read from a cache"),
    prom(rate(f"{_USAGE}_cache_write_input_tokens_total"), "put into a cache"),
    prom(rate(f"{_USAGE}_reasoning_output_tokens_total"), "reasoning"),
    width=24,
    no_value="none reported",
)
