"""Invalid options are refused before anything is measured, with a message that names the valid ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import options, plot
from benchmarks.options import parsed
from benchmarks.scenarios import SCENARIOS
from benchmarks.suite import PARTS


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nonsense", "part: 'nonsense' is unknown; choose from: loop; scrape; startup; soak; paced"),
        ("--scenario nonsense", "--scenario: 'nonsense' is unknown; choose from: typing; typing-client; message-0"),
        ("loop --variant nonsense", "--variant: 'nonsense' is unknown; choose from: argus-dpy; argus-otel"),
        ("soak --variant argus-dpy", "--variant: 'argus-dpy' is unknown; choose from: argus-otel"),
        ("--rounds 0", "argument --rounds: '0' is not a whole number above 0"),
        ("--rounds many", "argument --rounds: 'many' is not a whole number above 0"),
        ("--seconds 0", "argument --seconds: '0' is not a number above 0"),
        ("soak --events 100", "--events: fewer than twenty for each round of the soak"),
        ("startup --scenario slash", "--scenario belongs to the part `loop`"),
        ("--json no/such/place.json", "argument --json: there is no directory no"),
        ("--markdown .", "argument --markdown: . is a directory"),
        ("--short scrape", "--short belongs to the part `loop` only"),
        ("--short --json x.json", "--short cannot be combined with --variant, --json, --markdown or --plot"),
        ("--short --scenario rest", "--short --scenario: 'rest' is unknown; choose from: typing; slash"),
    ],
)
def test_what_cannot_be_run_is_refused_and_leaves_no_file(
    words: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        parsed(words.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, where not even root may write")
def test_a_place_that_may_not_be_written_to_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(["--json", "/proc/figures.json"])
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("there", "file", "said"), [(False, "x.svg", plot.INSTALL), (True, "x.txt", "has to end with one of")]
)
def test_a_picture_that_cannot_be_drawn_is_refused(
    there: bool, file: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plot, "available", lambda: there)
    with pytest.raises(SystemExit):
        parsed(["--plot", file])
    assert said in " ".join(capsys.readouterr().err.split())


def test_all_parts_are_run_unless_told_otherwise_and_each_once() -> None:
    assert parsed([]).part == list(PARTS)
    assert parsed(["soak", "loop", "soak"]).part == ["loop", "soak"]


def test_a_scenario_is_of_the_loop_and_may_be_judged() -> None:
    assert parsed(["--scenario", "rest"]).part == ["loop"]
    assert parsed(["--short", "--scenario", "slash"]).scenario == ["slash"]


def test_the_help_names_all_that_can_be_chosen_and_how_long_it_takes() -> None:
    said = options.parser().format_help()
    for part in PARTS.values():
        assert f"  {part.name} " in said
        for variant in part.variants:
            assert f"\n  {variant} " in said
    for scenario in SCENARIOS:
        assert f"\n  {scenario.name} " in said
    assert "make bench BENCH_ARGS=" in said
    assert sum(part.takes(None) for part in PARTS.values()) <= 25 * 60
