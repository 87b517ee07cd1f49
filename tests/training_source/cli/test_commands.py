"""``argus-otel training`` on the history of real runs, as typed in a shell."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from argus_otel.sources.training.cli import COMMANDS
from tests.typed import Typed

LISTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "list": ((), ("--group", "s"), ("--state", "error"), ("--metric", "loss")),
    "best": (("loss",), ("loss", "--group", "s", "--maximise")),
}


def objects(training: Typed, *words: object) -> Any:
    ended = training(*words, "--format", "json")
    assert ended.code == 0, ended.err
    return json.loads(ended.out, parse_constant=pytest.fail)


@pytest.fixture
def ids(training: Typed) -> dict[str, str]:
    return {run["name"]: run["id"] for run in objects(training, "list")}


@pytest.mark.parametrize(("command", "more"), [(name, more) for name, each in LISTS.items() for more in each])
def test_every_list_in_every_format(training: Typed, command: str, more: tuple[str, ...]) -> None:
    told = {form: training(command, *more, "--format", form) for form in ("table", "json", "csv")}
    assert {each.code for each in told.values()} == {0}, told["table"].err
    found = json.loads(told["json"].out)
    lines = list(csv.DictReader(io.StringIO(told["csv"].out)))
    assert len(found) == len(lines) > 0
    assert list(lines[0]) == list(found[0])
    assert len(told["table"].out.splitlines()) == len(found) + 1


def test_a_table_of_runs(training: Typed) -> None:
    heads, *lines = training("list").out.splitlines()
    assert heads.split() == [
        "id", "name", "state", "began", "duration", "steps", "metric", "last", "best", "nonfinite"
    ]  # fmt: skip
    assert [line.split()[1:3] for line in lines] == [["bad", "error"], ["two", "ok"], ["one", "ok"]]
    assert "error KeyError" in lines[0]
    assert lines[2].split()[-3:] == ["0.0033333", "0.0033333", "2"]


def test_no_run_is_lost(training: Typed) -> None:
    assert training("lost").out == "No matching history.\n"


def test_a_run_is_shown(training: Typed, ids: dict[str, str]) -> None:
    ended = training("show", ids["one"][:8])
    assert ended.code == 0
    assert re.search(r"^state +ok$", ended.out, re.MULTILINE)
    assert re.search(r"^loss +train +300 +2 +0.0033333 +1 +0.0033333 +299$", ended.out, re.MULTILINE)
    assert "[redacted]" in ended.out
    found = objects(training, "show", ids["one"])
    assert found["run"]["nonfinite"] == 2
    assert [value["count"] for value in found["values"]] == [300]


def test_curves_are_drawn(training: Typed, ids: dict[str, str]) -> None:
    ended = training("curves", ids["one"])
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == f"loss of {ids['one'][:8]} one"
    assert sum(bool(re.search(r"[⠁-⣿]", line)) for line in lines) > 8
    assert lines[-1] == "━━ train; 2 values are NaN or infinite: × on the axis"  # noqa: RUF001 - the sign, as it is meant


def test_curves_as_numbers(training: Typed, ids: dict[str, str]) -> None:
    [curve] = objects(training, "curves", ids["one"], "loss")
    assert [point["step"] for point in curve["points"]] == list(range(300))
    assert curve["points"][40]["last"] == "NaN"
    assert curve["points"][40]["mean"] is None
    told = training("curves", ids["one"], "loss", "--points", 30, "--format", "csv").out
    lines = list(csv.DictReader(io.StringIO(told)))
    assert [int(line["count"]) for line in lines] == [10] * 30
    assert [line["nonfinite"] for line in lines].count("2") == 1


@pytest.mark.parametrize("by", ["step", "epoch", "time"])
def test_pictures_are_written(training: Typed, ids: dict[str, str], tmp_path: Path, by: str) -> None:
    path = tmp_path / "loss.svg"
    ended = training("curves", ids["one"], "--by", by, "--log", "--picture", path)
    assert (ended.code, ended.out) == (0, f"{path} is written\n")
    root = ElementTree.parse(path).getroot()  # noqa: S314 - our own
    assert root.tag.endswith("svg")
    assert training("curves", ids["one"], "--picture", tmp_path / "none" / "x.svg").code == 2


def test_a_picture_may_be_png(training: Typed, ids: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "loss.PNG"
    ended = training("compare", ids["one"], ids["two"], "--metric", "loss", "--picture", path)
    assert (ended.code, ended.out) == (0, f"{path} is written\n")
    with Image.open(path) as image:
        assert image.format == "PNG"


def test_other_pictures_are_refused(
    training: Typed, ids: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = training("curves", ids["one"], "--picture", tmp_path / "loss.gif")
    assert ended.code == 2
    assert "loss.gif' ends in neither .svg nor .png" in ended.err
    monkeypatch.setitem(sys.modules, "PIL", None)
    ended = training("curves", ids["one"], "--picture", tmp_path / "loss.png")
    assert ended.code == 2
    assert "pip install 'argus-otel[png]'" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_runs_are_compared(training: Typed, ids: dict[str, str]) -> None:
    ended = training("compare", ids["one"][:8], ids["two"][:8], "--metric", "loss")
    assert ended.code == 0
    assert f"\na {ids['one'][:8]} one; 2 values" in ended.out
    assert f"\nb {ids['two'][:8]} two\n" in ended.out
    assert ended.out.splitlines()[-1].split()[-3:] == ["0.0066667", "0.0066667", "0"]
    assert [curve["name"] for curve in objects(training, "compare", ids["two"], ids["one"], "--metric", "loss")] == [
        "two",
        "one",
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "zzzz"), 1, "there is no run zzzz; argus-otel training list lists them"),
        (("show", ""), 1, "there is no run"),
        (("curves", "{one}", "acc"), 1, "has logged no acc; what it has logged: loss"),
        (("curves", "{one}", "--phase", "test"), 1, "no loss in the phase test, but in train"),
        (("compare", "{one}"), 2, "--metric"),
        (("list", "--state", "gone"), 2, "invalid choice"),
        (("list", "--silent-after", "soon"), 2, "--silent-after is 'soon'"),
        (("best", "loss", "--minimise", "--maximise"), 2, "not allowed with"),
        (("list", "--store", "postgres://x"), 2, "is not the address of a store"),
    ],
)
def test_what_goes_wrong_is_told(
    training: Typed, ids: dict[str, str], words: tuple[str, ...], code: int, said: str
) -> None:
    ended = training(*(word.format(**ids) for word in words))
    assert ended.code == code
    assert said in ended.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(training: Typed, command: str) -> None:
    ended = training(command, "--help")
    assert ended.code == 0
    told = " ".join(ended.out.split())
    assert "Exit code 0" in told
    assert f"argus-otel training {command}" in told
