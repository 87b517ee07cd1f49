from __future__ import annotations

from argus_otel.telemetry import Rates


def test_what_nobody_speaks_of_is_always_kept() -> None:
    rates = Rates()
    assert rates.of("command", "play") == 1.0
    assert rates.of("component", None) == 1.0


def test_a_name_goes_before_its_kind() -> None:
    rates = Rates()
    rates.default({"event": 0.1, "event.message": 0.001})
    assert rates.of("event", "message") == 0.001
    assert rates.of("event", "member_join") == 0.1
    assert rates.of("event", None) == 0.1
    assert rates.of("task", "message") == 1.0


def test_what_was_chosen_of_a_kind_goes_before_a_default_of_one_name() -> None:
    rates = Rates()
    rates.default({"event": 0.1, "event.message": 0.001})
    rates.choose({"event": 0.5, "event.typing": 0.0})
    assert rates.of("event", "message") == 0.5
    assert rates.of("event", "typing") == 0.0
    rates.choose({"event.typing": 0.0})  # in the place of what was chosen before
    assert rates.of("event", "message") == 0.001
    assert rates.of("event", "member_join") == 0.1


def test_defaults_of_several_sources_add_up() -> None:
    rates = Rates()
    rates.default({"event": 0.1})
    rates.default({"graph": 0.2})
    assert (rates.of("event", "x"), rates.of("graph", "x")) == (0.1, 0.2)
