"""Records runs of graphs and calls of models by the names of the GenAI conventions that are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from argus_otel.telemetry import AttributeValue, Metric, SpanIds, Telemetry
from argus_otel.telemetry.histograms import Histogram, HistogramCell

from . import conventions as genai
from .kinds import GraphKind
from .usage import Report

Model: TypeAlias = "tuple[str, str, str | None, str | None]"
"""Operation, provider, the model that was asked for, and the one that answered."""


class GenAIMetrics:
    """The metrics that have other names in the package before the conventions 0.1.0.

    Parameters
    ----------
    conventions:
        Which names: ``latest``, ``older`` or ``both``.
    """

    def __init__(self, telemetry: Telemetry, conventions: str) -> None:
        latest, older = conventions != "older", conventions != "latest"
        self._agents = telemetry.histogram(genai.AGENT_DURATION)
        self._runs = self._agents if latest else None
        self._workflows = telemetry.histogram(genai.OLDER_WORKFLOW_DURATION) if older else None
        self._inference_calls = telemetry.histogram(genai.INFERENCE_CALLS) if latest else None
        self._tool_calls = telemetry.histogram(genai.TOOL_CALLS) if latest else None
        self._durations = _Named(telemetry, genai.INFERENCE_DURATION, latest, older)
        self._firsts = _Named(telemetry, genai.TIME_TO_FIRST_CHUNK, latest, older)
        self._chunks = _Named(telemetry, genai.TIME_PER_OUTPUT_CHUNK, latest, older)
        self._tokens = [telemetry.counter(metric) for metric, _ in genai.USAGE] if latest else None
        self._usage = telemetry.histogram(genai.OLDER_TOKEN_USAGE) if older else None

    def record_run(
        self, kind: GraphKind, error_type: str | None, seconds: float, span: SpanIds | None, models: int, tools: int
    ) -> None:
        """Record a run that has ended, with the number of calls of models and of tools that its nodes made."""
        cells = kind.ok if error_type is None else self._cells_of_runs(kind, error_type)
        if cells is None:
            cells = kind.ok = self._cells_of_runs(kind, None)
        for cell in cells:
            cell.record(seconds, span)
        if self._inference_calls is not None and self._tool_calls is not None:
            self._inference_calls[kind.name].record(models)
            self._tool_calls[kind.name].record(tools)

    def _cells_of_runs(self, kind: GraphKind, error_type: str | None) -> list[HistogramCell]:
        histograms = [self._agents] if kind.agent else [self._runs, self._workflows]
        key = (kind.operation, kind.name, error_type)
        return [histogram[key] for histogram in histograms if histogram is not None]

    def record_call(
        self, model: Model, error_type: str | None, seconds: float, span: SpanIds | None, report: Report
    ) -> None:
        """Record a call of a model that has ended."""
        self._durations[(*model, error_type)].record(seconds, span)
        if self._tokens is not None:
            for counter, tokens in zip(self._tokens, report.tokens, strict=True):
                if tokens is not None:
                    counter[model].value += tokens
        if self._usage is not None:
            for kind, tokens in zip(genai.TOKEN_TYPE.values, report.tokens, strict=False):
                if tokens is not None:
                    self._usage[(*model, kind)].record(tokens, span)

    def record_chunks(self, model: Model, first: float, gaps: Iterable[float], span: SpanIds | None) -> None:
        """Record when the chunks of an answer came.

        Parameters
        ----------
        first:
            How long the first one took, in seconds.
        gaps:
            How long each other one came after the one before it, in seconds.
        """
        self._firsts[model].record(first, span)
        between = self._chunks[model]
        for gap in gaps:
            between.record(gap)


class _Named:
    """A histogram by its latest name, its older one, or both: then the cells of the one are read as the other too."""

    def __init__(self, telemetry: Telemetry, metric: Metric, latest: bool, older: bool) -> None:
        named = telemetry.histogram(genai.OLDER[metric]) if older else None
        self._histogram: Histogram = telemetry.histogram(metric) if latest or named is None else named
        self._whole = named if latest else None

    def __getitem__(self, key: tuple[AttributeValue | None, ...]) -> HistogramCell:
        cell = self._histogram[key]
        if self._whole is not None and cell.whole is None:
            cell.join(self._whole[key])
        return cell
