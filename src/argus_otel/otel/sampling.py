"""Samplers: OpenTelemetry's own, and those of other packages."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBased,
    ParentBasedTraceIdRatio,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

from argus_otel.settings import Settings
from argus_otel.telemetry import PartError

from .exporters import load

PRESAMPLED = otel_context.create_key("argus-otel-chosen")
"""Set in the context that a root of ours is started in if it is to be sampled."""

ROOT = otel_context.create_key("argus-otel-root")
"""Holds the root of ours that a context is in, sampled or not."""


class RootSampler(Sampler):
    """A sampler with a known share of sampled roots, so that the decision over ours can be made before there is a span.

    An unsampled span costs OpenTelemetry some microseconds; a random number drawn before costs next to nothing. Spans
    in such a root are sampled exactly if the root is, also by samplers that do not look at the parent.

    Parameters
    ----------
    sampler:
        Decides over spans outside our roots.
    share:
        The share of roots that ``sampler`` samples, from 0 to 1.
    """

    def __init__(self, sampler: Sampler, share: float) -> None:
        self._sampler = sampler
        self._within = ParentBased(sampler, remote_parent_sampled=sampler, remote_parent_not_sampled=sampler)
        self.share = share

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Sample presampled roots and all spans in them; ask the sampler about everything else."""
        sampler = self._sampler
        if parent_context is not None and PRESAMPLED in parent_context:
            sampler = ALWAYS_ON
        elif otel_context.get_value(ROOT, parent_context) is not None:
            sampler = self._within
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """Return the sampler's own description."""
        return self._sampler.get_description()


# The names of the specification. OpenTelemetry's provider would look them up in the environment, past our keywords.
_FIXED = {
    "always_on": RootSampler(ALWAYS_ON, 1.0),
    "always_off": RootSampler(ALWAYS_OFF, 0.0),
    "parentbased_always_on": RootSampler(DEFAULT_ON, 1.0),
    "parentbased_always_off": RootSampler(DEFAULT_OFF, 0.0),
}
_BY_RATIO = {"traceidratio": TraceIdRatioBased, "parentbased_traceidratio": ParentBasedTraceIdRatio}

SAMPLE_ALL = _FIXED["parentbased_always_on"]


def sampler(settings: Settings) -> Sampler:
    """Return the sampler that the settings name; by default, the one that samples every trace.

    Raises
    ------
    PartError
        There is no such sampler, or its argument is invalid.
    """
    name = settings.sampler or "parentbased_always_on"
    if name.lower() in _FIXED:
        return _FIXED[name.lower()]
    if name.lower() in _BY_RATIO:
        ratio = _ratio(settings.sampler_argument)
        return RootSampler(_BY_RATIO[name.lower()](ratio), ratio)
    made = load("opentelemetry_traces_sampler", name, "OTEL_TRACES_SAMPLER")(settings.sampler_argument)
    if not isinstance(made, Sampler):
        raise PartError(f"OTEL_TRACES_SAMPLER asks for {name!r}, which made {type(made).__name__}, not a sampler")
    return made


def _ratio(argument: str | None) -> float:
    if argument is None:
        return 1.0
    try:
        ratio = float(argument)
    except ValueError:
        ratio = -1.0
    if not 0.0 <= ratio <= 1.0:
        raise PartError(
            f"OTEL_TRACES_SAMPLER_ARG is {argument!r}, but it has to be a number from 0 to 1; every trace is kept"
        )
    return ratio
