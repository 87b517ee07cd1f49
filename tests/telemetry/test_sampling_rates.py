from __future__ import annotations

from argus_otel.telemetry import SamplingRates


def test_work_without_a_rate_is_always_sampled() -> None:
    rates = SamplingRates()
    assert rates.of("discord.command", "play") == 1.0
    assert rates.of("discord.component", None) == 1.0


def test_a_name_goes_before_its_kind() -> None:
    rates = SamplingRates()
    rates.add_defaults({"discord.event": 0.1, "discord.event.message": 0.001})
    assert rates.of("discord.event", "message") == 0.001
    assert rates.of("discord.event", "member_join") == 0.1
    assert rates.of("discord.event", None) == 0.1
    assert rates.of("discord.task", "message") == 1.0


def test_what_was_chosen_of_a_kind_goes_before_a_default_of_one_name() -> None:
    rates = SamplingRates()
    rates.add_defaults({"discord.event": 0.1, "discord.event.message": 0.001})
    rates.override({"discord.event": 0.5, "discord.event.typing": 0.0})
    assert rates.of("discord.event", "message") == 0.5
    assert rates.of("discord.event", "typing") == 0.0
    rates.override({"discord.event.typing": 0.0})  # replaces the earlier overrides
    assert rates.of("discord.event", "message") == 0.001
    assert rates.of("discord.event", "member_join") == 0.1


def test_defaults_of_several_sources_add_up() -> None:
    rates = SamplingRates()
    rates.add_defaults({"discord.event": 0.1})
    rates.add_defaults({"graph.node": 0.2})
    assert (rates.of("discord.event", "x"), rates.of("graph.node", "x")) == (0.1, 0.2)


def test_a_source_has_a_rate_too_which_comes_last_of_what_was_chosen() -> None:
    rates = SamplingRates()
    rates.add_defaults({"discord.event": 0.1})
    rates.override({"discord": 0.5, "discord.task": 0.2, "discord.task.cleanup": 0.0})
    assert rates.of("discord.event", "message") == 0.5
    assert rates.of("discord.command", None) == 0.5
    assert rates.of("discord.task", "heartbeat") == 0.2
    assert rates.of("discord.task", "cleanup") == 0.0


def test_what_one_source_calls_its_work_is_not_what_another_does() -> None:
    rates = SamplingRates()
    rates.override({"discord.task": 0.5, "graph": 0.25})
    assert rates.of("discord.task", "x") == 0.5
    assert rates.of("graph.task", "x") == 0.25
    assert rates.of("training.task", "x") == 1.0
