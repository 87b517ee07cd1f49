"""Which traces are kept: OpenTelemetry's own samplers, and those that other packages bring."""

from __future__ import annotations

from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)

from argus_otel.settings import Settings
from argus_otel.telemetry import PartError

from .exporters import load

# The names of the specification. OpenTelemetry's provider would look them up in the environment, past our keywords.
_FIXED = {
    "always_on": ALWAYS_ON,
    "always_off": ALWAYS_OFF,
    "parentbased_always_on": DEFAULT_ON,
    "parentbased_always_off": DEFAULT_OFF,
}
_BY_RATIO = {"traceidratio": TraceIdRatioBased, "parentbased_traceidratio": ParentBasedTraceIdRatio}


def sampler(settings: Settings) -> Sampler:
    """Return the sampler that the settings name; where they name none, the one that keeps every trace.

    Raises
    ------
    PartError
        There is no such sampler, or it cannot work with its argument.
    """
    name = settings.sampler or "parentbased_always_on"
    if name.lower() in _FIXED:
        return _FIXED[name.lower()]
    if name.lower() in _BY_RATIO:
        return _BY_RATIO[name.lower()](_ratio(settings.sampler_argument))
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
