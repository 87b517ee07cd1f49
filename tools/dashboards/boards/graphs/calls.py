"""The models and tools that graphs call: how fast they are, what fails, and how many tokens they take."""

from __future__ import annotations

from ...board import Board, Row
from ...panels import Column, stat, table, timeseries
from ...queries import counted, increase, now, or_zero, per, prom, quantile, quantile_in_range, rate, share
from ...style import BAD, FAULTS, NUMBER, SECONDS, SHARE, WARNING, steps
from .common import either, services
from .spent import TOKENS_OVER_TIME, tokens, tokens_in_range

_MODEL = "gen_ai_request_model"
_BY_MODEL = f"gen_ai_provider_name, {_MODEL}"
_NAME = f"{{{{{_MODEL}}}}}"
_ERROR = 'error_type!=""'
_TOOL = "gen_ai_tool_name"
_TOOLS = "gen_ai_execute_tool_duration_seconds"
_UNREPORTED = "graph_usage_unreported_total"


def _named(name: str) -> tuple[str, str]:
    """Return both names of a histogram of calls of models."""
    return f"gen_ai_client_inference_{name}_seconds", f"gen_ai_client_operation_{name}_seconds"


def _calls(*matchers: str, by: str = "") -> str:
    latest, older = (counted(f"{name}_count", *matchers, by=by) for name in _named("duration"))
    return f"({either(latest, older)})"


def _slow(name: str, share: float, *, by: str = "") -> str:
    latest, older = (quantile(share, each, by=by) for each in _named(name))
    return either(latest, older)


def _slow_in_range(name: str, share: float) -> str:
    latest, older = (quantile_in_range(share, each, by=_BY_MODEL) for each in _named(name))
    return either(latest, older)


_MODELS = Row(
    "Do models answer?",
    [
        stat(
            "Calls of models",
            """Calls in the time range, of all graphs of the chosen services, streamed or not; also those outside of
            graphs.""",
            now(_calls(), "calls"),
            unit="locale",
            decimals=0,
            no_value="none",
        ),
        stat(
            "Failed calls",
            """Share of the calls that raised. "Errors of models" names the class: a rate limit asks for fewer calls, a
            timeout for another model or region.""",
            now(share(_calls(_ERROR), _calls()), "of the calls"),
            unit=SHARE,
            thresholds=steps((0.01, WARNING), (0.05, BAD)),
            no_value="no calls",
        ),
        stat(
            "First chunk, p95",
            """How long 95 of 100 streamed answers stay below until their first chunk: what a reader waits for.""",
            prom(_slow("time_to_first_chunk", 0.95), "p95"),
            unit=SECONDS,
            no_value="none streamed",
        ),
        stat(
            "Tokens of prompts",
            """Tokens of prompts in the time range, as providers report them.""",
            now(tokens_in_range("input"), "tokens"),
            no_value="none reported",
        ),
        stat(
            "Tokens of answers",
            """Tokens of answers in the time range, as providers report them.""",
            now(tokens_in_range("output"), "tokens"),
            no_value="none reported",
        ),
        stat(
            "Usage unknown",
            """Share of the calls whose provider has not said how many tokens they took: all sums of tokens are too low
            by these. Ask for usage in streams (stream_usage=True in LangChain's clients).""",
            now(share(counted(_UNREPORTED), _calls()), "of the calls"),
            unit=SHARE,
            thresholds=steps((0.01, WARNING)),
            no_value="no calls",
        ),
        table(
            "Models",
            """Each model in the time range: its calls, how many failed, how long they took up to the last chunk, and
            the tokens that it reported.""",
            per(_calls(by=_BY_MODEL)),
            per(or_zero(_calls(_ERROR, by=_BY_MODEL), _calls(by=_BY_MODEL))),
            per(_slow_in_range("duration", 0.5)),
            per(_slow_in_range("duration", 0.95)),
            per(or_zero(tokens_in_range("input", by=_BY_MODEL), _calls(by=_BY_MODEL))),
            per(or_zero(tokens_in_range("output", by=_BY_MODEL), _calls(by=_BY_MODEL))),
            per(or_zero(counted(_UNREPORTED, by=_BY_MODEL), _calls(by=_BY_MODEL))),
            columns={
                "gen_ai_provider_name": Column("Provider"),
                _MODEL: Column("Model"),
                "Value #A": Column("Calls", unit="locale", decimals=0, bar=True),
                "Value #B": Column("Failed", unit="locale", decimals=0, thresholds=FAULTS),
                "Value #C": Column("p50", unit=SECONDS),
                "Value #D": Column("p95", unit=SECONDS),
                "Value #E": Column("Prompts", unit="short"),
                "Value #F": Column("Answers", unit="short"),
                "Value #G": Column("Unknown usage", unit="locale", decimals=0, thresholds=FAULTS),
            },
            sort="Calls",
            height=6,
            no_value="no calls",
        ),
        timeseries(
            "Duration of calls, by model",
            """p95 of calls up to the last chunk. Points are exemplars, which lead to the trace. Longer with as many
            tokens: the provider is slow; with more of them: answers are longer.""",
            prom(_slow("duration", 0.95, by=_MODEL), _NAME, exemplar=True),
            unit=SECONDS,
            width=8,
        ),
        timeseries(
            "Time to the first chunk, by model",
            """p95 from the request to the first chunk of streamed answers. Prompts that grow make it longer, a cache of
            prompts shorter.""",
            prom(_slow("time_to_first_chunk", 0.95, by=_MODEL), _NAME, exemplar=True),
            unit=SECONDS,
            width=8,
            no_value="none streamed",
        ),
        timeseries(
            "Time of each further chunk, by model",
            """p95 from one chunk of a streamed answer to the next: how fast the model writes.""",
            prom(_slow("time_per_output_chunk", 0.95, by=_MODEL), _NAME, exemplar=True),
            unit=SECONDS,
            width=8,
            no_value="none streamed",
        ),
        timeseries(
            "Errors of models",
            """Calls that raised, by model and the class of the exception.""",
            prom(
                either(*(increase(f"{each}_count", _ERROR, by=f"{_MODEL}, error_type") for each in _named("duration"))),
                f"{_NAME} {{{{error_type}}}}",
            ),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="none failed",
        ),
        timeseries(
            "Tokens of prompts, by model",
            """Tokens of prompts in each second.""",
            prom(tokens("input", by=_MODEL), _NAME),
            stacked=True,
            width=8,
            no_value="none reported",
        ),
        timeseries(
            "Tokens of answers, by model",
            """Tokens of answers in each second.""",
            prom(tokens("output", by=_MODEL), _NAME),
            stacked=True,
            width=8,
            no_value="none reported",
        ),
        TOKENS_OVER_TIME,
    ],
)

