"""Targets are compared with measurements and controls, and have no outcome without a measurement."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import outcomes as judged
from benchmarks import report
from benchmarks.outcomes import Found, Outcome, Target, outcomes
from benchmarks.results import Estimate, compared
from benchmarks.tables import Table
from benchmarks.targets import targets

_ABOUT = {"command": "make bench", "machine": "a machine", "python": "CPython 3", "date": "2026-11-21"} | dict.fromkeys(
    report.NAMED, "1.0"
)


def _slash(ours: float, theirs: float, traced: float) -> Table:
    drift = [float(number) for number in range(20)]
    samples = {
        "bare": drift,
        "bare again (A/A)": [time + 0.1 * (number % 3 - 1) for number, time in enumerate(drift)],
        "argus-otel": [time + ours for time in drift],
        "argus-otel, traced at 1%": [time + traced for time in drift],
        "argus-dpy": [time + theirs for time in drift],
    }
    return Table("loop", "slash", "slash command", "µs", compared(samples, "bare", dict.fromkeys(samples, 1.0)))


def _said(tables: list[Table]) -> dict[str, Outcome]:
    return {outcome.target.title: outcome for outcome in outcomes(tables, targets(500_000))}


def test_a_ratio_is_of_added_costs_whatever_the_machine_did() -> None:
    found = _said([_slash(ours=20.0, theirs=50.0, traced=55.0)])
    metrics = found["slash command, metrics only, to argus-dpy's"]
    assert metrics.found
    assert metrics.found.estimate == Estimate(0.4, 0.4, 0.4)
    assert metrics.found.control.high <= 0.1 / 50
    assert metrics.said == "reached"
    assert found["slash command, traced at 1 %, to argus-dpy's"].said == "not reached"
    assert found["slash command, metrics only"].said == "moonshot not reached"


def test_what_was_not_measured_is_not_judged() -> None:
    found = _said([_slash(ours=20.0, theirs=50.0, traced=55.0)])
    for title in ("slash command, traced at 100 %", "gateway event, discord.Client"):
        assert found[title].said == "not measured"
    assert {outcome.said for outcome in _said([]).values()} == {"not measured"}


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (3.0, 2.0, 4.0, "reached, moonshot too"),
        (8.0, 7.0, 9.0, "reached"),
        (8.0, 7.0, 11.0, "reached ?"),
        (12.0, 9.0, 13.0, "not reached ?"),
        (12.0, 11.0, 13.0, "not reached"),
    ],
)
def test_a_bound_within_the_interval_is_asked_about(value: float, low: float, high: float, said: str) -> None:
    found = Found(Estimate(value, low, high), Estimate(0, 0, 0))
    assert Outcome(Target("x", "µs", lambda _: found, 10.0, 5.0), found).said == said


@pytest.mark.parametrize(("value", "said"), [(1.9, "reached"), (2.1, "not reached")])
def test_what_is_to_be_nothing_is_within_the_control(value: float, said: str) -> None:
    found = Found(Estimate(value, value, value), Estimate(-1.0, -2.0, 0.5))
    assert Outcome(Target("x", "µs", lambda _: found), found).said == said


def test_everything_is_in_the_markdown_and_in_the_json(tmp_path: Path) -> None:
    tables = [_slash(ours=20.0, theirs=50.0, traced=55.0)]
    found = outcomes(tables, targets(500_000))
    text = report.markdown(_ABOUT, tables, found, ["a peer is not installed"])
    assert "`make bench` on a machine, CPython 3" in text
    assert "| argus-otel | 29.50 | +20.00 | +20.00 … +20.00 | +210.5% | 1.00 |" in text
    assert "- a peer is not installed" in text
    written = json.loads(report.as_json(_ABOUT, tables, found, []))
    (table,) = written["tables"]
    assert table["results"][2]["differences"] == [20.0] * 20
    assert [target["target"] for target in written["targets"]] == [outcome.target.title for outcome in found]
    assert {len(row) for row in judged.cells(found)} == {7}


def test_every_target_finds_its_rows() -> None:
    from benchmarks import scrape, soak, startup
    from benchmarks.suite import PARTS

    def table(part: str, name: str, rows: list[str]) -> Table:
        samples = {row: [1.0 + len(row)] * 3 for row in ["bare", "bare again (A/A)", *rows]}
        return Table(part, name, "", "", compared(samples, "bare"))

    scraped = [scrape.named(kind, users) for kind in ("argus-otel", "argus-dpy") for users in (0, 500_000)]
    with_controls = [row for name in scraped for row in (name, f"{name}: {scrape.CONTROL}")]
    tables = [
        *(table("loop", name, list(PARTS["loop"].variants)) for name in ("typing", "typing-client", "slash")),
        *(table("scrape", name, with_controls) for name in (*scrape.WHERE, "series")),
        *(table("startup", name, list(PARTS["startup"].variants)) for name in startup.MEASURED),
        *(table("soak", name, ["argus-otel"]) for name in soak.COUNTED),
    ]
    assert [outcome.target.title for outcome in outcomes(tables, targets(500_000)) if outcome.found is None] == []
