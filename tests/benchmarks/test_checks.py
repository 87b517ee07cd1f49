"""The benchmarks of service checks count what a real service was asked, and name what they could not measure."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from argus_otel.sources.checks.slots import slot_after
from benchmarks.__main__ import main
from benchmarks.checks import (
    agents,
    beside_bot,
    blackbox,
    durations,
    faults,
    messages,
    probers,
    probes,
    schedule,
    targets,
)
from benchmarks.checks.command import PARTS, parsed
from benchmarks.checks.figures import Figures, quantile
from benchmarks.checks.machine import Machine, prepared
from benchmarks.checks.service import Request
from benchmarks.checks.slots import fates
from benchmarks.cores import on, peak, processor, resident
from benchmarks.progress import Progress

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="cores and processor time are Linux's")

CORES = {probers.EXCHANGE, probers.CONTROL, probers.METRICS, probers.EVERYTHING}


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with prepared() as found:
        yield found


def spent(seconds: float) -> float:
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        pass
    return processor(os.getpid())


def test_the_processor_time_of_a_process_is_that_of_its_own_clock() -> None:
    before = processor(os.getpid())
    assert 0.05 <= spent(0.05) - before < time.process_time() + 1
    assert 1e6 < resident(os.getpid()) <= peak(os.getpid())


def test_a_process_started_on_a_core_stays_there_and_this_one_returns() -> None:
    mine = os.sched_getaffinity(0)
    with on([min(mine)]):
        assert os.sched_getaffinity(0) == {min(mine)}
    assert os.sched_getaffinity(0) == mine


def test_the_service_notes_what_it_was_asked_and_how_long_it_took(machine: Machine) -> None:
    urls = [machine.service.url("http", "soon", number) for number in range(30)]
    kind = next(kind for kind in probers.KINDS if kind.name == probers.EXCHANGE)
    machine.service.ledger()
    with probers.started([kind], machine, urls) as found:
        said = found[probers.EXCHANGE].durations(urls, 300)
    requests = machine.service.ledger()
    assert sorted(request.number for request in requests) == list(range(30))
    took = {request.number: request.took for request in requests}
    assert all(0.005 <= seconds < math.inf for seconds in took.values())
    # A client cannot have seen less than the delay, which the service has kept with every request.
    assert all(each.said >= 0.005 for each in said)
    assert machine.service.ledger() == []


def test_each_prober_that_is_installed_is_measured_beside_its_control(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "PROBES", 40)
    http, https = probes.measure(machine, 2, Progress())
    for table in (http, https):
        assert set(table.values) >= CORES
        for kind in probers.KINDS:
            assert (kind.name in table.values) == (not kind.missing)
            assert not kind.missing or kind.missing in table.notes
        assert all(figures["µs"] > 1 for figures in table.values.values())
    # A handshake is what an exchange costs several times over, on any machine.
    assert https.values[probers.EXCHANGE]["µs"] > 1.3 * http.values[probers.EXCHANGE]["µs"]


def test_durations_of_the_agent_are_the_sum_of_their_phases(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "SECONDS", 0.5)
    (table,) = durations.measure(machine, 1, Progress())
    assert table.values[probers.METRICS]["beyond"] == 0
    assert table.values[probers.EXCHANGE]["beyond"] > 0  # the clock around it
    assert set(table.values) >= CORES


def a_request(number: int, at: int, took: float = 0.005) -> Request:
    return Request(number, at / 1000, took)


def test_slots_that_were_missed_or_run_twice_are_found_in_the_ledger() -> None:
    interval = 1000 * agents.INTERVAL
    begin = 1_800_000_000_000
    end = begin + 2 * interval - 1
    slots = {number: slot_after(begin - 1, agents.name_of(number), interval) for number in range(3)}
    requests = [
        a_request(0, slots[0] + 4),
        a_request(0, slots[0] + interval + 6),
        a_request(1, slots[1] + 2),
        a_request(1, slots[1] + 9),  # twice, and its second slot is missed
        a_request(2, slots[2] + 3, math.inf),
        a_request(2, slots[2] + interval + 5),
        a_request(2, slots[2] + 2 * interval + 5),  # after the end
    ]
    runs = [
        agents.NotedRun(0, slots[0], 0.007),
        agents.NotedRun(2, slots[2], 5.0),
        agents.NotedRun(2, slots[2] + interval, 0.006),
    ]
    found = fates(requests, runs, 3, begin, end)
    assert (found.due, found.missed, found.doubled) == (6, 1, 1)
    assert sorted(found.lateness) == pytest.approx([2, 3, 4, 5, 6, 9], abs=0.01)
    assert sorted(found.errors) == pytest.approx([1, 2], abs=0.01)


def test_an_agent_runs_every_check_in_every_slot_and_hanging_ones_count(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (agents, schedule):
        monkeypatch.setattr(module, "INTERVAL", 4)
        monkeypatch.setattr(module, "TIMEOUT", 1)
    monkeypatch.setattr("benchmarks.checks.slots._MS", 4000)
    monkeypatch.setattr(schedule, "EVERY", 2.0)
    hanging = replace(next(each for each in schedule.VARIANTS if each.name == schedule.HANGING), hanging=0.1)
    scraped = next(each for each in schedule.VARIANTS if each.name == schedule.SCRAPED)
    monkeypatch.setattr(schedule, "VARIANTS", (hanging, scraped))
    (table,) = schedule.measure(machine, 40, 0.1, Progress())
    assert list(table.values) == [schedule.HANGING, schedule.SCRAPED]
    for figures in table.values.values():
        assert (figures["missed"], figures["doubled"]) == (0, 0)
        assert 90 <= figures["slots"] <= 120  # 40 checks, each 4 s, for 3 s and 6 s: by a second less at the start
        assert 0 < figures["share"] < 1
        assert figures["late p50"] <= figures["late p99"] <= figures["late max"] < 4000
    assert table.values[schedule.SCRAPED]["scrapes failed"] == 0
    assert any("scrapes of up to" in note and note.endswith("0 of them failed") for note in table.notes)


def test_a_receiver_with_a_limit_shows_that_messages_are_small_enough_or_refused(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "INTERVAL", 2)
    monkeypatch.setattr(messages, "_EVERY", 3)
    (table,) = messages.measure(machine, 50, Progress())
    found = table.values["agent"]
    assert (found["checks"], found["refused"]) == (50, 0)
    assert 1000 < found["largest"] < messages.LIMIT
    assert found["points"] > 50 * 15
    (table,) = messages.measure(machine, 50, Progress(), limit=2000)
    assert table.values["agent"]["refused"] == 1


def test_the_example_bot_is_compared_with_itself_and_with_one_that_checks(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("SECONDS", 2.0), ("INTERVAL", 2)):
        monkeypatch.setattr(beside_bot, name, value)
    (table,) = beside_bot.measure(machine, 1, Progress())  # which raises if one has probed that should not, or not
    assert list(table.values) == [beside_bot.BARE, beside_bot.CONTROL, beside_bot.CHECKS]
    assert table.values[beside_bot.BARE]["lag"] == 0
    assert int(table.notes[0].split("; ")[1].split(" ")[0]) >= 100


def test_a_missing_peer_is_named_with_how_to_get_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert faults.measure(machine, Progress()) == ([], [blackbox.MISSING])
    kind = next(kind for kind in probers.KINDS if kind.name == blackbox.NAME)
    assert kind.missing == blackbox.MISSING
    assert "apt install prometheus-blackbox-exporter" in blackbox.MISSING


@pytest.mark.skipif(blackbox.command() is None, reason=blackbox.MISSING)
def test_what_blackbox_exporter_does_is_found_by_running_it(machine: Machine) -> None:
    (table,), missing = faults.measure(machine, Progress())
    has = {name.partition(":")[0]: figures["has"] for name, figures in table.values.items()}
    assert has == {"1, 3, 4, 15": 0, "2": 0, "12": 1, "16": 1, "19": 0}
    assert missing == []


def test_targets_are_compared_with_what_was_measured_and_left_out_without() -> None:
    def table(p50: float, p99: float) -> list[Figures]:
        values = {probers.METRICS: {"p50": p50, "p99": p99, "beyond": 0.0}}
        return [Figures(durations.PART, "", [], [], values)]

    assert [row[:2] for row in targets.cells(table(0.5, 11.0))] == [
        ["target", "outcome"],
        ["duration's error, p50", "reached"],
        ["duration's error, p99", "not reached"],
        ["duration beyond its phases, p99", "reached"],
    ]
    per_core = [Figures("probes http", "", [], [], {probers.METRICS: {"per core": 3500.0}})]
    assert targets.cells(per_core)[1:] == [
        ["http probes per core, agent, with metrics", "reached", "3,500 /s", "at least 3,000 /s"]
    ]


def test_what_scrapes_add_has_no_outcome_unless_there_were_some() -> None:
    def titles(**more: float) -> list[str]:
        values = {schedule.PLAIN: {"error p99": 2.0}, schedule.SCRAPED: {"error p99": 4.0, **more}}
        return [row[0] for row in targets.cells([Figures(schedule.PART, "", [], [], values)])]

    assert titles() == ["target"]
    assert titles(**{"scrapes failed": 0}) == ["target", "duration's error, p99, added by scrapes", "scrapes failed"]


def test_quantiles_are_values_that_occurred() -> None:
    assert quantile([3.0, 1.0, 2.0, 4.0], 0.5) == 3.0
    assert quantile(range(1000), 0.99) == 990
    assert quantile([7.0], 0.99) == 7.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nonsense", "part: 'nonsense' is unknown; choose from: probes; durations; schedule; messages; bot; faults"),
        ("--minutes 0", "'0' is not a number above 0"),
        ("--checks some", "'some' is not a whole number above 0"),
    ],
)
def test_what_cannot_be_run_is_refused(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(words.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_parts_run_in_their_order_and_all_of_them_by_default() -> None:
    assert parsed([]).part == list(PARTS)
    assert parsed(["faults", "probes"]).part == ["probes", "faults"]


def test_a_part_that_fails_takes_nothing_from_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("it is broken")

    found = Figures(durations.PART, "durations", ["", "p50"], [["mine", "1.0"]], {"mine": {"p50": 1.0}}, ["a note"])
    monkeypatch.setitem(PARTS, "probes", replace(PARTS["probes"], run=fail))
    monkeypatch.setitem(PARTS, "durations", replace(PARTS["durations"], run=lambda *_: ([found], ["a reason"])))
    monkeypatch.setattr("logging.disable", lambda _: None)
    monkeypatch.setattr(os, "environ", os.environ.copy())  # it takes settings out
    figures, tables = tmp_path / "figures.json", tmp_path / "figures.md"
    words = ["checks", "probes", "durations", "--json", str(figures), "--markdown", str(tables)]
    assert main(words) == 1
    written = json.loads(figures.read_text(encoding="utf-8"))
    assert written["tables"]["durations"]["values"] == {"mine": {"p50": 1.0}}
    why = ["probes: FAILED: it is broken", "a reason", "nothing was measured that a target is set for"]
    assert written["not measured"] == why
    assert "| mine | 1.0 |" in tables.read_text(encoding="utf-8")
    assert "mine  1.0" in capsys.readouterr().out