_CALLED = Row(
    "Do tools work?",
    [
        table(
            "Tools",
            """Each tool in the time range: its calls, how many failed, and how long they took. A tool that a model made
            up is none of these: see tool_unknown among what rules found.""",
            per(counted(f"{_TOOLS}_count", by=_TOOL)),
            per(or_zero(counted(f"{_TOOLS}_count", _ERROR, by=_TOOL), counted(f"{_TOOLS}_count", by=_TOOL))),
            per(quantile_in_range(0.5, _TOOLS, by=_TOOL)),
            per(quantile_in_range(0.95, _TOOLS, by=_TOOL)),
            columns={
                _TOOL: Column("Tool"),
                "Value #A": Column("Calls", unit="locale", decimals=0, bar=True),
                "Value #B": Column("Failed", unit="locale", decimals=0, thresholds=FAULTS),
                "Value #C": Column("p50", unit=SECONDS),
                "Value #D": Column("p95", unit=SECONDS),
            },
            sort="Calls",
            no_value="no calls",
        ),
        timeseries(
            "Duration of tools, p95",
            """The time that 95 of 100 calls of a tool stay below. Points are exemplars, which lead to the trace.""",
            prom(quantile(0.95, _TOOLS, by=_TOOL), f"{{{{{_TOOL}}}}}", exemplar=True),
            unit=SECONDS,
            width=8,
        ),
        timeseries(
            "Calls of tools",
            """Calls of each tool in each second.""",
            prom(rate(f"{_TOOLS}_count", by=_TOOL), f"{{{{{_TOOL}}}}}"),
            stacked=True,
            width=8,
        ),
        timeseries(
            "Errors of tools",
            """Calls of tools that raised, or that answered with an error, by tool and the class of the exception.""",
            prom(increase(f"{_TOOLS}_count", _ERROR, by=f"{_TOOL}, error_type"), f"{{{{{_TOOL}}}}} {{{{error_type}}}}"),
            unit=NUMBER,
            bars=True,
            stacked=True,
            calcs=("sum",),
            width=8,
            no_value="none failed",
        ),
    ],
)

BOARD = Board(
    uid="argus-graph-calls",
    title="Graphs: tools and models",
    description="How fast the models and tools are that agent graphs call, what fails, and how many tokens they take.",
    variables=services(graph=False),
    rows=[_MODELS, _CALLED],
)
