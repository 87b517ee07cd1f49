"""The queries of ``argus-otel checks``, as typed in a shell."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from argus_otel.cli import main
from argus_otel.history.row import Row
from argus_otel.history.store.client import connect
from argus_otel.sources.checks.history import History
from lab.clickhouse import ClickHouse

from ..test_files import write
from .world import MINUTES, Place, World, at

Told = Callable[..., SimpleNamespace]

RANGE = ("--since", f"{at(0):%Y-%m-%dT%H:%M}", "--until", f"{at(MINUTES):%Y-%m-%dT%H:%M}")
QUERIES = {
    "uptime": ((), ("--by-day",)),
    "reachability": ((), ("--by-day", "--by-location")),
    "incidents": ((), ("--by-check",)),
    "timeline": ((), ("--by-location", "--parts", "7")),
    "slowest": ((), ("--limit", "1")),
}


def simple(check: str, *states: tuple[str, int]) -> Place:
    found = [state for state, minutes in states for _ in range(minutes)]
    late = {minute: 1 for minute in range(1, len(found)) if found[minute] != found[minute - 1]}
    return Place(check, "fra1", found, [False] * len(found), late)


def rows() -> list[Row]:
    return World(4).rows() + list(simple("plain", ("up", 600), ("down", 90), ("degraded", 150), ("up", 600)).rows())


@pytest.fixture(scope="module")
def known(server: ClickHouse) -> str:
    """The address of a server that has a made-up history, and a plain one besides."""
    address = server.dsn("checks_typed")
    assert main(["store", "migrate", "--store", address]) == 0
    with connect(address) as store:
        store.insert(rows())
    return address


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, known: str) -> Told:
    """Run ``argus-otel checks`` on that server."""
    monkeypatch.setenv("ARGUS_HISTORY_STORE", known)

    def run(*words: object) -> SimpleNamespace:
        capsys.readouterr()
        try:
            code = main(["checks", *map(str, words)])
        except SystemExit as end:
            code = int(str(end.code or 0))
        out, err = capsys.readouterr()
        assert "secret" not in out + err
        return SimpleNamespace(code=code, out=out, err=err)

    return run


@pytest.mark.parametrize(("query", "more"), [(query, more) for query, each in QUERIES.items() for more in each])
def test_every_query_in_every_format(asked: Told, query: str, more: tuple[str, ...]) -> None:
    told = {form: asked(query, *more, *RANGE, "--format", form) for form in ("table", "json", "csv")}
    assert {each.code for each in told.values()} == {0}, told["table"].err
    objects = json.loads(told["json"].out)
    lines = list(csv.DictReader(io.StringIO(told["csv"].out)))
    assert len(objects) == len(lines) > 0
    assert {each["check"] for each in objects} == {each["check"] for each in lines} <= {"shop", "db-1", "db-2", "plain"}
    assert all(str(each["check"]) in told["table"].out for each in objects)
    assert list(lines[0]) == list(objects[0])


def test_json_has_what_the_api_returns(asked: Told, known: str) -> None:
    with History.open(known) as history:
        expected = [asdict(each) for each in history.incidents(since=at(0), until=at(MINUTES))]
    found = json.loads(asked("incidents", *RANGE, "--format", "json").out)
    assert len(found) == len(expected) > 3
    for one, other in zip(found, expected, strict=True):
        assert datetime.fromisoformat(one["begin"]) == other["begin"]
        assert one["locations"] == list(other["locations"])
        assert one["duration"] == other["duration"]


def test_a_table_of_uptime(asked: Told) -> None:
    heads, line = asked("uptime", "plain", *RANGE).out.splitlines()
    assert heads.split() == [
        "check", "availability", "uptime", "reachability", "up", "degraded", "down", "muted", "unknown",
    ]  # fmt: skip
    assert line.split()[0] == "plain"
    assert " 1h 30m " in line
    assert " 2h 30m " in line
    assert "93.750%" in line  # 1350 of 1440 runs


def test_a_table_of_incidents(asked: Told) -> None:
    heads, line = asked("incidents", "plain", *RANGE).out.splitlines()
    assert heads.split() == ["check", "service", "begin", "end", "duration", "muted", "error", "condition", "locations"]
    assert line.split("  ")[0] == "plain"
    assert f"{at(600):%Y-%m-%d %H:%M}  {at(690):%Y-%m-%d %H:%M}  " in line
    assert line.endswith("status: 2xx  fra1")
    heads, line = asked("incidents", "plain", "--by-check", *RANGE).out.splitlines()
    assert heads.split() == ["check", "incidents", "open", "mttr", "mtbf", "down"]
    assert line.split()[:5] == ["plain", "1", "0", "1h", "30m"]


def test_a_timeline_is_drawn(asked: Told) -> None:
    until = f"{at(1440):%Y-%m-%dT%H:%M}"
    told = asked("timeline", "plain", "--since", f"{at(0):%Y-%m-%dT%H:%M}", "--until", until, "--parts", 24)
    line, dates, legend = told.out.splitlines()
    assert line == "plain  " + "█" * 10 + "▁▁" + "▅▅" + "█" * 10
    assert dates.split() == f"{at(0):%Y-%m-%d %H:%M} {at(23 * 60):%Y-%m-%d %H:%M}".split()
    assert legend.split() == ["█", "up", "▅", "degraded", "▁", "down", "░", "muted", "·", "unknown"]


def test_a_timeline_where_there_are_no_blocks(asked: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    from argus_otel.sources.checks.cli.queries import timeline

    assert timeline._blocks()["down"] == "_"


def test_a_budget(asked: Told) -> None:
    words = ("budget", "plain", "--availability", "99%", "--window", "1d", "--until", f"{at(1440):%Y-%m-%dT%H:%M}")
    [found] = json.loads(asked(*words, "--format", "json").out)
    assert (found["check"], found["objective"], found["window"]) == ("plain", 0.99, 86_400)
    assert (found["budget"], found["spent"]) == (pytest.approx(864), 5400)
    assert found["left_share"] == pytest.approx(1 - 5400 / 864)
    assert (found["burn_1h"], found["burn_6h"]) == (0, 0)
    told = asked(*words)
    assert told.code == 0
    assert "-525.0%" in told.out


def test_budgets_of_a_file(asked: Told, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    file = tmp_path / "checks.yaml"
    file.write_text(
        "checks:\n"
        "  plain: {http: 'http://127.0.0.1/', slo: {availability: 99.5%, window: 1d}}\n"
        "  shop: {http: 'http://127.0.0.1/'}\n"
    )
    words = ("budget", "--file", file, "--until", f"{at(1440):%Y-%m-%dT%H:%M}", "--format", "json")
    [found] = json.loads(asked(*words).out)
    assert (found["check"], found["objective"], found["window"]) == ("plain", pytest.approx(0.995), 86_400)
    told = asked("budget", "shop", "--file", file)
    assert (told.code, told.err) == (
        1,
        f"argus-otel checks budget: no such check of {file} has an availability (slo:)\n",
    )


def test_latency_budgets_of_a_file(asked: Told, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    file = tmp_path / "checks.yaml"
    slo = "slo: {latency: {under: 500ms, share: 90%}, window: 1d}"
    file.write_text(
        "checks:\n"
        f"  plain: {{http: 'http://127.0.0.1/', {slo}}}\n"
        f"  quiet: {{http: 'http://127.0.0.1/', keep: changes, {slo}}}\n"
        "  shop: {http: 'http://127.0.0.1/', slo: {availability: 99.5%}}\n"
    )
    words = ("budget", "--latency", "--file", file, "--until", f"{at(1440):%Y-%m-%dT%H:%M}")
    plain, quiet = json.loads(asked(*words, "--format", "json").out)
    place = simple("plain", ("up", 600), ("down", 90), ("degraded", 150), ("up", 600))
    fast = sum(place.states[minute] != "down" and place.duration(minute) <= 0.5 for minute in range(1440))
    assert (plain["check"], plain["under"], plain["objective"], plain["window"]) == ("plain", 0.5, 0.9, 86_400)
    assert (plain["runs"], plain["fast"], plain["spent"]) == (1440, fast, 1440 - fast)
    assert plain["left"] == pytest.approx(144 - (1440 - fast))
    assert (quiet["check"], quiet["runs"], quiet["note"]) == ("quiet", None, "no answer: keep: changes keeps no runs")
    heads, *lines = asked(*words).out.splitlines()
    assert heads.split()[-1] == "note"
    assert lines[1].endswith("no answer: keep: changes keeps no runs")
    told = asked("budget", "shop", "--latency", "--file", file)
    assert (told.code, told.err) == (1, f"argus-otel checks budget: no such check of {file} has a latency (slo:)\n")


@pytest.mark.timeout(300)
def test_latency_budgets_are_the_same_from_files(asked: Told, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    file = tmp_path / "checks.yaml"
    slo = "slo: {latency: {under: 300ms, share: 90%}, window: 3d}"
    names = ("shop", "db-1", "db-2", "plain")
    file.write_text("checks:\n" + "".join(f"  {name}: {{http: 'http://127.0.0.1/', {slo}}}\n" for name in names))
    write(tmp_path / "files", rows(), 1000)
    words = ("budget", "--latency", "--file", file, "--until", f"{at(MINUTES):%Y-%m-%dT%H:%M}", "--format", "json")
    of_server = json.loads(asked(*words).out)
    # In a process of its own, which may open an embedded engine for another directory than this one's.
    program = "import sys; from argus_otel.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "checks", *map(str, words), "--store", f"files:{tmp_path / 'files'}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == of_server
    assert len(of_server) == len(names)
    assert all(each["runs"] for each in of_server)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("budget", "--latency", "--availability", "99%"), "--latency needs --file, whose `slo:` have the latencies"),
        (("uptime", "--since", "soon"), "--since is 'soon', but it has to be a date"),
        (("timeline", "--parts", "0"), "'0' is not a whole number above 0"),
        (("budget",), "one of the arguments --availability --file is required"),
        (("budget", "--availability", "100%"), "'100%' is not a share above 0% and below 100%, such as 99.9%"),
        (("budget", "--availability", "0.0%"), "'0.0%' is not a share"),
        (("budget", "--availability", "99%", "--window", "soon"), "--window is 'soon', but it has to be a number with"),
    ],
)
def test_a_wrong_word_is_told(asked: Told, words: tuple[str, ...], said: str) -> None:
    told = asked(*words)
    assert told.code == 2
    assert said in told.err.splitlines()[-1]


@pytest.mark.parametrize("name", ["' or 1=1 -- ", "*' or 1=1 -- ", "\\", "*\\", "*)(", "{service:String}", "nothing"])
def test_a_name_is_bound_and_never_a_part_of_a_statement(asked: Told, name: str) -> None:
    for query in QUERIES:
        told = asked(query, name, *RANGE)
        assert (told.code, told.out) == (0, "No matching history.\n"), told.err
    assert asked("budget", name, "--availability", "99%").out == "No matching history.\n"


def test_without_a_store_the_remedy_is_told(asked: Told, tmp_path: Path) -> None:
    told = asked("uptime", "--store", f"chdb:{tmp_path / 'none'}")
    assert told.code == 1
    assert "does not exist; name the store that history is written to" in told.err
    assert not (tmp_path / "none").exists()
