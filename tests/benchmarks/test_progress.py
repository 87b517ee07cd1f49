"""An interruption ends the measurement after the current round, and the results so far are shown."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks import __main__ as front
from benchmarks.progress import Progress
from benchmarks.results import compared
from benchmarks.suite import PARTS, Findings
from benchmarks.tables import Table


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    yield
    logging.disable(logging.NOTSET)


def test_rounds_are_counted_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(Progress().counting("work")(3)) == [0, 1, 2]
    assert capsys.readouterr().err == "  work: 3 of 3 rounds, 0 s to go\n"


def test_the_first_interruption_ends_after_the_round_and_the_second_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    progress, done = Progress(), []
    with progress.interruptible():
        for number in progress.counting("work")(100):
            if number == 2:
                signal.raise_signal(signal.SIGINT)
            done.append(number)
        assert done == [0, 1, 2]
        assert list(progress.counting("more work")(100)) == []
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def _part(name: str, monkeypatch: pytest.MonkeyPatch, found: Findings, happens: object = None) -> None:
    def run(_options: object, _rounds: int, _progress: Progress) -> Findings:
        if isinstance(happens, Exception):
            raise happens
        if happens:
            signal.raise_signal(signal.SIGINT)
        return found

    monkeypatch.setitem(PARTS, name, replace(PARTS[name], run=run, linux=False))


def _table() -> Table:
    samples = {"bare": [1.0, 2.0], "bare again (A/A)": [1.0, 2.0], "argus-otel": [4.0, 5.0]}
    return Table("loop", "typing", "an event", "µs", compared(samples, "bare"))


def test_an_interrupted_run_shows_what_it_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _part("loop", monkeypatch, ([_table()], []), happens=True)
    _part("paced", monkeypatch, ([], []))
    assert front.main(["loop", "paced"]) == front.INTERRUPTED
    said = capsys.readouterr()
    assert "argus-otel            4.50      +3.00" in said.out
    assert "paced: not measured: interrupted" in said.out
    assert "the results are shown after this round" in said.err


def test_a_part_that_fails_takes_no_other_with_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _part("loop", monkeypatch, ([_table()], []))
    _part("paced", monkeypatch, ([], []), happens=RuntimeError("the bot ended"))
    assert front.main(["loop", "paced"]) == 1
    said = capsys.readouterr()
    assert "argus-otel            4.50      +3.00" in said.out
    assert "paced: FAILED: the bot ended" in said.out


def test_what_needs_linux_is_left_out_elsewhere_with_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(front.sys, "platform", "darwin")
    assert front.main(["scrape", "soak"]) == 0
    said = capsys.readouterr().out
    for part in ("scrape", "soak"):
        assert f"{part}: not measured: needs Linux" in said
