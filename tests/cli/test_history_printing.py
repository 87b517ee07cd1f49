"""Results in every format, with names that a user or an open port has put into the store."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import date

import pytest
from hypothesis import given, strategies

from argus_otel.terminal.records import _inert, show


@dataclass(frozen=True, slots=True)
class Answer:
    """As the answers of history are made."""

    name: str
    day: date
    uses: int
    change: float
    guild_id: int = field(metadata={"unit": "id"})


FORMULAS = [
    '=HYPERLINK("http://evil.example")',
    "+cmd|' /C calc'!A0",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\x1b=1+1",
    "＝1+1",  # noqa: RUF001 - which some spreadsheets take for the plain one
]


def shown(capsys: pytest.CaptureFixture[str], form: str, *names: str) -> str:
    show([Answer(name, date(2026, 1, 5), -3, -0.5, 2**63) for name in names], form, ())
    return capsys.readouterr().out


@pytest.mark.parametrize("name", FORMULAS)
def test_a_name_is_no_formula_in_csv(capsys: pytest.CaptureFixture[str], name: str) -> None:
    [answer] = csv.DictReader(io.StringIO(shown(capsys, "csv", name)))
    assert answer["name"].startswith("'")
    assert answer["name"].strip("' ").startswith(name.strip()[:1] if name.strip()[:1].isprintable() else "=")
    assert (answer["uses"], answer["change"], answer["day"]) == ("-3", "-0.5", "2026-01-05")  # numbers stay numbers
    assert answer["guild_id"] == str(2**63)


def test_no_name_moves_a_cursor_in_any_format(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["\x1b[2Jx", "a\rb", "a\nb", "a\x9bb", "\x07", "\u202etxt", "a\u2028b", "\0"]
    for form in ("csv", "table", "json"):
        out = shown(capsys, form, *names)
        assert all(letter.isprintable() or letter == "\n" for letter in out), form
        if form != "json":
            assert len(out.splitlines()) == 1 + len(names)


def test_json_and_tables_have_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert [answer["name"] for answer in json.loads(shown(capsys, "json", *FORMULAS))] == FORMULAS
    table = shown(capsys, "table", "-1+1", "=A1", "play")
    assert [line.split()[0] for line in table.splitlines()[1:]] == ["-1+1", "=A1", "play"]


@given(strategies.text(max_size=20))
def test_whatever_a_cell_is_it_is_inert(text: str) -> None:
    cell = _inert(text)
    assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")
    assert cell.isprintable()
    plain = text.isprintable() and text.lstrip()[:1] not in tuple("=+-@＝＋－＠")  # noqa: RUF001
    assert (cell == text) is (plain or text == "")


def test_plain_names_are_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["play", "play all", "spiel'", "größe", "a=b", "1-1", "", "日本"]
    assert [row["name"] for row in csv.DictReader(io.StringIO(shown(capsys, "csv", *names)))] == names
