from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, DEFAULT_OFF, DEFAULT_ON, Sampler

from argus_otel.otel.exporters import MissingError
from argus_otel.otel.sampling import sampler
from argus_otel.settings import Settings
from argus_otel.telemetry import PartError


def made(name: str | None, argument: str | None = None) -> Sampler:
    return sampler(Settings(sampler=name, sampler_argument=argument))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, DEFAULT_ON),
        ("always_on", ALWAYS_ON),
        ("ALWAYS_OFF", ALWAYS_OFF),
        ("parentbased_always_on", DEFAULT_ON),
        ("parentbased_always_off", DEFAULT_OFF),
    ],
)
def test_the_samplers_of_the_specification_are_known(name: str | None, expected: Sampler) -> None:
    assert made(name).get_description() == expected.get_description()


@pytest.mark.parametrize("name", ["traceidratio", "parentbased_traceidratio"])
@pytest.mark.parametrize(("argument", "rate"), [("0.25", "0.25"), ("0", "0.0"), ("1", "1.0"), (None, "1.0")])
def test_a_ratio_is_honoured(name: str, argument: str | None, rate: str) -> None:
    description = made(name, argument).get_description()
    assert f"TraceIdRatioBased{{{rate}}}" in description
    assert description.startswith("ParentBased") is name.startswith("parentbased")


@pytest.mark.parametrize("argument", ["half", "1.5", "-0.1", "nan", ""])
def test_a_wrong_ratio_is_named_with_what_would_be_right(argument: str) -> None:
    with pytest.raises(PartError, match=r"OTEL_TRACES_SAMPLER_ARG is '.*', but it has to be a number from 0 to 1"):
        made("traceidratio", argument)


def test_an_unknown_sampler_is_named_with_those_there_are() -> None:
    with pytest.raises(MissingError, match=r"OTEL_TRACES_SAMPLER asks for 'bogus', .*there are: always_off, always_on"):
        made("bogus")
